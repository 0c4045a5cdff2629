//! How runs are written in the browser's store, which both the page and the trainer reach.

use js_sys::{Float32Array, Float64Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::app::panels::runs::record::{RunKey, StoredRun};

/// Prefixes of the keys of runs, of their weights and of their moments.
pub(super) const RUN: &str = "run/";
pub(super) const WEIGHTS: &str = "weights/";
pub(super) const MOMENTS: &str = "moments/";

/// The value of a run.
pub(super) fn value_of(run: &StoredRun) -> Result<JsValue, JsValue> {
    let value = Object::new();
    for (key, words) in [("name", &run.name), ("link", &run.link)] {
        Reflect::set(&value, &key.into(), &words.as_str().into())?;
    }
    Reflect::set(&value, &"numbers".into(), &Float64Array::from(run.numbers.as_slice()))?;
    for (key, numbers) in [("losses", &run.losses), ("accuracies", &run.accuracies)] {
        Reflect::set(&value, &key.into(), &Float32Array::from(numbers.as_slice()))?;
    }
    Ok(value.into())
}

/// The run in a value. A missing field is left empty, which the app reports.
pub(super) fn run_of(key: RunKey, value: &JsValue) -> StoredRun {
    let field = |name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let numbers = |name: &str| {
        field(name).dyn_into::<Float32Array>().map_or_else(|_| Vec::new(), |array| array.to_vec())
    };
    StoredRun {
        key,
        name: field("name").as_string().unwrap_or_default(),
        link: field("link").as_string().unwrap_or_default(),
        numbers: field("numbers")
            .dyn_into::<Float64Array>()
            .map_or_else(|_| Vec::new(), |array| array.to_vec()),
        losses: numbers("losses"),
        accuracies: numbers("accuracies"),
    }
}
