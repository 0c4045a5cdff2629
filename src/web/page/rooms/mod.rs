//! The laboratory in the document: which room is open, and the rooms' own parts.

mod experiment;
mod inside;
mod judge;
mod panel;
mod roving;
mod runs;
mod tuning;
mod yours;

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::rooms::Room;
use crate::app::{App, Event};
use panel::{Frame, Panel};
use web_sys::{HtmlElement, MouseEvent};

/// The rooms as they are shown.
#[derive(Debug)]
pub(super) struct Rooms {
    open: Option<Room>,
    panels: Vec<Placed>,
}

/// A room's panel.
#[derive(Debug)]
struct Placed {
    room: Room,
    panel: Box<dyn Panel>,
    frame: Frame,
}

fn panel(room: Room) -> Result<Box<dyn Panel>, DomError> {
    Ok(match room {
        Room::Inside => Box::new(inside::Inside::new()?),
        Room::Judge => Box::new(judge::Judge::new()?),
        Room::Yours => Box::new(yours::Yours::new()?),
        Room::Experiment => Box::new(experiment::Experiment::new()?),
        Room::Runs => Box::new(runs::Runs::new()?),
    })
}

impl Rooms {
    /// Finds the rooms and listens to their buttons.
    ///
    /// # Errors
    /// If the markup lacks one.
    pub(super) fn new() -> Result<Self, DomError> {
        let mut panels = Vec::new();
        for room in Room::ALL {
            dom::by_id::<HtmlElement>(room.id())?;
            let button = button(room)?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::Room(room)))?;
            panels.push(Placed { room, panel: panel(room)?, frame: Frame::Unneeded });
        }
        Ok(Self { open: None, panels })
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
                let button = button(room)?;
                dom::flag(&button, "aria-expanded", open)?;
            }
            self.open = app.room;
        }
        for Placed { room, panel, frame } in &mut self.panels {
            if app.room == Some(*room) {
                frame.ask(panel.show(app)?);
            }
        }
        Ok(())
    }

    /// Whether something is left for an animation frame.
    pub(super) fn want_frame(&self) -> bool {
        self.panels.iter().any(|placed| placed.frame == Frame::Wanted)
    }

    /// Does what was left for an animation frame.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn frame(&mut self, app: &mut App) -> Result<(), DomError> {
        for Placed { room, panel, frame } in &mut self.panels {
            let wanted = std::mem::replace(frame, Frame::Unneeded) == Frame::Wanted;
            if wanted && app.room == Some(*room) {
                *frame = panel.frame(app)?;
            }
        }
        Ok(())
    }

    /// Goes on with what has come into sight of the open room. The others will be seen elsewhere, too.
    pub(super) fn sight_changed(&mut self, app: &App) {
        for Placed { room, panel, frame } in &mut self.panels {
            let wanted = panel.sight_changed();
            if app.room == Some(*room) {
                frame.ask(wanted);
            }
        }
    }

    /// Fits what is drawn to its places.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn fit(&mut self, app: &App) -> Result<(), DomError> {
        self.panels.iter_mut().try_for_each(|placed| placed.panel.fit(app))?;
        self.sight_changed(app);
        Ok(())
    }

    /// Paints everything in the colours of the theme that is now on.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn recolour(&mut self, app: &App) -> Result<(), DomError> {
        self.panels.iter_mut().for_each(|placed| placed.panel.forget_colours());
        self.show(app)
    }
}

fn button(room: Room) -> Result<HtmlElement, DomError> {
    dom::by_id(&["open-", room.id()].concat())
}
