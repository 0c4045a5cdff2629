//! Short names for what a document can do.

use std::str::FromStr;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{
    Document, DocumentFragment, Element, Event, EventTarget, HtmlElement, HtmlTemplateElement,
    MouseEvent, Window,
};

/// The document or the browser lacks something that this module needs.
#[derive(Debug, thiserror::Error)]
pub enum DomError {
    /// There is no window or document: this is not a page.
    #[error("this is not a page")]
    NoDocument,
    /// The markup lacks an element.
    #[error("the page has no #{0}")]
    NoElement(String),
    /// The element is of another type.
    #[error("#{0} is not of the expected kind")]
    WrongElement(String),
    /// The browser refused something.
    #[error("{0}")]
    Refused(String),
}

impl From<JsValue> for DomError {
    fn from(value: JsValue) -> Self {
        Self::Refused(crate::web::port::describe(&value))
    }
}

/// The global `window`.
pub(super) fn window() -> Result<Window, DomError> {
    web_sys::window().ok_or(DomError::NoDocument)
}

/// The global `document`.
pub(super) fn document() -> Result<Document, DomError> {
    window()?.document().ok_or(DomError::NoDocument)
}

/// The element with this id.
pub(super) fn by_id<T: JsCast>(id: &str) -> Result<T, DomError> {
    document()?
        .get_element_by_id(id)
        .ok_or_else(|| DomError::NoElement(id.into()))?
        .dyn_into()
        .map_err(|_| DomError::WrongElement(id.into()))
}

/// Sets an element's text, unless it is the same.
pub(super) fn text(id: &str, words: &str) -> Result<(), DomError> {
    write(&by_id::<Element>(id)?, words);
    Ok(())
}

/// As [`text`], of an element that is here.
pub(super) fn write(element: &Element, words: &str) {
    if element.text_content().as_deref() != Some(words) {
        element.set_text_content(Some(words));
    }
}

/// Hides or shows an element.
pub(super) fn hide(id: &str, hidden: bool) -> Result<(), DomError> {
    by_id::<HtmlElement>(id)?.set_hidden(hidden);
    Ok(())
}

/// Sets an attribute to "true" or "false".
pub(super) fn flag(element: &Element, attribute: &str, value: bool) -> Result<(), DomError> {
    Ok(element.set_attribute(attribute, if value { "true" } else { "false" })?)
}

/// Disables a button and says why. Unlike with the attribute `disabled`, it keeps the focus and its
/// place in the tab order.
pub(super) fn disable(button: &HtmlElement, why: Option<&str>) -> Result<(), DomError> {
    flag(button, "aria-disabled", why.is_some())?;
    button.set_title(why.unwrap_or_default());
    Ok(())
}

/// All elements that match a selector, in document order.
pub(super) fn all<T: JsCast>(selector: &str) -> Result<Vec<T>, DomError> {
    let list = document()?.query_selector_all(selector)?;
    Ok((0..list.length()).filter_map(|i| list.get(i)?.dyn_into().ok()).collect())
}

/// A part of an element.
pub(super) fn part<T: JsCast>(of: &Element, selector: &str) -> Result<T, DomError> {
    of.query_selector(selector)?
        .and_then(|part| part.dyn_into().ok())
        .ok_or_else(|| DomError::NoElement(selector.into()))
}

/// A copy of a template's only element.
pub(super) fn copy(template: &str) -> Result<Element, DomError> {
    let template: HtmlTemplateElement = by_id(template)?;
    let content = document()?.import_node_with_deep(&template.content(), true)?;
    content
        .unchecked_into::<DocumentFragment>()
        .first_element_child()
        .ok_or_else(|| DomError::WrongElement(template.id()))
}

/// Moves the focus, unless the element has none to take.
pub(super) fn focus(selector: &str) {
    if let Some(element) = all::<HtmlElement>(selector).ok().and_then(|all| all.into_iter().next())
    {
        let _ = element.focus();
    }
}

/// The innermost element around what an event is about that matches.
pub(super) fn around(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// What the attribute of the innermost element that has it says.
pub(super) fn attribute<T: FromStr>(element: &Element, name: &str) -> Option<T> {
    let selector = ["[", name, "]"].concat();
    element.closest(&selector).ok()??.get_attribute(name)?.parse().ok()
}

/// Calls `handler` on every such event, as long as the page lives.
pub(super) fn on<E: JsCast + 'static>(
    target: &EventTarget,
    kind: &str,
    mut handler: impl FnMut(E) + 'static,
) -> Result<(), DomError> {
    let closure =
        Closure::<dyn FnMut(Event)>::new(move |event: Event| handler(event.unchecked_into()));
    target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref())?;
    closure.forget();
    Ok(())
}

/// Calls `happen` when a button is pressed.
pub(super) fn press(id: &str, happen: impl Fn() + 'static) -> Result<(), DomError> {
    let button: HtmlElement = by_id(id)?;
    on(&button, "click", move |_: MouseEvent| happen())
}

/// Calls `handler` at an interval, as long as the page lives.
pub(super) fn every(milliseconds: i32, handler: impl FnMut() + 'static) -> Result<(), DomError> {
    let closure = Closure::<dyn FnMut()>::new(handler);
    window()?.set_interval_with_callback_and_timeout_and_arguments_0(
        closure.as_ref().unchecked_ref(),
        milliseconds,
    )?;
    closure.forget();
    Ok(())
}

/// Calls `handler` once, after this many milliseconds; returns false if the browser refuses.
pub(super) fn after(milliseconds: i32, handler: impl FnOnce() + 'static) -> bool {
    let closure = Closure::once_into_js(handler);
    let set = |window: Window| {
        window.set_timeout_with_callback_and_timeout_and_arguments_0(
            closure.unchecked_ref(),
            milliseconds,
        )
    };
    window().is_ok_and(|window| set(window).is_ok())
}

/// Calls `handler` when the result of a media query changes.
pub(super) fn on_media(query: &str, mut handler: impl FnMut() + 'static) -> Result<(), DomError> {
    match window()?.match_media(query)? {
        Some(list) => on::<Event>(&list, "change", move |_| handler()),
        None => Ok(()),
    }
}

/// Places an element over a part of the one below it, in fractions of that one.
pub(super) fn place(
    frame: &HtmlElement,
    (left, top): (usize, usize),
    (width, height): (usize, usize),
    whole: (usize, usize),
) -> Result<(), DomError> {
    let style = frame.style();
    for (property, part, whole) in [
        ("left", left, whole.0),
        ("top", top, whole.1),
        ("width", width, whole.0),
        ("height", height, whole.1),
    ] {
        style.set_property(property, &format!("{}%", 100.0 * part as f32 / whole as f32))?;
    }
    Ok(())
}

/// A computed style value, like "rgb(26, 26, 32)".
pub(super) fn computed(element: &Element, property: &str) -> String {
    window()
        .ok()
        .and_then(|window| window.get_computed_style(element).ok().flatten())
        .and_then(|style| style.get_property_value(property).ok())
        .unwrap_or_default()
}

/// The screen's pixels in a CSS pixel.
pub(super) fn density() -> f64 {
    window().map_or(1.0, |window| window.device_pixel_ratio())
}

/// Milliseconds since the page was opened.
pub(super) fn now() -> f64 {
    window().ok().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// Lets a part of the navigator do something that takes time; `None` if the browser lacks the part.
pub(super) fn ask_navigator(part: &str, method: &str, argument: &JsValue) -> Option<Promise> {
    let part = Reflect::get(&window().ok()?.navigator(), &part.into()).ok()?;
    let method: Function = Reflect::get(&part, &method.into()).ok()?.dyn_into().ok()?;
    Some(Promise::resolve(&method.call1(&part, argument).ok()?))
}

/// Whether the Cache API is available; some browsers lack it outside of https or in private windows.
pub(super) fn has_caches() -> bool {
    window().is_ok_and(|window| {
        Reflect::get(&window, &"caches".into()).is_ok_and(|caches| caches.is_object())
    })
}
