//! Fine-tuning in the document: what trains, how far it is, and its result.

use web_sys::{Element, Event as DomEvent, HtmlElement, HtmlInputElement, HtmlProgressElement};

use crate::app::panels::fine_tune::Event;
use crate::app::panels::fine_tune::job::{Row, View};
use crate::app::{self, panels};
use crate::protocol::Trainable;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError, disable, hide, press, text};

/// The radio buttons, and what each of them trains.
const PARTS: [(&str, Trainable); 2] =
    [("tuning-all", Trainable::All), ("tuning-head", Trainable::Head)];

#[derive(Debug)]
pub(super) struct FineTuneControls {
    /// Rows of the comparison.
    lines: Vec<Element>,
    shown: Option<View>,
}

impl FineTuneControls {
    pub(super) fn new() -> Result<Self, DomError> {
        for (id, part) in PARTS {
            let radio: HtmlInputElement = dom::by_id(id)?;
            dom::on(&radio, "change", move |_: DomEvent| happen(Event::Choose(part)))?;
        }
        press("tuning-start", || happen(Event::FineTune))?;
        press("tuning-swap", || happen(Event::Swap))?;
        Ok(Self { lines: dom::all("#tuning-rows > tr")?, shown: None })
    }

    /// Shows the view if it has changed.
    pub(super) fn show(&mut self, view: View) -> Result<(), DomError> {
        if self.shown.as_ref() == Some(&view) {
            return Ok(());
        }
        for (id, part) in PARTS {
            dom::by_id::<HtmlInputElement>(id)?.set_checked(view.part == part);
        }
        text("tuning-start", view.button)?;
        let start: HtmlElement = dom::by_id("tuning-start")?;
        start.class_list().toggle_with_force("primary", view.share.is_none())?;
        disable(&start, view.cannot.as_deref())?;
        text("tuning-status", &view.status)?;
        let bar: HtmlProgressElement = dom::by_id("tuning-bar")?;
        bar.set_hidden(view.share.is_none());
        bar.set_value(f64::from(view.share.unwrap_or_default()));
        let swap: HtmlElement = dom::by_id("tuning-swap")?;
        swap.set_hidden(view.swap.is_none());
        swap.set_text_content(view.swap);
        hide("tuning-compared", view.compared.is_none())?;
        text("tuning-caption", view.compared.as_deref().unwrap_or_default())?;
        for (line, row) in self.lines.iter().zip(&view.rows) {
            show_row(line, row.as_ref())?;
        }
        hide("tuning-none-held-out", view.compared.is_none() || view.rows[0].is_some())?;
        self.shown = Some(view);
        Ok(())
    }
}

fn show_row(line: &Element, row: Option<&Row>) -> Result<(), DomError> {
    let Some(Row { cells: [before, after], change }) = row else {
        return line.set_attribute("hidden", "").map_err(DomError::from);
    };
    line.remove_attribute("hidden")?;
    let cells = line.query_selector_all("td")?;
    for (at, words) in (0..).zip([before, after, change]) {
        if let Some(cell) = cells.get(at) {
            cell.set_text_content(Some(words));
        }
    }
    Ok(())
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::FineTune(event)));
}
