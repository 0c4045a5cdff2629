//! Files for the visitor to save.

use js_sys::{Array, Float32Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, HtmlAnchorElement, Url};

use super::dom::{self, DomError};

/// Milliseconds after which the browser has certainly read a file.
const READ: i32 = 60_000;

/// Makes the browser save what is at an address.
pub(super) fn from(url: &str, name: &str) -> Result<(), DomError> {
    let link: HtmlAnchorElement = dom::document()?
        .create_element("a")?
        .dyn_into()
        .map_err(|_| DomError::WrongElement("a".into()))?;
    link.set_href(url);
    link.set_download(name);
    link.click();
    Ok(())
}

/// Makes the browser save a file, whose bytes are four to a number.
pub(super) fn bytes(name: &str, length: u32, bytes: &[f32]) -> Result<(), DomError> {
    let buffer = Float32Array::from(bytes).buffer();
    let bytes = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, length);
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&bytes))?;
    let url = Url::create_object_url_with_blob(&blob)?;
    from(&url, name)?;
    // The browser may go on reading it for some time.
    let read = Closure::once_into_js(move || Url::revoke_object_url(&url));
    dom::window()?
        .set_timeout_with_callback_and_timeout_and_arguments_0(read.unchecked_ref(), READ)?;
    Ok(())
}
