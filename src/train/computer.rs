//! What computes shards: in the trainer, in each of its helpers.

use std::ops::Range;

use super::augment;
use super::gradient::{self, SHARDS, Share, images_of};
use super::session::noise;
use crate::net::loss::Score;
use crate::net::{Architecture, ArchitectureError, Network};
use crate::protocol::helper::Work;

/// A network and room for the gradients of all shards.
#[derive(Debug)]
pub struct Computer {
    architecture: Architecture,
    network: Network,
    /// `[SHARDS][parameters]`
    leaves: Vec<f32>,
    /// Of the images evaluated last, `[images][classes]`.
    probabilities: Vec<f32>,
}

impl Computer {
    /// For networks of an architecture.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let network = Network::new(architecture)?;
        let leaves = vec![0.0; SHARDS * network.plan().parameter_count()];
        Ok(Self { architecture: architecture.clone(), network, leaves, probabilities: Vec::new() })
    }

    /// Changes to another architecture, if it is one.
    ///
    /// # Errors
    /// If it cannot be built; then the one before stays.
    pub fn build(&mut self, architecture: &Architecture) -> Result<(), ArchitectureError> {
        if self.architecture != *architecture {
            *self = Self::new(architecture)?;
        }
        Ok(())
    }

    /// What the network is built from.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Takes the parameters with which to compute from now on.
    pub fn load(&mut self, parameters: &[f32]) {
        self.network.load(parameters);
    }

    /// Computes a shard. A gradient stays here until [`Computer::sum`] or [`Computer::gradient`],
    /// probabilities until [`Computer::probabilities`].
    ///
    /// - `images`: the shard's, `[images][pixels]`; varied in place if the work says so.
    /// - `labels`: their classes.
    /// - `of`: images in the whole work.
    pub fn compute(
        &mut self,
        work: Work,
        shard: usize,
        images: &mut [f32],
        labels: &[u8],
        of: usize,
    ) -> Score {
        let shards = shard..shard + 1;
        match work {
            Work::Gradient { seed, step, steps, augment } => {
                let noise = noise(seed, step);
                if let Some(augmentation) = augment::at(augment, step, steps) {
                    let first = images_of(of, &shards).start;
                    augment::vary(&augmentation, images, labels, first, noise);
                }
                let leaf = leaf(&mut self.leaves, &shards);
                Share { shards, minibatch: of, images, labels, noise }.gradient(
                    &mut self.network,
                    shard,
                    leaf,
                )
            }
            Work::Evaluation => {
                let mut rows = Vec::new();
                let share =
                    Share { shards: shards.clone(), minibatch: of, images, labels, noise: 0 };
                let score = share.evaluate(&mut self.network, shard, &mut rows);
                self.probabilities_mut(&shards, of).copy_from_slice(&rows);
                score
            }
        }
    }

    /// The sum of a subtree's gradients, which are all computed here; `of` is the number of images in the
    /// whole work.
    pub fn sum(&mut self, subtree: &Range<usize>, of: usize) -> &[f32] {
        let leaves = leaf(&mut self.leaves, subtree);
        gradient::sum(leaves, subtree, of, &[]);
        &leaves[..leaves.len() / subtree.len()]
    }

    /// Where the sum of a subtree goes that was computed elsewhere.
    pub fn sum_mut(&mut self, subtree: &Range<usize>) -> &mut [f32] {
        leaf(&mut self.leaves, &(subtree.start..subtree.start + 1))
    }

    /// Where the probabilities of some shards' images go, `[images][classes]`; `of` is the number of
    /// images in the whole work.
    pub fn probabilities_mut(&mut self, shards: &Range<usize>, of: usize) -> &mut [f32] {
        let classes = self.network.plan().classes();
        self.probabilities.resize(of * classes, 0.0);
        let images = images_of(of, shards);
        &mut self.probabilities[images.start * classes..images.end * classes]
    }

    /// The probabilities of the images evaluated last, `[images][classes]`.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// The gradient of `of` images, of shards computed here and the sums of subtrees that came from
    /// elsewhere.
    pub fn gradient(&mut self, of: usize, from_elsewhere: &[Range<usize>]) -> &[f32] {
        gradient::total(&mut self.leaves, of, from_elsewhere)
    }
}

fn leaf<'a>(leaves: &'a mut [f32], shards: &Range<usize>) -> &'a mut [f32] {
    let size = leaves.len() / SHARDS;
    &mut leaves[shards.start * size..shards.end * size]
}
