//! Where an exception stops.
//!
//! What JavaScript throws, and what a trap raises, goes through Rust's frames without running their
//! destructors: whatever they have borrowed stays borrowed. So each callback that borrows something
//! goes through [`attempt`] while it holds it; the exception comes back as a value, to the frame that can still
//! give back what it holds.

use js_sys::Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Calls back, by way of JavaScript, which is where an exception can be caught.
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn apply(action: &mut dyn FnMut(), this: &JsValue, arguments: &Array) -> Result<(), JsValue>;
}

/// Does something.
///
/// # Errors
/// What was thrown meanwhile. Whatever `action` held then is lost, and what it was changing may be half
/// changed.
pub(super) fn attempt<T>(action: impl FnOnce() -> T) -> Result<T, JsValue> {
    let (mut action, mut done) = (Some(action), None);
    let mut call = || done = action.take().map(|action| action());
    apply(&mut call, &JsValue::UNDEFINED, &Array::new())?;
    done.ok_or(JsValue::UNDEFINED)
}
