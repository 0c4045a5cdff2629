//! Runs in the document: the table, and the chart of all runs.

mod chart;

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{
    Element, Event as DomEvent, HtmlElement, HtmlInputElement, HtmlSelectElement, MouseEvent,
};

use crate::app::panels::runs::record::RunKey;
use crate::app::panels::runs::{Event, Measure, Row, View};
use crate::app::{self, App, panels};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::focus;
use crate::web::page::panels::panel::{Frame, Panel};
use chart::RunsChart;

#[derive(Debug)]
pub(super) struct RunsPanel {
    body: HtmlElement,
    /// Shared with the button that saves it.
    chart: Rc<RefCell<RunsChart>>,
    /// Revision of the runs, and whether weights could be loaded, as they are shown.
    stamp: Option<(u32, bool)>,
}

impl RunsPanel {
    pub(super) fn new() -> Result<Self, DomError> {
        let body: HtmlElement = dom::by_id("runs-rows")?;
        listen(&body)?;
        let chart = Rc::new(RefCell::new(RunsChart::new()?));
        let shown = Rc::clone(&chart);
        dom::press("runs-png", move || save(&shown))?;
        let button: HtmlElement = dom::by_id("compare-start")?;
        dom::press("compare-start", move || {
            let chosen = |which| dom::attribute::<RunKey>(&button, which);
            if let (Some(first), Some(second)) = (chosen("data-first"), chosen("data-second")) {
                happen(Event::Compare(first, second));
            }
        })?;
        dom::press("runs-undo", || {
            focus::follow("#runs-rows [data-do=delete]", || happen(Event::Undelete));
        })?;
        let select: HtmlSelectElement = dom::by_id("runs-measure")?;
        let chosen = select.clone();
        dom::on(&select, "change", move |_: DomEvent| {
            let value = chosen.value();
            if let Some((_, measure)) = Measure::ALL.into_iter().find(|(key, _)| *key == value) {
                happen(Event::Measure(measure));
            }
        })?;
        Ok(Self { body, chart, stamp: None })
    }

    fn rows(&self, view: &View) -> Result<(), DomError> {
        let key = |line: &Element| dom::attribute::<RunKey>(line, "data-key");
        // A row stays as long as its run does, because somebody may be working in it.
        for line in dom::all::<Element>("#runs-rows > tr")? {
            if !view.rows.iter().any(|row| key(&line) == Some(row.key)) {
                line.remove();
            }
        }
        let mut next = self.body.first_element_child();
        for row in &view.rows {
            let line = match next.take_if(|line| key(line) == Some(row.key)) {
                Some(line) => line,
                None => {
                    let line = dom::copy("run-row")?;
                    line.set_attribute("data-key", &row.key.to_string())?;
                    self.body.insert_before(&line, next.as_deref())?;
                    line
                }
            };
            next = line.next_element_sibling();
            Self::row(&line, row, view.cannot_load)?;
        }
        Ok(())
    }

    fn row(line: &Element, row: &Row, cannot_load: Option<&str>) -> Result<(), DomError> {
        let part = |what: &str| dom::part::<Element>(line, &["[data-do=", what, "]"].concat());
        for (what, verb) in [
            ("show", "In the chart: "),
            ("name", "Name of "),
            ("load", "Load "),
            ("link", "Link to "),
            ("delete", "Delete "),
        ] {
            part(what)?.set_attribute("aria-label", &[verb, &row.name].concat())?;
        }
        part("show")?.unchecked_into::<HtmlInputElement>().set_checked(row.shown);
        focus::set_value(part("name")?.unchecked_ref(), &row.name);
        dom::write(&part("apart")?, &row.apart);
        part("link")?.set_attribute("href", &row.link)?;
        let load: HtmlElement = part("load")?.unchecked_into();
        dom::flag(&load, "aria-disabled", cannot_load.is_some())?;
        load.set_title(cannot_load.unwrap_or("Use this run’s network and settings"));
        if let Some(swatch) = line.query_selector(".swatch")? {
            let colour = if row.shown {
                ["var(", &chart::colour(row.key), ")"].concat()
            } else {
                "transparent".into()
            };
            swatch.unchecked_into::<HtmlElement>().style().set_property("color", &colour)?;
        }
        let cells = line.query_selector_all("td")?;
        for (i, words) in row.cells.iter().enumerate() {
            if let Some(cell) = cells.get(i as u32 + 1) {
                dom::write(&cell.unchecked_into::<Element>(), words);
            }
        }
        Ok(())
    }
}

impl Panel for RunsPanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        let stamp = Some((app.panels.runs.revision(), app.cx.run_is_on()));
        if self.stamp == stamp {
            return Ok(Frame::Unneeded);
        }
        let view = app.panels.runs.view(&app.cx);
        dom::hide("runs-empty", view.empty.is_none())?;
        dom::text("runs-empty", view.empty.unwrap_or_default())?;
        dom::hide("runs-content", view.empty.is_some())?;
        dom::hide("runs-problem", view.problem.is_none())?;
        dom::text("runs-problem", view.problem.as_deref().unwrap_or_default())?;
        dom::hide("runs-deleted", view.deleted.is_none())?;
        if let Some(name) = &view.deleted {
            dom::text("runs-deleted-text", &["“", name, "” is deleted."].concat())?;
        }
        let drawn = view.rows.iter().any(|row| !row.points.is_empty());
        dom::disable(&dom::by_id("runs-png")?, (!drawn).then_some("The chart shows no run"))?;
        let mut chart = self.chart.borrow_mut();
        self.rows(&view)?;
        // If the chart waits for its script, the page is shown again once that is here.
        let drawn = chart.show(view)?;
        self.stamp = stamp.filter(|_| drawn);
        Ok(Frame::Unneeded)
    }
}

/// Lets the browser save the chart. It is copied first, so that nothing is borrowed while the browser works.
fn save(chart: &RefCell<RunsChart>) {
    let Some(chart) = chart.try_borrow().ok().map(|chart| chart.clone()) else { return };
    if let Err(error) = chart.save() {
        dispatch(app::Event::Notice(format!("The chart could not be saved: {error}.")));
    }
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Runs(event)));
}

/// Listens to the table's rows.
fn listen(body: &HtmlElement) -> Result<(), DomError> {
    dom::on(body, "change", |event: DomEvent| {
        let Some((key, what, element)) = target(&event) else { return };
        let input: HtmlInputElement = element.unchecked_into();
        match what.as_str() {
            "show" => happen(Event::Show(key, input.checked())),
            "name" => happen(Event::Rename(key, input.value())),
            _ => {}
        }
    })?;
    dom::on(body, "click", |event: MouseEvent| {
        let Some((key, what, _)) = target(&event) else { return };
        match what.as_str() {
            "load" => happen(Event::Load(key)),
            "delete" => {
                happen(Event::Delete(key));
                // The row that had the focus is gone.
                dom::focus("#runs-undo");
            }
            _ => {}
        }
    })
}

/// The run that an event is about, and what was touched in its row.
fn target(event: &DomEvent) -> Option<(RunKey, String, Element)> {
    let part = dom::around(event, "[data-do]")?;
    Some((dom::attribute(&part, "data-key")?, part.get_attribute("data-do")?, part))
}
