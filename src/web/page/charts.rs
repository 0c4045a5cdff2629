//! The two curves, drawn by uPlot.

use super::dom::{self, DomError};
use super::uplot::{self, UPlot};
use crate::app::curves::{Curves, Plot};
use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Float64Array, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlElement};

/// What distinguishes the two charts. Both axes are logarithmic, as what matters at the end of a run
/// is a hundredth of what matters at its beginning; accuracy's is that of its complement, the share
/// that is wrong, upside down.
struct CurveKind {
    id: &'static str,
    /// From a measure to what is plotted and back.
    turned: fn(f64) -> f64,
    /// 1 for an axis that grows upwards, -1 for one that grows downwards.
    direction: i32,
    /// Where the axis may have lines; it begins and ends at one of them.
    lines: &'static [f64],
    /// Of the axis at least.
    span: [f64; 2],
    /// A measure's words.
    words: fn(f64) -> String,
}

const LOSS: CurveKind = CurveKind {
    id: "loss",
    turned: |loss| loss,
    direction: 1,
    lines: &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0],
    span: [0.3, 3.0],
    words: |loss| ((loss * 1000.0).round() / 1000.0).to_string(),
};

const ACCURACY: CurveKind = CurveKind {
    id: "accuracy",
    turned: |share| 1.0 - share,
    direction: -1,
    lines: &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
    span: [0.2, 1.0],
    words: |share| format!("{} %", (f64::from(share as f32 * 1000.0)).round() / 10.0),
};

impl CurveKind {
    /// The axis' ends around the smoothed curve and the tests; single minibatches may leave it.
    fn range(&self, plot: &Plot) -> [f64; 2] {
        let tests = plot.test.iter().flatten();
        let values = plot.smooth.iter().chain(tests).map(|&value| (self.turned)(value));
        let [mut low, mut high] = self.span;
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        let below = self.lines.iter().rev().find(|&&line| line <= 0.9 * low);
        let above = self.lines.iter().find(|&&line| line >= high);
        let ends = [self.lines.first(), self.lines.last()].map(|end| end.copied().unwrap_or(1.0));
        [below.copied().unwrap_or(ends[0]), above.copied().unwrap_or(ends[1])]
    }
}

/// Between two lines of the horizontal axis: whole minibatches.
const WHOLE: &str = "[1,2,5,10,20,50,100,200,500,1000,2000,5000,10000,20000,50000,100000,200000]";

/// One chart in its element.
#[derive(Debug)]
struct CurveChart {
    parent: HtmlElement,
    plot: Option<UPlot>,
    /// The vertical axis' ends, for uPlot to ask for.
    range: Rc<Cell<[f64; 2]>>,
}

/// The loss and the accuracy chart.
#[derive(Debug)]
pub(super) struct Charts {
    loss: CurveChart,
    accuracy: CurveChart,
}

impl Charts {
    /// Finds the charts' places.
    ///
    /// # Errors
    /// If the markup lacks them.
    pub(super) fn new() -> Result<Self, DomError> {
        let chart = |kind: &CurveKind| {
            Ok::<_, DomError>(CurveChart {
                parent: dom::by_id(kind.id)?,
                plot: None,
                range: Rc::default(),
            })
        };
        Ok(Self { loss: chart(&LOSS)?, accuracy: chart(&ACCURACY)? })
    }

    /// Draws the curves; nothing at all while there are none. To make a chart takes long, so that one
    /// call makes one: says whether all is drawn.
    ///
    /// # Errors
    /// If uPlot is not there or refuses.
    pub(super) fn draw(&mut self, curves: &Curves) -> Result<bool, DomError> {
        if curves.is_empty() {
            self.forget();
            return Ok(true);
        }
        let made = self.loss.plot.is_none();
        self.loss.draw(&LOSS, &curves.loss_plot())?;
        if !made {
            self.accuracy.draw(&ACCURACY, &curves.accuracy_plot())?;
        }
        Ok(!made)
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
                uplot::fit(plot, &chart.parent)?;
            }
        }
        Ok(())
    }
}

impl CurveChart {
    fn draw(&mut self, kind: &'static CurveKind, plot: &Plot) -> Result<(), DomError> {
        self.range.set(kind.range(plot));
        let data = data(kind, plot, self.range.get()[0]);
        if let Some(chart) = &self.plot {
            chart.set_data(&data);
            if !chart.over().matches(":hover")? {
                show_latest(chart);
            }
        } else {
            let options = options(kind, &self.parent, Rc::clone(&self.range))?;
            let chart = UPlot::new(&options, &data, &self.parent)?;
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

/// Lines of a chart: raw, smoothed, test.
const LINES: u32 = 3;

/// uPlot's data: x, then one list for each line; null where a line has no point. What a logarithm
/// cannot show, or the axis does not reach, lies on its edge; so the measures themselves follow, for
/// the legend, in lists that uPlot does not look at.
fn data(kind: &CurveKind, plot: &Plot, edge: f64) -> JsValue {
    let place = |value: f64| (kind.turned)(value).max(edge);
    let list = |values: &[f64]| JsValue::from(Float64Array::from(values));
    let places =
        |values: &[f64]| list(&values.iter().map(|&value| place(value)).collect::<Vec<_>>());
    let tests = |shown: &dyn Fn(f64) -> f64| -> JsValue {
        let tests = plot.test.iter();
        tests
            .map(|test| test.map_or(JsValue::NULL, |test| shown(test).into()))
            .collect::<Array>()
            .into()
    };
    let x = list(&plot.x);
    let placed = [places(&plot.thin), places(&plot.smooth), tests(&place)];
    let measures = [list(&plot.thin), list(&plot.smooth), tests(&|test| test)];
    std::iter::once(x).chain(placed).chain(measures).collect::<Array>().into()
}

/// uPlot's options, in the page's colours of this moment.
fn options(
    kind: &'static CurveKind,
    parent: &HtmlElement,
    range: Rc<Cell<[f64; 2]>>,
) -> Result<JsValue, DomError> {
    let colour = |name: &str| String::from(dom::computed(parent, name).trim());
    let (train, test) = (colour("--train"), colour("--test"));
    let (thin, soft, hair) = (colour("--thin"), colour("--soft"), colour("--hair"));
    let font = format!("13px {}", dom::computed(parent, "font-family").replace('"', "'"));
    let axis = format!(
        r#""stroke":"{soft}","font":"{font}","labelFont":"{font}",
           "grid":{{"stroke":"{hair}","width":1}},"ticks":{{"show":false}}"#
    );
    let (width, height) = (parent.client_width(), parent.client_height());
    let direction = kind.direction;
    let text = format!(
        r#"{{
        "width":{width},"height":{height},"pxAlign":0,
        "padding":[8,16,0,0],
        "cursor":{{"y":false,"drag":{{"x":false,"y":false}},"points":{{"size":7}}}},
        "legend":{{"markers":{{"width":2}}}},
        "scales":{{"x":{{"time":false}},"y":{{"distr":3,"dir":{direction}}}}},
        "axes":[{{{axis},"size":24,"gap":4,"space":72,"incrs":{WHOLE},"grid":{{"show":false}}}},{{{axis},"size":56,"gap":8,"space":32}}],
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
        Reflect::set(&line, &"value".into(), &value_words(kind))?;
    }
    let y = get(&get(&options, "scales")?, "y")?;
    let range = Closure::<dyn Fn() -> Array>::new(move || pair(range.get())).into_js_value();
    Reflect::set(&y, &"range".into(), &range)?;
    let axis = get(&options, "axes")?.unchecked_into::<Array>().get(1);
    for (key, function) in
        [("splits", lines(kind)), ("filter", all_lines()), ("values", line_words(kind))]
    {
        Reflect::set(&axis, &key.into(), &function)?;
    }
    let ready = Closure::<dyn Fn(UPlot)>::new(|chart| show_latest(&chart)).into_js_value();
    let hooks = Object::new();
    Reflect::set(&hooks, &"ready".into(), &Array::of1(&ready))?;
    Reflect::set(&options, &"hooks".into(), &hooks)?;
    Ok(options)
}

fn pair([low, high]: [f64; 2]) -> Array {
    Array::of2(&low.into(), &high.into())
}

/// A legend's words: `(chart, place, line, index) -> string`, of the measure rather than of its place.
/// Where a line has no point, its last one before counts: between two tests that is the last test.
fn value_words(kind: &'static CurveKind) -> JsValue {
    type Value = dyn Fn(UPlot, JsValue, u32, Option<u32>) -> String;
    Closure::<Value>::new(move |chart: UPlot, _, line: u32, at: Option<u32>| {
        let measures = chart.data().get(line + LINES);
        let measure = |index| Reflect::get_u32(&measures, index).ok()?.as_f64();
        let newest = at.and_then(|at| (0..=at).rev().find_map(measure));
        newest.map_or_else(String::new, kind.words)
    })
    .into_js_value()
}

/// Where an axis has lines: `(chart, axis, low, high) -> values`.
fn lines(kind: &'static CurveKind) -> JsValue {
    type Lines = dyn Fn(JsValue, JsValue, f64, f64) -> Array;
    Closure::<Lines>::new(|_, _, low: f64, high: f64| {
        let shown = kind.lines.iter().filter(|&&line| (low..=high).contains(&line));
        shown.map(|&line| JsValue::from_f64(line)).collect()
    })
    .into_js_value()
}

/// Which of them have words: `(chart, values) -> values`.
fn all_lines() -> JsValue {
    Closure::<dyn Fn(JsValue, Array) -> Array>::new(|_, values| values).into_js_value()
}

/// And which words: `(chart, values) -> strings`.
fn line_words(kind: &'static CurveKind) -> JsValue {
    Closure::<dyn Fn(JsValue, Array) -> Array>::new(|_, values: Array| {
        values
            .iter()
            .filter_map(|value| value.as_f64())
            .map(|value| JsValue::from((kind.words)((kind.turned)(value))))
            .collect()
    })
    .into_js_value()
}
