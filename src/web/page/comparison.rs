//! Two runs side by side, which `www/compare.js` shows.

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::dispatch::dispatch;
use super::lazy_script;
use crate::app::Event;

#[wasm_bindgen(js_namespace = comparison)]
extern "C" {
    #[wasm_bindgen(js_name = show)]
    fn show_comparison(document: &str, images: Float32Array);
}

/// Shows two runs: the document and the images of [`Reply::Compared`](crate::protocol::Reply::Compared).
pub(super) fn show(document: String, images: Vec<f32>) {
    spawn_local(async move {
        match lazy_script::load_module("compare.js").await {
            Ok(()) => show_comparison(&document, Float32Array::from(images.as_slice())),
            Err(error) => dispatch(Event::Notice(format!("{error}."))),
        }
    });
}
