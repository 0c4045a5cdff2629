//! The two curves, drawn by uPlot.

use super::dom::{self, DomError};
use crate::app::curves::{Curves, Plot};
use js_sys::{Array, Float64Array, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlElement};

#[wasm_bindgen]
extern "C" {
    /// <https://github.com/leeoniya/uPlot>, loaded by the page before this module.
    #[wasm_bindgen(js_name = uPlot)]
    #[derive(Clone, Debug)]
    type UPlot;
    #[wasm_bindgen(catch, constructor, js_class = "uPlot")]
    fn new(options: &JsValue, data: &JsValue, parent: &HtmlElement) -> Result<UPlot, JsValue>;
    #[wasm_bindgen(method, js_name = setData)]
    fn set_data(this: &UPlot, data: &JsValue);
    #[wasm_bindgen(method, js_name = setSize)]
    fn set_size(this: &UPlot, size: &JsValue);
    #[wasm_bindgen(method, js_name = setLegend)]
    fn set_legend(this: &UPlot, at: &JsValue);
    #[wasm_bindgen(method, getter)]
    fn data(this: &UPlot) -> Array;
    #[wasm_bindgen(method, getter)]
    fn over(this: &UPlot) -> HtmlElement;
    #[wasm_bindgen(method)]
    fn destroy(this: &UPlot);
}

/// What distinguishes the two charts.
struct Kind {
    id: &'static str,
    /// uPlot's range of the vertical axis.
    range: &'static str,
    /// Numbers are rounded to 1 / `steps` so that hovering shows what matters.
    factor: f64,
    steps: f64,
    /// What stands behind each number.
    suffix: &'static str,
}

const LOSS: Kind = Kind {
    id: "loss",
    range: r#"{"min":{"pad":0,"hard":0,"soft":0,"mode":1},"max":{"pad":0.05,"soft":0.1,"mode":2}}"#,
    factor: 1.0,
    steps: 1000.0,
    suffix: "",
};

const ACCURACY: Kind = Kind {
    id: "accuracy",
    range: r#"{"min":{"pad":0.05,"hard":0},"max":{"pad":0,"hard":100,"soft":100,"mode":1}}"#,
    factor: 100.0,
    steps: 10.0,
    suffix: " %",
};

/// One chart in its element.
#[derive(Debug)]
struct Chart {
    parent: HtmlElement,
    plot: Option<UPlot>,
}

/// The loss and the accuracy chart.
#[derive(Debug)]
pub(super) struct Charts {
    loss: Chart,
    accuracy: Chart,
}

impl Charts {
    /// Finds the charts' places.
    ///
    /// # Errors
    /// If the markup lacks them.
    pub(super) fn new() -> Result<Self, DomError> {
        let chart =
            |kind: &Kind| Ok::<_, DomError>(Chart { parent: dom::by_id(kind.id)?, plot: None });
        Ok(Self { loss: chart(&LOSS)?, accuracy: chart(&ACCURACY)? })
    }

    /// Draws the curves; nothing at all while there are none.
    ///
    /// # Errors
    /// If uPlot is not there or refuses.
    pub(super) fn draw(&mut self, curves: &Curves) -> Result<(), DomError> {
        if curves.is_empty() {
            self.forget();
            return Ok(());
        }
        self.loss.draw(&LOSS, &curves.loss_plot())?;
        self.accuracy.draw(&ACCURACY, &curves.accuracy_plot())
    }

    /// Removes the charts; the next [`Charts::draw`] makes them anew, in the colours of then.
    pub(super) fn forget(&mut self) {
        for chart in [&mut self.loss, &mut self.accuracy] {
            if let Some(plot) = chart.plot.take() {
                plot.destroy();
            }
        }
    }

    /// Fits the charts to their places.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn fit(&self) -> Result<(), DomError> {
        for chart in [&self.loss, &self.accuracy] {
            if let Some(plot) = &chart.plot {
                let size = Object::new();
                Reflect::set(&size, &"width".into(), &chart.parent.client_width().into())?;
                Reflect::set(&size, &"height".into(), &chart.parent.client_height().into())?;
                plot.set_size(&size);
            }
        }
        Ok(())
    }
}

impl Chart {
    fn draw(&mut self, kind: &Kind, plot: &Plot) -> Result<(), DomError> {
        let data = data(kind, plot);
        if let Some(chart) = &self.plot {
            chart.set_data(&data);
            if !chart.over().matches(":hover")? {
                show_latest(chart);
            }
        } else {
            let chart = UPlot::new(&options(kind, &self.parent)?, &data, &self.parent)?;
            show_latest(&chart);
            let left = chart.clone();
            dom::on::<Event>(&chart.over(), "mouseleave", move |_| show_latest(&left))?;
            self.plot = Some(chart);
        }
        Ok(())
    }
}

/// Has the legend show the newest values, as nobody points at others.
fn show_latest(chart: &UPlot) {
    let last = chart.data().get(0).unchecked_into::<Float64Array>().length().saturating_sub(1);
    let at = Object::new();
    // A property of a fresh object can be set.
    let _ = Reflect::set(&at, &"idx".into(), &last.into());
    chart.set_legend(&at);
}

/// uPlot's data: x, then one list for each line; null where a line has no point.
fn data(kind: &Kind, plot: &Plot) -> JsValue {
    let round = |value: f64| (value * kind.factor * kind.steps).round() / kind.steps;
    let list = |values: &[f64]| {
        let rounded: Vec<f64> = values.iter().map(|&value| round(value)).collect();
        JsValue::from(Float64Array::from(rounded.as_slice()))
    };
    let tests: Array = plot
        .test
        .iter()
        .map(|test| test.map_or(JsValue::NULL, |value| JsValue::from_f64(round(value))))
        .collect();
    let x = Float64Array::from(plot.x.as_slice());
    Array::of4(&x, &list(&plot.thin), &list(&plot.smooth), &tests).into()
}

/// uPlot's options, in the page's colours of this moment.
fn options(kind: &Kind, parent: &HtmlElement) -> Result<JsValue, DomError> {
    let colour = |name: &str| String::from(dom::computed(parent, name).trim());
    let (train, test) = (colour("--train"), colour("--test"));
    let (thin, soft, hair) = (colour("--thin"), colour("--soft"), colour("--hair"));
    let font = format!("13px {}", dom::computed(parent, "font-family").replace('"', "'"));
    let axis = format!(
        r#""stroke":"{soft}","font":"{font}","labelFont":"{font}",
           "grid":{{"stroke":"{hair}","width":1}},"ticks":{{"show":false}}"#
    );
    let (width, height) = (parent.client_width(), parent.client_height());
    let range = kind.range;
    let text = format!(
        r#"{{
        "width":{width},"height":{height},"pxAlign":0,
        "padding":[8,16,0,0],
        "cursor":{{"y":false,"drag":{{"x":false,"y":false}},"points":{{"size":7}}}},
        "legend":{{"markers":{{"width":2}}}},
        "scales":{{"x":{{"time":false}},"y":{{"range":{range}}}}},
        "axes":[{{{axis},"size":24,"gap":4,"space":72,"grid":{{"show":false}}}},{{{axis},"size":56,"gap":8,"space":32}}],
        "series":[
          {{"label":"minibatch"}},
          {{"label":"raw","stroke":"{thin}","width":1,"points":{{"show":false}}}},
          {{"label":"smoothed","stroke":"{train}","width":2,"points":{{"show":false}}}},
          {{"label":"test","stroke":"{test}","width":1,"spanGaps":true,
            "points":{{"show":true,"size":7,"fill":"{test}","stroke":"{test}"}}}}
        ]}}"#
    );
    let options = JSON::parse(&text)?;
    // Functions cannot be written in JSON.
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into());
    for line in get(&options, "series")?.unchecked_into::<Array>().iter().skip(1) {
        Reflect::set(&line, &"value".into(), &number(kind.suffix))?;
    }
    let axes = get(&options, "axes")?.unchecked_into::<Array>();
    Reflect::set(&axes.get(1), &"values".into(), &numbers(kind.suffix))?;
    Ok(options)
}

/// A legend's words: `(chart, value, line, index) -> string`. Where a line has no point, its last one
/// before counts: between two tests that is the last test.
fn number(suffix: &'static str) -> JsValue {
    type Value = dyn Fn(UPlot, Option<f64>, u32, Option<u32>) -> String;
    Closure::<Value>::new(move |chart: UPlot, value: Option<f64>, line: u32, at: Option<u32>| {
        let before = || {
            let points = chart.data().get(line).dyn_into::<Array>().ok()?;
            (0..=at?).rev().find_map(|index| points.get(index).as_f64())
        };
        value.or_else(before).map_or_else(String::new, |value| format!("{value}{suffix}"))
    })
    .into_js_value()
}

/// An axis' words: `(chart, values) -> strings`.
fn numbers(suffix: &'static str) -> JsValue {
    Closure::<dyn Fn(JsValue, Array) -> Array>::new(move |_, values: Array| {
        values
            .iter()
            .map(|value| JsValue::from(format!("{}{suffix}", value.as_f64().unwrap_or(0.0))))
            .collect()
    })
    .into_js_value()
}
