//! A training run as the page sees it, from its first minibatch to its end.

use super::format;
use crate::config::StartFrom;
use crate::config::TrainConfig;
use crate::protocol::{Activity, Progress, Request, RunId};

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Taking minibatch after minibatch.
    Training,
    /// Asked to pause, but not paused yet.
    Pausing,
    /// Paused; Resume or Step goes on.
    Paused,
    /// Taking the minibatches of a Step.
    Stepping,
    /// All epochs are over.
    Done,
    /// Ended early because its loss or weights overflowed.
    Diverged,
    /// Its trainer is gone.
    Stopped,
}

/// A run, on or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it computes.
    pub settings: TrainConfig,
    /// Where its weights came from.
    pub start: StartFrom,
    /// What it is doing.
    pub phase: RunPhase,
    /// How far it is.
    pub progress: Progress,
    /// How much of the current evaluation is done, 0 to 1, if it takes long.
    pub evaluated: Option<f32>,
    /// The last test accuracy, 0 to 1.
    pub test_accuracy: Option<f32>,
    /// Seconds that it has trained; set when it is done.
    pub seconds: f64,
    /// Training images a second when it last trained.
    pub last_rate: f32,
    /// Whether it is over because its weights came from a file.
    pub opened: bool,
    /// Whether it was interrupted and goes on.
    pub resumed: bool,
    /// Whether the browser refuses to keep it while it is on.
    pub refused: bool,
    /// Minibatches at which the Step under way ends.
    steps_until: u32,
}

impl Run {
    /// A run before its first minibatch.
    pub fn new(id: RunId, settings: TrainConfig, start: StartFrom, phase: RunPhase) -> Self {
        let progress = Progress {
            run: id,
            epoch: 0,
            step: 0,
            steps_per_epoch: 0,
            images_per_second: 0.0,
            seconds_left: f32::NAN,
            activity: Activity::Training,
            workers: 1,
        };
        Self {
            settings,
            start,
            phase,
            progress,
            evaluated: None,
            test_accuracy: None,
            seconds: 0.0,
            last_rate: 0.0,
            opened: false,
            resumed: false,
            refused: false,
            steps_until: 1,
        }
    }

    /// Its id in the protocol.
    pub fn id(&self) -> RunId {
        self.progress.run
    }

    /// The epoch that its weights are from, counted from 1; 0 before the first minibatch.
    pub fn epoch_of_weights(&self) -> u32 {
        let Progress { epoch, step, steps_per_epoch, .. } = self.progress;
        match steps_per_epoch {
            0 => epoch,
            steps => step.div_ceil(steps).max(epoch),
        }
    }

    /// The name of its weights.
    pub fn weights_name(&self) -> String {
        match (self.epoch_of_weights(), self.start) {
            _ if self.opened => String::from("network from a file"),
            (0, StartFrom::Fresh) => String::from("my network, still random"),
            (0, StartFrom::Shipped) => String::from("my network, still the pre-trained one"),
            (0, StartFrom::Current) => String::from("my network, as it was before this run"),
            (epoch, _) => format!("my network, epoch {epoch}"),
        }
    }

    /// Whether it can still go on.
    pub fn is_on(&self) -> bool {
        !matches!(self.phase, RunPhase::Done | RunPhase::Diverged | RunPhase::Stopped)
    }

    /// Whether its trainer should send something soon.
    pub fn expects_progress(&self) -> bool {
        matches!(self.phase, RunPhase::Training | RunPhase::Pausing | RunPhase::Stepping)
    }

    /// What would be lost with its weights.
    pub fn at_stake(&self) -> Option<String> {
        let Progress { epoch, step, .. } = self.progress;
        (step > 0).then(|| match self.test_accuracy {
            Some(accuracy) => format!(
                "What it learnt in {} ({} of the test images correct)",
                format::of(epoch, "epoch", "epochs"),
                format::percent(accuracy)
            ),
            None => format!("What it learnt in {}", format::of(step, "minibatch", "minibatches")),
        })
    }

    /// Pauses it, or lets it go on; returns the request for its trainer.
    pub(super) fn pause_or_resume(&mut self) -> Option<Request> {
        let run = self.id();
        match self.phase {
            RunPhase::Training => {
                self.phase = RunPhase::Pausing;
                Some(Request::Pause { run })
            }
            RunPhase::Paused | RunPhase::Stepping => {
                self.phase = RunPhase::Training;
                Some(Request::Resume { run })
            }
            RunPhase::Pausing | RunPhase::Done | RunPhase::Diverged | RunPhase::Stopped => None,
        }
    }

    /// Lets it take some minibatches if it is paused; returns the request for its trainer.
    pub(super) fn take_steps(&mut self, count: u32) -> Option<Request> {
        (self.phase == RunPhase::Paused).then(|| self.step(count))
    }

    /// Lets it take some minibatches.
    pub(super) fn step(&mut self, count: u32) -> Request {
        self.phase = RunPhase::Stepping;
        self.steps_until = self.progress.step.saturating_add(count);
        Request::Step { run: self.id(), count }
    }

    pub(super) fn take(&mut self, progress: Progress) {
        if self.phase == RunPhase::Stepping && progress.step >= self.steps_until {
            self.phase = RunPhase::Paused;
        }
        if progress.images_per_second > 0.0 {
            self.last_rate = progress.images_per_second;
        }
        self.progress = progress;
        self.evaluated = None;
    }

    /// It is paused after `step` minibatches.
    pub(super) fn pause(&mut self, step: u32) {
        // A stepping run pauses with its next progress, and one that was resumed since does not pause.
        if self.phase == RunPhase::Pausing {
            self.phase = RunPhase::Paused;
        }
        self.progress.step = step;
        self.progress.images_per_second = 0.0;
    }

    /// Its loss or weights overflowed in the last minibatch.
    pub(super) fn diverge(&mut self, step: u32, seconds: f64) {
        self.finish(seconds);
        self.phase = RunPhase::Diverged;
        self.progress.step = step;
    }

    /// All its epochs are over.
    pub(super) fn finish(&mut self, seconds: f64) {
        self.phase = RunPhase::Done;
        self.seconds = seconds;
        self.progress.images_per_second = 0.0;
    }

    /// It goes on after these epochs and minibatches.
    pub(super) fn go_on(&mut self, epoch: u32, step: u32, steps_per_epoch: u32) {
        let progress = Progress { epoch, step, steps_per_epoch, ..self.progress };
        self.progress = progress;
        self.resumed = true;
    }

    /// Its trainer is gone.
    pub(super) fn stop(&mut self) {
        if self.is_on() {
            self.phase = RunPhase::Stopped;
        }
        self.progress.images_per_second = 0.0;
    }
}
