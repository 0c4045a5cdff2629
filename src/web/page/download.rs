//! Files for the visitor to save.

use js_sys::{Array, Float32Array, JSON, JsString, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::dom::{self, DomError};
use crate::app::panels::runs::File;
use crate::protocol::FileFormat;

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

/// Makes the browser save runs.
pub(super) fn runs(file: File) -> Result<(), DomError> {
    match file {
        File::Csv(table) => text("inkling-runs.csv", "text/csv", &table.into()),
        File::Json(runs) => {
            let list = runs.serialize(&Serializer::json_compatible());
            let list = list.map_err(|error| DomError::Refused(error.to_string()))?;
            text("inkling-runs.json", "application/json", &JSON::stringify(&list)?)
        }
    }
}

/// Makes the browser save a network's file, whose bytes are four to a number.
pub(super) fn network(format: FileFormat, length: u32, bytes: &[f32]) -> Result<(), DomError> {
    let buffer = Float32Array::from(bytes).buffer();
    let bytes = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, length);
    blob(format.file_name(), &Blob::new_with_u8_array_sequence(&Array::of1(&bytes))?)
}

fn text(name: &str, mime: &str, text: &JsString) -> Result<(), DomError> {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    blob(name, &Blob::new_with_str_sequence_and_options(&Array::of1(text), &options)?)
}

fn blob(name: &str, blob: &Blob) -> Result<(), DomError> {
    let url = Url::create_object_url_with_blob(blob)?;
    from(&url, name)?;
    // The browser may go on reading it for some time.
    let read = Closure::once_into_js(move || Url::revoke_object_url(&url));
    dom::window()?
        .set_timeout_with_callback_and_timeout_and_arguments_0(read.unchecked_ref(), READ)?;
    Ok(())
}
