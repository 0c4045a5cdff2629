//! Fine-tuning: a trained network goes on to learn a few digits of one user, between images of MNIST, so
//! that it does not forget those.
//!
//! No clock, no I/O, no JS: whoever drives it calls [`FineTuning::advance`] until that says it is over.

use std::ops::Range;

use super::augment::{self, Augmentation};
use super::optimizer::OptimizerState;
use super::schedule::learning_rate;
use super::session;
use crate::data::{CLASSES, Digits, PIXELS};
use crate::net::network::Shard;
use crate::net::{Architecture, ArchitectureError, Network, Plan};
use crate::protocol::{Optimizer, Schedule, Tallies, Tally, Trainable};

/// Minibatches: with the default model a few seconds.
pub const STEPS: u32 = 200;

/// Images in a minibatch.
pub const BATCH: usize = 64;

/// How often each of the user's digits comes up while there are few: once in so many minibatches. More often, a
/// single digit costs a point of MNIST's accuracy.
const USER_DIGIT_EVERY: usize = 4;

/// The fewest and the most images of a minibatch that are the user's; all others are MNIST's.
const USER_DIGITS_OF_A_BATCH: [usize; 2] = [2, 16];

/// The learning rate at first, from where it falls along a cosine: the highest at which the shipped weights, given
/// sixty digits of which a fifth was misread, lost no more than 0.2 points on MNIST.
fn peak(part: Trainable) -> f32 {
    match part {
        Trainable::All => 1.5e-4,
        Trainable::Head => 4e-4,
    }
}

/// Test images evaluated at a time: a few milliseconds' work.
const CHUNK: usize = 100;

/// What a training step on an image costs, as evaluating one counts 1.
const COST_OF_TRAINING: f32 = 3.0;

/// Why a network cannot be fine-tuned.
#[derive(Debug, thiserror::Error)]
pub enum FineTuneError {
    /// The network cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// It is for other pictures than digits'.
    #[error("the network is made for other images than MNIST’s")]
    Input,
    /// The parameters are not this network's.
    #[error("the weights belong to another model")]
    Parameters,
    /// Digits and labels do not fit together, or none of them is to be trained on.
    #[error("there is no digit to train on")]
    Digits,
    /// Nothing keeps the network from forgetting.
    #[error("MNIST’s images are not here yet")]
    NoReplay,
    /// The parameters became too large for numbers.
    #[error("the weights overflowed")]
    Overflow,
}

/// The digits of one user: first those to train on, then those held out.
#[derive(Clone, Debug, PartialEq)]
pub struct UserDigits {
    /// `[digits][28][28]`, 0 to 1.
    images: Vec<f32>,
    labels: Vec<u8>,
    /// How many are trained on.
    trained: usize,
}

impl UserDigits {
    /// - `images`: `[digits][28][28]`, 0 is paper and 1 is ink.
    /// - `labels`: each digit's class.
    /// - `held_out`: how many of them, the last ones, are held out.
    ///
    /// # Errors
    /// If there is not one picture for each label, a label is no digit, or all are held out.
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

/// Place in the flat parameters of those that may change.
pub fn trainable(plan: &Plan, part: Trainable) -> Range<usize> {
    let all = plan.parameters();
    let start = match part {
        Trainable::All => 0,
        // A kernel and a bias: no network ends in anything but a Dense layer.
        Trainable::Head => all.iter().rev().nth(1).map_or(0, |kernel| kernel.range.start),
    };
    start..plan.parameter_count()
}

/// What each minibatch consists of: images of MNIST by chance, then the user's digits in turn, in an order
/// shuffled anew each time that all had their turn.
#[derive(Clone, Debug)]
pub struct Mix {
    rng: fastrand::Rng,
    /// The user's digits that have not had their turn.
    waiting: Vec<usize>,
    trained: usize,
    replay: usize,
}

impl Mix {
    /// - `trained`: the user's digits, at least one.
    /// - `replay`: images of MNIST to choose from, at least one.
    pub fn new(seed: u32, trained: usize, replay: usize) -> Self {
        let rng = fastrand::Rng::with_seed(u64::from(seed));
        Self { rng, waiting: Vec::new(), trained, replay }
    }

    /// Places of a minibatch's images among MNIST's, and of its digits among the user's: [`BATCH`] in all.
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

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FineTuneStage {
    Before,
    Learning,
    After,
    Over,
}

/// A fine-tuning under way: the network is evaluated, learns and is evaluated again.
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
    /// What it came to before, and what it has come to so far in the evaluation under way.
    before: Tallies,
    tallies: Tallies,
}

impl FineTuning {
    /// Begins with nothing done.
    ///
    /// - `parameters`: those to start from.
    /// - `replay`: images that there are to replay, the first ones of the training set.
    ///
    /// # Errors
    /// If the parameters are not the architecture's or not finite, if it is for other images, or if
    /// there is nothing to replay.
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

    /// Takes the next small piece of the work; true once there is none left.
    ///
    /// # Errors
    /// If the parameters have overflowed.
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

    /// How much of the work is done, 0 to 1.
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

    /// What the network came to before and after, once it is over.
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

    /// One optimizer step. The user's digits are varied, so that the network learns how they are written and
    /// not these pictures by heart.
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

    /// Evaluates the user's digits, then some more test images; true once there is none left.
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
