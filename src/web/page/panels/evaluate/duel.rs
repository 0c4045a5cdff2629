//! Beat the network in the document.

use super::Press;
use crate::app::panels::evaluate::duel::DuelView;
use crate::app::panels::evaluate::{EvaluateState, Event};
use crate::web::page::dom::{self, DomError, hide, text};
use web_sys::{HtmlCanvasElement, HtmlElement, MouseEvent};

#[derive(Debug)]
pub(super) struct DuelBoard {
    canvas: HtmlCanvasElement,
    go: HtmlElement,
    shown: Option<DuelView>,
}

impl DuelBoard {
    pub(super) fn new() -> Result<Self, DomError> {
        dom::press("judge-duel-go", || super::happen(Event::GoOn))?;
        let digits = dom::all::<HtmlElement>("#judge-duel-digits > button")?;
        for (digit, button) in (0u8..).zip(digits) {
            dom::on(&button, "click", move |_: MouseEvent| super::happen(Event::Answer(digit)))?;
        }
        let (canvas, go) = (dom::by_id("judge-duel-picture")?, dom::by_id("judge-duel-go")?);
        Ok(Self { canvas, go, shown: None })
    }

    pub(super) fn show(
        &mut self,
        state: &EvaluateState,
        press: &mut Press,
    ) -> Result<(), DomError> {
        let view = state.duel.view(state.figures().is_some());
        if self.shown.as_ref() == Some(&view) {
            return Ok(());
        }
        text("judge-duel-words", &view.words)?;
        text("judge-duel-score", &view.score)?;
        hide("judge-duel-digits", !view.awaits)?;
        self.go.set_hidden(view.button.is_none());
        dom::write(&self.go, view.button.unwrap_or("Next"));
        dom::disable(&self.go, view.cannot)?;
        self.canvas.set_hidden(view.picture.is_none());
        if let Some(picture) = &view.picture {
            press.print(picture, &self.canvas)?;
        }
        let turns = self.shown.as_ref().is_some_and(|shown| shown.awaits != view.awaits);
        self.shown = Some(view);
        if turns {
            // The pressed button is hidden now.
            let awaits = self.shown.as_ref().is_some_and(|shown| shown.awaits);
            dom::focus(if awaits { "#judge-duel-digits > button" } else { "#judge-duel-go" });
        }
        Ok(())
    }

    pub(super) fn forget(&mut self) {
        self.shown = None;
    }
}
