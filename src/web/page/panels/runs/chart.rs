//! The chart of all runs, and its picture, which can be saved.

use js_sys::{Array, Float64Array};
use web_sys::HtmlElement;

use crate::app::panels::runs::record::RunKey;
use crate::app::panels::runs::{Measure, Row, View};
use crate::web::page::charts::{self, Runs};
use crate::web::page::dom::{self, DomError};
use crate::web::page::download;

/// Number of colours, which lines take in turn; the style sheet calls them `--run-1` and so on.
const COLOURS: usize = 6;

/// Dashes that tell lines of one colour apart; 0 is a solid line.
const DASHES: [u32; 3] = [0, 6, 2];

#[derive(Clone, Debug)]
pub(super) struct RunsChart {
    place: HtmlElement,
    chart: Option<Runs>,
    shown: Option<View>,
    /// Whether the chart shows it, too.
    drawn: bool,
}

impl RunsChart {
    pub(super) fn new() -> Result<Self, DomError> {
        Ok(Self { place: dom::by_id("runs-chart")?, chart: None, shown: None, drawn: false })
    }

    /// Shows the runs' lines if they have changed; returns false if the script is not here yet.
    pub(super) fn show(&mut self, view: View) -> Result<bool, DomError> {
        let points = |view: &View| {
            let rows = view.rows.iter();
            rows.map(|row| (row.key, row.name.clone(), row.points.clone())).collect::<Vec<_>>()
        };
        let same = |shown: &View| shown.measure == view.measure && points(shown) == points(&view);
        self.drawn &= self.shown.as_ref().is_some_and(same);
        if !self.drawn {
            self.drawn = self.draw(&view)?;
        }
        self.shown = Some(view);
        Ok(self.drawn)
    }

    fn draw(&mut self, view: &View) -> Result<bool, DomError> {
        let runs: Array = drawable(view).map(line).collect();
        if runs.length() == 0 {
            self.chart.iter().for_each(Runs::clear);
        } else if charts::ready() {
            let chart = match self.chart.take() {
                Some(chart) => chart,
                None => Runs::new(&self.place)?,
            };
            chart.show(view.measure.is_accuracy(), runs);
            self.chart = Some(chart);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Lets the browser save its picture.
    ///
    /// # Errors
    /// If there is no picture, or the browser refuses.
    pub(super) fn save(&self) -> Result<(), DomError> {
        let picture = self.chart.as_ref().zip(self.shown.as_ref()).map(|(chart, view)| {
            let title = Measure::ALL.iter().find(|(_, known)| *known == view.measure);
            let title = title.map_or_else(String::new, |(key, _)| key.replace('-', " "));
            let words = drawable(view)
                .map(|row| [row.name.as_str(), ": ", &row.cells[2], ", ", &row.cells[0]].concat());
            chart.picture(&title, words.collect())
        });
        let none = || DomError::Refused("there is none".into());
        download::from(&picture.transpose()?.flatten().ok_or_else(none)?, "inkling-runs.png")
    }
}

/// A run's colour in the style sheet; it stays the same whatever else is shown.
pub(super) fn colour(key: RunKey) -> String {
    ["--run-", &((key >> 16) as usize % COLOURS + 1).to_string()].concat()
}

fn drawable(view: &View) -> impl Iterator<Item = &Row> {
    view.rows.iter().filter(|row| !row.points.is_empty())
}

fn line(row: &Row) -> Array {
    let dash = DASHES[(row.key >> 16) as usize / COLOURS % DASHES.len()];
    let (epochs, values): (Vec<f64>, Vec<f64>) = row.points.iter().copied().unzip();
    let [epochs, values] = [epochs, values].map(|list| Float64Array::from(list.as_slice()));
    let colour = colour(row.key);
    Array::of5(&colour.into(), &dash.into(), &epochs, &values, &row.name.as_str().into())
}
