//! uPlot, which draws all charts: what of it is used, and where it comes from.

use super::dispatch::dispatch;
use super::dom::DomError;
use super::lazy_script;
use crate::app;
use std::cell::Cell;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{CanvasRenderingContext2d, HtmlElement};

#[wasm_bindgen]
extern "C" {
    /// <https://github.com/leeoniya/uPlot>, see [`fetch`].
    #[wasm_bindgen(js_name = uPlot)]
    #[derive(Clone, Debug)]
    pub(super) type UPlot;
    #[wasm_bindgen(catch, constructor, js_class = "uPlot")]
    pub(super) fn new(
        options: &JsValue,
        data: &JsValue,
        parent: &HtmlElement,
    ) -> Result<UPlot, JsValue>;
    #[wasm_bindgen(method, js_name = setData)]
    pub(super) fn set_data(this: &UPlot, data: &JsValue);
    #[wasm_bindgen(method, js_name = setSize)]
    pub(super) fn set_size(this: &UPlot, size: &JsValue);
    #[wasm_bindgen(method, js_name = setLegend)]
    pub(super) fn set_legend(this: &UPlot, at: &JsValue);
    #[wasm_bindgen(method, getter)]
    pub(super) fn data(this: &UPlot) -> Array;
    #[wasm_bindgen(method, getter)]
    pub(super) fn over(this: &UPlot) -> HtmlElement;
    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &UPlot);
    #[wasm_bindgen(method, getter)]
    pub(super) fn ctx(this: &UPlot) -> CanvasRenderingContext2d;
}

/// Where uPlot is.
const UPLOT: &str = "uPlot.iife.min.js";

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Fetches uPlot if it is not here; then the page is shown anew, or told why it is not.
pub(super) fn fetch() {
    spawn_local(async {
        match lazy_script::load(UPLOT).await {
            Ok(()) => {
                HERE.set(true);
                dispatch(app::Event::Tick(0.0));
            }
            Err(error) => dispatch(app::Event::Notice(format!(
                "No curves can be drawn: {error}. Training goes on; the table below has the figures."
            ))),
        }
    });
}

/// Whether charts can be drawn: uPlot is here.
pub(super) fn ready() -> bool {
    HERE.get()
}

/// Fits a chart to its place.
///
/// # Errors
/// If the browser refuses.
pub(super) fn fit(plot: &UPlot, parent: &HtmlElement) -> Result<(), DomError> {
    let size = Object::new();
    Reflect::set(&size, &"width".into(), &parent.client_width().into())?;
    Reflect::set(&size, &"height".into(), &parent.client_height().into())?;
    plot.set_size(&size);
    Ok(())
}
