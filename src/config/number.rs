//! Numbers as text.

/// Reads a decimal number, as in `0.001` or `1e-3`; `None` if it is none, or not finite.
///
/// In a browser the browser reads it: Rust's own reader needs tables of 14 KB, which a visitor would wait for. Rounding to
/// f64 first makes no difference to an f32 of fewer than 17 digits.
pub fn parse(text: &str) -> Option<f64> {
    #[cfg(not(target_arch = "wasm32"))]
    let number = text.parse().ok()?;
    #[cfg(target_arch = "wasm32")]
    let number = {
        // JavaScript takes more for a number: nothing at all, blanks, hexadecimal digits.
        let is_decimal = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_decimal) {
            return None;
        }
        js_sys::Number::from(wasm_bindgen::JsValue::from(text)).value_of()
    };
    Some(number).filter(|number: &f64| number.is_finite())
}
