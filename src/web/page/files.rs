//! What the page keeps to files and back: the buttons that save one, and files that are picked or dropped on the page.

use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, Event as DomEvent, File, FileList, HtmlInputElement};

use super::address;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;
use crate::app::panels::{self, runs};
use crate::protocol::{DigitFormat, FileFormat, OpenedFile, SavedFile};

/// The most bytes of files that are opened together.
const MOST: f64 = 1e8;

pub(super) fn listen() -> Result<(), DomError> {
    for (word, format) in FileFormat::ALL {
        dom::press(&["save-", word].concat(), move || {
            dispatch(Event::SaveNetwork { format, origin: address::page() });
        })?;
    }
    for (word, format) in DigitFormat::ALL {
        dom::press(&["save-digits-", word].concat(), move || {
            save(SavedFile::Digits(format));
        })?;
    }
    for (id, what) in [
        ("runs-csv", SavedFile::RunsCsv),
        ("runs-json", SavedFile::RunsJson),
        ("save-all", SavedFile::Archive),
    ] {
        dom::press(id, move || save(what))?;
    }
    for id in ["open-network", "open-digits"] {
        let input: HtmlInputElement = dom::by_id(id)?;
        let picked = input.clone();
        dom::on(&input, "change", move |_: DomEvent| {
            open(picked.files());
            // The same file can be picked again.
            picked.set_value("");
        })?;
    }
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

fn save(what: SavedFile) {
    let event = runs::Event::Save(what, address::page());
    dispatch(Event::Panel(panels::Event::Runs(event)));
}

/// Opens files. The list is emptied with its input, so they are taken from it first.
fn open(list: Option<FileList>) {
    let Some(list) = list else { return };
    let files: Vec<File> = (0..list.length()).filter_map(|at| list.get(at)).collect();
    if files.is_empty() {
        return;
    }
    spawn_local(async move {
        dispatch(match read(&files).await {
            Ok((files, bytes)) => Event::Open(files, bytes),
            Err(error) => {
                Event::Notice(["The file cannot be read: ", &error.to_string(), "."].concat())
            }
        });
    });
}

/// Names and lengths of files, and their bytes, four to a number.
async fn read(files: &[File]) -> Result<(Vec<OpenedFile>, Vec<Vec<f32>>), DomError> {
    if files.iter().map(|file| file.size()).sum::<f64>() > MOST {
        return Err(DomError::Refused(String::from("it is larger than 100 MB")));
    }
    let (mut heads, mut contents) = (Vec::new(), Vec::new());
    for file in files {
        let bytes = Uint8Array::new(&JsFuture::from(file.array_buffer()).await?);
        let numbers = Float32Array::new_with_length(bytes.length().div_ceil(4));
        Uint8Array::new(&numbers.buffer()).set(&bytes, 0);
        heads.push(OpenedFile { name: file.name(), length: bytes.length() });
        contents.push(numbers.to_vec());
    }
    Ok((heads, contents))
}
