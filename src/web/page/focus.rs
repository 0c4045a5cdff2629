//! Where the keyboard is: nothing that the page shows takes the focus away, or overwrites what is being typed.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, Node, NodeList};

use super::dom::{self, DomError};

/// What may have the focus.
const STOPS: &str = "button, input, select, summary, a, [tabindex]";

/// What an element is one of many in.
const PLACES: &str = "[id], section, body";

thread_local! {
    /// The field that has been typed in and not been left since.
    static TYPED: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// Follows what is typed.
pub(super) fn listen() -> Result<(), DomError> {
    let document = dom::document()?;
    for (kind, typed) in [("input", true), ("change", false), ("focusout", false)] {
        let note = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let field = event.target().filter(|_| typed);
            TYPED.set(field.and_then(|field| field.dyn_into().ok()));
        });
        // Before the field's own listeners, which may have another value be shown.
        document.add_event_listener_with_callback_and_bool(
            kind,
            note.as_ref().unchecked_ref(),
            true,
        )?;
        note.forget();
    }
    Ok(())
}

/// Sets a field's value, unless somebody is typing another.
pub(super) fn set_value(field: &HtmlInputElement, value: &str) {
    let element: &Element = field;
    if !TYPED.with_borrow(|typed| typed.as_ref() == Some(element)) {
        field.set_value(value);
    }
}

/// The element with the focus, before something is shown.
#[derive(Debug)]
pub(super) struct Focus {
    element: Element,
    place: Element,
    /// All in its place that may have the focus.
    stops: NodeList,
}

impl Focus {
    /// The element that has the focus now, if one has.
    pub(super) fn now() -> Option<Self> {
        let element = dom::document().ok()?.active_element()?;
        let place = place_of(&element)?;
        Some(Self { stops: place.query_selector_all(STOPS).ok()?, element, place })
    }

    /// Gives the focus to what has replaced the element, if the element can no longer have it.
    pub(super) fn keep(self) {
        if can_have(&self.element) {
            return;
        }
        let at = (0..self.stops.length())
            .find(|&at| self.stops.get(at).as_ref() == Some::<&Node>(&self.element));
        let (mut at, mut place) = (at.unwrap_or(0), Some(self.place));
        while let Some(here) = place {
            let stops = here.query_selector_all(STOPS).ok();
            let stop = |at| stops.as_ref()?.get(at)?.dyn_into::<HtmlElement>().ok();
            let count = stops.as_ref().map_or(0, NodeList::length);
            let next = (at..count).chain((0..at.min(count)).rev()).filter_map(stop);
            if let Some(next) = next.into_iter().find(|next| can_have(next)) {
                // Nothing better is left if it refuses.
                let _ = next.focus();
                return;
            }
            (at, place) = (0, place_of(&here));
        }
    }
}

fn place_of(element: &Element) -> Option<Element> {
    element.parent_element()?.closest(PLACES).ok()?
}

fn can_have(element: &Element) -> bool {
    element.is_connected() && element.closest("[hidden], :disabled").is_ok_and(|out| out.is_none())
}

/// Does something that brings an item back to a list, and gives the focus to it.
///
/// - `buttons`: one button of each item.
pub(super) fn follow(buttons: &str, bring_back: impl FnOnce()) {
    let key = |button: &HtmlElement| dom::attribute::<String>(button, "data-key");
    let all = || dom::all::<HtmlElement>(buttons).unwrap_or_default();
    let before: Vec<_> = all().iter().map(key).collect();
    bring_back();
    if let Some(button) = all().iter().find(|button| !before.contains(&key(button))) {
        // As above.
        let _ = button.focus();
    }
}
