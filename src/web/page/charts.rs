//! The charts, which `www/charts.js` draws with uPlot: that module's interface, how it is fetched, and the two curves.

use super::dispatch::dispatch;
use super::dom::{self, DomError};
use super::lazy_script;
use crate::app;
use crate::app::curves::{Curves, Plot};
use std::cell::Cell;

use js_sys::{Array, Float64Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

#[wasm_bindgen]
extern "C" {
    /// A run's loss or accuracy.
    #[wasm_bindgen(js_namespace = charts)]
    #[derive(Clone, Debug)]
    type Curve;
    #[wasm_bindgen(catch, constructor, js_namespace = charts)]
    fn new(place: &HtmlElement, measure: &str) -> Result<Curve, JsValue>;
    #[wasm_bindgen(method)]
    fn show(
        this: &Curve,
        x: Float64Array,
        raw: Float64Array,
        smooth: Float64Array,
        test: Float64Array,
    );
    #[wasm_bindgen(method)]
    fn clear(this: &Curve);
    /// Marks a minibatch in both curves, or none.
    #[wasm_bindgen(js_namespace = charts, js_name = mark)]
    fn mark_curves(step: Option<f64>);

    /// All kept runs.
    #[wasm_bindgen(js_namespace = charts)]
    #[derive(Clone, Debug)]
    pub(super) type Runs;
    #[wasm_bindgen(catch, constructor, js_namespace = charts)]
    pub(super) fn new(place: &HtmlElement) -> Result<Runs, JsValue>;
    /// A run is a list: its colour's name, the length of its dashes, its epochs and its values.
    #[wasm_bindgen(method)]
    pub(super) fn show(this: &Runs, is_accuracy: bool, runs: Array);
    #[wasm_bindgen(method)]
    pub(super) fn clear(this: &Runs);
    #[wasm_bindgen(method, catch)]
    pub(super) fn picture(
        this: &Runs,
        title: &str,
        words: Vec<String>,
    ) -> Result<Option<String>, JsValue>;
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Fetches the scripts if they are not here; then the page is shown again, or the place of the charts says what failed.
pub(super) fn fetch() {
    spawn_local(async {
        // Before uPlot, because it prepares the page for it.
        let result = match lazy_script::load_module("charts.js").await {
            Ok(()) => lazy_script::load("uPlot.iife.min.js").await,
            missing => missing,
        };
        match result {
            Ok(()) => {
                HERE.set(true);
                dispatch(app::Event::Tick(0.0));
            }
            Err(error) => dispatch(app::Event::Notice(format!(
                "The curves cannot be drawn: {error}. Training continues; the table below has the numbers."
            ))),
        }
    });
}

/// Whether the scripts are here, so that charts can be drawn.
pub(super) fn ready() -> bool {
    HERE.get()
}

/// Marks a minibatch in both charts, or none.
pub(super) fn mark(step: Option<u32>) {
    if ready() {
        mark_curves(step.map(f64::from));
    }
}

/// The loss and the accuracy chart.
#[derive(Debug)]
pub(super) struct Charts {
    loss: CurveChart,
    accuracy: CurveChart,
}

#[derive(Debug)]
struct CurveChart {
    id: &'static str,
    chart: Option<Curve>,
    is_drawn: bool,
}

impl Charts {
    pub(super) fn new() -> Self {
        let chart = |id| CurveChart { id, chart: None, is_drawn: false };
        Self { loss: chart("loss"), accuracy: chart("accuracy") }
    }

    /// Draws the curves, or clears the charts if there are none. Creating a chart takes long, so each call creates at
    /// most one. Returns whether everything is drawn.
    pub(super) fn draw(&mut self, curves: &Curves) -> Result<bool, DomError> {
        if curves.is_empty() {
            self.loss.clear();
            self.accuracy.clear();
            return Ok(true);
        }
        let made = !self.loss.is_drawn;
        self.loss.draw(&curves.loss_plot())?;
        if !made {
            self.accuracy.draw(&curves.accuracy_plot())?;
        }
        Ok(!made)
    }
}

impl CurveChart {
    fn draw(&mut self, plot: &Plot) -> Result<(), DomError> {
        let chart = match self.chart.take() {
            Some(chart) => chart,
            None => Curve::new(&dom::by_id(self.id)?, self.id)?,
        };
        let tests: Vec<f64> =
            plot.test.iter().map(|test| test.map_or(f64::NAN, overflowed)).collect();
        let [raw, smooth] = [&plot.thin, &plot.smooth]
            .map(|values| values.iter().copied().map(overflowed).collect::<Vec<_>>());
        let [x, raw, smooth, tests] =
            [&plot.x, &raw, &smooth, &tests].map(|values| Float64Array::from(values.as_slice()));
        chart.show(x, raw, smooth, tests);
        self.chart = Some(chart);
        self.is_drawn = true;
        Ok(())
    }

    fn clear(&mut self) {
        if let Some(chart) = &self.chart {
            chart.clear();
        }
        self.is_drawn = false;
    }
}

/// What the script gets: infinity for a measure that overflowed, because NaN means that there is no point.
fn overflowed(measure: f64) -> f64 {
    if measure.is_nan() { f64::INFINITY } else { measure }
}
