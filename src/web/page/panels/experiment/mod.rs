//! Experiment in the document: the list of layers, the schedule's curve, varied digits, the code.

mod layers;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlCanvasElement, HtmlElement, MouseEvent};

use crate::app::panels::experiment::Event;
use crate::app::panels::experiment::editor::Edit;
use crate::app::speed::Speed;
use crate::app::{self, App, panels};
use crate::config::Field;
use crate::config::NetworkPreset;
use crate::config::architecture::LayerKind;
use crate::config::{Augment, Schedule, TrainConfig};
use crate::data::{PIXELS, SIDE};
use crate::train::augment::{self, Augmentation};
use crate::train::schedule::learning_rate;
use crate::web::page::announce;
use crate::web::page::canvas;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::panels::panel::{Frame, Panel};
use layers::LayerList;

/// Varied digits in a row, and the number of rows.
const VARIED: (usize, usize) = (8, 2);

#[derive(Debug)]
pub(super) struct ExperimentPanel {
    layers: LayerList,
    /// Revision of the settings, whether a run was on, and the speed, as they are shown.
    stamp: Option<(u32, bool, Option<Speed>)>,
    /// How far the varied digits are varied, the drawing's revision, and the seed, as they are shown.
    varied: Option<(Augment, u32, u64)>,
    /// As it was generated; the text in the document may have been translated.
    code: Rc<RefCell<String>>,
}

impl ExperimentPanel {
    pub(super) fn new() -> Result<Self, DomError> {
        for button in dom::all::<HtmlElement>("[data-network]")? {
            let key = button.get_attribute("data-network");
            let network =
                NetworkPreset::ALL.iter().find(|network| Some(network.key) == key.as_deref());
            let network = *network.ok_or_else(|| DomError::WrongElement("data-network".into()))?;
            dom::on(&button, "click", move |_: MouseEvent| happen(Event::Network(network)))?;
        }
        for button in dom::all::<HtmlElement>("[data-add]")? {
            let class = button.get_attribute("data-add");
            let kind = LayerKind::ALL
                .into_iter()
                .find(|kind| Some(kind.layer().class_name()) == class.as_deref());
            let kind = kind.ok_or_else(|| DomError::WrongElement("data-add".into()))?;
            dom::on(&button, "click", move |_: MouseEvent| happen(Event::Edit(Edit::Add(kind))))?;
        }
        dom::press("layers-undo", || happen(Event::Undo))?;
        dom::press("varied-again", || happen(Event::VaryAgain))?;
        dom::press("to-train", || dom::focus("#train"))?;
        let code = Rc::<RefCell<String>>::default();
        let newest = Rc::clone(&code);
        dom::press("code-copy", move || copy_code(newest.borrow().clone()))?;
        Ok(Self { layers: LayerList::new()?, stamp: None, varied: None, code })
    }

    /// Shows the drawing as training would vary it.
    fn vary(&mut self, app: &App) -> Result<(), DomError> {
        let canvas: HtmlCanvasElement = dom::by_id("varied")?;
        let augment = app.cx.form.settings.augment;
        let now = Some((augment, app.cx.answer.revision(), app.panels.experiment.varied));
        if self.varied == now {
            return Ok(());
        }
        let amounts = augment::amounts(augment);
        let picture = app.cx.answer.picture().filter(|_| amounts.is_some());
        dom::hide("varied", picture.is_none())?;
        dom::hide("varied-again", picture.is_none())?;
        dom::text(
            "varied-words",
            match picture {
                _ if amounts.is_none() => "Images are not augmented.",
                Some(_) => "Your drawing, as it would be augmented.",
                None => "Draw a digit to see how it would be augmented.",
            },
        )?;
        if let (Some(picture), Some(amounts)) = (picture, amounts) {
            let digit = app.cx.answer.digit().map_or(9, |(digit, _)| digit as u8);
            let sheet = varied(&amounts, picture, digit, app.panels.experiment.varied);
            canvas::put(&canvas, &sheet, SIDE * VARIED.0)?;
        }
        self.varied = now;
        Ok(())
    }
}

impl Panel for ExperimentPanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        self.layers.make_sortable();
        let on = app.cx.run_is_on();
        let stamp = Some((app.cx.form_revision, on, app.cx.speed));
        if self.stamp != stamp {
            self.stamp = stamp;
            let view = app.panels.experiment.view(&app.cx);
            self.layers.show(&view)?;
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
            self.code.replace(view.code);
            dom::text("experiment-locked", view.locked.unwrap_or_default())?;
            dom::hide("experiment-locked", view.locked.is_none())?;
            dom::text("schedule-words", &view.schedule)?;
            if let Some(settings) = &view.settings {
                // A rate that stays what it is needs no curve.
                let constant = settings.schedule == Schedule::Constant;
                dom::all::<Element>(".schedule svg")?.iter().try_for_each(|svg| {
                    svg.toggle_attribute_with_force("hidden", constant).map(drop)
                })?;
                let path: Element = dom::by_id("schedule-path")?;
                path.set_attribute("d", &curve(settings, view.steps))?;
            }
            for field in Field::ALL.into_iter().filter(|field| field.is_of_optimizer()) {
                let control: Element = dom::by_id(&["x-", field.key()].concat())?;
                if let Some(setting) = control.closest(".setting")? {
                    setting
                        .toggle_attribute_with_force("hidden", app.cx.form.get(field).is_empty())?;
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

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Experiment(event)));
}

/// Rows of varied copies of a picture, as one picture.
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

/// The learning rate over the run, as an SVG path in a box of 240 by 56.
fn curve(settings: &TrainConfig, steps: u32) -> String {
    const POINTS: u32 = 64;
    let mut path = String::new();
    for point in 0..=POINTS {
        let step =
            (f64::from(steps.saturating_sub(1)) * f64::from(point) / f64::from(POINTS)) as u32;
        let share = learning_rate(settings.schedule, 1.0, step, steps);
        let (x, y) = (point * 240 / POINTS, 54.0 - 50.0 * share);
        // Writing to a String cannot fail.
        let _ = write!(path, "{}{x} {y:.1}", if point == 0 { "M" } else { "L" });
    }
    path
}

/// Copies the code; where that is not allowed, selects it so that the visitor can.
fn copy_code(code: String) {
    wasm_bindgen_futures::spawn_local(async move {
        let words = match write_to_clipboard(&code).await {
            Ok(()) => "Code copied.",
            Err(_) => match select_code() {
                Ok(()) => "The code is selected: copy it with your browser’s Copy command.",
                Err(_) => "The code could not be copied.",
            },
        };
        dispatch(app::Event::Notice(String::from(words)));
        // The notice may be out of sight.
        let _ = announce::announce(words.into());
    });
}

async fn write_to_clipboard(code: &str) -> Result<(), DomError> {
    // Pages that were not loaded over https have no clipboard.
    let written = dom::ask_navigator("clipboard", "writeText", &code.into());
    let none = || DomError::Refused("there is no clipboard".into());
    JsFuture::from(written.ok_or_else(none)?).await?;
    Ok(())
}

fn select_code() -> Result<(), DomError> {
    let selection =
        dom::window()?.get_selection()?.ok_or_else(|| DomError::NoElement("selection".into()))?;
    selection.select_all_children(dom::by_id::<Element>("code")?.as_ref())?;
    Ok(())
}
