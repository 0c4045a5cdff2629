//! What the trainer and its helpers say to each other.
//!
//! A helper keeps nothing from one [`Job`] to the next but the architecture. As on the way to the page,
//! bulk numbers cross as transferred `Float32Array`s beside the message.

use std::ops::Range;

use crate::config::{Architecture, Augment};
use crate::net::loss::Score;
use serde::{Deserialize, Serialize};

/// What is wanted of some images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// The gradient of their mean loss, and the score.
    Gradient {
        /// The run's.
        seed: u32,
        /// Minibatches of the run before this one.
        step: u32,
        /// Whether the images are varied first.
        augment: Augment,
        /// As [`TrainConfig::label_smoothing`](crate::config::TrainConfig::label_smoothing).
        label_smoothing: f32,
    },
    /// The score, without Dropout.
    Evaluation,
}

/// Trainer to helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// The jobs from here on are about a network of this architecture.
    Build(Architecture),
    /// From now on jobs are posted in the mailbox that is the array, with room for so many images: wait for them there.
    UseMailbox {
        /// Images of a work.
        images: usize,
    },
    /// Wait at the mailbox again: a job is posted there.
    Poll,
    /// Compute some shards of the work in hand; answered by [`Report::Done`]. Arrays: `[parameters]`, then the
    /// shards' images, `[images][pixels]`, then each one's class.
    Compute {
        /// The number that the shards' assignment gave the work.
        job_id: u32,
        /// What is wanted.
        work: Work,
        /// Images in the whole work.
        images: usize,
        /// Which shards of it.
        shards: Range<usize>,
    },
}

/// Helper to trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The helper listens. Jobs sent before this are lost.
    Ready,
    /// A job is done. Arrays: of a gradient, `[parameters]` for each of the shards' subtrees, its sum; of an
    /// evaluation, the images' probabilities, `[images][classes]`.
    Done {
        /// The job's.
        job_id: u32,
        /// The score of each shard.
        scores: Vec<Score>,
    },
}
