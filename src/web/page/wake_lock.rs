//! The screen stays on while a run trains, where the browser can see to it.

use std::cell::{Cell, RefCell};

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Event;

use super::dom::{self, DomError};

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static LOCK: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// Browsers take the lock back from a page that is hidden.
pub(super) fn listen() -> Result<(), DomError> {
    dom::on(dom::document()?.as_ref(), "visibilitychange", |_: Event| request())
}

/// Keeps the screen on, or stops keeping it on.
pub(super) fn set(wanted: bool) {
    if WANTED.replace(wanted) == wanted {
        return;
    }
    if wanted {
        request();
    } else {
        keep(None);
    }
}

/// Without the lock, which a browser may refuse, nothing else changes.
fn request() {
    if !WANTED.get() || dom::document().map_or(true, |document| document.hidden()) {
        return;
    }
    spawn_local(async {
        let Some(asked) = dom::ask_navigator("wakeLock", "request", &"screen".into()) else {
            return;
        };
        keep(JsFuture::from(asked).await.ok());
        if !WANTED.get() {
            keep(None);
        }
    });
}

/// Keeps a lock in place of the one before, which ends.
fn keep(lock: Option<JsValue>) {
    if let Some(before) = LOCK.replace(lock)
        && let Ok(release) = Reflect::get(&before, &"release".into())
    {
        // It ends with the page anyway.
        let _ = release.unchecked_into::<Function>().call0(&before);
    }
}
