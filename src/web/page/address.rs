//! The address, whose hash has the settings, and links to copy. Browsers refuse to change it often: Safari 100 times in
//! 10 seconds.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlDialogElement, HtmlInputElement};

use super::announce::announce;
use super::dom::{self, DomError};

/// Changes that are made at once, one after the other.
const AT_ONCE: f64 = 20.0;

/// Milliseconds after which one more is. With those at once, there are 70 in 10 seconds.
const EVERY: f64 = 200.0;

/// Milliseconds until a change is tried again that was refused.
const AGAIN: i32 = 2000;

/// Milliseconds for which the button says that the link is copied.
const SAID: i32 = 3000;

thread_local! {
    /// The newest hash, until it is written.
    static WAITING: RefCell<Option<String>> = const { RefCell::new(None) };
    static TIMED: Cell<bool> = const { Cell::new(false) };
    /// How many changes can be made at once, and the time at which that was so.
    static LEFT: Cell<(f64, f64)> = const { Cell::new((AT_ONCE, 0.0)) };
}

/// Puts the hash into the address, soon if not at once; a newer one takes its place.
pub(super) fn write(hash: String) {
    WAITING.set(Some(hash));
    if !TIMED.get() {
        try_to_write();
    }
}

/// The page's address without its hash.
pub(super) fn page() -> String {
    let address = dom::window().and_then(|window| Ok(window.location().href()?));
    address.unwrap_or_default().split('#').next().unwrap_or_default().into()
}

fn try_to_write() {
    let Some(hash) = WAITING.take() else { return };
    let (left, then) = LEFT.get();
    let now = dom::now();
    let left = (left + (now - then) / EVERY).min(AT_ONCE);
    let wait = if left < 1.0 {
        LEFT.set((left, now));
        EVERY as i32
    } else {
        LEFT.set((left - 1.0, now));
        if replace(&hash).is_ok() {
            return;
        }
        AGAIN
    };
    WAITING.set(Some(hash));
    // Without a clock the next change tries again.
    TIMED.set(dom::after(wait, || {
        TIMED.set(false);
        try_to_write();
    }));
}

fn replace(hash: &str) -> Result<(), DomError> {
    let history = dom::window()?.history()?;
    Ok(history.replace_state_with_url(&JsValue::NULL, "", Some(hash))?)
}

/// Puts a link to this page with another hash into the clipboard. Where that is refused, shows it to be copied.
pub(super) fn copy(hash: &str) -> Result<(), DomError> {
    let link = [page().as_str(), hash].concat();
    let asked = dom::ask_navigator("clipboard", "writeText", &link.as_str().into());
    spawn_local(async move {
        let copied = match asked {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        };
        // The markup has what this needs.
        let _ = if copied { say_copied() } else { show(&link) };
    });
    Ok(())
}

fn say_copied() -> Result<(), DomError> {
    dom::text("copy-link", "Copied")?;
    dom::after(SAID, || drop(dom::text("copy-link", "Copy link")));
    announce(String::from("The link is copied."))
}

fn show(link: &str) -> Result<(), DomError> {
    let field: HtmlInputElement = dom::by_id("link")?;
    field.set_value(link);
    dom::by_id::<HtmlDialogElement>("link-dialog")?.show_modal()?;
    field.select();
    Ok(())
}
