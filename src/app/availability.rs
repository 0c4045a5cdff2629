//! Whether the trainer can be used, why not, and which answer it owes.

use super::format::megabytes;
use super::run::Run;
use crate::config::Architecture;
use crate::protocol::{DataProgress, Reply, Request};

/// Seconds of silence after which a trainer that owes an answer counts as gone.
const TIMEOUT: f32 = 12.0;

/// Seconds that a trainer may take to load.
const LOADING_TIMEOUT: f32 = 60.0;

/// Why the trainer cannot be used: it is loading, or it is gone.
const DEAF: [&str; 2] =
    ["The trainer is still loading.", "The trainer has stopped; restart it first."];

/// The trainer, as far as the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TrainerState {
    /// It starts after the shipped weights have arrived, so that drawing does not wait for its bytes.
    #[default]
    Waiting,
    /// It is loading.
    Loading,
    /// It is running; its kernels' instruction set.
    Ready(String),
    /// It is gone, and why.
    Gone(String),
}

/// The training data, as far as the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// How much is here; `None` until the trainer reports it.
    pub progress: Option<DataProgress>,
    /// A part that cannot be used, and why.
    pub failed: Option<(String, String)>,
}

/// The trainer, its data, and what it does beside a run.
#[derive(Debug, Default)]
pub struct Availability {
    /// The trainer.
    pub state: TrainerState,
    /// The data set, which it loads.
    pub data: Data,
    /// Whether the site now holds another build, whose workers are not this page's.
    pub updated: bool,
    /// Whether it waits to warm up.
    cold: bool,
    /// The evaluation that was requested.
    evaluating: Option<u32>,
    /// The fine-tuning that was requested.
    fine_tuning: Option<u32>,
    /// Seconds since the last request or reply.
    silence: f32,
}

impl Availability {
    /// Whether it takes requests.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, TrainerState::Ready(_))
    }

    /// Whether it waits to warm up.
    pub(super) fn is_cold(&self) -> bool {
        self.cold && self.is_ready()
    }

    /// Whether it is gone.
    pub fn is_gone(&self) -> bool {
        matches!(self.state, TrainerState::Gone(_))
    }

    /// Whether the test images are here, and therefore all others.
    pub fn has_test_images(&self) -> bool {
        self.data.progress.is_some_and(|data| data.test_ready)
    }

    /// A new one is loading.
    pub(super) fn load(&mut self) {
        self.state = TrainerState::Loading;
        self.silence = 0.0;
    }

    /// It is gone, with whatever it was doing.
    pub(super) fn lose(&mut self, reason: String) {
        self.state = TrainerState::Gone(reason);
        (self.evaluating, self.fine_tuning) = (None, None);
    }

    /// Notes a request.
    pub(super) fn on_request(&mut self, request: &Request) {
        self.silence = 0.0;
        match request {
            Request::WarmUp => self.cold = false,
            Request::Evaluate { id, .. } => self.evaluating = Some(*id),
            Request::FineTune(request) => self.fine_tuning = Some(request.id),
            Request::StopFineTuning { .. } => self.fine_tuning = None,
            _ => {}
        }
    }

    /// Notes a reply.
    pub(super) fn on_reply(&mut self, reply: &Reply) {
        self.silence = 0.0;
        match reply {
            Reply::Ready { .. } | Reply::Cold => self.cold = true,
            Reply::Evaluated { id, .. } | Reply::EvaluationFailed { id, .. } => {
                self.evaluating.take_if(|asked| asked == id);
            }
            Reply::FineTuned { id, .. } | Reply::FineTuneFailed { id, .. } => {
                self.fine_tuning.take_if(|asked| asked == id);
            }
            _ => {}
        }
    }

    /// Lets time pass; returns why the trainer counts as gone once it has been silent for too long.
    pub(super) fn wait(&mut self, seconds: f32, run: Option<&Run>) -> Option<String> {
        self.silence += seconds;
        match self.state {
            TrainerState::Loading if self.silence > LOADING_TIMEOUT => {
                Some(String::from("The trainer did not start."))
            }
            TrainerState::Ready(_) if self.silence > TIMEOUT && self.owes_answer(run) => {
                Some(format!("The trainer has not answered for {TIMEOUT} seconds."))
            }
            _ => None,
        }
    }

    /// Whether a reply should come soon.
    fn owes_answer(&self, run: Option<&Run>) -> bool {
        let learns = run.is_some_and(Run::expects_progress);
        learns || self.evaluating.is_some() || self.fine_tuning.is_some()
    }

    /// Why no run with this network can begin now.
    pub(super) fn cannot_train(&self, architecture: &Architecture) -> Option<&'static str> {
        if architecture.shapes().is_err() {
            return Some("The network has an error: Experiment marks the layer.");
        }
        let why = if self.fine_tuning.is_some() {
            "Fine-tuning is running in Make it yours."
        } else if self.data.progress.is_some_and(|data| data.train_images > 0) {
            return self.does_not_listen(DEAF);
        } else if self.data.failed.is_some() {
            "The training images did not load. Press Retry."
        } else {
            "Downloading the first training images."
        };
        self.does_not_listen(DEAF).or(Some(why))
    }

    /// Why no weights can be evaluated now.
    ///
    /// - `weights`: whether there are any.
    pub(super) fn cannot_evaluate(&self, weights: bool) -> Option<String> {
        let deaf = [
            "The trainer, which runs the test, is still loading.",
            "The trainer, which runs the test, has stopped; restart it first.",
        ];
        let why = self.does_not_listen(deaf).map(String::from);
        let why = why.or_else(|| self.lacks_test_images()).or_else(|| lacks_weights(weights));
        why.or_else(|| self.evaluating.map(|_| String::from("The test is running.")))
    }

    /// Why no weights can be fine-tuned now, whether or not there is anything to train on.
    ///
    /// - `weights`: whether there are any.
    /// - `run_is_on`: whether a run is on.
    pub(super) fn cannot_fine_tune(&self, weights: bool, run_is_on: bool) -> Option<String> {
        let run = run_is_on.then_some("A run is in progress. Wait until it ends, or press Reset.");
        let why = self.does_not_listen(DEAF).or(run).map(String::from);
        why.or_else(|| self.lacks_test_images()).or_else(|| lacks_weights(weights))
    }

    /// Why it takes no requests now.
    pub(super) fn cannot_ask(&self) -> Option<&'static str> {
        self.does_not_listen(DEAF)
    }

    fn does_not_listen(&self, [loading, gone]: [&'static str; 2]) -> Option<&'static str> {
        match self.state {
            TrainerState::Waiting | TrainerState::Loading => Some(loading),
            TrainerState::Gone(_) => Some(gone),
            TrainerState::Ready(_) => None,
        }
    }

    fn lacks_test_images(&self) -> Option<String> {
        if self.has_test_images() {
            return None;
        }
        if self.data.failed.is_some() {
            let words = "Part of the data did not load. Press Retry.";
            return Some(String::from(words));
        }
        let data = self.data.progress.unwrap_or_default();
        Some(format!(
            "The test images come last and are still downloading: {} of {} MB so far.",
            megabytes(data.received_bytes),
            megabytes(data.total_bytes)
        ))
    }
}

fn lacks_weights(there: bool) -> Option<String> {
    (!there).then(|| String::from("The network has not loaded yet."))
}
