//! Computes shards, in the trainer and in each helper.

use std::ops::Range;

use super::augment;
use super::gradient::{MinibatchPart, Sums, images_of};
use super::session::minibatch_seed;
use crate::config::{Architecture, ArchitectureError};
use crate::data;
use crate::net::Network;
use crate::net::loss::Score;
use crate::protocol::helper::Work;

/// A network and its results for the current job.
#[derive(Debug)]
pub struct ShardExecutor {
    architecture: Architecture,
    network: Network,
    sums: Sums,
    /// The current shard's images, `[images][pixels]`.
    images: Vec<f32>,
    /// Probabilities of the images evaluated last, `[images][classes]`.
    probabilities: Vec<f32>,
}

impl ShardExecutor {
    /// For networks of an architecture.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let network = Network::new(architecture)?;
        let sums = Sums::new(network.plan().parameter_count());
        let (architecture, images, probabilities) = (architecture.clone(), Vec::new(), Vec::new());
        Ok(Self { architecture, network, sums, images, probabilities })
    }

    /// Changes to another architecture, unless it is the same.
    ///
    /// # Errors
    /// If it cannot be built; the old one then stays.
    pub fn build(&mut self, architecture: &Architecture) -> Result<(), ArchitectureError> {
        if self.architecture != *architecture {
            *self = Self::new(architecture)?;
        }
        Ok(())
    }

    /// The network's architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The network, with the parameters loaded last.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Sets the parameters.
    pub fn load(&mut self, parameters: &[f32]) {
        self.network.load(parameters);
    }

    /// Begins a job on `images` images.
    pub fn begin(&mut self, images: usize) {
        self.sums.begin(images);
        self.probabilities.resize(images * self.network.plan().classes(), 0.0);
    }

    /// Computes a shard. The result stays here until the next [`ShardExecutor::begin`].
    ///
    /// - `pixels`: of the shard's images, `[images][pixels]`, 0 to 255.
    /// - `labels`: their classes.
    /// - `total_images`: images in the whole job.
    pub fn compute(
        &mut self,
        work: Work,
        shard: usize,
        pixels: &[u8],
        labels: &[u8],
        total_images: usize,
    ) -> Score {
        if labels.is_empty() {
            return Score::default();
        }
        self.images.resize(pixels.len(), 0.0);
        data::to_unit(pixels, &mut self.images);
        let images = &mut self.images;
        let shards = shard..shard + 1;
        match work {
            Work::Gradient { seed, step, augment, label_smoothing } => {
                let rng_seed = minibatch_seed(seed, step);
                if let Some(augmentation) = augment::amounts(augment) {
                    let first = images_of(total_images, &shards).start;
                    augment::vary(&augmentation, images, labels, first, rng_seed);
                }
                let (sums, network) = (&mut self.sums, &mut self.network);
                let part = MinibatchPart {
                    shards,
                    minibatch: total_images,
                    images,
                    labels,
                    rng_seed,
                    label_smoothing,
                };
                part.gradient(network, shard, sums)
            }
            Work::Evaluation => {
                let mut rows = Vec::new();
                let score = self.network.evaluate(images, labels, &mut rows);
                self.probabilities_mut(&shards, total_images).copy_from_slice(&rows);
                score
            }
        }
    }

    /// The sums of the gradients computed here, as from [`Sums::complete`].
    pub fn sums(&mut self) -> impl Iterator<Item = &[f32]> {
        self.sums.complete()
    }

    /// Adds the sum of a subtree that was computed elsewhere, which `write` writes.
    pub fn take_sum(&mut self, subtree: Range<usize>, write: impl FnOnce(&mut [f32])) {
        self.sums.add(subtree, write);
    }

    /// Where the probabilities of some shards' images go, `[images][classes]`; `total_images` is the number
    /// of images in the whole job.
    pub fn probabilities_mut(&mut self, shards: &Range<usize>, total_images: usize) -> &mut [f32] {
        let classes = self.network.plan().classes();
        let images = images_of(total_images, shards);
        &mut self.probabilities[images.start * classes..images.end * classes]
    }

    /// The probabilities of the images evaluated last, `[images][classes]`.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// The gradient on all images, once each shard has been computed here or its sum added.
    pub fn gradient(&self) -> &[f32] {
        self.sums.total()
    }
}
