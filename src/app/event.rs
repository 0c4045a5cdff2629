//! What can happen to the page.

use super::answer::Source;
use super::panels::{self, PanelId};
use super::timeline;
use crate::config::Field;
use crate::config::Recipe;
use crate::ink::Point;
use crate::ink::strokes::Stroke;
use crate::protocol::{FileFormat, OpenedFile, Reply};

/// Something that happens to the page.
#[derive(Debug)]
pub enum Event {
    /// The URL's hash, at first and whenever it changes.
    Hash(String),
    /// A control was set to a text.
    Set(Field, String),
    /// What was drawn before the page was loaded again.
    Redraw(Vec<Stroke>),
    /// The pen came down.
    PenDown(Point),
    /// The pen moved, through all these points.
    PenMoved(Vec<Point>),
    /// The pen was lifted.
    PenUp,
    /// What looked like a pen was a resting hand.
    PenWithdrawn,
    /// Remove the last stroke.
    Undo,
    /// Remove all strokes.
    Clear,
    /// Let the hand write this digit in place of the drawing, or any.
    Write(Option<u8>),
    /// Put a test image onto the pad in place of the drawing.
    WriteTestImage,
    /// Copy a link with the settings and the drawing.
    CopyLink,
    /// The hand had this many milliseconds to write.
    HandMoved(f32),
    /// Train, Pause or Resume, whichever the button says.
    Train,
    /// Train on as many minibatches as a Step takes.
    Step,
    /// From now on a Step takes this many minibatches.
    StepSize(u32),
    /// Something happened on the timeline.
    Timeline(timeline::Event),
    /// Forget the run.
    Reset,
    /// Go on with the interrupted run.
    Continue,
    /// Forget the interrupted run.
    Discard,
    /// The page is hidden and may be about to go.
    Hidden,
    /// The visitor said yes to the question.
    Confirmed,
    /// The visitor said no to it.
    Declined,
    /// Let these weights answer.
    AnswerFrom(Source),
    /// Do what the button of the shown problem says.
    Repair,
    /// Load the data that could not be loaded.
    RetryData,
    /// Close the notice.
    CloseNotice,
    /// Close the card about the run that has finished.
    CloseCard,
    /// Open a panel, or close it if it is open.
    TogglePanel(PanelId),
    /// Take the settings of a recipe.
    Recipe(Recipe),
    /// Save the network that answers to a file.
    SaveNetwork {
        /// The file's format.
        format: FileFormat,
        /// The page's address.
        origin: String,
    },
    /// Open files that were picked or dropped together: their bytes, four to a number.
    Open(Vec<OpenedFile>, Vec<Vec<f32>>),
    /// Something happened in a panel.
    Panel(panels::Event),
    /// Add this to the notice.
    Notice(String),
    /// The shipped weights, or why there are none.
    Shipped(Result<Vec<f32>, String>),
    /// The weights of the network that doubts.
    Doubt(Vec<f32>),
    /// A reply from the trainer, with its arrays.
    Reply(Reply, Vec<Vec<f32>>),
    /// The trainer is gone: why, in words for the page.
    TrainerGone(String),
    /// A file of this page's build could not be loaded.
    FileMissing,
    /// The site now holds another build than this page's.
    Updated,
    /// The trainer is gone because of an error, which is on the console.
    TrainerBroke,
    /// This many seconds have passed.
    Tick(f32),
}
