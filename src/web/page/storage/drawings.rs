//! The browser's store of labelled drawings.

use js_sys::Float32Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use crate::app::Event;
use crate::app::drawings::{self, Kept, Key, Shelf, Store};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::DomError;

/// Does what the app asks of a shelf, and tells it what came of it.
pub(in crate::web::page) fn ask(shelf: Shelf, request: Store) {
    spawn_local(async move {
        let happened = match request {
            Store::Read => Some(drawings::Event::Read(
                read(shelf.prefix()).await.map_err(|error| error.to_string()),
            )),
            Store::Keep(key, numbers) => {
                unkept(super::write(&name(shelf, key), &Float32Array::from(&numbers[..])).await)
            }
            Store::Forget(key) => unkept(super::remove(&name(shelf, key)).await),
        };
        if let Some(event) = happened {
            dispatch(Event::Drawings(shelf, event));
        }
    });
}

fn unkept(result: Result<(), DomError>) -> Option<drawings::Event> {
    result.err().map(|error| drawings::Event::Unkept(error.to_string()))
}

fn name(shelf: Shelf, key: Key) -> String {
    [shelf.prefix(), &key.to_string()].concat()
}

async fn read(prefix: &str) -> Result<Kept, DomError> {
    let names = super::find(prefix).await?;
    let values = super::read_all(&names).await?;
    let drawings = names.iter().zip(values).map(|(name, value)| {
        let key = name[prefix.len()..].parse().unwrap_or(0);
        // What is no list of numbers is no drawing, and is told as such.
        let numbers = value.dyn_into::<Float32Array>().map(|array| array.to_vec());
        (key, numbers.unwrap_or_default())
    });
    Ok(Kept {
        drawings: drawings.collect(),
        salt: (js_sys::Math::random() * f64::from(u16::MAX)) as u16,
    })
}
