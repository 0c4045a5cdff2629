//! Parameters being evaluated on the test set, a few images at a time.

use crate::data::Digits;
use crate::net::loss::Score;
use crate::net::{Architecture, Network};

/// Test images evaluated at a time: a few milliseconds' work.
const CHUNK: usize = 100;

/// An evaluation under way.
pub(super) struct TestEvaluation {
    /// The request's number.
    pub(super) id: u32,
    network: Network,
    images: Vec<f32>,
    labels: Vec<u8>,
    /// Of the images evaluated so far.
    pub(super) score: Score,
    /// `[images][classes]`
    pub(super) probabilities: Vec<f32>,
}

impl TestEvaluation {
    /// Begins with no image evaluated.
    ///
    /// # Errors
    /// If the parameters are not the architecture's, or it is for other images than `test`'s; why, as
    /// a sentence for the page.
    pub(super) fn new(
        id: u32,
        architecture: &Architecture,
        parameters: &[f32],
    ) -> Result<Self, String> {
        let mut network = Network::new(architecture).map_err(|error| error.to_string())?;
        if architecture.input != Architecture::default().input {
            return Err("The network is made for other images than MNIST's.".to_owned());
        }
        if parameters.len() != network.plan().parameter_count() {
            return Err("The weights belong to another model.".to_owned());
        }
        network.load(parameters);
        Ok(Self {
            id,
            network,
            images: Vec::new(),
            labels: Vec::new(),
            score: Score::default(),
            probabilities: Vec::new(),
        })
    }

    /// Evaluates some more images; true once there is none left.
    pub(super) fn advance(&mut self, test: &Digits) -> bool {
        let start = self.score.images as usize;
        let end = test.len().min(start + CHUNK);
        test.gather(start..end, &mut self.images, &mut self.labels);
        self.score += self.network.evaluate(&self.images, &self.labels, &mut self.probabilities);
        end == test.len()
    }
}
