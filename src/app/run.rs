//! A training run as the page sees it: from the Train button to the trainer's last reply.

use super::curves::{Curves, Test};
use super::speed::Speed;
use super::{App, Effect, Event, Intent, TrainerState, format};
use crate::config::{StartFrom, TrainConfig};
use crate::protocol::{Activity, Evaluation, Progress, Reply, Request, RunId};

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Minibatch after minibatch.
    Training,
    /// Asked to pause, not yet there.
    Pausing,
    /// Standing still; Resume or Step goes on.
    Paused,
    /// Taking a single minibatch.
    Stepping,
    /// All epochs are over.
    Done,
    /// Its trainer is gone.
    Stopped,
}

/// A run, under way or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id in the protocol.
    pub id: RunId,
    /// What it computes.
    pub settings: TrainConfig,
    /// Where its weights came from.
    pub start: StartFrom,
    /// What it is doing.
    pub phase: RunPhase,
    /// Epochs finished.
    pub epoch: u32,
    /// Minibatches finished.
    pub step: u32,
    /// Minibatches in an epoch; 0 before the trainer said so.
    pub steps_per_epoch: u32,
    /// Training throughput now.
    pub images_per_second: f32,
    /// Expected seconds to the end.
    pub seconds_left: f32,
    /// What its trainer is busy with.
    pub activity: Activity,
    /// The last test, 0 to 1.
    pub test_accuracy: Option<f32>,
    /// Seconds that it trained, once it is done.
    pub seconds: f64,
    /// Workers that share it.
    pub workers: u32,
}

impl Run {
    /// The epoch that its weights are from, counted from 1; 0 before the first minibatch.
    pub fn epoch_of_weights(&self) -> u32 {
        match self.steps_per_epoch {
            0 => self.epoch,
            steps => self.step.div_ceil(steps).max(self.epoch),
        }
    }

    /// Whether it can still go on.
    pub fn is_on(&self) -> bool {
        !matches!(self.phase, RunPhase::Done | RunPhase::Stopped)
    }

    /// Whether its trainer should be heard of soon.
    pub fn expects_progress(&self) -> bool {
        matches!(self.phase, RunPhase::Training | RunPhase::Pausing | RunPhase::Stepping)
    }

    /// Its trainer is gone.
    pub fn stop(&mut self) {
        if self.is_on() {
            self.phase = RunPhase::Stopped;
        }
        self.images_per_second = 0.0;
    }

    fn take(&mut self, progress: &Progress) {
        if self.phase == RunPhase::Stepping && progress.step > self.step {
            self.phase = RunPhase::Paused;
        }
        self.epoch = progress.epoch;
        self.step = progress.step;
        self.steps_per_epoch = progress.steps_per_epoch;
        self.images_per_second = progress.images_per_second;
        self.seconds_left = progress.seconds_left;
        self.activity = progress.activity;
        self.workers = progress.workers;
    }
}

impl App {
    /// The Train button: Train, Pause or Resume.
    pub(super) fn train(&mut self, effects: &mut Vec<Effect>) {
        match self.run.as_mut().map(|run| (run.id, &mut run.phase)) {
            Some((run, phase @ RunPhase::Training)) => {
                *phase = RunPhase::Pausing;
                self.send(Request::Pause { run }, vec![], effects);
            }
            Some((run, phase @ (RunPhase::Paused | RunPhase::Stepping))) => {
                *phase = RunPhase::Training;
                self.send(Request::Resume { run }, vec![], effects);
            }
            Some((_, RunPhase::Pausing)) => {}
            Some((_, RunPhase::Done | RunPhase::Stopped)) | None => self.propose(false, effects),
        }
    }

    /// The Step button: one minibatch of a paused run, or of a new one that stands still after it.
    pub(super) fn step(&mut self, effects: &mut Vec<Effect>) {
        match self.run.as_mut().map(|run| (run.id, &mut run.phase)) {
            Some((run, phase @ RunPhase::Paused)) => {
                *phase = RunPhase::Stepping;
                self.send(Request::Step { run }, vec![], effects);
            }
            Some((_, RunPhase::Training | RunPhase::Pausing | RunPhase::Stepping)) => {}
            Some((_, RunPhase::Done | RunPhase::Stopped)) | None => self.propose(true, effects),
        }
    }

    /// Starts a run, asking first if a trained network would be lost.
    fn propose(&mut self, paused: bool, effects: &mut Vec<Effect>) {
        if self.cannot_train().is_some() {
            return;
        }
        match self.at_stake().filter(|_| self.form.start != StartFrom::Current) {
            Some(what) => self.ask(
                format!(
                    "Start anew? {what} will be replaced. To go on from it instead, choose \
                     “Start from: last run’s weights” under More settings."
                ),
                "Start anew",
                Intent::Start { paused },
                effects,
            ),
            None => self.start(paused, effects),
        }
    }

    pub(super) fn start(&mut self, paused: bool, effects: &mut Vec<Effect>) {
        let settings = self.form.settings.clone();
        self.check_start();
        let parameters = match self.form.start {
            StartFrom::Fresh => None,
            StartFrom::Shipped => self.answer.shipped().map(<[f32]>::to_vec),
            StartFrom::Current => self.answer.trained().map(<[f32]>::to_vec),
        };
        let start = if parameters.is_some() { self.form.start } else { StartFrom::Fresh };
        let begun =
            self.answer.begin_run(&settings.architecture, parameters.clone(), settings.seed);
        if let Err(error) = begun {
            self.notice = Some(format!("This network cannot be built: {error}."));
            return;
        }
        self.curves = Curves::default();
        self.last_run += 1;
        let run = self.last_run;
        self.run = Some(Run {
            id: run,
            settings: settings.clone(),
            start,
            phase: if paused { RunPhase::Stepping } else { RunPhase::Training },
            epoch: 0,
            step: 0,
            steps_per_epoch: 0,
            images_per_second: 0.0,
            seconds_left: f32::NAN,
            activity: Activity::Training,
            test_accuracy: None,
            seconds: 0.0,
            workers: 1,
        });
        let workers = self.workers();
        let parameters = parameters.into_iter().collect();
        self.send(Request::Start { run, settings, paused, workers }, parameters, effects);
        if paused {
            self.send(Request::Step { run }, vec![], effects);
        }
    }

    pub(super) fn reset(&mut self, effects: &mut Vec<Effect>) {
        if let Some(run) = self.run.take() {
            self.send(Request::Reset { run: run.id }, vec![], effects);
        }
        self.curves = Curves::default();
        self.answer.forget_trained();
        if self.form.start == StartFrom::Current {
            self.form.start = StartFrom::Fresh;
            self.show_form(effects);
        }
    }

    /// Takes a reply of the trainer; those about a run that is gone are dropped.
    pub(super) fn on_reply(
        &mut self,
        reply: Reply,
        arrays: Vec<Vec<f32>>,
        effects: &mut Vec<Effect>,
    ) {
        self.silence = 0.0;
        let mut arrays = arrays.into_iter();
        match reply {
            Reply::HelperLost => effects.push(Effect::CheckForUpdate),
            Reply::Ready { backend } => {
                self.trainer = TrainerState::Ready(backend);
                self.send(Request::LoadData, vec![], effects);
            }
            Reply::Data(progress) => {
                self.data.progress = Some(progress);
                self.load_evaluate_panel(effects);
            }
            Reply::DataFailed { part, reason } => self.data.failed = Some((part, reason)),
            Reply::Progress(progress) => {
                let Some(run) = self.current(progress.run) else { return };
                run.take(&progress);
                if progress.images_per_second > 0.0 {
                    let multiply_adds = run.settings.architecture.multiply_adds();
                    self.speed = multiply_adds.ok().map(|multiply_adds| Speed {
                        images_per_second: progress.images_per_second,
                        multiply_adds,
                    });
                }
                if let Some(parameters) = arrays.next() {
                    self.answer.set_trained(parameters);
                }
                if let (Some(losses), Some(accuracies)) = (arrays.next(), arrays.next()) {
                    self.curves.extend(&losses, &accuracies);
                }
            }
            Reply::EpochEnd { run, epoch, step, test_loss, test_accuracy, validation } => {
                let Some(run) = self.current(run) else { return };
                run.epoch = epoch;
                run.step = step;
                run.test_accuracy = Some(test_accuracy);
                let epochs = run.settings.epochs;
                self.curves.tests.push(Test {
                    epoch,
                    step,
                    loss: test_loss,
                    accuracy: test_accuracy,
                    validation,
                });
                if let Some(parameters) = arrays.next() {
                    self.answer.set_trained(parameters);
                }
                let evaluation = Evaluation { loss: test_loss, accuracy: test_accuracy };
                self.take_epoch(evaluation, arrays.next().unwrap_or_default());
                self.keep_run(effects);
                effects.push(Effect::Announce(format!(
                    "Epoch {epoch} of {epochs}: {} of the test images right.",
                    format::percent(test_accuracy)
                )));
            }
            Reply::Paused { run, step } => {
                let Some(run) = self.current(run) else { return };
                // A stepping run stands still with its next progress, and one that was resumed
                // since does not stand still.
                if run.phase == RunPhase::Pausing {
                    run.phase = RunPhase::Paused;
                }
                run.step = step;
                run.images_per_second = 0.0;
            }
            Reply::Finished { run, seconds } => {
                let Some(run) = self.current(run) else { return };
                run.phase = RunPhase::Done;
                run.seconds = seconds;
                run.images_per_second = 0.0;
                let epochs = format::of(run.epoch, "epoch", "epochs");
                let time = format::duration(seconds);
                // It follows the last epoch's announcement at once and so replaces it.
                let right = run.test_accuracy.map_or_else(String::new, |accuracy| {
                    format!(" {} of the test images right.", format::percent(accuracy))
                });
                self.keep_run(effects);
                effects.push(Effect::Announce(format!("Done: {epochs} in {time}.{right}")));
            }
            Reply::Evaluated { id, evaluation } => {
                let probabilities = arrays.next().unwrap_or_default();
                self.take_evaluation(id, Ok((evaluation, probabilities)), effects);
            }
            Reply::EvaluationFailed { id, reason } => {
                self.take_evaluation(id, Err(reason), effects);
            }
            Reply::FineTuning { id, share } => self.fine_tune.set_share(id, share),
            Reply::FineTuned { id, before, after } => {
                let weights = arrays.next().unwrap_or_default();
                self.take_fine_tuned(id, Ok(([before, after], weights)), effects);
            }
            Reply::FineTuneFailed { id, reason } => {
                self.take_fine_tuned(id, Err(reason), effects);
            }
            Reply::TestLabels => {
                self.take_labels(&arrays.next().unwrap_or_default(), effects);
            }
            Reply::TestImages => {
                if let (Some(indices), Some(pictures)) = (arrays.next(), arrays.next()) {
                    self.evaluate.gallery.hang(&indices, &pictures);
                }
            }
            Reply::Failed { run, message } => {
                // What goes wrong outside of any run is told about run 0.
                if run == 0 || self.current(run).is_some() {
                    effects.extend(self.update(Event::TrainerGone(message)));
                }
            }
            Reply::Broken => self.lose_broken_trainer(effects),
        }
    }

    /// The run under way, if that is the one meant.
    fn current(&mut self, id: RunId) -> Option<&mut Run> {
        self.run.as_mut().filter(|run| run.id == id && run.is_on())
    }
}
