//! The drawing outlives a reload: this tab keeps it, and only for itself.

use js_sys::{Float32Array, Reflect};
use wasm_bindgen::prelude::*;

use super::dom;
use crate::ink::Drawing;
use crate::ink::Point;
use crate::ink::strokes::Stroke;

const KEY: &str = "inkling-drawing";

#[wasm_bindgen(js_namespace = sessionStorage)]
extern "C" {
    #[wasm_bindgen(catch, js_name = setItem)]
    fn set_item(key: &str, value: &Float32Array) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = getItem)]
    fn get_item(key: &str) -> Result<Option<js_sys::JsString>, JsValue>;
}

/// Keeps a drawing: the coordinates of its points, with NaN after each stroke.
pub(super) fn keep(drawing: &Drawing) {
    let mut numbers = Vec::new();
    for stroke in drawing.strokes() {
        numbers.extend(stroke.iter().flat_map(|point| [point.x, point.y]));
        numbers.extend([f32::NAN; 2]);
    }
    // Where the browser refuses, the drawing ends with the page.
    let _ = set_item(KEY, &Float32Array::from(&numbers[..]));
}

/// The drawing that was here before a reload. A page that was opened anew is empty.
pub(super) fn read() -> Option<Vec<Stroke>> {
    let entries = dom::window().ok()?.performance()?.get_entries_by_type("navigation");
    let how = Reflect::get(&entries.get(0), &"type".into()).ok()?.as_string()?;
    if how == "navigate" {
        return None;
    }
    let numbers = get_item(KEY).ok()??.split(",");
    let numbers = Float32Array::new(&numbers).to_vec();
    let mut strokes = vec![Stroke::new()];
    for &[x, y] in numbers.as_chunks().0 {
        match strokes.last_mut().filter(|_| x.is_finite() && y.is_finite()) {
            Some(stroke) => stroke.push(Point { x, y }),
            None => strokes.push(Stroke::new()),
        }
    }
    strokes.retain(|stroke| !stroke.is_empty());
    (!strokes.is_empty()).then_some(strokes)
}
