//! The laboratory in the document: which room is open, and the rooms' own parts.

use super::dom::{self, DomError};
use super::page::dispatch;
use crate::app::rooms::Room;
use crate::app::{App, Event};
use web_sys::{HtmlElement, MouseEvent};

/// The rooms as they are shown.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    open: Option<Room>,
}

impl Rooms {
    /// Finds the rooms and listens to their buttons.
    ///
    /// # Errors
    /// If the markup lacks one.
    pub(super) fn new() -> Result<Self, DomError> {
        for room in Room::ALL {
            dom::by_id::<HtmlElement>(room.id())?;
            let button = button(room)?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::Room(room)))?;
        }
        Ok(Self::default())
    }

    /// Shows the open room, and nothing of the others.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn show(&mut self, app: &App) -> Result<(), DomError> {
        if self.open != app.room {
            for (room, open) in [(self.open, false), (app.room, true)] {
                let Some(room) = room else { continue };
                dom::by_id::<HtmlElement>(room.id())?.set_hidden(!open);
                button(room)?
                    .set_attribute("aria-expanded", if open { "true" } else { "false" })?;
            }
            self.open = app.room;
        }
        Ok(())
    }
}

fn button(room: Room) -> Result<HtmlElement, DomError> {
    dom::by_id(&["open-", room.id()].concat())
}
