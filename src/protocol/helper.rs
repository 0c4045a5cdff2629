//! What the trainer and its helpers send each other.
//!
//! Between jobs a helper keeps only the architecture. As with the page, bulk numbers cross beside the message as
//! transferred `Float32Array`s.

use std::ops::Range;

use crate::config::{Architecture, Augment};
use crate::net::loss::Score;
use serde::{Deserialize, Serialize};

/// What to compute for some images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// The gradient of their mean loss, and the score.
    Gradient {
        /// The run's.
        seed: u32,
        /// Minibatches of the run before this one.
        step: u32,
        /// How far the images are varied first.
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
    /// Later jobs are for a network of this architecture.
    Build(Architecture),
    /// From now on jobs are posted in the mailbox in the array, which has room for this many images: wait for them
    /// there.
    UseMailbox {
        /// Images of a work.
        images: usize,
    },
    /// Wait at the mailbox again: a job has been posted.
    Poll,
    /// Compute some shards of the current work; answered by [`Report::Done`]. Arrays: `[parameters]`, then
    /// the bytes of the shards' images, `[images][pixels]`, and the class of each, four to a number.
    Compute {
        /// The id that the shards' assignment gave the work.
        job_id: u32,
        /// What to compute.
        work: Work,
        /// Images in the whole work.
        images: usize,
        /// Which shards to compute.
        shards: Range<usize>,
    },
}

/// Helper to trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The helper takes jobs from now on. Those sent earlier are lost.
    Ready,
    /// A job is done. Arrays: for a gradient, the sum of each of the shards' subtrees, `[parameters]`; for an
    /// evaluation, the images' probabilities, `[images][classes]`.
    Done {
        /// The job's.
        job_id: u32,
        /// The score of each shard.
        scores: Vec<Score>,
    },
}
