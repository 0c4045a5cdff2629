//! A run as a state machine: it says what is to be done next and takes in what came of it.
//!
//! No clock, no I/O, no JS, and no arithmetic but the optimizer's: whoever drives it computes
//! gradients and test scores, on as many threads or workers as there are.

use std::ops::Range;

use super::optimizer::{self, OptimizerState};
use super::schedule::learning_rate;
use crate::data::batches::{PART_IMAGES, epoch_order};
use crate::net::loss::Score;
use crate::protocol::Settings;

/// Images that one [`Task::Evaluate`] covers at most: some ten milliseconds' work, and enough of it to be
/// shared out.
const EVALUATION_CHUNK: usize = 400;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Task<'a> {
    /// The gradient on these training images; [`Session::learn`] takes it.
    Minibatch(&'a [u32]),
    /// The score on these images of a set; [`Session::take_score`] takes it.
    Evaluate(Set, Range<usize>),
    /// Nothing until more of the data set is here.
    Wait,
    /// Nothing until someone says Resume or Step.
    Stand,
    /// Nothing any more.
    Finished,
}

/// Images that a run is evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Training images that are held out; counted as in the training set.
    Validation,
    /// The test set.
    Test,
}

/// What an epoch has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochEvaluation {
    /// On the whole test set.
    pub test: Score,
    /// On the training images that are held out, if there are any.
    pub validation: Option<Score>,
}

/// Whether minibatches are being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    /// One minibatch, and the evaluation if it falls due, then paused.
    Stepping,
    Paused,
}

/// How much of the data set can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Training images, from the first.
    pub train: usize,
    /// Test images: all of them or not yet.
    pub test: Option<usize>,
}

/// Seed of what is random about a run's minibatch.
pub fn minibatch_seed(seed: u32, step: u32) -> u64 {
    (u64::from(seed) << 32 | u64::from(step)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A run: its settings, parameters and progress.
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    /// Training images trained on; those from here to `used` are held out.
    images: usize,
    /// Training images used.
    used: usize,
    parameters: Vec<f32>,
    /// Of the parameters; empty if the settings ask for none.
    average: Vec<f32>,
    optimizer: OptimizerState,
    mode: Mode,
    /// Epochs finished, their evaluation included.
    epoch: u32,
    /// Minibatches finished.
    step: u32,
    /// This epoch's order of the training images.
    order: Vec<u32>,
    /// Images of `order` that are behind us.
    seen: usize,
    /// Held-out images scored since the epoch's last minibatch.
    validated: Score,
    /// Test images scored since then.
    tested: Score,
    /// Whether the accuracy is reached at which the run ends.
    reached: bool,
}

impl Session {
    /// A run that has not begun, from given parameters. `images` is the size of the training set.
    pub fn new(settings: Settings, images: usize, parameters: Vec<f32>) -> Self {
        let (images, used) = settings.split(images);
        let optimizer = OptimizerState::new(settings.optimizer, parameters.len());
        let order = epoch_order(settings.seed, 0, images, PART_IMAGES);
        let average = if settings.ema_momentum > 0.0 { parameters.clone() } else { Vec::new() };
        Self {
            settings,
            images,
            used,
            parameters,
            average,
            optimizer,
            mode: Mode::Running,
            epoch: 0,
            step: 0,
            order,
            seen: 0,
            validated: Score::default(),
            tested: Score::default(),
            reached: false,
        }
    }

    /// What is to be done next; asking changes nothing.
    pub fn next(&self, available: Available) -> Task<'_> {
        if self.reached || self.epoch >= self.settings.epochs {
            return Task::Finished;
        }
        if self.mode == Mode::Paused {
            return Task::Stand;
        }
        if self.seen < self.images {
            let batch = self.minibatch(self.seen, available);
            return batch.map_or(Task::Wait, Task::Minibatch);
        }
        let start = self.images + self.validated.images as usize;
        if start < self.used {
            let end = self.used.min(start + EVALUATION_CHUNK);
            let here = end <= available.train;
            return if here { Task::Evaluate(Set::Validation, start..end) } else { Task::Wait };
        }
        match available.test {
            None => Task::Wait,
            Some(test) => {
                let start = self.tested.images as usize;
                Task::Evaluate(Set::Test, start..test.min(start + EVALUATION_CHUNK))
            }
        }
    }

    /// The minibatch of this epoch after the one that [`Session::next`] names, if all of its images are here;
    /// empty behind the last.
    pub fn upcoming(&self, available: Available) -> Option<&[u32]> {
        self.minibatch(self.seen + self.settings.batch_size as usize, available)
    }

    /// The minibatch of this epoch behind so many images, if all of it is here.
    fn minibatch(&self, seen: usize, available: Available) -> Option<&[u32]> {
        let seen = seen.min(self.images);
        let batch = &self.order[seen..self.images.min(seen + self.settings.batch_size as usize)];
        batch.iter().all(|&i| (i as usize) < available.train).then_some(batch)
    }

    /// Takes one optimizer step with the gradient of the minibatch that [`Session::next`] named.
    pub fn learn(&mut self, gradient: &[f32]) {
        let rate = learning_rate(
            self.settings.schedule,
            self.settings.learning_rate,
            self.step,
            self.steps(),
        );
        self.optimizer.step(rate, &mut self.parameters, gradient);
        let momentum = self.settings.ema_momentum;
        optimizer::update_ema(momentum, self.step, &mut self.average, &self.parameters);
        self.step += 1;
        self.seen = self.images.min(self.seen + self.settings.batch_size as usize);
        if self.mode == Mode::Stepping && self.seen < self.images {
            self.mode = Mode::Paused;
        }
    }

    /// Takes the score of the images that [`Session::next`] named; returns that of all of them once it
    /// is complete, which ends the epoch.
    pub fn take_score(&mut self, score: Score, available: Available) -> Option<EpochEvaluation> {
        let held_out = self.used - self.images;
        if (self.validated.images as usize) < held_out {
            self.validated += score;
            return None;
        }
        self.tested += score;
        if Some(self.tested.images as usize) != available.test {
            return None;
        }
        self.epoch += 1;
        self.seen = 0;
        self.order = epoch_order(self.settings.seed, self.epoch, self.images, PART_IMAGES);
        if self.mode == Mode::Stepping {
            self.mode = Mode::Paused;
        }
        let test = std::mem::take(&mut self.tested);
        let validation = (held_out > 0).then_some(std::mem::take(&mut self.validated));
        let accuracy = validation.unwrap_or(test).accuracy();
        self.reached = self.settings.stop_at.is_some_and(|enough| accuracy >= enough);
        Some(EpochEvaluation { test, validation })
    }

    /// Stand still from the next task on.
    pub fn pause(&mut self) {
        self.mode = Mode::Paused;
    }

    /// Go on.
    pub fn resume(&mut self) {
        self.mode = Mode::Running;
    }

    /// Take one minibatch, then stand still.
    pub fn take_step(&mut self) {
        self.mode = Mode::Stepping;
    }

    /// Whether the run stands still until someone says Resume or Step.
    pub fn is_paused(&self) -> bool {
        self.mode == Mode::Paused
    }

    /// The parameters as they are now: the next gradient is wanted at them.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Those that the run has come to, which scores are wanted of: the parameters' moving average, or without one
    /// they themselves.
    pub fn averaged(&self) -> &[f32] {
        if self.average.is_empty() { &self.parameters } else { &self.average }
    }

    /// What the run computes.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Epochs finished.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Minibatches finished.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Images evaluated after each epoch beside the test set.
    pub fn held_out(&self) -> usize {
        self.used - self.images
    }

    /// Images evaluated since the epoch's last minibatch.
    pub fn evaluated(&self) -> usize {
        (self.validated.images + self.tested.images) as usize
    }

    /// Minibatches in an epoch.
    pub fn steps_per_epoch(&self) -> u32 {
        self.images.div_ceil(self.settings.batch_size.max(1) as usize) as u32
    }

    /// Minibatches in the run.
    pub fn steps(&self) -> u32 {
        self.steps_per_epoch() * self.settings.epochs
    }

    /// Training images still to be seen, this epoch's and all later ones'.
    pub fn images_left(&self) -> usize {
        let epochs = self.settings.epochs.saturating_sub(self.epoch) as usize;
        (epochs * self.images).saturating_sub(self.seen)
    }

    /// Seed of what is random about the minibatch that comes next.
    pub fn minibatch_seed(&self) -> u64 {
        minibatch_seed(self.settings.seed, self.step)
    }
}
