//! An evaluation of parameters on the test set, a few images at a time.

use crate::config::Architecture;
use crate::data::Digits;
use crate::net::Network;
use crate::net::loss::Score;

/// Test images evaluated at a time, a few milliseconds' work.
const CHUNK: usize = 100;

/// An evaluation in progress.
pub(super) struct TestEvaluation {
    /// The request's number.
    pub(super) id: u32,
    network: Network,
    images: Vec<f32>,
    labels: Vec<u8>,
    /// When the page was last told that it goes on, in milliseconds.
    pub(super) reported: f64,
    /// On the images evaluated so far.
    pub(super) score: Score,
    /// `[images][classes]`
    pub(super) probabilities: Vec<f32>,
}

impl TestEvaluation {
    /// Starts an evaluation.
    ///
    /// # Errors
    /// If the parameters do not fit the architecture, or its input does not fit `test`'s images: a
    /// sentence for the page.
    pub(super) fn new(
        id: u32,
        architecture: &Architecture,
        parameters: &[f32],
    ) -> Result<Self, String> {
        let mut network = Network::new(architecture).map_err(|error| error.to_string())?;
        if architecture.input != Architecture::default().input {
            return Err("The network is made for images of another size.".to_owned());
        }
        if parameters.len() != network.plan().parameter_count() {
            return Err("The weights belong to another network.".to_owned());
        }
        network.load(parameters);
        Ok(Self {
            id,
            network,
            images: Vec::new(),
            labels: Vec::new(),
            reported: 0.0,
            score: Score::default(),
            probabilities: Vec::new(),
        })
    }

    /// Evaluates some more images; true once none is left.
    pub(super) fn advance(&mut self, test: &Digits) -> bool {
        let start = self.score.images as usize;
        let end = test.len().min(start + CHUNK);
        test.gather(start..end, &mut self.images, &mut self.labels);
        self.score += self.network.evaluate(&self.images, &self.labels, &mut self.probabilities);
        end == test.len()
    }
}
