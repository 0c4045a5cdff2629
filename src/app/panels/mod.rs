//! The panels below the first screen, one open at a time.
//!
//! A panel is a module here with its state, its events, `update` and `view`, and a module of the same name in
//! `web::page::panels` that listens and renders. It changes only its own state: `update` gets the [`Context`] to look
//! at and asks for the rest with [`Outcome`]s. It computes only while it is open.

pub mod ask;
pub mod evaluate;
pub mod experiment;
pub mod fine_tune;
pub mod inside;
pub mod runs;

use super::drawings::{self, DrawingSet};
use super::{Context, Outcome};
use ask::AskState;
use evaluate::EvaluateState;
use experiment::ExperimentState;
use fine_tune::FineTuneState;
use inside::InsideState;
use runs::RunsState;

/// Something that happens in a panel.
#[derive(Debug)]
pub enum Event {
    /// In Look inside.
    Inside(inside::Event),
    /// In Ask it.
    Ask(ask::Event),
    /// In Test.
    Evaluate(evaluate::Event),
    /// In Make it yours.
    FineTune(fine_tune::Event),
    /// In Experiment.
    Experiment(experiment::Event),
    /// To kept runs.
    Runs(runs::Event),
    /// To stored drawings.
    Drawings(DrawingSet, drawings::Event),
}

/// All panels' states.
#[derive(Debug, Default)]
pub struct PanelStates {
    /// State of Look inside.
    pub inside: InsideState,
    /// State of Ask it.
    pub ask: AskState,
    /// State of Test.
    pub evaluate: EvaluateState,
    /// State of Make it yours.
    pub fine_tune: FineTuneState,
    /// State of Experiment.
    pub experiment: ExperimentState,
    /// State of Runs.
    pub runs: RunsState,
}

impl PanelStates {
    pub(super) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Inside(event) => self.inside.update(event, cx, out),
            Event::Ask(event) => self.ask.update(event, cx, out),
            Event::Evaluate(event) => self.evaluate.update(event, cx, out),
            Event::FineTune(event) => self.fine_tune.update(event, cx, out),
            Event::Experiment(event) => self.experiment.update(event, cx, out),
            Event::Runs(event) => self.runs.update(event, cx, out),
            Event::Drawings(set, event) => {
                let drawings = match set {
                    DrawingSet::Pinned => &mut self.evaluate.pinned,
                    DrawingSet::UserDigits => &mut self.fine_tune.digits,
                };
                drawings.update_drawings(set, event, cx.answer.drawing(), out);
            }
        }
    }

    /// Requests what the open panel needs, as far as it can be had.
    pub(super) fn load(&mut self, open: Option<PanelId>, cx: &Context, out: &mut Vec<Outcome>) {
        match open {
            Some(PanelId::Evaluate) => self.evaluate.load(cx, out),
            Some(PanelId::FineTune) => self.fine_tune.load(out),
            // Experiment shows how fast the last run was.
            Some(PanelId::Runs | PanelId::Experiment) => self.runs.load(out),
            Some(PanelId::Inside | PanelId::Ask) | None => {}
        }
    }

    /// The trainer is gone, and the panels will not get what it owed them.
    pub(super) fn lose_trainer(&mut self) {
        self.evaluate.lose_trainer();
        self.fine_tune.lose_trainer();
    }
}

/// A panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelId {
    /// What each layer makes of the drawing.
    Inside,
    /// What the network takes for a digit.
    Ask,
    /// How well weights read the test images and pinned drawings.
    Evaluate,
    /// Training on the visitor's own digits.
    FineTune,
    /// Other networks and settings.
    Experiment,
    /// Kept runs, to compare.
    Runs,
}

impl PanelId {
    /// All panels, in the page's order.
    pub const ALL: [Self; 6] =
        [Self::Inside, Self::Ask, Self::Evaluate, Self::FineTune, Self::Experiment, Self::Runs];

    /// Its name in the markup: the id of its section. Its button's id has `open-` before it.
    pub fn dom_id(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Ask => "ask",
            Self::Evaluate => "judge",
            Self::FineTune => "yours",
            Self::Experiment => "experiment",
            Self::Runs => "runs",
        }
    }
}
