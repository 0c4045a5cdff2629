//! Everything that can be pressed or filled in: each control's event becomes an event of the app.

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use super::focus;
use crate::app::Event;
use crate::app::answer::Source;
use crate::app::panels::evaluate::gallery::Choice;
use crate::app::panels::{self, PanelId, evaluate};
use crate::config::{Field, Form, Recipe};
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event as DomEvent, HtmlDialogElement, HtmlElement, HtmlInputElement,
    HtmlSelectElement, MouseEvent,
};

/// A control that holds a setting.
#[derive(Clone, Debug)]
enum Control {
    Input(HtmlInputElement),
    Select(HtmlSelectElement),
}

impl Control {
    fn new(element: HtmlElement) -> Result<Self, DomError> {
        match element.dyn_into::<HtmlSelectElement>() {
            Ok(select) => Ok(Self::Select(select)),
            Err(element) => element
                .dyn_into()
                .map(Self::Input)
                .map_err(|element| DomError::WrongElement(element.id())),
        }
    }

    fn element(&self) -> &HtmlElement {
        match self {
            Self::Input(input) => input,
            Self::Select(select) => select,
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Input(input) => input.value(),
            Self::Select(select) => select.value(),
        }
    }

    fn set_value(&self, value: &str) {
        match self {
            Self::Input(input) => focus::set_value(input, value),
            Self::Select(select) => select.set_value(value),
        }
    }

    fn set_disabled(&self, disabled: bool) {
        match self {
            Self::Input(input) => input.set_disabled(disabled),
            Self::Select(select) => select.set_disabled(disabled),
        }
    }
}

#[derive(Debug)]
pub(super) struct SettingsControls {
    controls: Vec<(Field, Control)>,
    /// Buttons of the recipes.
    recipes: Vec<(Recipe, HtmlElement)>,
}

impl SettingsControls {
    /// Finds the controls and listens to them. A setting's control has its key as its id; a second one has the key in
    /// `data-setting`.
    pub(super) fn new() -> Result<Self, DomError> {
        let mut controls = Vec::new();
        for field in Field::ALL {
            let key = field.key();
            let selector = [".setting #", key, ", [data-setting=", key, "]"].concat();
            for element in dom::all::<HtmlElement>(&selector)? {
                let control = Control::new(element)?;
                let changed = control.clone();
                dom::on(control.element(), "change", move |_: DomEvent| {
                    dispatch(Event::Set(field, changed.value()));
                })?;
                controls.push((field, control));
            }
        }
        let mut recipes = Vec::new();
        for recipe in Recipe::ALL {
            let button: HtmlElement = dom::by_id(&["recipe-", recipe.key()].concat())?;
            dom::on(&button, "click", move |_: MouseEvent| dispatch(Event::Recipe(recipe)))?;
            recipes.push((recipe, button));
        }
        let form: Element = dom::by_id("settings")?;
        dom::on(&form, "submit", |event: DomEvent| event.prevent_default())?;
        Ok(Self { controls, recipes })
    }

    /// Says of each recipe what it reaches and how long it takes.
    pub(super) fn show_outcomes(&self, outcomes: &[String]) -> Result<(), DomError> {
        for ((_, button), words) in self.recipes.iter().zip(outcomes) {
            dom::write(&dom::part(button, "span")?, words);
        }
        Ok(())
    }

    pub(super) fn show(&self, form: &Form) -> Result<(), DomError> {
        for (field, control) in &self.controls {
            control.set_value(&form.get(*field));
        }
        for (recipe, button) in &self.recipes {
            dom::flag(button, "aria-pressed", recipe.is_set(form))?;
        }
        Ok(())
    }

    /// Locks the settings and says why, or unlocks them.
    pub(super) fn lock(&self, why: Option<&str>) -> Result<(), DomError> {
        for (_, control) in self.controls.iter().filter(|(field, _)| !field.can_change_in_a_run()) {
            control.set_disabled(why.is_some());
            control.element().set_title(why.unwrap_or_default());
        }
        for (_, button) in &self.recipes {
            dom::flag(button, "aria-disabled", why.is_some())?;
        }
        Ok(())
    }
}

/// Listens to everything else that can be pressed.
pub(super) fn listen() -> Result<(), DomError> {
    press("undo", || Event::Undo)?;
    press("clear", || Event::Clear)?;
    let digit: HtmlSelectElement = dom::by_id("write-digit")?;
    press("write", move || match digit.value().as_str() {
        "test" => Event::WriteTestImage,
        digit => Event::Write(digit.parse().ok()),
    })?;
    press("copy-link", || Event::CopyLink)?;
    press("train", || Event::Train)?;
    press("rail-train", || Event::Train)?;
    press("step", || Event::Step)?;
    press("reset", || Event::Reset)?;
    press("problem-action", || Event::Repair)?;
    press("data-retry", || Event::RetryData)?;
    press("notice-close", || Event::CloseNotice)?;
    press("done-close", || Event::CloseCard)?;
    press("resume", || Event::Continue)?;
    press("discard", || Event::Discard)?;
    press("done-mistakes", || {
        go_to(PanelId::Evaluate);
        Event::Panel(panels::Event::Evaluate(evaluate::Event::Show(Choice::Mistakes)))
    })?;
    dom::press("done-inside", || go_to(PanelId::Inside))?;
    dom::press("done-yours", || go_to(PanelId::FineTune))?;
    dom::press("done-save", || {
        go_to(PanelId::Runs);
        dom::focus("#save-safetensors");
    })?;
    let step_size: HtmlSelectElement = dom::by_id("step-size")?;
    let size = step_size.clone();
    dom::on(&step_size, "change", move |_: DomEvent| {
        dispatch(Event::StepSize(size.value().parse().unwrap_or(1)));
    })?;
    press("weights-shipped", || Event::AnswerFrom(Source::Shipped))?;
    press("weights-run", || Event::AnswerFrom(Source::Run))?;
    press("weights-tuned", || Event::AnswerFrom(Source::Tuned))?;
    for help in dom::all::<HtmlElement>(".help")? {
        let button = help.clone();
        dom::on(&help, "click", move |_: MouseEvent| toggle(&button))?;
    }
    let document = dom::document()?;
    let shown = document.clone();
    dom::on(&document, "visibilitychange", move |_: DomEvent| {
        if shown.hidden() {
            dispatch(Event::Hidden);
        }
    })?;
    let window = dom::window()?;
    dom::on(&window, "pagehide", |_: DomEvent| dispatch(Event::Hidden))?;
    let location = window.location();
    dom::on(&window, "hashchange", move |_: DomEvent| {
        dispatch(Event::Hash(location.hash().unwrap_or_default()));
    })?;
    confirm()
}

/// Opens a panel if it is not open, and goes there.
fn go_to(panel: PanelId) {
    let Ok(door) = dom::by_id::<HtmlElement>(&["open-", panel.dom_id()].concat()) else { return };
    if door.get_attribute("aria-expanded").as_deref() != Some("true") {
        door.click();
    }
    let _ = door.focus();
    if let Ok(panels) = dom::by_id::<Element>("panels") {
        panels.scroll_into_view();
    }
}

fn press(id: &str, event: impl Fn() -> Event + 'static) -> Result<(), DomError> {
    dom::press(id, move || dispatch(event()))
}

/// Shows or hides the sentence that a help button controls.
fn toggle(button: &HtmlElement) {
    let open = button.get_attribute("aria-expanded").as_deref() != Some("true");
    let sentence =
        button.get_attribute("aria-controls").and_then(|id| dom::by_id::<HtmlElement>(&id).ok());
    if let Some(sentence) = sentence {
        sentence.set_hidden(!open);
        // Neither attribute name is invalid.
        let _ = dom::flag(button, "aria-expanded", open);
    }
}

/// Listens to the answer to the question before something is lost; Escape means no.
fn confirm() -> Result<(), DomError> {
    let dialog: HtmlDialogElement = dom::by_id("confirm")?;
    for (id, answer) in [("confirm-yes", "yes"), ("confirm-no", "no")] {
        let asked = dialog.clone();
        dom::on(dom::by_id::<HtmlElement>(id)?.as_ref(), "click", move |_: MouseEvent| {
            asked.close_with_return_value(answer);
        })?;
    }
    let asked = dialog.clone();
    dom::on(&dialog, "close", move |_: DomEvent| {
        let yes = asked.return_value() == "yes";
        asked.set_return_value("");
        dispatch(if yes { Event::Confirmed } else { Event::Declined });
    })
}
