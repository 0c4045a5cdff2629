//! Drawings kept in this browser's IndexedDB.

use js_sys::Float32Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use crate::app::Event;
use crate::app::drawings::{self, Collection, DrawingKey, DrawingsRequest, StoredDrawings};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::DomError;

/// Carries out a request for a collection, and dispatches its result.
pub(in crate::web::page) fn ask(collection: Collection, request: DrawingsRequest) {
    spawn_local(async move {
        let happened = match request {
            DrawingsRequest::Read => Some(drawings::Event::Read(
                read(collection.prefix()).await.map_err(|error| error.to_string()),
            )),
            DrawingsRequest::Keep(key, numbers) => failure(
                super::write(&[(&name(collection, key), &Float32Array::from(&numbers[..]))]).await,
            ),
            DrawingsRequest::Forget(key) => failure(super::remove(&[name(collection, key)]).await),
        };
        if let Some(event) = happened {
            dispatch(Event::Drawings(collection, event));
        }
    });
}

fn failure(result: Result<(), DomError>) -> Option<drawings::Event> {
    result.err().map(|error| drawings::Event::StoreFailed(error.to_string()))
}

fn name(collection: Collection, key: DrawingKey) -> String {
    [collection.prefix(), &key.to_string()].concat()
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
