//! A comparison of two kept runs in progress: both read the test images, a few at a time.

use crate::app::panels::runs::compare::compare;
use crate::app::panels::runs::record::{Record, StoredRun};
use crate::data::Digits;
use crate::web::worker::test_evaluation::TestEvaluation;

pub(super) struct RunComparison {
    records: [Record; 2],
    evaluations: [TestEvaluation; 2],
}

impl RunComparison {
    /// Starts a comparison.
    ///
    /// # Errors
    /// If one of the runs has no weights that fit it: a sentence for the page.
    pub(super) fn new(runs: &[StoredRun], weights: &[Vec<f32>]) -> Result<Self, String> {
        let ([first, second], [of_first, of_second]) = (runs, weights) else {
            return Err("Choose two runs to compare.".to_owned());
        };
        let begin = |run: &StoredRun, weights: &[f32]| {
            let lost = || {
                format!("The weights of “{}” were not saved, so it cannot be compared.", run.name)
            };
            let record = Record::read(run).ok_or_else(lost)?;
            let architecture = &record.metadata.settings.architecture;
            let evaluation = TestEvaluation::new(0, architecture, weights).map_err(|_| lost())?;
            Ok::<_, String>((record, evaluation))
        };
        let (first, reads_first) = begin(first, of_first)?;
        let (second, reads_second) = begin(second, of_second)?;
        Ok(Self { records: [first, second], evaluations: [reads_first, reads_second] })
    }

    /// Reads some more images; true once none is left.
    pub(super) fn advance(&mut self, test: &Digits) -> bool {
        let left = self.evaluations.iter_mut().find(|one| (one.score.images as usize) < test.len());
        left.is_none_or(|evaluation| {
            evaluation.advance(test);
            false
        })
    }

    /// The comparison as JSON, and the images in it.
    pub(super) fn result(&self, test: &Digits) -> (String, Vec<f32>) {
        let [first, second] = &self.evaluations;
        let comparison = compare(
            self.records.each_ref(),
            [first.score, second.score],
            [&first.probabilities, &second.probabilities],
            &test.labels,
        );
        let shown = comparison.groups.iter().flat_map(|group| &group.images);
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        test.gather(shown.map(|image| image.index as usize), &mut images, &mut labels);
        // Words and numbers can always be written.
        (serde_json::to_string(&comparison).unwrap_or_default(), images)
    }
}
