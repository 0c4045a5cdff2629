//! What the page and the trainer say to each other.
//!
//! The page sends [`Request`]s, the trainer answers with [`Reply`]s. Bulk numbers do not travel in
//! here: they cross as transferred `Float32Array`s beside the message, in the order that the
//! variant's doc gives. Every reply about a run carries that run's [`RunId`], so that a late one
//! about a run that is gone can be dropped.

#[cfg(feature = "bench")]
pub mod bench_worker;
pub mod helper;

use crate::config::{Architecture, TrainConfig};
use serde::{Deserialize, Serialize};

/// Fingerprint of the sources that this program was compiled from. Page and workers of different ones do not work together:
/// a tab may be open across an update of the site.
pub const REVISION: &str = match option_env!("INKLING_REVISION") {
    Some(revision) => revision,
    None => "unnamed",
};

/// A training run, counted up by the page; never used twice.
pub type RunId = u32;

/// Page to trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Fetch, check and decode what is still missing of the data set; also the answer to a Retry.
    LoadData,
    /// Begin a run. With an array `[parameters]` beside it, from those; without, from fresh ones.
    Start {
        /// The new run.
        run: RunId,
        /// What it computes.
        settings: TrainConfig,
        /// Stand still before the first minibatch, as after a Pause.
        paused: bool,
        /// Workers to share it out among; they change how long it takes and nothing else.
        workers: u32,
    },
    /// Stop after the minibatch in progress; answered by [`Reply::Paused`].
    Pause {
        /// The run meant.
        run: RunId,
    },
    /// Go on from where Pause or Step left the run.
    Resume {
        /// The run meant.
        run: RunId,
    },
    /// Take one minibatch of a paused run; answered by [`Reply::Progress`] and [`Reply::Paused`].
    Step {
        /// The run meant.
        run: RunId,
    },
    /// Forget the run.
    Reset {
        /// The run meant.
        run: RunId,
    },
    /// Evaluate parameters on the whole test set, beside the run if there is one; answered by [`Reply::Evaluating`] and
    /// then [`Reply::Evaluated`] or [`Reply::EvaluationFailed`]. A further one replaces it. Arrays: `[parameters]`.
    Evaluate {
        /// Counted up by the page.
        id: u32,
        /// What the parameters are of.
        architecture: Architecture,
    },
    /// Have parameters learn digits of the visitor's, while no run is on; answered by [`Reply::FineTuning`] and then
    /// [`Reply::FineTuned`] or [`Reply::FineTuneFailed`]. A further one replaces it. Arrays: `[parameters, images, labels]`,
    /// the images `[digits][28][28]`, 0 to 1.
    FineTune(FineTuneRequest),
    /// Forget the fine-tuning.
    StopFineTuning {
        /// The one meant.
        id: u32,
    },
    /// The test set's classes; answered by [`Reply::TestLabels`].
    TestLabels,
    /// Some of its images; answered by [`Reply::TestImages`]. Arrays: `[indices]`.
    TestImages,
}

/// Trainer to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The trainer listens. Requests sent before this are lost.
    Ready {
        /// Instruction set of its kernels: `simd128` or `relaxed-simd`.
        backend: String,
    },
    /// A helper could not be started or died; the run goes on without it.
    HelperLost,
    /// How much of the data set is here; sent as parts arrive.
    Data(DataProgress),
    /// A part of the data set cannot be used; the parts that can stay. [`Request::LoadData`] tries again.
    DataFailed {
        /// File name of the part.
        part: String,
        /// What is wrong with it, as a sentence for the page.
        reason: String,
    },
    /// Several times a second while training, once a second while waiting for data. Arrays: `[parameters, losses, accuracies]`, the last
    /// two with one value for each minibatch since the last Progress.
    Progress(Progress),
    /// A sign of life once a second from within a long minibatch or a long evaluation.
    Working {
        /// The run.
        run: RunId,
        /// Share of the images evaluated so far, 0 to 1; `None` while training.
        evaluated: Option<f32>,
    },
    /// The loss or the weights are beyond what numbers can hold, so the run is over. Arrays: `[parameters]`, the last
    /// ones that were sound.
    Diverged {
        /// The run.
        run: RunId,
        /// Minibatches finished, up to the one that did it.
        step: u32,
        /// Seconds that it trained, pauses left out.
        seconds: f64,
    },
    /// An epoch and its evaluation on the whole test set are over. Arrays: `[parameters,
    /// probabilities]`, the latter `[test images][classes]`.
    EpochEnd {
        /// The run.
        run: RunId,
        /// Epochs finished.
        epoch: u32,
        /// Minibatches finished.
        step: u32,
        /// Mean cross-entropy on the test set.
        test_loss: f32,
        /// Share of the test set that is right, 0 to 1.
        test_accuracy: f32,
        /// The same on the validation images, if there are any.
        #[serde(default)]
        validation: Option<Evaluation>,
    },
    /// The run stands still after `step` minibatches and can be resumed.
    Paused {
        /// The run.
        run: RunId,
        /// Minibatches finished.
        step: u32,
    },
    /// All epochs are finished; the last [`Reply::EpochEnd`] has been sent.
    Finished {
        /// The run.
        run: RunId,
        /// Seconds that it trained, pauses left out.
        seconds: f64,
    },
    /// About once a second while parameters are evaluated that the page asked about.
    Evaluating,
    /// What parameters come to on the test set. Arrays: `[probabilities]`, `[test images][classes]`.
    Evaluated {
        /// The request's number.
        id: u32,
        /// In sum.
        evaluation: Evaluation,
    },
    /// They cannot be evaluated.
    EvaluationFailed {
        /// The request's number.
        id: u32,
        /// Why, as a sentence for the page.
        reason: String,
    },
    /// About ten times a second while fine-tuning.
    FineTuning {
        /// The request's number.
        id: u32,
        /// How much of it is done, 0 to 1.
        share: f32,
    },
    /// Fine-tuning is over. Arrays: `[parameters]`.
    FineTuned {
        /// The request's number.
        id: u32,
        /// What the parameters came to that it started from.
        before: Tallies,
        /// What these come to.
        after: Tallies,
    },
    /// The parameters cannot be fine-tuned.
    FineTuneFailed {
        /// The request's number.
        id: u32,
        /// Why, as a sentence for the page.
        reason: String,
    },
    /// The class of each test image. Arrays: `[labels]`; empty before the whole test set is here.
    TestLabels,
    /// Test images. Arrays: `[indices, images]`, the latter `[images][28][28]`, 0 to 1. Indices that the test set lacks
    /// are left out.
    TestImages,
    /// The run cannot go on.
    Failed {
        /// The run.
        run: RunId,
        /// What happened, as a sentence for the page.
        message: String,
    },
    /// An exception has gone through the trainer, which has ended. What it was stands on the console.
    Broken,
}

/// What a network makes of images that it does not train on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean cross-entropy.
    pub loss: f32,
    /// Share that is right, 0 to 1.
    pub accuracy: f32,
}

/// A fine-tuning: everything that decides what it computes, beside parameters and digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneRequest {
    /// Counted up by the page.
    pub id: u32,
    /// What the parameters are of.
    pub architecture: Architecture,
    /// Which of them may change.
    pub part: Trainable,
    /// How many of the digits, the last ones, are held out.
    pub held_out: u32,
    /// Seed of everything that is random about it.
    pub seed: u32,
}

/// The parameters that fine-tuning may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trainable {
    /// Every layer's.
    #[default]
    All,
    /// The last Dense layer's only: transfer learning.
    Head,
}

/// How many of some images a network reads rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Those read rightly.
    pub right: u32,
    /// All of them.
    pub images: u32,
}

/// What a network makes of one user's digits and of MNIST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// The user's digits that fine-tuning trains on.
    pub trained: Tally,
    /// Those held out of it.
    pub held_out: Tally,
    /// The test set.
    pub test: Tally,
}

/// How much of the data set is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataProgress {
    /// Compressed bytes here, all parts.
    pub received_bytes: u32,
    /// Compressed bytes in all.
    pub total_bytes: u32,
    /// Training images ready for use: checked and decoded.
    pub train_images: u32,
    /// Training images in all.
    pub total_train_images: u32,
    /// Whether the whole test set is ready.
    pub test_ready: bool,
    /// Whether every byte so far came from this browser's own store.
    pub from_cache: bool,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// Epochs finished.
    pub epoch: u32,
    /// Minibatches finished.
    pub step: u32,
    /// Minibatches in an epoch.
    pub steps_per_epoch: u32,
    /// Training throughput over the last second or so; 0 while evaluating or waiting.
    pub images_per_second: f32,
    /// Expected seconds to the end of the run, evaluation included.
    pub seconds_left: f32,
    /// What the trainer is busy with.
    pub activity: Activity,
    /// Workers that share the work now.
    pub workers: u32,
}

/// What the trainer is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// Minibatches.
    Training,
    /// The test set, after an epoch.
    Evaluating,
    /// Nothing: the next part of the data set is not here yet.
    WaitingForData,
}
