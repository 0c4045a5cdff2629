//! What can happen to the page.

use super::answer::Source;
use super::panels::{self, PanelId};
use crate::config::Field;
use crate::config::Recipe;
use crate::ink::Point;
use crate::protocol::Reply;

/// What happens to the page.
#[derive(Debug)]
pub enum Event {
    /// The URL's hash, at first and whenever it changes.
    Hash(String),
    /// A control was set to a text.
    Set(Field, String),
    /// The pen came down.
    PenDown(Point),
    /// The pen moved, through all these points.
    PenMoved(Vec<Point>),
    /// The pen was lifted.
    PenUp,
    /// What seemed to be a pen was a hand at rest.
    PenWithdrawn,
    /// Take back the last stroke.
    Undo,
    /// Take back all strokes.
    Clear,
    /// Train, Pause or Resume, whichever it reads.
    Train,
    /// One minibatch.
    Step,
    /// Forget the run.
    Reset,
    /// The question was answered with yes.
    Confirmed,
    /// The question was answered with no.
    Declined,
    /// Let these weights answer.
    AnswerFrom(Source),
    /// Try again what the shown problem is about.
    Repair,
    /// Load the data again that could not be loaded.
    RetryData,
    /// Close the notice.
    CloseNotice,
    /// Open a panel, or close it if it is open.
    TogglePanel(PanelId),
    /// Take ready-made settings.
    Recipe(Recipe),
    /// Something in a panel.
    Panel(panels::Event),
    /// Say something in the notice, after what it says already.
    Notice(String),
    /// The shipped weights, or why there are none.
    Shipped(Result<Vec<f32>, String>),
    /// The trainer says something, with its arrays.
    Reply(Reply, Vec<Vec<f32>>),
    /// The trainer is gone: why, in words for the page.
    TrainerGone(String),
    /// A file of this page's build could not be loaded.
    FileMissing,
    /// The site holds another build than this page belongs to.
    Updated,
    /// The trainer is gone because of an error, of which the console has the words.
    TrainerBroke,
    /// So many seconds have passed.
    Tick(f32),
}
