//! Makes many buttons one stop for Tab; arrow keys go from one to the next.

use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element, Event as DomEvent, HtmlElement, KeyboardEvent};

use crate::web::page::dom::{self, DomError};

/// How much more sideways distance counts than distance along the way.
const ASIDE: f64 = 3.0;

/// Lets arrow keys, Home and End move through the buttons of a group, including ones added later.
pub(super) fn listen(group: &HtmlElement) -> Result<(), DomError> {
    let place = group.clone();
    dom::on(group, "keydown", move |event: KeyboardEvent| {
        let Some(focused) = button_of(&event) else { return };
        let buttons = buttons(&place);
        let Some(at) = buttons.iter().position(|button| *button == focused) else { return };
        let next = match event.key().as_str() {
            "ArrowLeft" => at.checked_sub(1),
            "ArrowRight" => Some(at + 1),
            "ArrowUp" => nearest(&buttons, at, -1.0),
            "ArrowDown" => nearest(&buttons, at, 1.0),
            "Home" => Some(0),
            "End" => buttons.len().checked_sub(1),
            _ => return,
        };
        event.prevent_default();
        if let Some(button) = next.and_then(|next| buttons.get(next)) {
            // A button that cannot take the focus leaves it where it is.
            let _ = button.focus();
        }
    })?;
    // However the focus got there, Tab comes back to it.
    let place = group.clone();
    dom::on(group, "focusin", move |event: DomEvent| {
        if let Some(focused) = button_of(&event) {
            for button in buttons(&place) {
                button.set_tab_index(if button == focused { 0 } else { -1 });
            }
        }
    })
}

/// Makes Tab reach the group: at its first button, unless there is one already.
pub(super) fn settle(group: &HtmlElement) {
    let buttons = buttons(group);
    if let Some(first) = buttons.first()
        && buttons.iter().all(|button| button.tab_index() != 0)
    {
        first.set_tab_index(0);
    }
}

/// The visible ones, in the document's order.
fn buttons(group: &Element) -> Vec<HtmlElement> {
    let Ok(list) = group.query_selector_all("button:not([hidden])") else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.get(i)?.dyn_into().ok()).collect()
}

fn button_of(event: &DomEvent) -> Option<HtmlElement> {
    dom::around(event, "button")?.dyn_into().ok()
}

/// The next button above (-1) or below (1).
fn nearest(buttons: &[HtmlElement], at: usize, way: f64) -> Option<usize> {
    let middle =
        |area: &DomRect| (area.left() + area.width() / 2.0, area.top() + area.height() / 2.0);
    let from = buttons[at].get_bounding_client_rect();
    let (x, y) = middle(&from);
    let far = |button: &HtmlElement| {
        let (to_x, to_y) = middle(&button.get_bounding_client_rect());
        let along = (to_y - y) * way;
        (along > from.height() / 2.0).then_some(along + ASIDE * (to_x - x).abs())
    };
    let ways = buttons.iter().enumerate().filter_map(|(i, button)| Some((i, far(button)?)));
    ways.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}
