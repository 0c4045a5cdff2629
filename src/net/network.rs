//! The forward and backward pass through a [`Plan`], on one shard of images at a time.
//!
//! A shard is cut into blocks of a few images, small enough for a block's maps and their gradients to stay in
//! a core's cache. A block passes through the steps in order; the parameters' gradients add up from block to
//! block. Everything is allocated when a network is made: a training step allocates nothing.

use super::buffer::{self, Buffer};
use super::loss::{self, Score};
use super::phase::StepPhase;
use super::plan::Plan;
use super::step::{Buffers, StepWork};
use crate::config::{Architecture, ArchitectureError};
use crate::kernels::lanes::round_up;

/// Images in a block.
const BLOCK: usize = 8;

/// Computes a [`Plan`] with the parameters last given to [`Network::load`].
#[derive(Debug)]
pub struct Network {
    plan: Plan,
    work: Vec<StepWork>,
    /// `maps[s]` is the input of step `s`, `maps[s + 1]` its output; `[images][numbers]`.
    maps: Vec<Buffer>,
    /// The gradient of each of `maps`.
    gradients: Vec<Buffer>,
}

/// Images and labels to compute a gradient on.
#[derive(Clone, Copy, Debug)]
pub struct Shard<'a> {
    /// `[images][height][width][channels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// Weight of each image's loss in the gradient: 1 / minibatch size.
    pub scale: f32,
    /// RNG seed of this shard, for Dropout.
    pub rng_seed: u64,
    /// Fraction of each image's target that is spread evenly over all classes, 0 to 1.
    pub label_smoothing: f32,
}

impl Network {
    /// A network with all parameters zero.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let plan = Plan::new(architecture)?;
        let work = plan.steps().iter().map(|step| StepWork::new(step, BLOCK)).collect();
        let input = plan.input();
        let maps: Vec<Buffer> = std::iter::once(input.height * input.width * plan.input_stride())
            .chain(plan.steps().iter().map(|step| step.output))
            .map(|size| buffer::filled(0.0, BLOCK * size))
            .collect();
        Ok(Self { plan, work, gradients: maps.clone(), maps })
    }

    /// The steps and parameters of the architecture.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Sets the parameters and arranges them for the kernels.
    ///
    /// # Panics
    /// If their number is not [`Plan::parameter_count`].
    pub fn load(&mut self, parameters: &[f32]) {
        assert_eq!(parameters.len(), self.plan.parameter_count(), "as many as the plan has");
        for (planned, work) in self.plan.steps().iter().zip(&mut self.work) {
            work.load(planned, parameters);
        }
    }

    /// Class probabilities of one image, `[height][width][channels]`, 0 to 1.
    pub fn probabilities(&mut self, image: &[f32]) -> &[f32] {
        self.forward(image, 1, None, &mut |_, _| {});
        let classes = self.plan.classes();
        let logits = self.logits_mut();
        loss::softmax(&mut logits[..classes]);
        &logits[..classes]
    }

    /// Logits of images, `[images][classes]`.
    pub fn logits(&mut self, images: &[f32]) -> Vec<f32> {
        let mut logits = Vec::new();
        self.for_each_block(images, |network, count| network.append_logits(count, &mut logits));
        logits
    }

    /// The last Dense layer's input for each image, `[images][numbers]`, and the logits, `[images][classes]`. The
    /// numbers' order, with padding channels that are zero, is the same for every image.
    pub fn features(&mut self, images: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let last = self.plan.steps().len() - 1;
        let each = self.maps[last].len() / BLOCK;
        let (mut features, mut logits) = (Vec::new(), Vec::new());
        self.for_each_block(images, |network, count| {
            features.extend_from_slice(&network.maps[last][..count * each]);
            network.append_logits(count, &mut logits);
        });
        (features, logits)
    }

    /// Passes images through the network; after each block `done` gets the network and the number of its images.
    fn for_each_block(&mut self, images: &[f32], mut done: impl FnMut(&mut Self, usize)) {
        let size = self.plan.input().size();
        for block in images.chunks(BLOCK * size) {
            let count = block.len() / size;
            self.forward(block, count, None, &mut |_, _| {});
            done(self, count);
        }
    }

    /// Appends the logits of the first images of a block, without padding.
    fn append_logits(&mut self, count: usize, logits: &mut Vec<f32>) {
        let classes = self.plan.classes();
        let rows = self.logits_mut().chunks_exact(round_up(classes)).take(count);
        logits.extend(rows.flat_map(|row| &row[..classes]));
    }

    /// Loss and accuracy on images, without Dropout.
    ///
    /// - `probabilities`: the images' are appended, `[images][classes]`.
    pub fn evaluate(
        &mut self,
        images: &[f32],
        labels: &[u8],
        probabilities: &mut Vec<f32>,
    ) -> Score {
        let (size, classes) = (self.plan.input().size(), self.plan.classes());
        let mut score = Score::default();
        for (images, labels) in images.chunks(BLOCK * size).zip(labels.chunks(BLOCK)) {
            self.forward(images, labels.len(), None, &mut |_, _| {});
            let rows = self.logits_mut().chunks_exact_mut(round_up(classes));
            for (row, &label) in rows.zip(labels) {
                score += loss::cross_entropy(&mut row[..classes], usize::from(label));
                probabilities.extend_from_slice(&row[..classes]);
            }
        }
        score
    }

    /// Loss and accuracy, and the gradient of `scale * sum of the losses` with respect to the parameters. The
    /// loss returned is without label smoothing.
    ///
    /// - `gradient`: in the parameters' order, overwritten.
    pub fn gradient(&mut self, shard: Shard<'_>, gradient: &mut [f32]) -> Score {
        self.gradient_in_parts(shard, gradient, &mut |_, _| {})
    }

    /// [`Network::gradient`], which calls `done` after each part of the work on a block, for timing.
    ///
    /// - `done`: gets the step's index and the part.
    pub fn gradient_in_parts(
        &mut self,
        shard: Shard<'_>,
        gradient: &mut [f32],
        done: &mut dyn FnMut(usize, StepPhase),
    ) -> Score {
        let Shard { images, labels, scale, rng_seed, label_smoothing } = shard;
        let size = self.plan.input().size();
        for (planned, work) in self.plan.steps().iter().zip(&mut self.work) {
            work.begin(planned, gradient);
        }
        let mut score = Score::default();
        let blocks = images.chunks(BLOCK * size).zip(labels.chunks(BLOCK));
        for (block, (images, labels)) in (0_u64..).zip(blocks) {
            let rng_seed = rng_seed.wrapping_add(block << 32);
            self.forward(images, labels.len(), Some(rng_seed), done);
            score += self.loss(labels, label_smoothing, scale);
            done(self.plan.steps().len(), StepPhase::Loss);
            self.backward(labels.len(), gradient, done);
        }
        for (s, work) in self.work.iter().enumerate() {
            work.finish(gradient);
            done(s, StepPhase::WeightGradient);
        }
        score
    }

    /// The score of a block's logits, and the gradient of `scale * sum of the losses` with respect to them.
    fn loss(&mut self, labels: &[u8], smoothing: f32, scale: f32) -> Score {
        let classes = self.plan.classes();
        let stride = round_up(classes);
        let mut score = Score::default();
        if let (Some(logits), Some(by_logits)) = (self.maps.last(), self.gradients.last_mut()) {
            let rows = by_logits.chunks_exact_mut(stride).zip(logits.chunks_exact(stride));
            for ((row, logits), &label) in rows.zip(labels) {
                row.copy_from_slice(logits);
                let label = usize::from(label);
                score += loss::cross_entropy_gradient(&mut row[..classes], label, smoothing, scale);
            }
        }
        score
    }

    fn logits_mut(&mut self) -> &mut [f32] {
        self.maps.last_mut().map_or(&mut [], |map| map.as_mut_slice())
    }

    /// Runs every step on a block of `count` images. `rng_seed` is `Some` while training.
    fn forward(
        &mut self,
        images: &[f32],
        count: usize,
        rng_seed: Option<u64>,
        done: &mut dyn FnMut(usize, StepPhase),
    ) {
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
            let input_size = before[s].len() / BLOCK;
            let input = &before[s][..count * input_size];
            let output = &mut after[0][..count * planned.output];
            work.forward(planned, count, input, output, rng_seed);
            done(s, StepPhase::Forward);
        }
    }

    /// Runs every step backwards, from the gradient of a block's logits.
    fn backward(
        &mut self,
        count: usize,
        gradient: &mut [f32],
        done: &mut dyn FnMut(usize, StepPhase),
    ) {
        for (s, (planned, work)) in self.plan.steps().iter().zip(&mut self.work).enumerate().rev() {
            let (before, after) = self.gradients.split_at_mut(s + 1);
            let input_size = before[s].len() / BLOCK;
            let buffers = Buffers {
                images: count,
                input: &self.maps[s][..count * input_size],
                output: &self.maps[s + 1][..count * planned.output],
                output_gradient: &mut after[0][..count * planned.output],
                input_gradient: &mut before[s][..count * input_size],
            };
            work.backward(planned, buffers, gradient, &mut |phase| done(s, phase));
        }
    }
}
