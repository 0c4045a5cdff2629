//! Parameters that learn digits of the visitor's, and what the page is told of it.

use crate::protocol::{FineTuneRequest, Reply};
use crate::train::fine_tune::{FineTuneError, FineTuning, UserDigits};

/// Milliseconds between two [`Reply::FineTuning`].
const PROGRESS_INTERVAL: f64 = 100.0;

/// A fine-tuning under way.
pub(super) struct FineTuneJob {
    /// The request's number.
    pub(super) id: u32,
    pub(super) work: FineTuning,
    /// When the page was told last, in milliseconds.
    reported: f64,
}

impl FineTuneJob {
    /// Begins with nothing done.
    ///
    /// - `arrays`: `[parameters, images, labels]`.
    /// - `replay`: training images that can be replayed.
    ///
    /// # Errors
    /// If what the page sent does not fit together.
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

    /// What to tell the page of a fine-tuning that goes on, if it is time to.
    pub(super) fn progress(&mut self, now: f64, test: usize) -> Option<Reply> {
        if now - self.reported < PROGRESS_INTERVAL {
            return None;
        }
        self.reported = now;
        Some(Reply::FineTuning { id: self.id, share: self.work.share(test) })
    }

    /// What to tell the page at its end.
    pub(super) fn outcome(&self) -> Reply {
        let [before, after] = self.work.tallies();
        Reply::FineTuned { id: self.id, before, after }
    }
}
