//! The figures in bench.json.

use e2e::Weight;
use serde::Serialize;

use crate::bench_worker::{Calibration, Shares};
use crate::machine::Machine;
use crate::panels::PanelCost;
use crate::peers::Peer;
use crate::pen::Reaction;
use crate::training::{Memory, Subject};

#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) command: String,
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    /// Of a busy core.
    pub(crate) watts: f64,
    pub(crate) calibrations: Vec<Calibration>,
    pub(crate) shares: Vec<Shares>,
    pub(crate) training: Vec<Subject>,
    /// Microseconds.
    pub(crate) prediction: Samples,
    pub(crate) reaction: Reaction,
    pub(crate) memory: Memory,
    pub(crate) panels: Vec<PanelCost>,
    pub(crate) weight: Weight,
    pub(crate) peers: Vec<Peer>,
}

/// One figure, measured several times.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Samples {
    median: Option<f64>,
    all: Vec<f64>,
}

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.all.push(value);
        self.median = self.quantile(0.5);
    }

    /// `None` before the first.
    pub(crate) fn median(&self) -> Option<f64> {
        self.median
    }

    /// The newest; NaN before the first.
    pub(crate) fn last(&self) -> f64 {
        self.all.last().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The value below which this fraction of the samples is, 0 to 1.
    pub(crate) fn quantile(&self, fraction: f64) -> Option<f64> {
        let mut sorted = self.all.clone();
        sorted.sort_by(f64::total_cmp);
        let index = (fraction * sorted.len() as f64) as usize;
        sorted.get(index.min(sorted.len().saturating_sub(1))).copied()
    }
}

impl From<Vec<f64>> for Samples {
    fn from(all: Vec<f64>) -> Self {
        let mut samples = Self { median: None, all };
        samples.median = samples.quantile(0.5);
        samples
    }
}
