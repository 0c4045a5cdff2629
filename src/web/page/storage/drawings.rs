//! Drawings kept in this browser's IndexedDB.

use js_sys::Float32Array;
use wasm_bindgen::JsCast;

use crate::app::collection::Key;
use crate::app::drawings::{DrawingSet, DrawingsRequest, Event, StoredDrawings};
use crate::app::{self, panels};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::DomError;

/// Carries out a request for a set of drawings, and dispatches its result.
pub(in crate::web::page) fn ask(set: DrawingSet, request: DrawingsRequest) {
    super::in_order(async move {
        let event = match request {
            DrawingsRequest::Read => {
                Event::Read(read(set.prefix()).await.map_err(|error| error.to_string()))
            }
            DrawingsRequest::Keep(key, numbers) => {
                let numbers = Float32Array::from(&numbers[..]);
                written(key, super::write(&[(&name(set, key), &numbers)]).await)
            }
            DrawingsRequest::Forget(key) => written(key, super::remove(&[name(set, key)]).await),
        };
        dispatch(app::Event::Panel(panels::Event::Drawings(set, event)));
    });
}

fn written(key: Key, result: Result<(), DomError>) -> Event {
    Event::Written(key, result.map_err(|error| error.to_string()))
}

fn name(set: DrawingSet, key: Key) -> String {
    [set.prefix(), &key.to_string()].concat()
}

async fn read(prefix: &str) -> Result<StoredDrawings, DomError> {
    let names = super::find(prefix).await?;
    let values = super::read_all(&names).await?;
    let drawings = names.iter().zip(values).map(|(name, value)| {
        let key = name[prefix.len()..].parse().unwrap_or(0);
        // Anything but a list of numbers becomes an empty one, which the app reports.
        let numbers = value.dyn_into::<Float32Array>().map(|array| array.to_vec());
        (key, numbers.unwrap_or_default())
    });
    Ok(StoredDrawings {
        drawings: drawings.collect(),
        session_salt: (js_sys::Math::random() * f64::from(u16::MAX)) as u16,
    })
}
