//! The laboratory in the document: which room is open, and the rooms' own parts.

mod experiment;
mod inside;
mod judge;
mod roving;
pub(super) mod runs;
mod tuning;
mod yours;

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::rooms::Room;
use crate::app::{App, Event};
use experiment::Experiment;
use inside::Inside;
use judge::Judge;
use runs::Runs;
use web_sys::{HtmlElement, MouseEvent};
use yours::Yours;

/// The rooms as they are shown.
#[derive(Debug)]
pub(super) struct Rooms {
    open: Option<Room>,
    experiment: Experiment,
    inside: Inside,
    judge: Judge,
    yours: Yours,
    runs: Runs,
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
        Ok(Self {
            open: None,
            experiment: Experiment::new()?,
            inside: Inside::new()?,
            judge: Judge::new()?,
            yours: Yours::new()?,
            runs: Runs::new()?,
        })
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
        self.experiment.show(app)?;
        self.inside.show(app)?;
        self.judge.show(app)?;
        self.yours.show(app)?;
        self.runs.show(app)
    }

    /// Draws what Look inside shows.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn look_inside(&mut self, app: &mut App) -> Result<(), DomError> {
        self.inside.draw(app)
    }

    /// Has Look inside be drawn again: something else of it can be seen.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn redraw_inside(&mut self, app: &App) -> Result<(), DomError> {
        self.inside.redraw(app)
    }

    /// Reads and draws what Judge shows.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn read_for_judge(&mut self, app: &mut App) -> Result<(), DomError> {
        self.judge.read(app)
    }

    /// Has Judge go on: something else of it can be seen.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn resume_judge(&mut self, app: &App) -> Result<(), DomError> {
        self.judge.resume(app)
    }

    /// Saves what the runs' room shows to a file of the visitor's.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn save_runs(&self, app: &App, form: runs::Form) -> Result<(), DomError> {
        self.runs.save(app, form)
    }

    /// Fits what is drawn to its places.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn fit(&mut self, app: &App) -> Result<(), DomError> {
        self.yours.fit(app);
        self.runs.fit()
    }

    /// Paints everything in the colours of the theme that is now on.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn recolour(&mut self, app: &App) -> Result<(), DomError> {
        self.experiment.forget_colours();
        self.judge.forget_colours();
        self.runs.forget_colours();
        self.yours.forget_colours();
        self.inside.redraw(app)?;
        self.show(app)
    }
}

fn button(room: Room) -> Result<HtmlElement, DomError> {
    dom::by_id(&["open-", room.id()].concat())
}
