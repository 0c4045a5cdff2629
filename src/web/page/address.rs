//! The address, whose hash has the settings. Browsers refuse to change it often: Safari 100 times in 10 seconds.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::dom::{self, DomError};

/// Changes that are made at once, one after the other.
const AT_ONCE: f64 = 20.0;

/// Milliseconds after which one more is. With those at once, there are 70 in 10 seconds.
const EVERY: f64 = 200.0;

/// Milliseconds until a change is tried again that was refused.
const AGAIN: i32 = 2000;

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
