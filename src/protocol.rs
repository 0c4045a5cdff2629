//! What the page and the trainer send each other.
//!
//! The page sends [`Request`]s, the trainer answers with [`Reply`]s. Bulk numbers cross beside the message as
//! transferred `Float32Array`s, in the order that the variant's doc gives. Every reply about a run carries its
//! [`RunId`], so that a late one about a run that is gone can be dropped.

#[cfg(feature = "bench")]
pub mod bench_worker;
mod files;
pub mod helper;
pub mod moments;

use crate::config::{Architecture, TrainConfig};
pub use files::{DigitFormat, FileFormat, NetworkInfo, OpenedFile, SavedFile, StoredHead};
use serde::{Deserialize, Serialize};

/// Fingerprint of the sources that this program was compiled from. Page and workers of different revisions refuse to
/// work together, because a tab may be open across an update of the site.
pub const REVISION: &str = match option_env!("INKLING_REVISION") {
    Some(revision) => revision,
    None => "unnamed",
};

/// A training run's id, counted up by the page and never reused.
pub type RunId = u32;

/// Page to trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Train for some milliseconds on random pixels, unless there is something better to do; answered by [`Reply::Cold`].
    WarmUp,
    /// Fetch, check and decode what is missing of the data set; also sent for Retry.
    LoadData,
    /// Begin a run. An array `[parameters]` beside it has the initial ones; without it they are random.
    Start {
        /// The new run.
        run: RunId,
        /// What it computes.
        settings: TrainConfig,
        /// Pause before the first minibatch.
        paused: bool,
        /// Workers to share the work; they affect only how long it takes.
        workers: u32,
        /// Minibatches a second at most; `None` is as many as possible.
        pace: Option<u32>,
        /// The settings once more, and where its weights come from, as a link: for a later visit, see
        /// [`Reply::Interrupted`].
        link: String,
    },
    /// Go on with the run of [`Reply::Interrupted`]; answered by [`Reply::Continued`] or [`Reply::InterruptedLost`].
    Continue {
        /// Its id from now on.
        run: RunId,
        /// As in [`Request::Start`].
        workers: u32,
        /// As in [`Request::Start`].
        pace: Option<u32>,
    },
    /// Forget the run of [`Reply::Interrupted`].
    DiscardInterrupted,
    /// Keep the run as it is now, as the page may be about to go.
    Keep {
        /// The run meant.
        run: RunId,
    },
    /// Stop after the current minibatch; answered by [`Reply::Paused`].
    Pause {
        /// The run meant.
        run: RunId,
    },
    /// Go on after a Pause or Step.
    Resume {
        /// The run meant.
        run: RunId,
    },
    /// Take some minibatches of a paused run; answered by [`Reply::Progress`] and [`Reply::Paused`].
    Step {
        /// The run meant.
        run: RunId,
        /// How many, unless the run ends before.
        count: u32,
    },
    /// From now on take this many minibatches a second at most.
    Pace {
        /// The run meant.
        run: RunId,
        /// `None` is as many as possible.
        pace: Option<u32>,
    },
    /// Report single minibatches' steps from now on, or no longer: the last one of a Step, and those at a slow pace;
    /// see [`Reply::Stepped`].
    Watch {
        /// Whether to.
        on: bool,
    },
    /// Say how a parameter took the newest [`Reply::Stepped`]; answered by [`Reply::ParameterStep`].
    ExplainStep {
        /// The parameter's place among all.
        parameter: u32,
    },
    /// Forget the run.
    Reset {
        /// The run meant.
        run: RunId,
    },
    /// Evaluate parameters on the whole test set, also during a run; answered by [`Reply::Evaluating`] and then
    /// [`Reply::Evaluated`] or [`Reply::EvaluationFailed`]. A new request replaces it. Arrays: `[parameters]`.
    Evaluate {
        /// Counted up by the page.
        id: u32,
        /// Architecture of the parameters.
        architecture: Architecture,
    },
    /// Fine-tune parameters on the visitor's digits, while no run is on; answered by [`Reply::FineTuning`] and then
    /// [`Reply::FineTuned`] or [`Reply::FineTuneFailed`]. A new request replaces it. Arrays: `[parameters, images,
    /// labels]`, the images `[digits][28][28]`, 0 to 1.
    FineTune(FineTuneRequest),
    /// Forget the fine-tuning.
    StopFineTuning {
        /// The one meant.
        id: u32,
    },
    /// Place test images in the plane in which the last Dense layer's inputs lie widest apart; answered by
    /// [`Reply::Mapped`]. Arrays: `[parameters, the plane before]`; the second is empty if there is none.
    Map {
        /// The network.
        architecture: Architecture,
    },
    /// Send the test set's classes; answered by [`Reply::TestLabels`].
    TestLabels,
    /// Send some test images; answered by [`Reply::TestImages`]. Arrays: `[indices]`.
    TestImages,
    /// Write a network as a file, also during a run; answered by [`Reply::File`] or [`Reply::Refused`]. Arrays:
    /// `[parameters, image, probabilities]`, the last two a prediction of the network's, empty without one.
    Export {
        /// The file's format.
        format: FileFormat,
        /// What the file says of the network.
        info: NetworkInfo,
    },
    /// Write what the browser keeps as a file, also during a run; answered as [`Request::Export`]. Arrays: as
    /// [`StoredHead`] says, for each of the runs.
    Save {
        /// What.
        what: SavedFile,
        /// The page's address.
        origin: String,
        /// The settings, as a link.
        settings: String,
        /// The runs, for a file that has any.
        runs: Vec<StoredHead>,
    },
    /// Evaluate two kept runs on the test set, also during a run, and compare them; answered by [`Reply::Compared`]
    /// or [`Reply::Refused`].
    /// Arrays: as [`StoredHead`] says, for each of the two.
    Compare {
        /// The two.
        runs: Vec<StoredHead>,
    },
    /// Read files that were picked together, also during a run; answered by [`Reply::Opened`], [`Reply::Merged`] or
    /// [`Reply::Refused`]. Arrays: `[bytes]` of each, four to a number, as they are in memory.
    Open {
        /// The files.
        files: Vec<OpenedFile>,
    },
}

/// Trainer to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The trainer takes requests from now on. Those sent earlier are lost.
    Ready {
        /// Instruction set of its kernels: `simd128` or `relaxed-simd`.
        backend: String,
    },
    /// The trainer's warm-up is not over.
    Cold,
    /// A helper could not be started or has died; the run goes on without it.
    HelperLost,
    /// How much of the data set is here; sent when parts arrive.
    Data(DataProgress),
    /// A run of an earlier visit, or of a trainer that has ended, was interrupted and can go on; sent once the first
    /// training images are here.
    Interrupted(Interrupted),
    /// The interrupted run cannot go on.
    InterruptedLost {
        /// Why, as a sentence for the page.
        reason: String,
    },
    /// The interrupted run is on again. Arrays: `[parameters, initial parameters, losses, accuracies, tests]`; the second
    /// is empty if they were drawn from the seed, the next two have a value for each minibatch so far, and the last
    /// [`OF_EPOCH`] numbers for each epoch.
    Continued {
        /// The id that the page has given it.
        run: RunId,
        /// Its settings and where it started.
        link: String,
        /// Epochs finished.
        epoch: u32,
        /// Minibatches in an epoch.
        steps_per_epoch: u32,
    },
    /// The browser refuses to keep the run that is on; said once in a run.
    NotKept {
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// A part of the data set cannot be used; the others stay. [`Request::LoadData`] tries again.
    DataFailed {
        /// File name of the part.
        part: String,
        /// What is wrong with it, as a sentence for the page.
        reason: String,
    },
    /// Several times a second while training, at a slow pace after each minibatch, once a second while waiting for data. Arrays: `[parameters, losses,
    /// accuracies]`, the last two with one value for each minibatch since the last Progress.
    Progress(Progress),
    /// A sign of life, once a second during a long minibatch or evaluation.
    Working {
        /// The run.
        run: RunId,
        /// Share of the images evaluated so far, 0 to 1; `None` while training.
        evaluated: Option<f32>,
    },
    /// The loss or the weights have overflowed, so the run is over. Arrays: `[parameters]`, the last finite ones.
    Diverged {
        /// The run.
        run: RunId,
        /// Minibatches finished, including the one that overflowed.
        step: u32,
        /// Seconds that it trained, without pauses.
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
        /// Share of the test images that is right, 0 to 1.
        test_accuracy: f32,
        /// The same on the validation images, if there are any.
        #[serde(default)]
        validation: Option<Evaluation>,
    },
    /// The map of the first [`MAPPED`] test images. Arrays: `[places, answers, plane]`: two coordinates and a class for
    /// each image, and the plane's numbers; all empty if the images do not differ.
    Mapped,
    /// The run's weights after `step` minibatches, to go back to. Arrays: `[parameters]`.
    Moment {
        /// The run.
        run: RunId,
        /// Minibatches finished.
        step: u32,
    },
    /// A minibatch's step, as [`Request::Watch`] asked. Arrays: `[image, asked, change]`: the image that the network read
    /// worst, `[28][28]`, 0 to 1; by how much, times minus one, each number of each layer's output raises that image's
    /// loss, the first layer's first; and what the step added to each parameter.
    Stepped(SteppedMinibatch),
    /// How a parameter took that step, in words.
    ParameterStep {
        /// The parameter's place among all.
        parameter: u32,
        /// Which it is.
        title: String,
        /// What it was and what it is.
        result: String,
        /// The optimizer's equation, with numbers.
        lines: Vec<String>,
    },
    /// The run is paused after `step` minibatches.
    Paused {
        /// The run.
        run: RunId,
        /// Minibatches finished.
        step: u32,
    },
    /// All epochs are over; the last [`Reply::EpochEnd`] has been sent.
    Finished {
        /// The run.
        run: RunId,
        /// Seconds that it trained, without pauses.
        seconds: f64,
    },
    /// About once a second during an evaluation that the page requested.
    Evaluating,
    /// The result of an evaluation on the test set. Arrays: `[probabilities]`, `[test images][classes]`.
    Evaluated {
        /// The request's number.
        id: u32,
        /// Over all images.
        evaluation: Evaluation,
    },
    /// The evaluation failed.
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
        /// Results of the parameters that it started from.
        before: Tallies,
        /// Results of the fine-tuned ones.
        after: Tallies,
    },
    /// Fine-tuning failed.
    FineTuneFailed {
        /// The request's number.
        id: u32,
        /// Why, as a sentence for the page.
        reason: String,
    },
    /// The class of each test image. Arrays: `[labels]`; empty until the whole test set is here.
    TestLabels,
    /// Test images. Arrays: `[indices, images]`, the latter `[images][28][28]`, 0 to 1. Indices beyond the test set are
    /// left out.
    TestImages,
    /// A file for the visitor. Arrays: `[bytes]`, as in [`Request::Open`].
    File {
        /// Its name.
        name: String,
        /// Its length in bytes.
        length: u32,
    },
    /// Two runs, compared. Arrays: `[images]`, `[images][28][28]`, 0 to 1: test images that they read differently.
    Compared {
        /// All else, as JSON for compare.js.
        document: String,
    },
    /// What was in files is now in the browser's store, beside what was there.
    Merged {
        /// What became of it, as a sentence for the page.
        words: String,
        /// Settings from the file, as a link.
        settings: Option<String>,
    },
    /// A network from a file, which can be built and whose numbers are finite. Arrays: `[parameters]`.
    Opened {
        /// What the file says of it.
        info: NetworkInfo,
    },
    /// A file cannot be written or opened, or runs cannot be compared; nothing has changed.
    Refused {
        /// Why, as a sentence for the page.
        reason: String,
    },
    /// The run cannot go on.
    Failed {
        /// The run.
        run: RunId,
        /// What happened, as a sentence for the page.
        message: String,
    },
    /// The trainer has ended with an exception, which is on the console.
    Broken,
}

/// A minibatch, and the image of it that the network read worst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteppedMinibatch {
    /// The run.
    pub run: RunId,
    /// Minibatches finished.
    pub step: u32,
    /// Images in it.
    pub images: u32,
    /// Their mean cross-entropy before the step.
    pub loss: f32,
    /// The image's place among them, from 0.
    pub place: u32,
    /// Its class.
    pub label: u8,
    /// The class that the network took it for.
    pub answer: u8,
}

/// How many test images the map has.
pub const MAPPED: usize = 2000;

/// Numbers about an epoch in [`Reply::Continued`]: epochs and minibatches so far, loss and accuracy on the test set, and
/// the same on the validation images (-1 if there are none).
pub const OF_EPOCH: usize = 6;

/// How far a run was when it was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Epochs finished.
    pub epoch: u32,
    /// Epochs in all.
    pub epochs: u32,
    /// Share of the test images that was right after the last epoch, or before the first end of one of the training
    /// images, 0 to 1.
    pub accuracy: Option<f32>,
}

/// How well a network reads images that it does not train on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean cross-entropy.
    pub loss: f32,
    /// Share that is right, 0 to 1.
    pub accuracy: f32,
}

/// A fine-tuning: everything that determines its result, except parameters and digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneRequest {
    /// Counted up by the page.
    pub id: u32,
    /// Architecture of the parameters.
    pub architecture: Architecture,
    /// Which of them may change.
    pub part: Trainable,
    /// How many of the digits, counted from the end, are held out.
    pub held_out: u32,
    /// Seed of everything random in it.
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

/// How many images a network reads right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Those read right.
    pub right: u32,
    /// All of them.
    pub images: u32,
}

/// How well a network reads one user's digits and MNIST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// The digits that fine-tuning trains on.
    pub trained: Tally,
    /// Those held out.
    pub held_out: Tally,
    /// The test set.
    pub test: Tally,
}

/// How much of the data set is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataProgress {
    /// Compressed bytes received, all parts.
    pub received_bytes: u32,
    /// Compressed bytes in all.
    pub total_bytes: u32,
    /// Training images ready for use: checked and decoded.
    pub train_images: u32,
    /// Training images in all.
    pub total_train_images: u32,
    /// Whether the whole test set is ready.
    pub test_ready: bool,
    /// Whether every byte so far came from this browser's cache.
    pub from_cache: bool,
}

/// How far a run is.
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
    /// Training throughput over the last second or so, as the pace limits it; 0 while evaluating or waiting.
    pub images_per_second: f32,
    /// Estimated seconds to the end of the run, evaluation included.
    pub seconds_left: f32,
    /// What the trainer is doing.
    pub activity: Activity,
    /// Workers that share the work now.
    pub workers: u32,
}

/// What the trainer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// Minibatches.
    Training,
    /// The test set, after an epoch.
    Evaluating,
    /// Nothing: the next part of the data set is not here yet.
    WaitingForData,
}
