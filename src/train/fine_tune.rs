//! Fine-tuning: a trained network learns one user's digits, mixed with images of MNIST so that it does not
//! forget those.
//!
//! No clock, no I/O, no JS: the caller calls [`FineTuning::advance`] until it is finished.

use std::ops::Range;

use super::augment::{self, Augmentation};
use super::optimizer::OptimizerState;
use super::schedule::learning_rate;
use super::session;
use crate::config::{Architecture, ArchitectureError, Optimizer, Schedule};
use crate::data::{CLASSES, Digits, PIXELS};
use crate::net::network::Shard;
use crate::net::{Network, Plan};
use crate::protocol::{Tallies, Tally, Trainable};

/// Minibatches, a few seconds with the default model.
pub const STEPS: u32 = 200;

/// Images in a minibatch.
pub const BATCH: usize = 64;

/// While there are few user digits, each is trained on once in this many minibatches. More often, a single
/// digit costs a point of MNIST's accuracy.
const USER_DIGIT_EVERY: usize = 4;

/// The fewest and the most of the user's digits in a minibatch; the rest is MNIST.
const USER_DIGITS_OF_A_BATCH: [usize; 2] = [2, 16];

/// The initial learning rate, which falls along a cosine. It is the highest at which the shipped weights,
/// given sixty digits of which a fifth was misread, lost no more than 0.2 points on MNIST.
fn peak(part: Trainable) -> f32 {
    match part {
        Trainable::All => 1.5e-4,
        Trainable::Head => 4e-4,
    }
}

/// Test images evaluated at a time, a few milliseconds' work.
const CHUNK: usize = 100;

/// Cost of training on an image, in evaluations of one.
const COST_OF_TRAINING: f32 = 3.0;

/// Why a network cannot be fine-tuned.
#[derive(Debug, thiserror::Error)]
pub enum FineTuneError {
    /// The network cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Its input is not a 28x28 image.
    #[error("the network is made for images of another size")]
    Input,
    /// The parameters are not this network's.
    #[error("the weights belong to another network")]
    Parameters,
    /// Digits and labels do not match, or there is nothing to train on.
    #[error("there is no digit to train on")]
    Digits,
    /// There are no MNIST images to keep the network from forgetting.
    #[error("the training images have not loaded yet")]
    NoReplay,
    /// A parameter became infinite or not a number.
    #[error("the weights overflowed")]
    Overflow,
}

/// One user's digits: those to train on, then those held out.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDigits {
    /// `[digits][28][28]`, 0 to 1.
    images: Vec<f32>,
    labels: Vec<u8>,
    /// How many are trained on, from the first.
    trained: usize,
}

impl UserDigits {
    /// - `images`: `[digits][28][28]`, 0 is paper and 1 is ink.
    /// - `labels`: each digit's class.
    /// - `held_out`: how many of the last digits are held out.
    ///
    /// # Errors
    /// If there is not one image for each label, a label is over 9, or all digits are held out.
    pub fn new(images: Vec<f32>, labels: Vec<u8>, held_out: usize) -> Result<Self, FineTuneError> {
        let fit = images.len() == labels.len() * PIXELS;
        let classes = labels.iter().all(|&label| usize::from(label) < CLASSES);
        match labels.len().checked_sub(held_out) {
            Some(trained @ 1..) if fit && classes => Ok(Self { images, labels, trained }),
            _ => Err(FineTuneError::Digits),
        }
    }

    fn part(&self, range: Range<usize>) -> (&[f32], &[u8]) {
        (&self.images[range.start * PIXELS..range.end * PIXELS], &self.labels[range])
    }
}

/// Range of the flat parameters that may change.
pub fn trainable(plan: &Plan, part: Trainable) -> Range<usize> {
    let all = plan.parameters();
    let start = match part {
        Trainable::All => 0,
        // A kernel and a bias: every network ends in a Dense layer.
        Trainable::Head => all.iter().rev().nth(1).map_or(0, |kernel| kernel.range.start),
    };
    start..plan.parameter_count()
}

/// Chooses each minibatch: random MNIST images, and the user's digits in turn, in an order that is shuffled
/// again after each round.
#[derive(Clone, Debug)]
pub struct Mix {
    rng: fastrand::Rng,
    /// The user's digits still to come in this round.
    waiting: Vec<usize>,
    trained: usize,
    replay: usize,
}

impl Mix {
    /// - `trained`: number of the user's digits, at least one.
    /// - `replay`: number of MNIST images to choose from, at least one.
    pub fn new(seed: u32, trained: usize, replay: usize) -> Self {
        let rng = fastrand::Rng::with_seed(u64::from(seed));
        Self { rng, waiting: Vec::new(), trained, replay }
    }

    /// Indices of a minibatch's MNIST images and of its user digits, [`BATCH`] in all.
    pub fn minibatch(&mut self) -> (Vec<usize>, Vec<usize>) {
        let [least, most] = USER_DIGITS_OF_A_BATCH;
        let user_digits = self.trained.div_ceil(USER_DIGIT_EVERY).clamp(least, most);
        let replayed = (user_digits..BATCH).map(|_| self.rng.usize(0..self.replay)).collect();
        let user_digits = (0..user_digits).filter_map(|_| {
            if self.waiting.is_empty() {
                self.waiting.extend(0..self.trained);
                self.rng.shuffle(&mut self.waiting);
            }
            self.waiting.pop()
        });
        (replayed, user_digits.collect())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FineTuneStage {
    Before,
    Learning,
    After,
    Over,
}

/// A fine-tuning in progress: evaluate, train, evaluate again.
#[derive(Debug)]
pub struct FineTuning {
    stage: FineTuneStage,
    part: Trainable,
    seed: u32,
    user_digits: UserDigits,
    mix: Mix,
    network: Network,
    parameters: Vec<f32>,
    trainable: Range<usize>,
    optimizer: OptimizerState,
    /// Minibatches finished.
    step: u32,
    gradient: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u8>,
    /// The result before, and the evaluation in progress.
    before: Tallies,
    tallies: Tallies,
}

impl FineTuning {
    /// Starts from `parameters`.
    ///
    /// - `replay`: how many training images, from the first, may be replayed.
    ///
    /// # Errors
    /// If the parameters do not fit the architecture or are not finite, if its input is not a 28x28 image, or
    /// if there is nothing to replay.
    pub fn new(
        architecture: &Architecture,
        part: Trainable,
        parameters: Vec<f32>,
        user_digits: UserDigits,
        replay: usize,
        seed: u32,
    ) -> Result<Self, FineTuneError> {
        let network = Network::new(architecture)?;
        let plan = network.plan();
        if plan.input().size() != PIXELS {
            return Err(FineTuneError::Input);
        }
        if parameters.len() != plan.parameter_count() {
            return Err(FineTuneError::Parameters);
        }
        if replay == 0 {
            return Err(FineTuneError::NoReplay);
        }
        let trainable = trainable(plan, part);
        let mut this = Self {
            stage: FineTuneStage::Before,
            part,
            seed,
            mix: Mix::new(seed, user_digits.trained, replay),
            user_digits,
            optimizer: OptimizerState::new(Optimizer::ADAM, trainable.len()),
            gradient: vec![0.0; parameters.len()],
            network,
            parameters,
            trainable,
            step: 0,
            images: Vec::new(),
            labels: Vec::new(),
            before: Tallies::default(),
            tallies: Tallies::default(),
        };
        this.load()?;
        Ok(this)
    }

    /// Does the next small piece of work; true once none is left.
    ///
    /// # Errors
    /// If a parameter is no longer finite.
    pub fn advance(&mut self, train: &Digits, test: &Digits) -> Result<bool, FineTuneError> {
        match self.stage {
            FineTuneStage::Before => {
                if self.evaluate(test) {
                    self.before = std::mem::take(&mut self.tallies);
                    self.stage = FineTuneStage::Learning;
                }
            }
            FineTuneStage::Learning => {
                self.learn(train);
                self.load()?;
                if self.step == STEPS {
                    self.stage = FineTuneStage::After;
                }
            }
            FineTuneStage::After => {
                if self.evaluate(test) {
                    self.stage = FineTuneStage::Over;
                }
            }
            FineTuneStage::Over => {}
        }
        Ok(self.stage == FineTuneStage::Over)
    }

    /// Fraction of the work that is done, 0 to 1.
    ///
    /// - `test`: size of the test set.
    pub fn share(&self, test: usize) -> f32 {
        let minibatch = BATCH as f32 * COST_OF_TRAINING;
        let evaluated = (self.before.test.images + self.tallies.test.images) as f32;
        (evaluated + self.step as f32 * minibatch) / (2.0 * test as f32 + STEPS as f32 * minibatch)
    }

    /// The parameters as they are now.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Evaluations before and after, once it has finished.
    pub fn tallies(&self) -> [Tallies; 2] {
        [self.before, self.tallies]
    }

    fn load(&mut self) -> Result<(), FineTuneError> {
        if !self.parameters.iter().all(|parameter| parameter.is_finite()) {
            return Err(FineTuneError::Overflow);
        }
        self.network.load(&self.parameters);
        Ok(())
    }

    /// One optimizer step. The user's digits are varied, so that the network learns the handwriting and not
    /// these images by heart.
    fn learn(&mut self, train: &Digits) {
        let (replayed, user_digits) = self.mix.minibatch();
        train.gather(replayed, &mut self.images, &mut self.labels);
        let replayed = self.labels.len();
        for digit in user_digits {
            let (image, label) = self.user_digits.part(digit..digit + 1);
            self.images.extend_from_slice(image);
            self.labels.extend_from_slice(label);
        }
        let rng_seed = session::minibatch_seed(self.seed, self.step);
        let user_digits = (&mut self.images[replayed * PIXELS..], &self.labels[replayed..]);
        augment::vary(&Augmentation::default(), user_digits.0, user_digits.1, 0, rng_seed);
        let (images, labels) = (&self.images[..], &self.labels[..]);
        let scale = 1.0 / labels.len() as f32;
        let shard = Shard { images, labels, scale, rng_seed, label_smoothing: 0.0 };
        self.network.gradient(shard, &mut self.gradient);
        let rate = learning_rate(Schedule::Cosine, peak(self.part), self.step, STEPS);
        let range = self.trainable.clone();
        self.optimizer.step(rate, &mut self.parameters[range.clone()], &self.gradient[range]);
        self.step += 1;
    }

    /// Evaluates the user's digits, then some more test images; true once none is left.
    fn evaluate(&mut self, test: &Digits) -> bool {
        let start = self.tallies.test.images as usize;
        if start == 0 {
            let (trained, all) = (self.user_digits.trained, self.user_digits.labels.len());
            let mut tally = |range| tally(&mut self.network, self.user_digits.part(range));
            self.tallies.trained = tally(0..trained);
            self.tallies.held_out = tally(trained..all);
        }
        let end = test.len().min(start + CHUNK);
        test.gather(start..end, &mut self.images, &mut self.labels);
        let more = tally(&mut self.network, (&self.images, &self.labels));
        self.tallies.test.right += more.right;
        self.tallies.test.images += more.images;
        end == test.len()
    }
}

fn tally(network: &mut Network, (images, labels): (&[f32], &[u8])) -> Tally {
    if labels.is_empty() {
        return Tally::default();
    }
    let score = network.evaluate(images, labels, &mut Vec::new());
    Tally { right: score.correct, images: score.images }
}
