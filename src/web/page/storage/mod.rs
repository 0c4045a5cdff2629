//! What this browser keeps for the page, by key, in IndexedDB through
//! [idb-keyval](https://github.com/jakearchibald/idb-keyval), which is fetched on first use.

pub(super) mod drawings;
pub(super) mod runs;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::dom::DomError;
use super::lazy_script;

const IDB_KEYVAL: &str = "idb-keyval.js";

#[wasm_bindgen(js_namespace = idbKeyval)]
extern "C" {
    #[wasm_bindgen(catch)]
    fn get(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = getMany)]
    fn get_many(keys: &Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch)]
    fn set(key: &str, value: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch)]
    fn del(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch)]
    fn keys() -> Result<Promise, JsValue>;
}

/// The value of a key, if there is one.
///
/// # Errors
/// If the browser keeps nothing for this page.
pub(super) async fn read(key: &str) -> Result<Option<JsValue>, DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    let value = JsFuture::from(get(key)?).await?;
    Ok((!value.is_undefined()).then_some(value))
}

/// All keys with this prefix.
///
/// # Errors
/// As [`read`].
pub(super) async fn find(prefix: &str) -> Result<Vec<String>, DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    let found: Array = JsFuture::from(keys()?).await?.unchecked_into();
    let found = found.iter().filter_map(|key| key.as_string());
    Ok(found.filter(|key| key.starts_with(prefix)).collect())
}

/// The values of these keys; undefined for a key without one.
///
/// # Errors
/// As [`read`].
pub(super) async fn read_all(keys: &[String]) -> Result<Vec<JsValue>, DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    let keys: Array = keys.iter().map(|key| JsValue::from(key.as_str())).collect();
    let values: Array = JsFuture::from(get_many(&keys)?).await?.unchecked_into();
    Ok(values.iter().collect())
}

/// Stores a value, replacing any before.
///
/// # Errors
/// As [`read`], or if there is no space for it.
pub(super) async fn write(key: &str, value: &JsValue) -> Result<(), DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    JsFuture::from(set(key, value)?).await?;
    Ok(())
}

/// Deletes a key and its value.
///
/// # Errors
/// As [`read`].
pub(super) async fn remove(key: &str) -> Result<(), DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    JsFuture::from(del(key)?).await?;
    Ok(())
}
