//! The run that is on, as the browser keeps it, and what else it keeps: the Rust side of `run-store.js`.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::web::port;

#[wasm_bindgen(js_namespace = runStore)]
extern "C" {
    #[wasm_bindgen(js_name = begin)]
    fn begin_run() -> Promise;
    #[wasm_bindgen(js_name = keep)]
    fn keep_run(bytes: &Uint8Array, moments: Option<Uint8Array>) -> Promise;
    #[wasm_bindgen(js_name = end)]
    fn end_run() -> Promise;
    #[wasm_bindgen(js_name = find)]
    fn find_run() -> Promise;
    #[wasm_bindgen(js_name = take)]
    fn take_run(key: &str) -> Promise;
    #[wasm_bindgen(js_name = forget)]
    fn forget_run(key: &str) -> Promise;
    #[wasm_bindgen(js_name = value)]
    fn value_of_key(key: &str) -> Promise;
    #[wasm_bindgen(js_name = entries)]
    fn all_entries(prefix: &str) -> Promise;
    #[wasm_bindgen(js_name = add)]
    fn add_entries(entries: &Array) -> Promise;
}

/// An interrupted run: its key, and what it needs to go on.
pub(super) type InterruptedRun = (String, Vec<u8>);

/// What the browser refuses costs the run nothing but its safety.
fn attend(promise: Promise) {
    spawn_local(async {
        if let Err(error) = JsFuture::from(promise).await {
            let words = ["the run could not be kept: ", &port::describe(&error)].concat();
            web_sys::console::info_1(&words.into());
        }
    });
}

/// A new run is on.
pub(super) fn begin() {
    attend(begin_run());
}

/// What the browser does not keep, and why.
pub(super) enum Refused {
    Run(String),
    Moments(String),
}

/// Keeps the run as it is, and its moments if they have changed, or says why that is not possible.
pub(super) fn keep(bytes: &[u8], moments: Option<&[u8]>, refused: impl FnOnce(Refused) + 'static) {
    let kept = keep_run(&Uint8Array::from(bytes), moments.map(Uint8Array::from));
    spawn_local(async {
        match done(kept).await {
            Err(why) => refused(Refused::Run(why)),
            Ok(why) if why.is_object() => refused(Refused::Moments(reason(&why))),
            Ok(_) => {}
        }
    });
}

/// The run is over, and what was kept of it goes.
pub(super) fn end() {
    attend(end_run());
}

/// Forgets an interrupted run.
pub(super) fn forget(key: &str) {
    attend(forget_run(key));
}

/// The newest interrupted run that is on in no other tab.
pub(super) async fn find() -> Option<InterruptedRun> {
    let found: Array = JsFuture::from(find_run()).await.ok()?.dyn_into().ok()?;
    Some((found.get(0).as_string()?, found.get(1).dyn_into::<Uint8Array>().ok()?.to_vec()))
}

/// Goes on with an interrupted run: what it needs, and its moments; `None` if it is on in another tab or gone.
pub(super) async fn take(key: &str) -> Option<[Vec<u8>; 2]> {
    let taken: Array = JsFuture::from(take_run(key)).await.ok()?.dyn_into().ok()?;
    let bytes = taken.get(0).dyn_into::<Uint8Array>().ok()?.to_vec();
    let moments = taken.get(1).dyn_into::<Uint8Array>();
    Some([bytes, moments.map_or_else(|_| Vec::new(), |moments| moments.to_vec())])
}

/// What went wrong, as the end of a sentence. Chromium's exception for a full store has no message.
fn reason(error: &JsValue) -> String {
    match port::describe(error) {
        full if full.contains("Quota") => String::from("there is no room left for this site"),
        other => other,
    }
}

async fn done(promise: Promise) -> Result<JsValue, String> {
    JsFuture::from(promise).await.map_err(|error| reason(&error))
}

/// The value of a key; undefined without one.
pub(super) async fn value(key: String) -> Result<JsValue, String> {
    done(value_of_key(&key)).await
}

/// Keys with this prefix, and their values.
pub(super) async fn entries(prefix: &str) -> Result<Vec<(String, JsValue)>, String> {
    let entries: Array = done(all_entries(prefix)).await?.unchecked_into();
    let pairs = entries.iter().map(JsCast::unchecked_into::<Array>);
    Ok(pairs.filter_map(|pair| Some((pair.get(0).as_string()?, pair.get(1)))).collect())
}

/// Adds keys and values, all or none.
pub(super) async fn add(entries: &Array) -> Result<(), String> {
    done(add_entries(entries)).await.map(|_| ())
}
