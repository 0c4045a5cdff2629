//! Fine-tuning in the trainer, and its reports to the page.

use crate::protocol::{FineTuneRequest, Reply};
use crate::train::fine_tune::{FineTuneError, FineTuning, UserDigits};

/// Milliseconds between two [`Reply::FineTuning`].
const PROGRESS_INTERVAL: f64 = 100.0;

/// A fine-tuning in progress.
pub(super) struct FineTuneJob {
    /// The request's number.
    pub(super) id: u32,
    pub(super) work: FineTuning,
    /// Time of the last report, in milliseconds.
    reported: f64,
}

impl FineTuneJob {
    /// Starts a fine-tuning.
    ///
    /// - `arrays`: `[parameters, images, labels]`.
    /// - `replay`: training images that can be replayed.
    ///
    /// # Errors
    /// If the page's arrays do not fit together.
    pub(super) fn new(
        request: &FineTuneRequest,
        arrays: Vec<Vec<f32>>,
        replay: usize,
    ) -> Result<Self, FineTuneError> {
        let [parameters, images, labels] = arrays.try_into().map_err(|_| FineTuneError::Digits)?;
        let labels = labels.iter().map(|&label| label as u8).collect();
        let digits = UserDigits::new(images, labels, request.held_out as usize)?;
        let FineTuneRequest { id, architecture, part, seed, .. } = request;
        let work = FineTuning::new(architecture, *part, parameters, digits, replay, *seed)?;
        Ok(Self { id: *id, work, reported: 0.0 })
    }

    /// A progress report, if one is due.
    pub(super) fn progress(&mut self, now: f64, test: usize) -> Option<Reply> {
        if now - self.reported < PROGRESS_INTERVAL {
            return None;
        }
        self.reported = now;
        Some(Reply::FineTuning { id: self.id, share: self.work.share(test) })
    }

    /// The final report.
    pub(super) fn outcome(&self) -> Reply {
        let [before, after] = self.work.tallies();
        Reply::FineTuned { id: self.id, before, after }
    }
}
