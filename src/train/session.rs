//! A run as a state machine: it says what to do next and takes the result.
//!
//! No clock, no I/O, no JS, and no arithmetic but the optimizer's: the caller computes gradients and scores,
//! on as many threads or workers as it likes.

use std::ops::Range;

use super::bytes::{Reader, Writer};
use super::observed_step::ObservedStep;
use super::optimizer::{self, OptimizerState};
use super::schedule::learning_rate;
use crate::config::TrainConfig;
use crate::data::batches::{PART_IMAGES, epoch_order};
use crate::net::loss::Score;

/// The most images of one [`Task::Evaluate`]: some ten milliseconds' work, enough to be worth sharing out.
const EVALUATION_CHUNK: usize = 400;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Task<'a> {
    /// Compute the gradient on these training images; [`Session::learn`] takes it.
    Minibatch(&'a [u32]),
    /// Compute the score on these images of a set; [`Session::take_score`] takes it.
    Evaluate(Set, Range<usize>),
    /// Wait until more of the data set has arrived.
    Wait,
    /// Wait for Resume or Step.
    Paused,
    /// Nothing; the run has finished.
    Finished,
}

/// Images to evaluate a run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The validation images; counted as in the training set.
    Validation,
    /// The test set.
    Test,
}

/// Scores at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochEvaluation {
    /// On the whole test set.
    pub test: Score,
    /// On the validation images, if there are any.
    pub validation: Option<Score>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    /// The minibatches that a step takes, and the evaluations that are due, then paused.
    Stepping(u32),
    Paused,
}

/// How much of the data set has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Training images, from the first.
    pub train: usize,
    /// Test images: all of them, or `None` yet.
    pub test: Option<usize>,
}

/// RNG seed of a run's minibatch.
pub fn minibatch_seed(seed: u32, step: u32) -> u64 {
    (u64::from(seed) << 32 | u64::from(step)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A run: its settings, parameters and progress.
#[derive(Clone, Debug)]
pub struct Session {
    settings: TrainConfig,
    /// Training images trained on; those from here to `used` are for validation.
    images: usize,
    /// Training images used.
    used: usize,
    parameters: Vec<f32>,
    /// Moving average of the parameters; empty if the settings ask for none.
    average: Vec<f32>,
    optimizer: OptimizerState,
    mode: Mode,
    /// Epochs finished, including their evaluation.
    epoch: u32,
    /// Minibatches finished.
    step: u32,
    /// This epoch's order of the training images.
    order: Vec<u32>,
    /// Images of `order` already trained on.
    seen: usize,
    /// Score on the validation images since the epoch's last minibatch.
    validated: Score,
    /// Score on the test images since then.
    tested: Score,
    /// Whether the accuracy at which the run ends has been reached.
    reached: bool,
}

impl Session {
    /// A new run from given parameters. `images` is the size of the training set.
    pub fn new(settings: TrainConfig, images: usize, parameters: Vec<f32>) -> Self {
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

    /// Appends all that it needs to go on, except its settings. Of an evaluation under way only that it is due.
    pub fn write(&self, to: &mut Writer) {
        let numbers = [self.images, self.used, self.seen].map(|count| count as u32);
        for number in numbers.into_iter().chain([self.epoch, self.step, u32::from(self.reached)]) {
            to.number(number);
        }
        to.floats(&self.parameters);
        to.floats(&self.average);
        self.optimizer.write(to);
    }

    /// Takes what [`Session::write`] has appended; `None` if that is something else, or does not fit these settings and
    /// this size of the training set. The run goes on where it was.
    ///
    /// - `parameters`: how many the settings' network has.
    pub fn read(
        settings: TrainConfig,
        images: usize,
        parameters: usize,
        from: &mut Reader<'_>,
    ) -> Option<Self> {
        let (trained, used) = settings.split(images);
        let [saved_trained, saved_used, seen] =
            [from.number()?, from.number()?, from.number()?].map(|count| count as usize);
        let [epoch, step, reached] = [from.number()?, from.number()?, from.number()?];
        let weights = from.floats()?;
        let average = from.floats()?;
        let optimizer = OptimizerState::read(settings.optimizer, parameters, from)?;
        let averaged = if settings.ema_momentum > 0.0 { parameters } else { 0 };
        let fits = (saved_trained, saved_used) == (trained, used)
            && trained > 0
            && seen <= trained
            && epoch <= settings.epochs
            && (weights.len(), average.len()) == (parameters, averaged)
            && weights.iter().chain(&average).all(|weight| weight.is_finite());
        let mut session = fits.then(|| Self::new(settings, images, weights))?;
        session.order = epoch_order(session.settings.seed, epoch, trained, PART_IMAGES);
        session.average = average;
        session.optimizer = optimizer;
        (session.epoch, session.step, session.seen) = (epoch, step, seen);
        session.reached = reached != 0;
        Some(session)
    }

    /// What to do next. Asking changes nothing.
    pub fn next(&self, available: Available) -> Task<'_> {
        if self.reached || self.epoch >= self.settings.epochs {
            return Task::Finished;
        }
        if self.mode == Mode::Paused {
            return Task::Paused;
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

    /// The minibatch after the one that [`Session::next`] names, if it is in this epoch and all of its images
    /// have arrived.
    pub fn upcoming(&self, available: Available) -> Option<&[u32]> {
        self.minibatch(self.seen + self.settings.batch_size as usize, available)
    }

    /// The minibatch of this epoch after the first `seen` images, if all of it has arrived.
    fn minibatch(&self, seen: usize, available: Available) -> Option<&[u32]> {
        let seen = seen.min(self.images);
        let batch = &self.order[seen..self.images.min(seen + self.settings.batch_size as usize)];
        batch.iter().all(|&i| (i as usize) < available.train).then_some(batch)
    }

    /// Takes an optimizer step with the gradient of the minibatch that [`Session::next`] named.
    pub fn learn(&mut self, gradient: &[f32]) {
        let rate = self.rate();
        self.optimizer.step(rate, &mut self.parameters, gradient);
        let momentum = self.settings.ema_momentum;
        optimizer::update_ema(momentum, self.step, &mut self.average, &self.parameters);
        self.step += 1;
        self.seen = self.images.min(self.seen + self.settings.batch_size as usize);
        if let Mode::Stepping(left) = &mut self.mode {
            *left = left.saturating_sub(1);
            if *left == 0 && self.seen < self.images {
                self.mode = Mode::Paused;
            }
        }
    }

    /// The learning rate of the next step.
    fn rate(&self) -> f32 {
        let TrainConfig { schedule, learning_rate: rate, .. } = self.settings;
        learning_rate(schedule, rate, self.step, self.steps())
    }

    /// As [`Session::learn`]; returns all that the step was made of.
    pub fn learn_observed(&mut self, gradient: &[f32]) -> ObservedStep {
        let before = (self.parameters.clone(), self.optimizer.clone());
        let rate = self.rate();
        self.learn(gradient);
        ObservedStep {
            step: self.step,
            rate,
            gradient: gradient.to_vec(),
            parameters: [before.0, self.parameters.clone()],
            optimizer: [before.1, self.optimizer.clone()],
        }
    }

    /// Whether the run pauses after the next minibatch.
    pub fn pauses_next(&self) -> bool {
        matches!(self.mode, Mode::Stepping(1))
    }

    /// Adds the score on the images that [`Session::next`] named. Returns the scores once all images are
    /// evaluated, which ends the epoch.
    pub fn take_score(&mut self, score: Score, available: Available) -> Option<EpochEvaluation> {
        let validation_images = self.used - self.images;
        if (self.validated.images as usize) < validation_images {
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
        if self.mode == Mode::Stepping(0) {
            self.mode = Mode::Paused;
        }
        let test = std::mem::take(&mut self.tested);
        let validation = (validation_images > 0).then_some(std::mem::take(&mut self.validated));
        let accuracy = validation.unwrap_or(test).accuracy();
        self.reached = self.settings.stop_at.is_some_and(|enough| accuracy >= enough);
        Some(EpochEvaluation { test, validation })
    }

    /// Pauses the run before its next task.
    pub fn pause(&mut self) {
        self.mode = Mode::Paused;
    }

    /// Resumes the run.
    pub fn resume(&mut self) {
        self.mode = Mode::Running;
    }

    /// Takes this many minibatches, then pauses.
    pub fn take_steps(&mut self, count: u32) {
        self.mode = Mode::Stepping(count);
    }

    /// The current parameters, to compute the next gradient with.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// What training goes on from beside [`Session::averaged`]: the optimizer's memory, and the parameters themselves if
    /// those are their average.
    pub fn training_state(&self) -> Vec<(&'static str, &[f32])> {
        let mut state = self.optimizer.memory();
        if !self.average.is_empty() {
            state.push(("parameters", &self.parameters));
        }
        state
    }

    /// The parameters to evaluate: their moving average, or without one the current ones.
    pub fn averaged(&self) -> &[f32] {
        if self.average.is_empty() { &self.parameters } else { &self.average }
    }

    /// The run's hyperparameters.
    pub fn settings(&self) -> &TrainConfig {
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

    /// Training images that are kept for validation, evaluated after each epoch in addition to the test set.
    pub fn validation_images(&self) -> usize {
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

    /// Training images still to come, in this epoch and all later ones.
    pub fn images_left(&self) -> usize {
        let epochs = self.settings.epochs.saturating_sub(self.epoch) as usize;
        (epochs * self.images).saturating_sub(self.seen)
    }

    /// RNG seed of the next minibatch.
    pub fn minibatch_seed(&self) -> u64 {
        minibatch_seed(self.settings.seed, self.step)
    }
}
