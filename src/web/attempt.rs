//! Catches exceptions.
//!
//! A JavaScript exception or a trap passes through Rust's frames without running their destructors: whatever
//! they have borrowed stays borrowed. So each callback that borrows something runs its work in [`attempt`],
//! which returns the exception as a value to the frame that can still end the borrow.

use js_sys::Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Calls back by way of JavaScript, where exceptions can be caught.
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn apply(action: &mut dyn FnMut(), this: &JsValue, arguments: &Array) -> Result<(), JsValue>;
}

/// Runs `action`.
///
/// # Errors
/// The exception, if one is thrown. What `action` owned is then leaked, and what it was changing may be half
/// changed.
pub(super) fn attempt<T>(action: impl FnOnce() -> T) -> Result<T, JsValue> {
    let (mut action, mut done) = (Some(action), None);
    let mut call = || done = action.take().map(|action| action());
    apply(&mut call, &JsValue::UNDEFINED, &Array::new())?;
    done.ok_or(JsValue::UNDEFINED)
}
