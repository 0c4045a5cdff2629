//! What the page asks of each panel's part of the document.

use std::fmt::Debug;

use crate::app::App;
use crate::web::page::dom::DomError;

/// Whether a panel has something left to do in an animation frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// [`Panel::frame`] shall be called in the next one.
    Wanted,
    /// There is nothing to do.
    Unneeded,
}

impl Frame {
    /// Asks for one, unless it has been asked for.
    pub(super) fn ask(&mut self, frame: Self) {
        if frame == Self::Wanted {
            *self = frame;
        }
    }
}

/// A panel's part of the document.
pub(super) trait Panel: Debug {
    /// Shows what has changed, while the panel is open.
    fn show(&mut self, app: &App) -> Result<Frame, DomError>;

    /// Does in an animation frame what was left for it, if the panel is still open.
    fn frame(&mut self, _app: &mut App) -> Result<Frame, DomError> {
        Ok(Frame::Unneeded)
    }

    /// Takes note that something else of the panel can be seen, or will be once it is open.
    fn sight_changed(&mut self) -> Frame {
        Frame::Unneeded
    }

    /// Fits what is drawn to its place, which may have another size.
    fn fit(&mut self, _app: &App) -> Result<(), DomError> {
        Ok(())
    }

    /// Has everything be drawn again when it is shown next, in the colours of the theme that is on then.
    fn forget_colours(&mut self) {}
}
