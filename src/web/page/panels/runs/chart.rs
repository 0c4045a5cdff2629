//! The chart over all runs, and its picture, which can be saved.

use js_sys::{Array, Float64Array, JSON, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use crate::app::panels::runs::record::RunKey;
use crate::app::panels::runs::{Measure, Row, View};
use crate::web::page::dom::{self, DomError};
use crate::web::page::uplot::{self, UPlot};
use crate::web::page::{canvas, download};

/// Colours that lines have in turn; the sheet names them `--run-1` and so on.
const COLOURS: usize = 6;

/// Pixels of a line of the saved chart's legend.
const LEGEND: f64 = 22.0;

/// The chart as it is shown.
#[derive(Clone, Debug)]
pub(super) struct RunsChart {
    place: HtmlElement,
    plot: Option<UPlot>,
    shown: Option<View>,
    /// Whether the chart shows it, too.
    drawn: bool,
}

impl RunsChart {
    /// Finds its place.
    ///
    /// # Errors
    /// If the markup lacks it.
    pub(super) fn new() -> Result<Self, DomError> {
        Ok(Self { place: dom::by_id("runs-chart")?, plot: None, shown: None, drawn: false })
    }

    /// What was shown last, if it was in the colours that are on.
    pub(super) fn shown(&self) -> Option<&View> {
        self.shown.as_ref()
    }

    /// Has it be drawn again, in the colours of the theme that is on then.
    pub(super) fn forget_colours(&mut self) {
        self.shown = None;
    }

    /// Shows the runs' lines, if they are others; false if that waits for uPlot.
    ///
    /// # Errors
    /// If uPlot refuses.
    pub(super) fn show(&mut self, view: View) -> Result<bool, DomError> {
        let points = |view: &View| {
            let rows = view.rows.iter();
            rows.map(|row| (row.key, row.points.clone())).collect::<Vec<_>>()
        };
        let same = |shown: &View| shown.measure == view.measure && points(shown) == points(&view);
        self.drawn &= self.shown.as_ref().is_some_and(same);
        if !self.drawn && are_drawable(&view) {
            self.draw(&view)?;
            self.drawn = true;
        }
        self.shown = Some(view);
        Ok(self.drawn)
    }

    /// Fits it to its place.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn fit(&self) -> Result<(), DomError> {
        self.plot.as_ref().map_or(Ok(()), |plot| uplot::fit(plot, &self.place))
    }

    /// Has the browser save its picture, if there is one.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn save(&self) -> Result<(), DomError> {
        match &self.plot {
            Some(plot) => download::from(&self.picture(plot)?.to_data_url()?, "inkling-runs.png"),
            None => Ok(()),
        }
    }

    /// A run keeps its colour whatever else is shown.
    pub(super) fn colour(&self, key: RunKey) -> String {
        let number = (key >> 16) as usize % COLOURS + 1;
        String::from(dom::computed(&self.place, &["--run-", &number.to_string()].concat()).trim())
    }

    /// Draws the chart anew.
    fn draw(&mut self, view: &View) -> Result<(), DomError> {
        if let Some(plot) = self.plot.take() {
            plot.destroy();
        }
        let rows: Vec<&Row> = view.rows.iter().filter(|row| !row.points.is_empty()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let options = self.options(&rows, view.measure)?;
        self.plot = Some(UPlot::new(&options, &data(&rows), &self.place)?);
        Ok(())
    }

    fn options(&self, rows: &[&Row], measure: Measure) -> Result<JsValue, DomError> {
        let colour = |name: &str| String::from(dom::computed(&self.place, name).trim());
        let (soft, hair) = (colour("--soft"), colour("--hair"));
        let font = self.font();
        let axis = format!(
            r#""stroke":"{soft}","font":"{font}","labelFont":"{font}","labelSize":20,
               "grid":{{"stroke":"{hair}","width":1}},"ticks":{{"show":false}}"#
        );
        let mut series = String::from(r#"{"label":"epoch"}"#);
        for row in rows {
            // Colours repeat; dashes then tell lines apart.
            let dash = [0, 6, 2][((row.key >> 16) as usize / COLOURS) % 3];
            let dash = if dash == 0 { String::new() } else { format!(r#","dash":[{dash},4]"#) };
            let (points, colour) = (row.points.len() < 60, self.colour(row.key));
            series.push_str(&format!(
                r#",{{"stroke":"{colour}","width":2{dash},"spanGaps":true,"points":{{"show":{points},"size":6,"fill":"{colour}"}}}}"#
            ));
        }
        let (width, height) = (self.place.client_width(), self.place.client_height());
        let scale = if measure.is_accuracy() { 1 } else { 3 };
        let ends = rows.iter().filter_map(|row| row.points.last()).map(|point| point.0);
        let end = ends.fold(1.0, f64::max);
        let options = JSON::parse(&format!(
            r#"{{"width":{width},"height":{height},"padding":[8,16,0,0],"legend":{{"show":false}},
            "cursor":{{"show":false}},"scales":{{"x":{{"time":false,"range":[0,{end}]}},"y":{{"distr":{scale}}}}},
            "axes":[{{{axis},"size":28,"gap":4,"space":48,"label":"epochs","incrs":[1,2,5,10,20,50,100],"grid":{{"show":false}}}},{{{axis},"size":64,"gap":8,"space":32}}],
            "series":[{series}]}}"#
        ))?;
        let axis = Reflect::get(&options, &"axes".into())?.unchecked_into::<Array>().get(1);
        Reflect::set(&axis, &"values".into(), &words(measure))?;
        Ok(options)
    }

    fn font(&self) -> String {
        format!("13px {}", dom::computed(&self.place, "font-family").replace('"', "'"))
    }

    /// The chart on the page's paper, with its measure above and the runs' names below.
    fn picture(&self, plot: &UPlot) -> Result<HtmlCanvasElement, DomError> {
        let chart = plot.ctx().canvas().ok_or_else(|| DomError::NoElement("canvas".into()))?;
        let shown = self.shown.iter().flat_map(|view| &view.rows);
        let rows: Vec<&Row> = shown.filter(|row| !row.points.is_empty()).collect();
        let scale = f64::from(chart.width()) / f64::from(self.place.client_width().max(1));
        let (width, height) = (f64::from(chart.width()), f64::from(chart.height()));
        let below = LEGEND * scale * (rows.len() + 1) as f64;
        let canvas: HtmlCanvasElement = dom::document()?
            .create_element("canvas")?
            .dyn_into()
            .map_err(|_| DomError::WrongElement("canvas".into()))?;
        canvas.set_width(chart.width());
        canvas.set_height((height + LEGEND * scale + below) as u32);
        let context: CanvasRenderingContext2d = canvas::context(&canvas)?;
        let colour = |name: &str| String::from(dom::computed(&self.place, name).trim());
        context.set_fill_style_str(&colour("--paper"));
        context.fill_rect(0.0, 0.0, width, f64::from(canvas.height()));
        context.draw_image_with_html_canvas_element(&chart, 0.0, LEGEND * scale)?;
        context.set_font(&self.font().replace("13px", &format!("{}px", 13.0 * scale)));
        context.set_fill_style_str(&colour("--ink"));
        let measure = self.shown.as_ref().map(|view| view.measure).unwrap_or_default();
        let title = Measure::ALL.iter().find(|(_, known)| *known == measure);
        let title = title.map_or_else(String::new, |(key, _)| key.replace('-', " "));
        context.fill_text(&title, 8.0 * scale, 16.0 * scale)?;
        for (i, row) in rows.iter().enumerate() {
            let y = height + LEGEND * scale * (i as f64 + 2.0);
            context.set_fill_style_str(&self.colour(row.key));
            context.fill_rect(8.0 * scale, y - 5.0 * scale, 24.0 * scale, 3.0 * scale);
            context.set_fill_style_str(&colour("--ink"));
            let words = [row.name.as_str(), ": ", &row.cells[2], ", ", &row.cells[0]].concat();
            context.fill_text(&words, 40.0 * scale, y)?;
        }
        Ok(canvas)
    }
}

/// Whether the runs' lines can be drawn.
fn are_drawable(view: &View) -> bool {
    view.rows.iter().all(|row| row.points.is_empty()) || uplot::ready()
}

/// uPlot's data: all places along the axis, then each run's values there, undefined between them.
fn data(rows: &[&Row]) -> JsValue {
    let mut places: Vec<f64> = Vec::new();
    for (place, _) in rows.iter().flat_map(|row| &row.points) {
        if let Err(at) = places.binary_search_by(|other| other.total_cmp(place)) {
            places.insert(at, *place);
        }
    }
    let x = JsValue::from(Float64Array::from(places.as_slice()));
    let lines = rows.iter().map(|row| {
        let mut points = row.points.iter().peekable();
        let line: Array = places
            .iter()
            .map(|place| match points.next_if(|point| point.0 == *place) {
                Some(point) if point.1.is_finite() => JsValue::from(point.1),
                // A gap is spanned if it is undefined, not if it is null.
                _ => JsValue::UNDEFINED,
            })
            .collect();
        JsValue::from(line)
    });
    std::iter::once(x).chain(lines).collect::<Array>().into()
}

/// The vertical axis' words: `(chart, values) -> strings`.
fn words(measure: Measure) -> JsValue {
    Closure::<dyn Fn(JsValue, Array) -> Array>::new(move |_, values: Array| {
        let word = |value: JsValue| match value.as_f64() {
            Some(value) if measure.is_accuracy() => {
                JsValue::from(format!("{} %", (value * 10_000.0).round() / 100.0))
            }
            Some(value) => JsValue::from((value * 10_000.0).round() / 10_000.0),
            // A line of a logarithmic axis without a word.
            None => JsValue::NULL,
        };
        values.iter().map(word).collect()
    })
    .into_js_value()
}
