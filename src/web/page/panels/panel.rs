//! What the page needs of each panel's part of the document.

use std::fmt::Debug;

use crate::app::App;
use crate::web::page::dom::DomError;

/// Whether a panel needs another animation frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// [`Panel::frame`] has to be called in the next one.
    Wanted,
    Unneeded,
}

impl Frame {
    /// Requests one, unless it has been requested.
    pub(super) fn ask(&mut self, frame: Self) {
        if frame == Self::Wanted {
            *self = frame;
        }
    }
}

/// A panel's part of the document.
pub(super) trait Panel: Debug {
    /// Shows what has changed; called while the panel is open.
    fn show(&mut self, app: &App) -> Result<Frame, DomError>;

    /// Does what was left for an animation frame, if the panel is still open.
    fn frame(&mut self, _app: &mut App) -> Result<Frame, DomError> {
        Ok(Frame::Unneeded)
    }

    /// Notes that something else in the panel is visible, or will be once it is open.
    fn sight_changed(&mut self) -> Frame {
        Frame::Unneeded
    }

    /// Fits what is drawn to its container, whose size may have changed.
    fn fit(&mut self, _app: &App) -> Result<(), DomError> {
        Ok(())
    }

    /// Makes everything be drawn again, in the theme's colours of that time, when it is next shown.
    fn forget_colours(&mut self) {}
}
