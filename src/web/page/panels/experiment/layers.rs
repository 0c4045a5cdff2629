//! The list of layers: a row for each, which is edited, removed, and moved with keys or by dragging.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event as DomEvent, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::happen;
use crate::app;
use crate::app::panels::experiment::editor::Edit;
use crate::app::panels::experiment::{Event, Row, View};
use crate::config::architecture::LayerPart;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::focus;
use crate::web::page::lazy_script;

#[wasm_bindgen]
extern "C" {
    /// <https://github.com/SortableJS/Sortable>, loaded when the panel is first opened.
    #[derive(Debug)]
    type Sortable;
    #[wasm_bindgen(catch, constructor)]
    fn new(list: &HtmlElement, options: &JsValue) -> Result<Sortable, JsValue>;
}

const SORTABLE: &str = "Sortable.min.js";

#[derive(Debug)]
pub(super) struct LayerList {
    list: HtmlElement,
    rows: Vec<Line>,
    /// Revision and classes of the layers that are shown.
    shown: (u32, Vec<&'static str>),
    /// Whether rows can be dragged.
    sortable: bool,
}

/// A layer's row.
#[derive(Debug)]
struct Line {
    /// Selects are among them; nothing is used that an input does not have, too.
    parts: Vec<(usize, HtmlInputElement)>,
    figures: [Element; 4],
    wrong: HtmlElement,
}

impl LayerList {
    pub(super) fn new() -> Result<Self, DomError> {
        let list: HtmlElement = dom::by_id("layers")?;
        listen(&list)?;
        Ok(Self { list, rows: Vec::new(), shown: (0, Vec::new()), sortable: false })
    }

    pub(super) fn show(&mut self, view: &View) -> Result<(), DomError> {
        let layers = (view.revision, view.rows.iter().map(|row| row.class).collect());
        if layers != self.shown {
            self.rebuild(&view.rows)?;
            self.shown = layers;
        }
        for (line, row) in self.rows.iter().zip(&view.rows) {
            line.show(row, view.locked);
        }
        Ok(())
    }

    fn rebuild(&mut self, rows: &[Row]) -> Result<(), DomError> {
        self.rows.clear();
        self.list.set_inner_html("");
        for (i, row) in rows.iter().enumerate() {
            let line = dom::copy("layer-row")?;
            self.list.append_child(&line)?;
            line.set_attribute("data-index", &i.to_string())?;
            let name = format!("Layer {}, {}", i + 1, row.class);
            let part = |selector: &str| dom::part::<Element>(&line, selector);
            part(".what")?.set_attribute("aria-label", &name)?;
            let how = format!("Move {name}: arrow keys or drag");
            part(".handle")?.set_attribute("aria-label", &how)?;
            part(".remove")?.set_attribute("aria-label", &format!("Remove {name}"))?;
            part(".class")?.set_text_content(Some(row.class));
            let mut parts = Vec::new();
            for (at, kind) in LayerPart::ALL.iter().enumerate() {
                let label = part(&format!("[data-of={}]", kind.key()))?;
                if row.parts[at].is_none() {
                    label.remove();
                    continue;
                }
                let control = part(&format!("[data-part={}]", kind.key()))?;
                parts.push((at, control.unchecked_into()));
            }
            self.rows.push(Line {
                parts,
                figures: [
                    part("[data-figure=shape]")?,
                    part("[data-figure=parameters]")?,
                    part("[data-figure=multiply_adds]")?,
                    part("[data-figure=time]")?,
                ],
                wrong: dom::part(&line, "p.wrong")?,
            });
        }
        Ok(())
    }

    /// Lets rows be dragged by their handles once Sortable is here. The keys work without it.
    pub(super) fn make_sortable(&mut self) {
        if std::mem::replace(&mut self.sortable, true) {
            return;
        }
        let list = self.list.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let made = match lazy_script::load(SORTABLE).await {
                Ok(()) => sortable(&list),
                Err(error) => Err(error),
            };
            if made.is_err() {
                dispatch(app::Event::Notice(String::from(
                    "Layers cannot be dragged now. Use the arrow keys on a layer’s handle to move it.",
                )));
            }
        });
    }
}

impl Line {
    fn show(&self, row: &Row, locked: Option<&str>) {
        for (at, control) in &self.parts {
            focus::set_value(control, row.parts[*at].as_deref().unwrap_or_default());
            control.set_disabled(locked.is_some());
        }
        let figures = [&row.shape, &row.parameters, &row.multiply_adds, &row.time];
        for (element, words) in self.figures.iter().zip(figures) {
            element.set_text_content(Some(words));
        }
        self.wrong.set_hidden(row.wrong.is_none());
        self.wrong.set_text_content(row.wrong.as_deref());
    }
}

/// Listens to changes, removals and moves, on the list for all its rows.
fn listen(list: &HtmlElement) -> Result<(), DomError> {
    dom::on(list, "change", |event: DomEvent| {
        let Some((row, control)) = target(&event, "[data-part]") else { return };
        let key = control.get_attribute("data-part");
        let part = LayerPart::ALL.into_iter().find(|part| Some(part.key()) == key.as_deref());
        if let Some(part) = part {
            let value = control.unchecked_into::<HtmlInputElement>().value();
            happen(Event::Edit(Edit::Set(row, part, value)));
        }
    })?;
    let rows = list.clone();
    dom::on(list, "click", move |event: DomEvent| {
        if let Some((row, _)) = target(&event, ".remove") {
            happen(Event::Edit(Edit::Remove(row)));
            // The next row's button, or the last one's; without rows, the button that adds one.
            let next = (row + 1).min(rows.child_element_count() as usize);
            match next.checked_sub(1) {
                Some(next) => dom::focus(&format!("#layers > [data-index='{next}'] .remove")),
                None => dom::focus("[data-add]"),
            }
        }
    })?;
    dom::on(list, "keydown", |event: KeyboardEvent| {
        let Some((row, _)) = target(&event, ".handle") else { return };
        let to = match event.key().as_str() {
            "ArrowUp" => row.checked_sub(1),
            "ArrowDown" => Some(row + 1),
            _ => return,
        };
        event.prevent_default();
        let Some(to) = to else { return };
        if dom::all::<Element>(&format!("#layers > [data-index='{to}']"))
            .is_ok_and(|r| !r.is_empty())
        {
            happen(Event::Edit(Edit::Move { from: row, to }));
            dom::focus(&format!("#layers > [data-index='{to}'] .handle"));
        }
    })
}

/// The part of a row that an event is about, and the row's index.
fn target(event: &DomEvent, selector: &str) -> Option<(usize, Element)> {
    let part = dom::around(event, selector)?;
    Some((dom::attribute(&part, "data-index")?, part))
}

fn sortable(list: &HtmlElement) -> Result<(), DomError> {
    let dropped = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        let index = |key: &str| Reflect::get(&event, &key.into()).ok()?.as_f64();
        if let (Some(from), Some(to)) = (index("oldIndex"), index("newIndex"))
            && from != to
        {
            happen(Event::Edit(Edit::Move { from: from as usize, to: to as usize }));
        }
    });
    let options = Object::new();
    let still = dom::window()?
        .match_media("(prefers-reduced-motion: reduce)")?
        .is_some_and(|query| query.matches());
    for (key, value) in [
        ("handle", JsValue::from(".handle:not([aria-disabled=true])")),
        ("draggable", ".layer".into()),
        ("animation", if still { 0 } else { 100 }.into()),
        // Sortable's own dragging, because the browser's does not work with touch.
        ("forceFallback", true.into()),
        ("onEnd", dropped.into_js_value()),
    ] {
        Reflect::set(&options, &key.into(), &value)?;
    }
    Sortable::new(list, &options)?;
    Ok(())
}
