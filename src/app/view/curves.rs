//! What the curves show, in words, and the table of epochs.

use super::timeline::TimelineView;
use crate::app::Context;
use crate::app::curves::{Curve, Curves, Test};
use crate::app::format::{loss, percent};

/// What the page shows beside the curves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvesView {
    /// Whether there are curves.
    pub has_curves: bool,
    /// What the loss curve shows, in a sentence.
    pub loss_text: String,
    /// What the accuracy curve shows, in a sentence.
    pub accuracy_text: String,
    /// A row for each epoch: its number, training and test loss, training and test accuracy; then, if images are held
    /// out, loss and accuracy on them.
    pub rows: Vec<Vec<String>>,
    /// Whether the rows have figures of held-out images.
    pub held_out: bool,
    /// The smoothed training accuracy, 0 to 1, at a few minibatches.
    pub sparkline: Vec<f32>,
    /// The timeline below the curves.
    pub timeline: TimelineView,
}

impl CurvesView {
    pub(super) fn of(cx: &Context) -> Self {
        let curves = &cx.curves;
        let tests = &curves.tests;
        let sentence = |curve: &Curve, empty: &str, word: fn(f32) -> String, figures: FigureOf| {
            let Some(value) = curve.latest() else { return String::from(empty) };
            let tests = tests.last().map(|test| tested(test, word, figures(test)));
            let tests = tests.unwrap_or_else(|| String::from("not tested yet"));
            format!("{} in training after {} minibatches; {tests}", word(value), curves.len())
        };
        let losses: FigureOf = |test| (test.loss, test.validation.map(|v| v.loss));
        let accuracies: FigureOf = |test| (test.accuracy, test.validation.map(|v| v.accuracy));
        let nothing = "Nothing here yet. Press Train to begin.";
        Self {
            has_curves: !curves.is_empty(),
            loss_text: sentence(&curves.loss, nothing, loss, losses),
            accuracy_text: sentence(
                &curves.accuracy,
                "Not tested yet: the first test comes after one epoch.",
                percent,
                accuracies,
            ),
            rows: tests.iter().map(|test| row(curves, test)).collect(),
            held_out: tests.iter().any(|test| test.validation.is_some()),
            sparkline: curves.sparkline(),
            timeline: TimelineView::of(cx),
        }
    }
}

/// A test's figure on the test set and on the held-out images.
type FigureOf = fn(&Test) -> (f32, Option<f32>);

/// A test's figure in words.
fn tested(test: &Test, word: fn(f32) -> String, figures: (f32, Option<f32>)) -> String {
    let (figure, epoch) = (word(figures.0), test.epoch);
    match figures.1.map(word) {
        None => format!("{figure} on the test set after epoch {epoch}"),
        Some(held_out) => {
            format!(
                "{figure} on the test set and {held_out} on the held-out images after epoch {epoch}"
            )
        }
    }
}

fn row(curves: &Curves, test: &Test) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| String::from("–"));
    let mut row = vec![
        test.epoch.to_string(),
        or_dash(curves.loss.smooth_at(test.step).map(loss)),
        loss(test.loss),
        or_dash(curves.accuracy.smooth_at(test.step).map(percent)),
        percent(test.accuracy),
    ];
    if let Some(held_out) = test.validation {
        row.extend([loss(held_out.loss), percent(held_out.accuracy)]);
    }
    row
}
