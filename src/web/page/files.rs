//! Networks to files and back: the buttons that save one, and files that are picked or dropped on the page.

use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, Event as DomEvent, File, FileList, HtmlInputElement};

use super::address;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;
use crate::protocol::FileFormat;

/// More bytes than a file of the largest network has.
const MOST: f64 = 16e6;

pub(super) fn listen() -> Result<(), DomError> {
    for (word, format) in FileFormat::ALL {
        dom::press(&["save-", word].concat(), move || {
            dispatch(Event::SaveNetwork { format, origin: address::page() });
        })?;
    }
    let input: HtmlInputElement = dom::by_id("open-network")?;
    let picked = input.clone();
    dom::on(&input, "change", move |_: DomEvent| {
        open(picked.files());
        // The same file can be picked again.
        picked.set_value("");
    })?;
    let window = dom::window()?;
    dom::on(&window, "dragover", |event: DragEvent| {
        let types = event.data_transfer().map(|carried| carried.types());
        if types.is_some_and(|types| types.includes(&"Files".into(), 0)) {
            event.prevent_default();
        }
    })?;
    dom::on(&window, "drop", |event: DragEvent| {
        let files = event.data_transfer().and_then(|carried| carried.files());
        if files.as_ref().is_some_and(|files| files.length() > 0) {
            event.prevent_default();
            open(files);
        }
    })
}

/// Opens the first of some files.
fn open(files: Option<FileList>) {
    let Some(file) = files.and_then(|files| files.get(0)) else { return };
    spawn_local(async move {
        dispatch(match read(&file).await {
            Ok((length, bytes)) => Event::OpenNetwork { length, bytes },
            Err(error) => {
                Event::Notice([&file.name(), " cannot be read: ", &error.to_string(), "."].concat())
            }
        });
    });
}

/// A file's length and bytes, four to a number.
async fn read(file: &File) -> Result<(u32, Vec<f32>), DomError> {
    if file.size() > MOST {
        return Err(DomError::Refused(String::from("it is larger than any network of this page")));
    }
    let bytes = Uint8Array::new(&JsFuture::from(file.array_buffer()).await?);
    let numbers = Float32Array::new_with_length(bytes.length().div_ceil(4));
    Uint8Array::new(&numbers.buffer()).set(&bytes, 0);
    Ok((bytes.length(), numbers.to_vec()))
}
