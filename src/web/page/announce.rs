//! Announcements to screen readers, once the page has come to rest.

use super::dom::{self, DomError};
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// Milliseconds in which a newer announcement replaces an older one.
const CALM: i32 = 700;

thread_local! {
    static PENDING: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Announces this politely, unless something newer comes first.
pub(super) fn announce(words: String) -> Result<(), DomError> {
    let window = dom::window()?;
    if let Some(older) = PENDING.take() {
        window.clear_timeout_with_handle(older);
    }
    let place: Element = dom::by_id("announce")?;
    let speak = Closure::once_into_js(move || place.set_text_content(Some(&words)));
    let pending = window
        .set_timeout_with_callback_and_timeout_and_arguments_0(speak.unchecked_ref(), CALM)?;
    PENDING.set(Some(pending));
    Ok(())
}
