//! Everything that determines the result of a run.

use super::architecture::Architecture;
use serde::{Deserialize, Serialize};

/// Everything that determines the result of a run, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The model.
    pub architecture: Architecture,
    /// Passes over the training images.
    pub epochs: u32,
    /// Images in a minibatch.
    pub batch_size: u32,
    /// The schedule's peak learning rate.
    pub learning_rate: f32,
    /// How a gradient becomes a change of the parameters.
    pub optimizer: Optimizer,
    /// How the learning rate changes during the run.
    pub schedule: Schedule,
    /// Seed of the initial parameters, the shuffles and everything else that is random.
    pub seed: u32,
    /// Train on only the first n images; `None` is all of them.
    pub images: Option<u32>,
    /// How far the images are varied first.
    pub augment: Augment,
    /// Share of each image's target that is spread evenly over all classes, 0 to 1: Keras' `label_smoothing`. Reported
    /// losses are computed without it.
    pub label_smoothing: f32,
    /// What the moving average of the parameters keeps at each minibatch, 0 to 1: Keras' `ema_momentum`, but less at
    /// first. The average is what is shown, evaluated and stored; with 0 it equals the parameters.
    pub ema_momentum: f32,
    /// Percent of the images, counted from the end, for validation: held out of training and evaluated after each
    /// epoch; 0 is none.
    pub validation: u32,
    /// End the run after the first epoch with at least this accuracy, 0 to 1, on the validation images or, without any,
    /// on the test set.
    pub stop_at: Option<f32>,
}

impl Default for TrainConfig {
    /// Keras' own batch size and learning rate.
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            epochs: 10,
            batch_size: 32,
            learning_rate: 0.001,
            optimizer: Optimizer::ADAM,
            schedule: Schedule::Constant,
            seed: 1,
            images: None,
            augment: Augment::Off,
            label_smoothing: 0.0,
            ema_momentum: 0.0,
            validation: 0,
            stop_at: None,
        }
    }
}

impl TrainConfig {
    /// How many of `images` training images are trained on, and how many are used in all; those in between are for
    /// validation. Splits like Keras' `validation_split`.
    pub fn split(&self, images: usize) -> (usize, usize) {
        let used = self.images.map_or(images, |n| images.min(n as usize));
        let trained = used as u64 * u64::from(100_u32.saturating_sub(self.validation)) / 100;
        (trained as usize, used)
    }
}

/// How far training images are varied: `Augmentation` in `train` has the amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Augment {
    /// Not at all.
    #[default]
    Off,
    /// Enough for handwriting unlike MNIST's, with extra strokes.
    On,
    /// Enough to help on MNIST's own test set.
    Gentle,
}

impl Augment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::On, Self::Gentle];
}

/// An optimizer with its numbers, in Keras' words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Optimizer {
    /// Adaptive moments.
    Adam {
        /// What the mean of the gradient keeps at each step.
        beta_1: f32,
        /// What the mean of the squared gradient keeps at each step.
        beta_2: f32,
        /// Keeps the divisor above zero.
        epsilon: f32,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// What a step keeps of the last one.
        momentum: f32,
    },
    /// The gradient divided by the root of its mean square.
    RmsProp {
        /// What the mean square keeps at each step.
        rho: f32,
        /// Keeps the divisor above zero.
        epsilon: f32,
    },
}

impl Optimizer {
    /// Adam with Keras' default numbers.
    pub const ADAM: Self = Self::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
    /// SGD with the usual momentum; Keras' default is none.
    pub const SGD: Self = Self::Sgd { momentum: 0.9 };
    /// RMSprop with Keras' default numbers.
    pub const RMS_PROP: Self = Self::RmsProp { rho: 0.9, epsilon: 1e-7 };

    /// All of them, with their usual numbers.
    pub const ALL: [Self; 3] = [Self::ADAM, Self::SGD, Self::RMS_PROP];

    /// Keras' name of its class.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Adam { .. } => "Adam",
            Self::Sgd { .. } => "SGD",
            Self::RmsProp { .. } => "RMSprop",
        }
    }
}

/// The learning rate over a run, as a share of its peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// The peak throughout.
    Constant,
    /// From the peak to zero along half a cosine.
    Cosine,
    /// Up to the peak over the first 30 % of the run, then down to almost zero, along cosines.
    OneCycle,
}

impl Schedule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Cosine, Self::OneCycle];
}
