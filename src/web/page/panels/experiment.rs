//! Experiment in the document: the list of layers, the schedule's curve, varied digits, the code.

use std::fmt::Write as _;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, Event as DomEvent, HtmlCanvasElement, HtmlElement, HtmlInputElement,
    HtmlSelectElement, KeyboardEvent, MouseEvent,
};

use crate::app::panels::experiment::editor::{Edit, LayerKind, LayerPart};
use crate::app::panels::experiment::presets::NetworkPreset;
use crate::app::panels::experiment::{Row, View};
use crate::app::settings::Field;
use crate::app::speed::Speed;
use crate::app::{App, Event};
use crate::data::{PIXELS, SIDE};
use crate::protocol::{Augment, Schedule, Settings};
use crate::train::augment::{self, Augmentation};
use crate::train::schedule::learning_rate;
use crate::web::page::canvas;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::panels::panel::{Frame, Panel};
use crate::web::page::{announce, lazy_script};

#[wasm_bindgen]
extern "C" {
    /// <https://github.com/SortableJS/Sortable>, loaded when the panel is opened first.
    #[derive(Debug)]
    type Sortable;
    #[wasm_bindgen(catch, constructor)]
    fn new(list: &HtmlElement, options: &JsValue) -> Result<Sortable, JsValue>;
}

/// Where Sortable is.
const SORTABLE: &str = "Sortable.min.js";

/// Varied digits in a row, and rows.
const VARIED: (usize, usize) = (8, 2);

/// The panel as it is shown.
#[derive(Debug)]
pub(super) struct ExperimentPanel {
    list: HtmlElement,
    rows: Vec<Line>,
    /// Revision of the layers and their classes, as they are shown.
    shown: (u32, Vec<&'static str>),
    /// Revision of the settings, whether a run was on and the speed measured, as they are shown.
    stamp: Option<(u32, bool, Option<Speed>)>,
    /// How far the varied digits are varied, revision of the drawing and round of the chance that they show.
    varied: Option<(Augment, u32, u64)>,
    /// Whether dragging has been made possible.
    sortable: bool,
}

/// A layer's parts of the document.
#[derive(Debug)]
struct Line {
    parts: Vec<(usize, LayerControl)>,
    figures: [Element; 4],
    wrong: HtmlElement,
}

#[derive(Debug)]
enum LayerControl {
    Input(HtmlInputElement),
    Select(HtmlSelectElement),
}

impl ExperimentPanel {
    /// Finds the panel's parts and listens to them.
    pub(super) fn new() -> Result<Self, DomError> {
        let list: HtmlElement = dom::by_id("layers")?;
        listen_to_layers(&list)?;
        for button in dom::all::<HtmlElement>("[data-network]")? {
            let key = button.get_attribute("data-network");
            let network =
                NetworkPreset::ALL.iter().find(|network| Some(network.key) == key.as_deref());
            let network = *network.ok_or_else(|| DomError::WrongElement("data-network".into()))?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::Network(network)))?;
        }
        for button in dom::all::<HtmlElement>("[data-add]")? {
            let class = button.get_attribute("data-add");
            let kind = LayerKind::ALL
                .into_iter()
                .find(|kind| Some(kind.layer().class_name()) == class.as_deref());
            let kind = kind.ok_or_else(|| DomError::WrongElement("data-add".into()))?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::Edit(Edit::Add(kind))))?;
        }
        dom::press("layers-undo", || dispatch(Event::UndoEdit))?;
        dom::press("varied-again", || dispatch(Event::VaryAgain))?;
        dom::press("to-train", || dom::focus("#train"))?;
        dom::press("code-copy", copy_code)?;
        Ok(Self {
            list,
            rows: Vec::new(),
            shown: (0, Vec::new()),
            stamp: None,
            varied: None,
            sortable: false,
        })
    }

    /// Makes the list anew.
    fn rebuild(&mut self, view: &View) -> Result<(), DomError> {
        self.rows.clear();
        self.list.set_inner_html("");
        for (i, row) in view.rows.iter().enumerate() {
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
                parts.push((
                    at,
                    match control.dyn_into::<HtmlInputElement>() {
                        Ok(input) => LayerControl::Input(input),
                        Err(control) => LayerControl::Select(
                            control
                                .dyn_into()
                                .map_err(|_| DomError::WrongElement(kind.key().into()))?,
                        ),
                    },
                ));
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

    /// Shows the drawing as training would vary it.
    fn vary(&mut self, app: &App) -> Result<(), DomError> {
        let canvas: HtmlCanvasElement = dom::by_id("varied")?;
        let augment = app.form.settings.augment;
        let now = Some((augment, app.answer.revision(), app.varied));
        if self.varied == now {
            return Ok(());
        }
        let picture = app.answer.picture();
        dom::hide("varied", picture.is_none())?;
        dom::hide("varied-again", picture.is_none())?;
        dom::text(
            "varied-words",
            match picture {
                Some(_) => "Your drawing, as it would be varied.",
                None => "Draw a digit to see how it would be varied.",
            },
        )?;
        if let Some(picture) = picture {
            let digit = app.answer.digit().map_or(9, |(digit, _)| digit as u8);
            let amounts = augment::amounts(augment).unwrap_or_default();
            let sheet = varied(&amounts, picture, digit, app.varied);
            canvas::put(&canvas, &sheet, SIDE * VARIED.0)?;
        }
        self.varied = now;
        Ok(())
    }
}

impl Panel for ExperimentPanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        if !self.sortable {
            self.sortable = true;
            make_sortable(&self.list);
        }
        let on = app.run_is_on();
        let stamp = Some((app.form_revision, on, app.speed));
        if self.stamp != stamp {
            self.stamp = stamp;
            let view = app.experiment();
            let layers = (view.revision, view.rows.iter().map(|row| row.class).collect());
            if layers != self.shown {
                self.rebuild(&view)?;
                self.shown = layers;
            }
            for (line, row) in self.rows.iter().zip(&view.rows) {
                line.show(row, view.locked)?;
            }
            for button in dom::all::<Element>("[data-network]")? {
                let pressed = button.get_attribute("data-network").as_deref() == view.preset;
                dom::flag(&button, "aria-pressed", pressed)?;
            }
            for button in dom::all::<Element>("[data-add], [data-network], .handle, .remove")? {
                dom::flag(&button, "aria-disabled", view.locked.is_some())?;
            }
            dom::disable(&dom::by_id("layers-undo")?, view.cannot_undo)?;
            dom::text("layers-total", &view.total)?;
            dom::text("code", &view.code)?;
            dom::hide("code", view.code.is_empty())?;
            dom::hide("code-copy", view.code.is_empty())?;
            dom::hide("code-empty", !view.code.is_empty())?;
            dom::text("experiment-locked", view.locked.unwrap_or_default())?;
            dom::hide("experiment-locked", view.locked.is_none())?;
            dom::text("schedule-words", &view.schedule)?;
            if let Some(settings) = &view.settings {
                let path: Element = dom::by_id("schedule-path")?;
                path.set_attribute("d", &curve(settings, view.steps))?;
            }
            for field in [Field::Beta1, Field::Beta2, Field::Momentum, Field::Rho, Field::Epsilon] {
                let control: Element = dom::by_id(&["x-", field.key()].concat())?;
                if let Some(setting) = control.closest(".setting")? {
                    setting
                        .toggle_attribute_with_force("hidden", app.form.get(field).is_empty())?;
                }
            }
        }
        self.vary(app)?;
        Ok(Frame::Unneeded)
    }

    fn forget_colours(&mut self) {
        self.varied = None;
    }
}

impl Line {
    fn show(&self, row: &Row, locked: Option<&str>) -> Result<(), DomError> {
        for (at, control) in &self.parts {
            let value = row.parts[*at].as_deref().unwrap_or_default();
            match control {
                LayerControl::Input(input) => {
                    input.set_value(value);
                    input.set_disabled(locked.is_some());
                }
                LayerControl::Select(select) => {
                    select.set_value(value);
                    select.set_disabled(locked.is_some());
                }
            }
        }
        let figures = [&row.shape, &row.parameters, &row.multiply_adds, &row.time];
        for (element, words) in self.figures.iter().zip(figures) {
            element.set_text_content(Some(words));
        }
        self.wrong.set_hidden(row.wrong.is_none());
        self.wrong.set_text_content(row.wrong.as_deref());
        Ok(())
    }
}

/// Rows of varied copies of a picture, as one.
fn varied(amounts: &Augmentation, picture: &[f32; PIXELS], digit: u8, round: u64) -> Vec<f32> {
    let (columns, rows) = VARIED;
    let mut rng = fastrand::Rng::with_seed(round);
    let mut sheet = vec![0.0; columns * rows * PIXELS];
    let mut copy = [0.0; PIXELS];
    for place in 0..columns * rows {
        amounts.apply(&mut rng, digit, picture, &mut copy);
        let corner = place / columns * PIXELS * columns + place % columns * SIDE;
        for (y, line) in copy.as_chunks::<SIDE>().0.iter().enumerate() {
            let start = corner + y * SIDE * columns;
            sheet[start..start + SIDE].copy_from_slice(line);
        }
    }
    sheet
}

/// The learning rate over the run as an SVG path in a box of 240 by 56.
fn curve(settings: &Settings, steps: u32) -> String {
    const POINTS: u32 = 64;
    let mut path = String::new();
    let constant = settings.schedule == Schedule::Constant;
    for point in 0..=POINTS {
        let step =
            (f64::from(steps.saturating_sub(1)) * f64::from(point) / f64::from(POINTS)) as u32;
        let share = learning_rate(settings.schedule, 1.0, step, steps);
        let (x, y) = (point * 240 / POINTS, 54.0 - 50.0 * share);
        // Writing to a String cannot fail.
        let _ = write!(path, "{}{x} {y:.1}", if point == 0 { "M" } else { "L" });
        if constant {
            return format!("M0 {y:.1}L240 {y:.1}");
        }
    }
    path
}

/// Changes, removals and moves, told by the list for all its rows.
fn listen_to_layers(list: &HtmlElement) -> Result<(), DomError> {
    dom::on(list, "change", |event: DomEvent| {
        let Some((row, control)) = target(&event, "[data-part]") else { return };
        let key = control.get_attribute("data-part");
        let part = LayerPart::ALL.into_iter().find(|part| Some(part.key()) == key.as_deref());
        let value = match control.dyn_into::<HtmlInputElement>() {
            Ok(input) => input.value(),
            Err(control) => control.unchecked_into::<HtmlSelectElement>().value(),
        };
        if let Some(part) = part {
            dispatch(Event::Edit(Edit::Set(row, part, value)));
        }
    })?;
    let rows = list.clone();
    dom::on(list, "click", move |event: DomEvent| {
        if let Some((row, _)) = target(&event, ".remove") {
            dispatch(Event::Edit(Edit::Remove(row)));
            // The next row's button, or the last one's; without rows, what adds one.
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
            dispatch(Event::Edit(Edit::Move { from: row, to }));
            dom::focus(&format!("#layers > [data-index='{to}'] .handle"));
        }
    })
}

/// The part of a row that an event is about, and the row's place.
fn target(event: &DomEvent, selector: &str) -> Option<(usize, Element)> {
    let part = dom::around(event, selector)?;
    Some((dom::attribute(&part, "data-index")?, part))
}

/// Lets rows be dragged by their handles, once Sortable is here; the keys work without it.
fn make_sortable(list: &HtmlElement) {
    let list = list.clone();
    wasm_bindgen_futures::spawn_local(async move {
        let made = match lazy_script::load(SORTABLE).await {
            Ok(()) => sortable(&list),
            Err(error) => Err(error),
        };
        if made.is_err() {
            dispatch(Event::Notice(String::from(
                "Layers cannot be dragged now; the arrow keys on a layer’s handle move it.",
            )));
        }
    });
}

fn sortable(list: &HtmlElement) -> Result<(), DomError> {
    let dropped = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        let index = |key: &str| Reflect::get(&event, &key.into()).ok()?.as_f64();
        if let (Some(from), Some(to)) = (index("oldIndex"), index("newIndex"))
            && from != to
        {
            dispatch(Event::Edit(Edit::Move { from: from as usize, to: to as usize }));
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
        // Its own dragging rather than the browser's, which touch does not have.
        ("forceFallback", true.into()),
        ("onEnd", dropped.into_js_value()),
    ] {
        Reflect::set(&options, &key.into(), &value)?;
    }
    Sortable::new(list, &options)?;
    Ok(())
}

/// Copies the code; where that is not allowed, selects it for the visitor to copy.
fn copy_code() {
    wasm_bindgen_futures::spawn_local(async {
        let words = match write_to_clipboard().await {
            Ok(()) => "The code is copied.",
            Err(_) => match select_code() {
                Ok(()) => "The code is selected: copy it with the browser’s own command.",
                Err(_) => "The code could not be copied.",
            },
        };
        dispatch(Event::Notice(String::from(words)));
        // Where the notice is not seen.
        let _ = announce::announce(words.into());
    });
}

async fn write_to_clipboard() -> Result<(), DomError> {
    let code = dom::by_id::<Element>("code")?.text_content().unwrap_or_default();
    let clipboard = Reflect::get(&dom::window()?.navigator(), &"clipboard".into())?;
    // Pages that did not come over https have none, which the call says.
    let write: js_sys::Function = Reflect::get(&clipboard, &"writeText".into())?.unchecked_into();
    JsFuture::from(Promise::resolve(&write.call1(&clipboard, &code.into())?)).await?;
    Ok(())
}

fn select_code() -> Result<(), DomError> {
    let selection =
        dom::window()?.get_selection()?.ok_or_else(|| DomError::NoElement("selection".into()))?;
    selection.select_all_children(dom::by_id::<Element>("code")?.as_ref())?;
    Ok(())
}
