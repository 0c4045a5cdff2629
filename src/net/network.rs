//! Forward and backward through a [`Plan`], on one shard of images at a time.
//!
//! Images and gradients pass through the steps in order, all of a shard's images at each step.
//! Everything that is needed is allocated when a network is made or first meets a larger shard;
//! after that a training step allocates nothing.

use super::architecture::{Architecture, ArchitectureError};
use super::loss::{self, Score};
use super::plan::Plan;
use super::step::{Buffers, Work};
use crate::kernels::lanes::round_up;

/// Computes a [`Plan`] with the parameters last given to [`Network::load`].
#[derive(Debug)]
pub struct Network {
    plan: Plan,
    work: Vec<Work>,
    /// `maps[s]` is what step `s` reads, `maps[s + 1]` what it writes; `[images][numbers]`.
    maps: Vec<Vec<f32>>,
    /// The gradient of each of `maps`.
    gradients: Vec<Vec<f32>>,
    /// Images that the buffers have room for.
    room: usize,
}

/// Images and labels of which a gradient is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Shard<'a> {
    /// `[images][height][width][channels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// What each image's loss counts in the gradient: 1 / minibatch size.
    pub scale: f32,
    /// Seed of what is random about this shard.
    pub noise: u64,
}

/// Part of a step's work while training, for those who measure where the time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// From its input to its output.
    Forward,
    /// From the logits to the loss and its gradient by them; no step's, so that of the step behind the last.
    Loss,
    /// A convolution's list of the outputs that carry a gradient.
    Live,
    /// The gradient by its parameters.
    WeightGradient,
    /// The gradient by its input.
    InputGradient,
}

impl Network {
    /// A network with all parameters zero.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let plan = Plan::new(architecture)?;
        let work = plan.steps().iter().map(Work::new).collect();
        let maps = vec![Vec::new(); plan.steps().len() + 1];
        let mut network = Self { plan, work, gradients: maps.clone(), maps, room: 0 };
        network.reserve(1);
        Ok(network)
    }

    /// What the network computes.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes room for shards of so many images.
    pub fn reserve(&mut self, images: usize) {
        if images <= self.room {
            return;
        }
        self.room = images;
        let input = self.plan.input();
        let sizes = std::iter::once(input.height * input.width * self.plan.input_stride())
            .chain(self.plan.steps().iter().map(|s| s.output));
        for ((map, gradient), size) in self.maps.iter_mut().zip(&mut self.gradients).zip(sizes) {
            map.resize(images * size, 0.0);
            gradient.resize(images * size, 0.0);
        }
        for (work, step) in self.work.iter_mut().zip(self.plan.steps()) {
            work.reserve(images * step.output);
        }
    }

    /// Takes the parameters that all computations use from now on, and arranges them for the kernels.
    ///
    /// # Panics
    /// If there are not [`Plan::parameter_count`] of them.
    pub fn load(&mut self, parameters: &[f32]) {
        assert_eq!(parameters.len(), self.plan.parameter_count(), "as many as the plan has");
        for (planned, work) in self.plan.steps().iter().zip(&mut self.work) {
            work.load(planned, parameters);
        }
    }

    /// Probabilities of the classes for one image, `[height][width][channels]`, 0 to 1.
    pub fn probabilities(&mut self, image: &[f32]) -> &[f32] {
        self.forward(image, 1, None, &mut |_, _| {});
        let classes = self.plan.classes();
        let logits = self.logits_mut();
        loss::softmax(&mut logits[..classes]);
        &logits[..classes]
    }

    /// Logits of some images, `[images][classes]`.
    pub fn logits(&mut self, images: &[f32]) -> Vec<f32> {
        let count = images.len() / self.plan.input().size();
        self.forward(images, count, None, &mut |_, _| {});
        let classes = self.plan.classes();
        let rows = self.logits_mut().chunks_exact(round_up(classes)).take(count);
        rows.flat_map(|row| &row[..classes]).copied().collect()
    }

    /// Loss and accuracy on some images, without Dropout.
    ///
    /// - `probabilities`: each image's are appended, `[images][classes]`.
    pub fn evaluate(
        &mut self,
        images: &[f32],
        labels: &[u8],
        probabilities: &mut Vec<f32>,
    ) -> Score {
        self.forward(images, labels.len(), None, &mut |_, _| {});
        let classes = self.plan.classes();
        let mut score = Score::default();
        for (row, &label) in self.logits_mut().chunks_exact_mut(round_up(classes)).zip(labels) {
            score += loss::cross_entropy(&mut row[..classes], usize::from(label));
            probabilities.extend_from_slice(&row[..classes]);
        }
        score
    }

    /// Loss, accuracy and the gradient of `scale * sum of the losses` by every parameter.
    ///
    /// - `gradient`: as long and in the same order as the parameters; overwritten.
    pub fn gradient(&mut self, shard: Shard<'_>, gradient: &mut [f32]) -> Score {
        self.gradient_by_parts(shard, gradient, &mut |_, _| {})
    }

    /// [`Network::gradient`], which says after each part of the work that it is done.
    ///
    /// - `done`: is given the step's index and the part.
    pub fn gradient_by_parts(
        &mut self,
        shard: Shard<'_>,
        gradient: &mut [f32],
        done: &mut dyn FnMut(usize, Phase),
    ) -> Score {
        let count = shard.labels.len();
        self.forward(shard.images, count, Some(shard.noise), done);
        let classes = self.plan.classes();
        let stride = round_up(classes);
        let mut score = Score::default();
        if let (Some(logits), Some(by_logits)) = (self.maps.last(), self.gradients.last_mut()) {
            let rows = by_logits.chunks_exact_mut(stride).zip(logits.chunks_exact(stride));
            for ((row, logits), &label) in rows.zip(shard.labels) {
                row.copy_from_slice(logits);
                let label = usize::from(label);
                score += loss::cross_entropy_gradient(&mut row[..classes], label, shard.scale);
            }
        }
        done(self.plan.steps().len(), Phase::Loss);
        self.backward(count, gradient, done);
        score
    }

    fn logits_mut(&mut self) -> &mut [f32] {
        self.maps.last_mut().map_or(&mut [], |map| map.as_mut_slice())
    }

    /// Runs every step on the first `count` of `images`; `noise` is given while training.
    fn forward(
        &mut self,
        images: &[f32],
        count: usize,
        noise: Option<u64>,
        done: &mut dyn FnMut(usize, Phase),
    ) {
        self.reserve(count);
        let (input, stride) = (self.plan.input(), self.plan.input_stride());
        let images = &images[..count * input.size()];
        if stride == input.channels {
            self.maps[0][..images.len()].copy_from_slice(images);
        } else {
            let stored = self.maps[0].chunks_exact_mut(stride);
            for (to, pixel) in stored.zip(images.chunks_exact(input.channels)) {
                to[..input.channels].copy_from_slice(pixel);
            }
        }
        for (s, (planned, work)) in self.plan.steps().iter().zip(&mut self.work).enumerate() {
            let (before, after) = self.maps.split_at_mut(s + 1);
            let input_size = before[s].len() / self.room;
            let input = &before[s][..count * input_size];
            let output = &mut after[0][..count * planned.output];
            work.forward(planned, count, input, output, noise);
            done(s, Phase::Forward);
        }
    }

    /// Runs every step backwards from the gradient of the logits.
    fn backward(&mut self, count: usize, gradient: &mut [f32], done: &mut dyn FnMut(usize, Phase)) {
        for (s, (planned, work)) in self.plan.steps().iter().zip(&mut self.work).enumerate().rev() {
            let (before, after) = self.gradients.split_at_mut(s + 1);
            let input_size = before[s].len() / self.room;
            let buffers = Buffers {
                images: count,
                input: &self.maps[s][..count * input_size],
                output: &self.maps[s + 1][..count * planned.output],
                by_output: &mut after[0][..count * planned.output],
                by_input: &mut before[s][..count * input_size],
            };
            work.backward(planned, buffers, gradient, &mut |phase| done(s, phase));
        }
    }
}
