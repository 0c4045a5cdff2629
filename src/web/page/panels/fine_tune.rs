//! Make it yours in the document: a second pad for the same drawing, My digits as small pictures, and the results of
//! fine-tuning on them.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCanvasElement, HtmlElement, MouseEvent};

use super::fine_tune_job::FineTuneControls;
use super::panel::{Frame, Panel};
use crate::app::answer::Answer;
use crate::app::collection::Key;
use crate::app::drawings::{self, DrawingSet, Labelled};
use crate::app::panels::fine_tune::{Event, FineTuneState, View};
use crate::app::{self, App, panels, view};
use crate::data::{CLASSES, SIDE};
use crate::web::page::canvas;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError, disable, hide, press, text};
use crate::web::page::focus;
use crate::web::page::pad::Pad;
use crate::web::page::roving;

/// The most pictures in a row.
const SHOWN_OF_A_CLASS: usize = 20;

#[derive(Debug)]
pub(super) struct FineTunePanel {
    pad: Pad,
    labels: Vec<HtmlElement>,
    controls: FineTuneControls,
    list: HtmlElement,
    /// Revision of the drawing that the pad shows.
    painted: Option<u32>,
    /// Revision of the digits in the list.
    listed: Option<u32>,
    /// The words that are shown, and how the drawing is read.
    said: Option<(View, String)>,
}

impl FineTunePanel {
    pub(super) fn new() -> Result<Self, DomError> {
        let labels = dom::all::<HtmlElement>("#yours-labels button")?;
        for (digit, button) in (0_u8..).zip(&labels) {
            dom::on(button, "click", move |_: MouseEvent| {
                dispatch(app::Event::Panel(panels::Event::FineTune(Event::Label(digit))));
            })?;
        }
        press("yours-undo", || dispatch(app::Event::Undo))?;
        press("yours-clear", || dispatch(app::Event::Clear))?;
        press("yours-undelete", || {
            focus::follow("#yours-digits button", || {
                update_collection(drawings::Event::Undelete);
            });
        })?;
        let list: HtmlElement = dom::by_id("yours-digits")?;
        roving::listen(&list)?;
        dom::on(&list, "click", |event: MouseEvent| {
            if let Some(key) = clicked(&event) {
                update_collection(drawings::Event::Delete(key));
                // The button that had the focus is gone.
                dom::focus("#yours-undelete");
            }
        })?;
        let (pad, controls) = (Pad::new("yours-pad")?, FineTuneControls::new()?);
        Ok(Self { pad, labels, controls, list, painted: None, listed: None, said: None })
    }

    fn paint(&mut self, answer: &Answer) {
        let revision = Some(answer.revision());
        if self.painted != revision {
            self.painted = revision;
            self.pad.paint(answer);
        }
    }

    fn show_text(&self, view: &View, answer: &str, drawn: bool) -> Result<(), DomError> {
        let nothing = (!drawn).then_some("Nothing is drawn yet");
        for id in ["yours-undo", "yours-clear"] {
            disable(&dom::by_id(id)?, nothing)?;
        }
        text("yours-answer", answer)?;
        for (button, full) in self.labels.iter().zip(view.full) {
            let plenty = full.then_some("You have plenty of these");
            disable(button, view.cannot_label.or(plenty))?;
        }
        hide("yours-empty", view.empty.is_none())?;
        text("yours-empty", view.empty.unwrap_or_default())?;
        text("yours-tally", if view.empty.is_some() { "" } else { &view.tally })?;
        hide("yours-problem", view.problem.is_none())?;
        text("yours-problem", view.problem.as_deref().unwrap_or_default())?;
        hide("yours-deleted", view.deleted.is_none())?;
        text("yours-deleted-text", view.deleted.as_deref().unwrap_or_default())
    }

    /// Makes a row of pictures for each class that has any.
    fn list(&self, fine_tune: &FineTuneState) -> Result<(), DomError> {
        let document = dom::document()?;
        self.list.set_inner_html("");
        for class in 0..CLASSES as u8 {
            let mut digits = fine_tune.of_class(class).peekable();
            if digits.peek().is_none() {
                continue;
            }
            let row = document.create_element("li")?;
            let name = document.create_element("span")?;
            name.set_text_content(Some(&class.to_string()));
            row.append_child(&name)?;
            let pictures = document.create_element("div")?;
            row.append_child(&pictures)?;
            self.list.append_child(&row)?;
            let digits: Vec<_> = digits.collect();
            let more = digits.len().saturating_sub(SHOWN_OF_A_CLASS);
            // The newest, which one may want to delete again.
            for (digit, held_out) in &digits[more..] {
                picture(&pictures, digit, *held_out)?;
            }
            if more > 0 {
                let rest = document.create_element("span")?;
                rest.set_text_content(Some(&["and ", &more.to_string(), " more"].concat()));
                pictures.append_child(&rest)?;
            }
        }
        roving::settle(&self.list);
        Ok(())
    }
}

impl Panel for FineTunePanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        let (fine_tune, answer) = (&app.panels.fine_tune, &app.cx.answer);
        self.paint(answer);
        let now = (fine_tune.view(&app.cx), view::spoken_answer(answer));
        if self.said.as_ref() != Some(&now) {
            self.show_text(&now.0, &now.1, !answer.is_blank())?;
            self.said = Some(now);
        }
        self.controls.show(fine_tune.job_view(&app.cx))?;
        let digits = Some(fine_tune.digits.revision());
        if self.listed != digits {
            self.listed = digits;
            self.list(fine_tune)?;
        }
        Ok(Frame::Unneeded)
    }

    fn fit(&mut self, app: &App) -> Result<(), DomError> {
        if self.pad.fit() {
            self.painted = None;
            self.paint(&app.cx.answer);
        }
        Ok(())
    }

    fn forget_colours(&mut self) {
        self.pad.forget_colour();
        self.painted = None;
        self.listed = None;
    }
}

/// Adds a digit's picture, which is a button that deletes it.
fn picture(place: &Element, digit: &Labelled, held_out: bool) -> Result<(), DomError> {
    let document = dom::document()?;
    let button: HtmlElement = document.create_element("button")?.unchecked_into();
    button.set_attribute("type", "button")?;
    button.set_attribute("data-key", &digit.key.to_string())?;
    button.set_tab_index(-1);
    let name = ["Delete this ", &digit.label.to_string()].concat();
    let name = if held_out { [&name, ", held out"].concat() } else { name };
    button.set_attribute("aria-label", &name)?;
    button.set_title(&name);
    button.class_list().toggle_with_force("held-out", held_out)?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    canvas.set_width(SIDE as u32);
    canvas.set_height(SIDE as u32);
    button.append_child(&canvas)?;
    place.append_child(&button)?;
    canvas::put(&canvas, &digit.picture[..], SIDE)
}

fn update_collection(event: drawings::Event) {
    dispatch(app::Event::Panel(panels::Event::Drawings(DrawingSet::UserDigits, event)));
}

/// The digit whose picture was clicked.
fn clicked(event: &MouseEvent) -> Option<Key> {
    dom::attribute(&dom::around(event, "[data-key]")?, "data-key")
}
