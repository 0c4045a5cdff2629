//! Which panel is open, and the panels' parts of the document.

mod ask;
mod evaluate;
mod experiment;
mod fine_tune;
mod fine_tune_job;
mod inside;
mod panel;
mod runs;

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::panels::PanelId;
use crate::app::{App, Event};
use panel::{Frame, Panel};
use web_sys::{HtmlElement, MouseEvent};

#[derive(Debug)]
pub(super) struct Panels {
    open: Option<PanelId>,
    panels: Vec<Placed>,
}

/// A panel and whether it wants a frame.
#[derive(Debug)]
struct Placed {
    id: PanelId,
    panel: Box<dyn Panel>,
    frame: Frame,
}

fn panel(id: PanelId) -> Result<Box<dyn Panel>, DomError> {
    Ok(match id {
        PanelId::Inside => Box::new(inside::InsidePanel::new()?),
        PanelId::Ask => Box::new(ask::AskPanel::new()?),
        PanelId::Evaluate => Box::new(evaluate::EvaluatePanel::new()?),
        PanelId::FineTune => Box::new(fine_tune::FineTunePanel::new()?),
        PanelId::Experiment => Box::new(experiment::ExperimentPanel::new()?),
        PanelId::Runs => Box::new(runs::RunsPanel::new()?),
    })
}

impl Panels {
    /// Finds the panels and listens to their buttons.
    pub(super) fn new() -> Result<Self, DomError> {
        let mut panels = Vec::new();
        for id in PanelId::ALL {
            dom::by_id::<HtmlElement>(id.dom_id())?;
            let button = button(id)?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::TogglePanel(id)))?;
            panels.push(Placed { id, panel: panel(id)?, frame: Frame::Unneeded });
        }
        Ok(Self { open: None, panels })
    }

    /// Shows the open panel and nothing of the others.
    pub(super) fn show(&mut self, app: &App) -> Result<(), DomError> {
        if self.open != app.open_panel {
            for (id, open) in [(self.open, false), (app.open_panel, true)] {
                let Some(id) = id else { continue };
                dom::by_id::<HtmlElement>(id.dom_id())?.set_hidden(!open);
                let button = button(id)?;
                dom::flag(&button, "aria-expanded", open)?;
            }
            self.open = app.open_panel;
            if self.open.is_some() {
                // The buttons come to the window's upper edge, so that what they have opened is in sight.
                dom::by_id::<HtmlElement>("panels")?.scroll_into_view();
            }
        }
        for Placed { id, panel, frame } in &mut self.panels {
            if app.open_panel == Some(*id) {
                frame.ask(panel.show(app)?);
            }
        }
        Ok(())
    }

    /// Whether anything is left for an animation frame.
    pub(super) fn want_frame(&self) -> bool {
        self.panels.iter().any(|placed| placed.frame == Frame::Wanted)
    }

    /// Does what was left for an animation frame.
    pub(super) fn frame(&mut self, app: &mut App) -> Result<(), DomError> {
        for Placed { id, panel, frame } in &mut self.panels {
            let wanted = std::mem::replace(frame, Frame::Unneeded) == Frame::Wanted;
            if wanted && app.open_panel == Some(*id) {
                *frame = panel.frame(app)?;
            }
        }
        Ok(())
    }

    /// Continues with what has become visible in the open panel. The others are notified, too, because they will be seen
    /// somewhere else.
    pub(super) fn sight_changed(&mut self, app: &App) {
        for Placed { id, panel, frame } in &mut self.panels {
            let wanted = panel.sight_changed();
            if app.open_panel == Some(*id) {
                frame.ask(wanted);
            }
        }
    }

    /// Fits what is drawn to its containers.
    pub(super) fn fit(&mut self, app: &App) -> Result<(), DomError> {
        self.panels.iter_mut().try_for_each(|placed| placed.panel.fit(app))?;
        self.sight_changed(app);
        Ok(())
    }

    /// Redraws everything in the current theme's colours.
    pub(super) fn recolour(&mut self, app: &App) -> Result<(), DomError> {
        self.panels.iter_mut().for_each(|placed| placed.panel.forget_colours());
        self.show(app)
    }
}

fn button(id: PanelId) -> Result<HtmlElement, DomError> {
    dom::by_id(&["open-", id.dom_id()].concat())
}
