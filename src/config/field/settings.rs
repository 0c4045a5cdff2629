//! The table of settings. Beside its place in [`Form`](super::super::form::Form), a setting needs only an entry here: links, the page's HTML, its
//! checks and the command line's options are made from it.

use std::ops::RangeInclusive;

use super::super::form::{Backend, PACES, StartFrom};
use super::super::train_config::{Augment, Optimizer, Schedule};
use super::super::{MOST_WORKERS, TRAIN_IMAGES};
use super::FieldValue::{Choice, Network, Real, Whole};
use super::Place::{BesideTrain, Experiment, Front, More};
use super::table::table;
use super::{Choosable, Empty, FieldValue, Place, option, percent_of};

/// The share of an average that may be kept at each minibatch; keeping all of it would let nothing in.
const KEPT: RangeInclusive<f32> = 0.0..=0.9999;

table! {
    /// Passes over the training images.
    Epochs {
        key: "epochs",
        label: "Epochs",
        question: "What are epochs?",
        help: "How many times the network goes through all the training images.",
        value: Whole {
            range: 1..=100,
            get: |form| Some(form.settings.epochs),
            set: |form, epochs| form.settings.epochs = epochs,
        },
        places: [Front(1), Experiment(1)],
        since: 1,
    }
    /// Images in a minibatch.
    Batch {
        key: "batch",
        name: "batch_size",
        label: "Batch size",
        question: "What is the batch size?",
        help: "How many images the network looks at before each change to its weights; such a group is a minibatch.",
        value: Whole {
            range: 1..=512,
            get: |form| Some(form.settings.batch_size),
            set: |form, images| form.settings.batch_size = images,
        },
        places: [Front(2), Experiment(2)],
        since: 1,
    }
    /// The peak learning rate.
    LearningRate {
        key: "lr",
        name: "learning_rate",
        label: "Learning rate",
        question: "What is the learning rate?",
        help: "How large each change to the weights is. Too small, and the network learns slowly; too large, and it forgets as fast as it learns.",
        value: Real {
            range: 1e-5..=1.0,
            get: |form| Some(form.settings.learning_rate),
            set: |form, rate| form.settings.learning_rate = rate,
        },
        places: [Front(3), Experiment(3)],
        since: 1,
    }
    /// Seed of everything random.
    Seed {
        key: "seed",
        label: "Seed",
        question: "What is the seed?",
        help: "The number behind every random choice: the same seed gives exactly the same run again.",
        value: Whole {
            range: 0..=u32::MAX,
            get: |form| Some(form.settings.seed),
            set: |form, seed| form.settings.seed = seed,
        },
        places: [More(7), Experiment(16)],
        since: 1,
    }
    /// Workers that train.
    Workers {
        key: "workers",
        label: "Workers",
        question: "What are workers?",
        help: "Background threads of this tab that train together. They change the speed, not the result.",
        value: Whole {
            range: 1..=MOST_WORKERS,
            get: |form| form.workers,
            set: |form, workers| form.workers = Some(workers),
        },
        empty: Empty { label: "one per core", set: |form| form.workers = None },
        places: [More(5)],
        since: 1,
    }
    /// How many of the training images to use.
    Images {
        key: "images",
        label: "Images",
        question: "How many images are used?",
        help: "Train on only this many images. Fewer is faster, but the network learns less.",
        value: Whole {
            range: 100..=TRAIN_IMAGES,
            get: |form| Some(form.settings.images.unwrap_or(TRAIN_IMAGES)),
            set: |form, images| form.settings.images = (images < TRAIN_IMAGES).then_some(images),
        },
        places: [More(6), Experiment(11)],
        since: 1,
    }
    /// The optimizer.
    Optimizer {
        key: "optimizer",
        label: "Optimizer",
        question: "What is the optimizer?",
        help: "The rule that turns errors into changes to the weights. Adam suits most cases; SGD needs a learning rate about ten times larger.",
        value: Choice {
            options: &[
                option("adam", "Adam"),
                option("sgd", "SGD with momentum"),
                option("rmsprop", "RMSprop"),
            ],
            get: |form| match form.settings.optimizer {
                Optimizer::Adam { .. } => 0,
                Optimizer::Sgd { .. } => 1,
                Optimizer::RmsProp { .. } => 2,
            },
            set: |form, place| form.settings.optimizer = Optimizer::ALL[place],
        },
        places: [More(2), Experiment(4)],
        since: 1,
    }
    /// The course of the learning rate.
    Schedule {
        key: "schedule",
        label: "Schedule",
        question: "What is the schedule?",
        help: "How the learning rate changes during the run: it stays constant, falls to zero, or rises and then falls.",
        value: Choice {
            options: &[
                option("constant", "constant"),
                option("cosine", "cosine"),
                option("one-cycle", "one-cycle"),
            ],
            get: |form| form.settings.schedule as usize,
            set: |form, place| form.settings.schedule = Schedule::ALL[place],
        },
        places: [More(3), Experiment(10)],
        since: 1,
    }
    /// Whether images are varied.
    Augment {
        key: "augment",
        label: "Augment images",
        question: "What does augmenting images mean?",
        help: "Turns, stretches, slants, warps and shifts every image a little, at random, and gives some zeros a slash and some ones an upstroke, so that the network sees more handwriting styles than MNIST, its training images, has. It learns more slowly but reads better. Gentle goes seven tenths as far, without the strokes.",
        value: Choice {
            options: &[
                option("off", "off"),
                Choosable { word: "on", label: "on", formerly: &["full"] },
                Choosable { word: "gentle", label: "gentle", formerly: &["fading"] },
            ],
            get: |form| form.settings.augment as usize,
            set: |form, place| form.settings.augment = Augment::ALL[place],
        },
        places: [More(4), Experiment(17)],
        since: 1,
    }
    /// Where a run starts.
    Start {
        key: "start",
        label: "Start from",
        question: "Which network does a run start from?",
        help: "Weights are the numbers a network learns. From random ones, you watch it go from guessing to knowing; the other choices continue from what is already learnt.",
        value: Choice {
            options: &[
                option("fresh", "random weights"),
                option("shipped", "pre-trained network"),
                option("current", "my network"),
            ],
            get: |form| form.start as usize,
            set: |form, place| form.start = StartFrom::ALL[place],
        },
        places: [More(1)],
        since: 1,
    }
    /// The model.
    Architecture {
        key: "net",
        name: "architecture",
        label: "The network",
        question: "What is the network?",
        help: "The model, layer by layer: c32k3r is Conv2D of 32 filters 3x3 with relu, then z for 'same' padding; p2, a2 pool; f is Flatten; d10 is Dense of 10 units, then r for relu, s for softmax; drop0.5 is Dropout.",
        value: Network,
        places: [],
        since: 2,
    }
    /// Adam's `beta_1`.
    Beta1 {
        key: "beta1",
        name: "beta_1",
        label: "Beta 1",
        question: "What is beta 1?",
        help: "How much of its running average of past gradients Adam keeps at each minibatch. A gradient says how the loss changes with each weight.",
        value: Real {
            range: KEPT,
            get: |form| match form.settings.optimizer {
                Optimizer::Adam { beta_1, .. } => Some(beta_1),
                _ => None,
            },
            set: |form, number| if let Optimizer::Adam { beta_1, .. } = &mut form.settings.optimizer {
                *beta_1 = number;
            },
        },
        of: optimizer,
        places: [Experiment(5)],
        since: 2,
    }
    /// Adam's `beta_2`.
    Beta2 {
        key: "beta2",
        name: "beta_2",
        label: "Beta 2",
        question: "What is beta 2?",
        help: "How much of its running average of past squared gradients Adam keeps at each minibatch. A gradient says how the loss changes with each weight.",
        value: Real {
            range: KEPT,
            get: |form| match form.settings.optimizer {
                Optimizer::Adam { beta_2, .. } => Some(beta_2),
                _ => None,
            },
            set: |form, number| if let Optimizer::Adam { beta_2, .. } = &mut form.settings.optimizer {
                *beta_2 = number;
            },
        },
        of: optimizer,
        places: [Experiment(6)],
        since: 2,
    }
    /// SGD's momentum.
    Momentum {
        key: "momentum",
        label: "Momentum",
        question: "What is momentum?",
        help: "How much of the last change carries over into the next one, as a rolling ball keeps its speed.",
        value: Real {
            range: KEPT,
            get: |form| match form.settings.optimizer {
                Optimizer::Sgd { momentum } => Some(momentum),
                _ => None,
            },
            set: |form, number| if let Optimizer::Sgd { momentum } = &mut form.settings.optimizer {
                *momentum = number;
            },
        },
        of: optimizer,
        places: [Experiment(7)],
        since: 2,
    }
    /// RMSprop's `rho`.
    Rho {
        key: "rho",
        label: "Rho",
        question: "What is rho?",
        help: "How much of its running average of past squared gradients RMSprop keeps at each minibatch. A gradient says how the loss changes with each weight.",
        value: Real {
            range: KEPT,
            get: |form| match form.settings.optimizer {
                Optimizer::RmsProp { rho, .. } => Some(rho),
                _ => None,
            },
            set: |form, number| if let Optimizer::RmsProp { rho, .. } = &mut form.settings.optimizer {
                *rho = number;
            },
        },
        of: optimizer,
        places: [Experiment(8)],
        since: 2,
    }
    /// Adam's and RMSprop's `epsilon`.
    Epsilon {
        key: "epsilon",
        label: "Epsilon",
        question: "What is epsilon?",
        help: "A small number that keeps the optimizer from dividing by zero.",
        value: Real {
            range: 1e-10..=1.0,
            get: |form| match form.settings.optimizer {
                Optimizer::Adam { epsilon, .. } | Optimizer::RmsProp { epsilon, .. } => Some(epsilon),
                Optimizer::Sgd { .. } => None,
            },
            set: |form, number| match &mut form.settings.optimizer {
                Optimizer::Adam { epsilon, .. } | Optimizer::RmsProp { epsilon, .. } => *epsilon = number,
                Optimizer::Sgd { .. } => {}
            },
        },
        of: optimizer,
        places: [Experiment(9)],
        since: 2,
    }
    /// Percent of the images held out for validation.
    Validation {
        key: "validation",
        label: "Held out",
        unit: " %",
        question: "What does held out mean?",
        help: "The percentage of the training images, taken from the end, that the network never trains on. After each epoch they show how well it does on images it has not seen, without using the test set.",
        value: Whole {
            range: 0..=50,
            get: |form| Some(form.settings.validation),
            set: |form, percent| form.settings.validation = percent,
        },
        places: [Experiment(12)],
        since: 2,
    }
    /// The accuracy in percent at which the run ends.
    StopAt {
        key: "stop",
        name: "stop_at",
        label: "Stop at",
        unit: " %",
        question: "What does stop at mean?",
        help: "The run ends early, after the first epoch that gets this percentage right: of the held-out images if there are any, otherwise of the test set.",
        value: Real {
            range: 1.0..=100.0,
            get: |form| form.settings.stop_at.map(percent_of),
            // One image of the test set is a hundredth of a percent.
            set: |form, percent| {
                form.settings.stop_at = Some((f64::from(percent) * 100.0).round() as f32 / 1e4);
            },
        },
        empty: Empty { label: "never", set: |form| form.settings.stop_at = None },
        places: [Experiment(13)],
        since: 2,
    }
    /// The share of the target that is spread over all classes.
    LabelSmoothing {
        key: "smoothing",
        name: "label_smoothing",
        label: "Label smoothing",
        question: "What is label smoothing?",
        help: "How much of each label is shared among all ten digits, so that the network is not pushed to be ever more certain. The curves show the loss without it.",
        value: Real {
            range: 0.0..=0.5,
            get: |form| Some(form.settings.label_smoothing),
            set: |form, share| form.settings.label_smoothing = share,
        },
        places: [Experiment(14)],
        since: 4,
    }
    /// What the moving average of the weights keeps.
    EmaMomentum {
        key: "ema",
        name: "ema_momentum",
        label: "EMA momentum",
        question: "What is EMA momentum?",
        help: "Predictions and tests use a running average of the weights (an exponential moving average), which keeps this share of itself at each minibatch, so that no single minibatch can throw it off. 0 uses the weights themselves.",
        value: Real {
            range: KEPT,
            get: |form| Some(form.settings.ema_momentum),
            set: |form, share| form.settings.ema_momentum = share,
        },
        places: [Experiment(15)],
        since: 5,
    }
    /// The trainer's instruction set.
    Backend {
        key: "backend",
        label: "Instruction set",
        question: "What is the instruction set?",
        help: "What the trainer is compiled for: the best that this browser has, or one of these.",
        value: Choice {
            options: &[
                option("best", "best available"),
                option("simd128", "SIMD"),
                option("relaxed-simd", "relaxed SIMD"),
            ],
            get: |form| form.backend.map_or(0, |backend| 1 + backend as usize),
            set: |form, place| form.backend = place.checked_sub(1).map(|place| Backend::ALL[place]),
        },
        places: [],
        since: 3,
    }
    /// How many minibatches a second.
    Speed {
        key: "speed",
        label: "Speed",
        question: "What is the speed?",
        help: "How many minibatches it takes in a second: slow motion to watch single ones change the answer. The result is the same.",
        value: Choice {
            options: &[
                option("full", "full speed"),
                option("100", "100/s"),
                option("10", "10/s"),
                option("1", "1/s"),
            ],
            get: |form| PACES.iter().position(|pace| *pace == form.pace).unwrap_or(0),
            set: |form, place| form.pace = PACES[place],
        },
        places: [BesideTrain(1)],
        since: 6,
    }
}
