//! "Wrong? It is a 5": keeps the drawing as that digit of Make it yours.

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::panels::{self, PanelId, fine_tune};
use crate::app::{App, Event};
use web_sys::{HtmlElement, MouseEvent};

/// The line below the answer.
#[derive(Debug)]
pub(super) struct Correction {
    /// Whether there is an answer to correct, and what it was corrected to.
    shown: (bool, Option<u8>),
}

impl Correction {
    /// Listens to the digits and to the button that opens the panel.
    pub(super) fn new() -> Result<Self, DomError> {
        let choice: HtmlElement = dom::by_id("correct-choice")?;
        dom::on(&choice, "click", |event: MouseEvent| {
            let button = dom::around(&event, "[data-digit]");
            let digit = button.and_then(|button| dom::attribute(&button, "data-digit"));
            if let Some(digit) = digit {
                let correct = fine_tune::Event::Correct(digit);
                dispatch(Event::Panel(panels::Event::FineTune(correct)));
                // The digit that had the focus is gone.
                dom::focus("#correct-open");
            }
        })?;
        let panel: HtmlElement = dom::by_id(&["open-", PanelId::FineTune.dom_id()].concat())?;
        dom::press("correct-open", move || {
            if panel.get_attribute("aria-expanded").as_deref() != Some("true") {
                panel.click();
            }
            let _ = panel.focus();
        })?;
        Ok(Self { shown: (false, None) })
    }

    pub(super) fn show(&mut self, app: &App) -> Result<(), DomError> {
        let answer = &app.cx.answer;
        let answered = answer.digit().is_some()
            && answer.test_image().is_none()
            && !app.cx.hand.demonstrates();
        let now = (answered, app.panels.fine_tune.corrected(answer));
        if self.shown != now {
            self.shown = now;
            dom::hide("correct-choice", !answered || now.1.is_some())?;
            dom::hide("correct-kept", now.1.is_none())?;
            if let Some(digit) = now.1 {
                dom::text("correct-digit", &digit.to_string())?;
            }
        }
        Ok(())
    }
}
