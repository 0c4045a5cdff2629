//! Runs in the document: the chart over all of them, the table, what is saved to files, and the
//! browser's store.

use js_sys::{Array, Float64Array, JSON, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Element, Event as DomEvent, HtmlAnchorElement,
    HtmlCanvasElement, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTemplateElement,
    MouseEvent, Url,
};

use crate::app::rooms::Room;
use crate::app::rooms::runs::record::{self, Key};
use crate::app::rooms::runs::{Event, Measure, Row, View};
use crate::app::{self, App};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::save_runs;
use crate::web::page::uplot::{self, UPlot};

/// Colours that lines have in turn; the sheet names them `--run-1` and so on.
const COLOURS: usize = 6;

/// Pixels of a line of the saved chart's legend.
const LEGEND: f64 = 22.0;

/// What can be saved to a file.
#[derive(Clone, Copy, Debug)]
pub(in crate::web::page) enum Form {
    /// The chart.
    Png,
    /// All runs, a line an epoch.
    Csv,
    /// All runs with their minibatches.
    Json,
}

/// The room as it is shown.
#[derive(Debug)]
pub(super) struct Runs {
    body: HtmlElement,
    chart: HtmlElement,
    plot: Option<UPlot>,
    shown: Option<View>,
    /// Whether the chart shows it, too.
    drawn: bool,
    /// Revision of the runs and whether weights could be loaded, when it was shown last.
    stamp: Option<(u32, bool)>,
}

impl Runs {
    /// Finds the room's parts and listens to them.
    ///
    /// # Errors
    /// If the markup lacks something.
    pub(super) fn new() -> Result<Self, DomError> {
        let body: HtmlElement = dom::by_id("runs-rows")?;
        listen(&body)?;
        for (id, form) in
            [("runs-png", Form::Png), ("runs-csv", Form::Csv), ("runs-json", Form::Json)]
        {
            let button: HtmlElement = dom::by_id(id)?;
            dom::on(&button, "click", move |_: MouseEvent| save_runs(form))?;
        }
        let undo: HtmlElement = dom::by_id("runs-undo")?;
        dom::on(&undo, "click", |_: MouseEvent| happen(Event::Undelete))?;
        let select: HtmlSelectElement = dom::by_id("runs-measure")?;
        let chosen = select.clone();
        dom::on(&select, "change", move |_: DomEvent| {
            let value = chosen.value();
            if let Some((_, measure)) = Measure::ALL.into_iter().find(|(key, _)| *key == value) {
                happen(Event::Measure(measure));
            }
        })?;
        Ok(Self {
            body,
            chart: dom::by_id("runs-chart")?,
            plot: None,
            shown: None,
            drawn: false,
            stamp: None,
        })
    }

    /// Shows the room, if it is open.
    ///
    /// # Errors
    /// If the markup lacks something or uPlot refuses.
    pub(super) fn show(&mut self, app: &App) -> Result<(), DomError> {
        let on = app.run.as_ref().is_some_and(app::run::Run::is_on);
        let stamp = Some((app.runs.revision(), on));
        if app.room != Some(Room::Runs) || self.stamp == stamp {
            return Ok(());
        }
        self.stamp = stamp;
        let view = app.kept_runs();
        dom::hide("runs-empty", view.empty.is_none())?;
        dom::text("runs-empty", view.empty.unwrap_or_default())?;
        dom::hide("runs-content", view.empty.is_some())?;
        dom::hide("runs-problem", view.problem.is_none())?;
        dom::text("runs-problem", view.problem.as_deref().unwrap_or_default())?;
        dom::hide("runs-deleted", view.deleted.is_none())?;
        if let Some(name) = &view.deleted {
            dom::text("runs-deleted-text", &["“", name, "” is deleted."].concat())?;
        }
        let drawn = view.rows.iter().any(|row| !row.points.is_empty());
        dom::disable(&dom::by_id("runs-png")?, (!drawn).then_some("The chart shows no run"))?;
        self.rows(&view)?;
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
        if !self.drawn {
            // The page is shown anew once uPlot is here.
            self.stamp = None;
        }
        self.shown = Some(view);
        Ok(())
    }

    /// Has the chart be drawn again, in the colours of the theme that is on then.
    pub(super) fn forget_colours(&mut self) {
        self.shown = None;
        self.stamp = None;
    }

    /// Fits the chart to its place.
    ///
    /// # Errors
    /// If the browser refuses.
    pub(super) fn fit(&self) -> Result<(), DomError> {
        self.plot.as_ref().map_or(Ok(()), |plot| uplot::fit(plot, &self.chart))
    }

    fn rows(&self, view: &View) -> Result<(), DomError> {
        let keys = |view: &View| view.rows.iter().map(|row| row.key).collect::<Vec<_>>();
        if self.shown.as_ref().is_none_or(|shown| keys(shown) != keys(view)) {
            let template: HtmlTemplateElement = dom::by_id("run-row")?;
            self.body.set_inner_html("");
            for row in &view.rows {
                let copy = dom::document()?.import_node_with_deep(&template.content(), true)?;
                self.body.append_child(&copy)?;
                if let Some(line) = self.body.last_element_child() {
                    line.set_attribute("data-key", &row.key.to_string())?;
                }
            }
        }
        let mut line = self.body.first_element_child();
        for row in &view.rows {
            let Some(element) = line else { break };
            self.row(&element, row, view.cannot_load)?;
            line = element.next_element_sibling();
        }
        Ok(())
    }

    fn row(&self, line: &Element, row: &Row, cannot_load: Option<&str>) -> Result<(), DomError> {
        let part = |what: &str| {
            let selector = ["[data-do=", what, "]"].concat();
            line.query_selector(&selector)?.ok_or(DomError::NoElement(selector))
        };
        for (what, verb) in [
            ("show", "In the chart: "),
            ("name", "Name of "),
            ("load", "Load "),
            ("link", "Link to "),
            ("delete", "Delete "),
        ] {
            part(what)?.set_attribute("aria-label", &[verb, &row.name].concat())?;
        }
        part("show")?.unchecked_into::<HtmlInputElement>().set_checked(row.shown);
        part("name")?.unchecked_into::<HtmlInputElement>().set_value(&row.name);
        part("link")?.set_attribute("href", &row.link)?;
        let load: HtmlElement = part("load")?.unchecked_into();
        let disabled = if cannot_load.is_some() { "true" } else { "false" };
        load.set_attribute("aria-disabled", disabled)?;
        load.set_title(cannot_load.unwrap_or("Its weights answer, its settings are set"));
        if let Some(swatch) = line.query_selector(".swatch")? {
            let colour = if row.shown { self.colour(row.key) } else { String::from("transparent") };
            swatch.unchecked_into::<HtmlElement>().style().set_property("color", &colour)?;
        }
        let cells = line.query_selector_all("td")?;
        for (i, words) in row.cells.iter().enumerate() {
            if let Some(cell) = cells.get(i as u32 + 1) {
                cell.set_text_content(Some(words));
            }
        }
        Ok(())
    }

    /// A run keeps its colour whatever else is shown.
    fn colour(&self, key: Key) -> String {
        let number = (key >> 16) as usize % COLOURS + 1;
        String::from(dom::computed(&self.chart, &["--run-", &number.to_string()].concat()).trim())
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
        self.plot = Some(UPlot::new(&options, &data(&rows), &self.chart)?);
        Ok(())
    }

    fn options(&self, rows: &[&Row], measure: Measure) -> Result<JsValue, DomError> {
        let colour = |name: &str| String::from(dom::computed(&self.chart, name).trim());
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
        let (width, height) = (self.chart.client_width(), self.chart.client_height());
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
        format!("13px {}", dom::computed(&self.chart, "font-family").replace('"', "'"))
    }

    /// Saves the runs or the chart to a file.
    pub(super) fn save(&self, app: &App, form: Form) -> Result<(), DomError> {
        match form {
            Form::Png => match &self.plot {
                Some(plot) => download("inkling-runs.png", &self.picture(plot)?.to_data_url()?),
                None => Ok(()),
            },
            Form::Csv => {
                download_text("inkling-runs.csv", "text/csv", &record::to_csv(app.runs.records()))
            }
            Form::Json => download_text(
                "inkling-runs.json",
                "application/json",
                &record::to_json(app.runs.records()),
            ),
        }
    }

    /// The chart on the page's paper, with its measure above and the runs' names below.
    fn picture(&self, plot: &UPlot) -> Result<HtmlCanvasElement, DomError> {
        let chart = plot.ctx().canvas().ok_or_else(|| DomError::NoElement("canvas".into()))?;
        let shown = self.shown.iter().flat_map(|view| &view.rows);
        let rows: Vec<&Row> = shown.filter(|row| !row.points.is_empty()).collect();
        let scale = f64::from(chart.width()) / f64::from(self.chart.client_width().max(1));
        let (width, height) = (f64::from(chart.width()), f64::from(chart.height()));
        let below = LEGEND * scale * (rows.len() + 1) as f64;
        let canvas: HtmlCanvasElement = dom::document()?
            .create_element("canvas")?
            .dyn_into()
            .map_err(|_| DomError::WrongElement("canvas".into()))?;
        canvas.set_width(chart.width());
        canvas.set_height((height + LEGEND * scale + below) as u32);
        let context: CanvasRenderingContext2d = canvas
            .get_context("2d")?
            .and_then(|context| context.dyn_into().ok())
            .ok_or_else(|| DomError::WrongElement("canvas".into()))?;
        let colour = |name: &str| String::from(dom::computed(&self.chart, name).trim());
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

fn happen(event: Event) {
    dispatch(app::Event::Runs(event));
}

/// What the table's rows tell.
fn listen(body: &HtmlElement) -> Result<(), DomError> {
    dom::on(body, "change", |event: DomEvent| {
        let Some((key, what, element)) = target(&event) else { return };
        let input: HtmlInputElement = element.unchecked_into();
        match what.as_str() {
            "show" => happen(Event::Show(key, input.checked())),
            "name" => happen(Event::Rename(key, input.value())),
            _ => {}
        }
    })?;
    dom::on(body, "click", |event: MouseEvent| {
        let Some((key, what, _)) = target(&event) else { return };
        match what.as_str() {
            "load" => happen(Event::Load(key)),
            "delete" => {
                happen(Event::Delete(key));
                if let Ok(undo) = dom::by_id::<HtmlElement>("runs-undo") {
                    // The row that had the focus is gone.
                    let _ = undo.focus();
                }
            }
            _ => {}
        }
    })
}

/// The run that an event is about, and what was touched of its row.
fn target(event: &DomEvent) -> Option<(Key, String, Element)> {
    let element: Element = event.target()?.dyn_into().ok()?;
    let part = element.closest("[data-do]").ok()??;
    let key = part.closest("[data-key]").ok()??.get_attribute("data-key")?.parse().ok()?;
    Some((key, part.get_attribute("data-do")?, part))
}

/// Has the browser save a file.
fn download(name: &str, url: &str) -> Result<(), DomError> {
    let link: HtmlAnchorElement = dom::document()?
        .create_element("a")?
        .dyn_into()
        .map_err(|_| DomError::WrongElement("a".into()))?;
    link.set_href(url);
    link.set_download(name);
    link.click();
    Ok(())
}

fn download_text(name: &str, kind: &str, text: &str) -> Result<(), DomError> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    download(name, &url)?;
    // The browser may still be reading it for some time.
    let read = Closure::once_into_js(move || Url::revoke_object_url(&url));
    dom::window()?
        .set_timeout_with_callback_and_timeout_and_arguments_0(read.unchecked_ref(), 60_000)?;
    Ok(())
}
