//! What the page shows, as plain words and numbers: one function from the state to all of it.

use super::answer::{Answer, Source};
use super::format::{count, duration, loss, megabytes, of, percent, rate};
use super::plan::RunPlan;
use super::run::{Run, RunPhase};
use super::{App, TrainerState};
use crate::config::StartFrom;
use crate::data::CLASSES;
use crate::protocol::Activity;

/// Below this probability the page says what else it could be.
const SURE: f32 = 0.6;

/// The page's contract, `<body data-state>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It cannot predict yet.
    #[default]
    Loading,
    /// It draws and predicts.
    Ready,
    /// A run is on.
    Training,
    /// A run stands still.
    Paused,
    /// A run has finished.
    Done,
    /// Something needs the visitor.
    Error,
}

impl State {
    /// Its word in the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Training => "training",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Error => "error",
        }
    }
}

/// Something that needs the visitor: what happened and what to press.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// What happened, what is safe, what to do.
    pub text: String,
    /// The button's words.
    pub action: &'static str,
}

/// A button: its words and, if it cannot be pressed, why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Button {
    /// What it does.
    pub label: &'static str,
    /// Why it cannot be pressed.
    pub disabled: Option<&'static str>,
}

/// A line of the table of epochs, already worded: epoch, training and test loss, training and test
/// accuracy; then, if images are held out, loss and accuracy on them.
pub type Row = Vec<String>;

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// For `data-state`.
    pub state: State,
    /// For `data-epoch`.
    pub epoch: u32,
    /// For `data-step`.
    pub step: u32,
    /// For `data-test-accuracy`.
    pub test_accuracy: Option<f32>,
    /// For `data-images-per-second`.
    pub images_per_second: u32,
    /// For `data-workers`.
    pub workers: u32,
    /// For `data-backend`.
    pub backend: String,
    /// The problem, if there is one.
    pub problem: Option<Problem>,
    /// The notice, if there is one.
    pub notice: Option<String>,
    /// Whether anything is drawn.
    pub drawn: bool,
    /// The likeliest digit.
    pub digit: Option<usize>,
    /// Whether another digit is nearly as likely.
    pub unsure: bool,
    /// A word on the answer.
    pub answer_line: String,
    /// Probabilities, 0 to 1.
    pub bars: Option<[f32; CLASSES]>,
    /// The same as text.
    pub percents: [String; CLASSES],
    /// Whose weights answer.
    pub answers: Source,
    /// The shipped weights' name.
    pub shipped_name: String,
    /// Whether they can answer.
    pub shipped_here: bool,
    /// The run's weights' name.
    pub run_name: String,
    /// Whether they can answer.
    pub run_here: bool,
    /// Whether there are fine-tuned weights.
    pub tuned_here: bool,
    /// The Train button.
    pub train: Button,
    /// The Step button.
    pub step_button: Button,
    /// The Reset button.
    pub reset: Button,
    /// Why a button cannot be pressed, in the open.
    pub why: String,
    /// A number that changes whenever the controls should show the settings anew.
    pub form_revision: u32,
    /// Why the next run cannot start from the shipped weights.
    pub cannot_start_shipped: Option<&'static str>,
    /// Why it cannot start from the last run's.
    pub cannot_start_current: Option<&'static str>,
    /// Why settings cannot be changed now.
    pub settings_locked: Option<&'static str>,
    /// The run in a sentence.
    pub plan: RunPlan,
    /// Where the run stands.
    pub run_text: String,
    /// How long it will take, or where exactly it stands.
    pub run_left: String,
    /// How far it is, 0 to 1.
    pub run_share: f32,
    /// Test accuracy.
    pub accuracy_figure: String,
    /// Images per second.
    pub rate_figure: String,
    /// Minibatches.
    pub step_figure: String,
    /// The data set's loading.
    pub data_text: String,
    /// How much of it is here, 0 to 1; `None` once all of it is.
    pub data_share: Option<f32>,
    /// Whether a part has to be tried again.
    pub data_failed: bool,
    /// What the loss curve shows, in a sentence.
    pub loss_text: String,
    /// What the accuracy curve shows, in a sentence.
    pub accuracy_text: String,
    /// Whether there are curves.
    pub has_curves: bool,
    /// The epochs.
    pub rows: Vec<Row>,
    /// Whether they have figures of held-out images.
    pub held_out: bool,
    /// The machinery.
    pub engine: String,
}

impl App {
    /// What the weights are called that answer now.
    pub(in crate::app) fn answering(&self) -> String {
        match (self.answer.source(), &self.run) {
            (Source::Run, Some(run)) => weights_name(run),
            (Source::Tuned, _) => String::from("fine-tuned weights"),
            _ => String::from("shipped weights"),
        }
    }
}

/// The answer for a screen reader.
pub fn spoken_answer(answer: &Answer) -> String {
    match answer.digit() {
        Some((digit, share)) => format!("{digit}, {}", percent(share)),
        None if answer.drawing().is_empty() => String::from("The pad is empty."),
        None => String::from("No answer yet."),
    }
}

impl App {
    /// The page's state in the contract's words.
    pub fn state(&self) -> State {
        let data_failed = self.data.failed.is_some();
        if matches!(self.trainer, TrainerState::Gone(_)) {
            return State::Error;
        }
        match self.run.as_ref().map(|run| (run.phase, run.activity)) {
            Some((RunPhase::Training | RunPhase::Pausing, Activity::WaitingForData))
                if data_failed =>
            {
                State::Error
            }
            Some((RunPhase::Training | RunPhase::Pausing, _)) => State::Training,
            Some((RunPhase::Paused | RunPhase::Stepping, _)) => State::Paused,
            Some((RunPhase::Done, _)) => State::Done,
            _ if self.answer.shipped_failure().is_some() => State::Error,
            _ if self.answer.shipped().is_some() => State::Ready,
            _ => State::Loading,
        }
    }

    /// All that the page shows.
    pub fn view(&self) -> View {
        let run = self.run.as_ref();
        let mut view = View {
            state: self.state(),
            epoch: run.map_or(0, |run| run.epoch),
            step: run.map_or(0, |run| run.step),
            test_accuracy: run.and_then(|run| run.test_accuracy),
            images_per_second: run.map_or(0, |run| run.images_per_second.round() as u32),
            problem: self.problem(),
            notice: self.notice.clone(),
            form_revision: self.form_revision,
            plan: self.plan(),
            ..View::default()
        };
        if let TrainerState::Ready(backend) = &self.trainer {
            view.workers = run.filter(|run| run.is_on()).map_or(self.workers(), |run| run.workers);
            view.backend.clone_from(backend);
            view.engine = format!("{backend}, {}", of(view.workers, "worker", "workers"));
        }
        self.view_answer(&mut view);
        self.view_buttons(&mut view);
        self.view_run(&mut view);
        self.view_data(&mut view);
        self.view_curves(&mut view);
        view
    }

    /// What to say when the page itself cannot go on because of an error.
    pub fn farewell(&self) -> String {
        let run = self.run.as_ref().filter(|run| run.is_on() || self.runs.keeps(run.id));
        let safe = match run {
            Some(run) if self.runs.keeps(run.id) => {
                format!(" What was learnt up to epoch {} is kept in Runs.", run.epoch)
            }
            Some(_) => String::from(" The run under way is lost."),
            None => String::new(),
        };
        ["The page stopped because of an error in this browser.", &safe, " Reload it to go on."]
            .concat()
    }

    fn problem(&self) -> Option<Problem> {
        let (text, action) = if let (TrainerState::Gone(_), true) = (&self.trainer, self.updated) {
            let text = "Inkling was updated: reload to train with the new version. This page’s own trainer is gone from the \
                        server. Drawing still works here, and Runs keeps each run up to its last epoch.";
            (String::from(text), "Reload")
        } else if let TrainerState::Gone(reason) = &self.trainer {
            let safe = match self.run.as_ref().map(|run| (run.phase, run.epoch_of_weights())) {
                Some((RunPhase::Stopped, epoch @ 1..)) => format!(
                    "What was learnt up to epoch {epoch} is kept. Restart it to go on: choose \
                     “Start from: last run’s weights” then."
                ),
                _ => String::from("Drawing still works. Restart it to train."),
            };
            (format!("{} {safe}", sentence(reason)), "Restart the trainer")
        } else if let Some((part, reason)) = &self.data.failed {
            let text = format!(
                "The training data's part {part} could not be used: {} \
                 The other parts and all that is learnt are safe.",
                sentence(reason)
            );
            (text, "Retry")
        } else {
            let reason = self.answer.shipped_failure()?;
            let text = format!(
                "The shipped weights could not be loaded: {} \
                 Training from fresh weights works without them.",
                sentence(reason)
            );
            (text, "Retry")
        };
        Some(Problem { text, action })
    }

    fn view_answer(&self, view: &mut View) {
        let answer = &self.answer;
        view.drawn = !answer.drawing().is_empty();
        view.bars = answer.probabilities().copied();
        if let Some(probabilities) = view.bars {
            view.percents = probabilities.map(percent);
        }
        if let Some((digit, share)) = answer.digit() {
            view.digit = Some(digit);
            view.unsure = share < SURE;
            view.answer_line = if view.unsure {
                let mut others: Vec<(usize, f32)> =
                    view.bars.unwrap_or_default().into_iter().enumerate().collect();
                others.sort_by(|a, b| b.1.total_cmp(&a.1));
                format!("not sure: {} or {}", others[0].0, others[1].0)
            } else {
                format!("{} sure", percent(share))
            };
        } else {
            view.answer_line = String::from(match view.state {
                _ if view.bars.is_some() => {
                    "no answer: the weights overflowed, a smaller learning rate helps"
                }
                State::Loading => "loading the weights",
                _ if view.drawn => "too little to read yet",
                _ => "the answer stands here",
            });
        }
        view.answers = answer.source();
        view.tuned_here = answer.is_tuned();
        view.shipped_here = answer.shipped().is_some();
        view.shipped_name = String::from(match answer.shipped_failure() {
            Some(_) => "shipped weights (not loaded)",
            None => "shipped weights",
        });
        view.run_here = answer.trained().is_some();
        view.run_name = self.run.as_ref().map_or_else(|| String::from("no run yet"), weights_name);
    }

    fn view_buttons(&self, view: &mut View) {
        let phase = self.run.as_ref().map(|run| run.phase);
        let cannot = self.cannot_train();
        view.train = match phase {
            Some(RunPhase::Training | RunPhase::Pausing) => {
                Button { label: "Pause", disabled: None }
            }
            Some(RunPhase::Paused | RunPhase::Stepping) => {
                Button { label: "Resume", disabled: None }
            }
            _ => Button { label: "Train", disabled: cannot },
        };
        view.step_button = Button {
            label: "Step",
            disabled: match phase {
                Some(RunPhase::Training | RunPhase::Pausing) => {
                    Some("Step works while a run is paused")
                }
                Some(RunPhase::Paused | RunPhase::Stepping) => None,
                _ => cannot,
            },
        };
        view.reset = Button {
            label: "Reset",
            disabled: phase.is_none().then_some("Nothing to reset yet: there is no run"),
        };
        view.why = match phase {
            Some(RunPhase::Training | RunPhase::Pausing) => {
                "Step needs a pause, settings need a Reset."
            }
            Some(RunPhase::Paused | RunPhase::Stepping) => {
                "Step takes one minibatch. Settings need a Reset."
            }
            Some(RunPhase::Done | RunPhase::Stopped) => cannot.unwrap_or("Train starts a new run."),
            None => cannot.unwrap_or("Step takes one minibatch. Reset waits for a run."),
        }
        .into();
        view.cannot_start_shipped = self.cannot_start_shipped();
        view.cannot_start_current = self.cannot_start_current();
        view.settings_locked =
            self.run_is_on().then_some("This run keeps its settings until a Reset");
    }

    fn view_run(&self, view: &mut View) {
        view.accuracy_figure = String::from("–");
        view.rate_figure = String::from("–");
        view.step_figure = String::from("–");
        let Some(run) = &self.run else {
            view.run_text = String::from("Ready to train");
            return;
        };
        let epochs = run.settings.epochs;
        let now = format!("{} of {epochs}", (run.epoch + 1).min(epochs));
        view.run_text = match (run.phase, run.activity) {
            (RunPhase::Done, _) => {
                let early = if run.epoch < epochs { ", good enough" } else { "" };
                let done = of(run.epoch, "epoch", "epochs");
                format!("Done: {done} in {}{early}", duration(run.seconds))
            }
            (RunPhase::Stopped, _) => format!("Stopped in epoch {now}"),
            (RunPhase::Paused | RunPhase::Stepping, _) if run.step == 0 => {
                String::from("Standing ready")
            }
            (RunPhase::Paused | RunPhase::Stepping, _) => format!("Paused in epoch {now}"),
            (_, Activity::WaitingForData) => String::from("Waiting for training images"),
            (_, Activity::Evaluating) => format!("Testing after epoch {}", run.epoch_of_weights()),
            (_, Activity::Training) => format!("Epoch {now}"),
        };
        if self.curves.loss.raw().last().is_some_and(|loss| !loss.is_finite()) {
            view.run_text.push_str("; the weights overflowed, a smaller learning rate helps");
        }
        let total = run.steps_per_epoch * epochs;
        if run.phase == RunPhase::Done {
            view.run_share = 1.0;
        } else if total > 0 {
            view.run_share = run.step as f32 / total as f32;
        }
        if matches!(run.phase, RunPhase::Training) && run.seconds_left.is_finite() && run.step > 0 {
            view.run_left = format!("{} left", duration(f64::from(run.seconds_left)));
        }
        if let Some(accuracy) = run.test_accuracy {
            view.accuracy_figure = percent(accuracy);
        }
        if run.images_per_second > 0.0 {
            view.rate_figure = rate(run.images_per_second);
        }
        view.step_figure = count(run.step);
    }

    fn view_data(&self, view: &mut View) {
        view.data_failed = self.data.failed.is_some();
        let Some(data) = self.data.progress else {
            view.data_text = String::from("Training images: waiting for the trainer");
            view.data_share = Some(0.0);
            return;
        };
        if data.test_ready && data.train_images == data.total_train_images {
            let kept = if data.from_cache { ", kept from before" } else { "" };
            view.data_text = format!("{} training images here{kept}", count(data.train_images));
        } else {
            view.data_text = format!(
                "{} of {} training images, {} of {} MB",
                count(data.train_images),
                count(data.total_train_images),
                megabytes(data.received_bytes),
                megabytes(data.total_bytes)
            );
            let total = data.total_bytes.max(1);
            view.data_share = Some(data.received_bytes as f32 / total as f32);
        }
    }

    fn view_curves(&self, view: &mut View) {
        let curves = &self.curves;
        view.has_curves = !curves.is_empty();
        view.loss_text = match curves.loss.latest() {
            Some(value) => {
                let tests = match curves.tests.last() {
                    Some(test) => {
                        let held_out = test.validation.map(|v| loss(v.loss));
                        tested(loss(test.loss), held_out, test.epoch)
                    }
                    None => String::from("no test yet"),
                };
                format!("{} in training after {} minibatches; {tests}", loss(value), curves.len())
            }
            None => String::from("Nothing to show yet: press Train."),
        };
        view.accuracy_text = match curves.accuracy.latest() {
            Some(value) => {
                let tests = match curves.tests.last() {
                    Some(test) => {
                        let held_out = test.validation.map(|v| percent(v.accuracy));
                        tested(percent(test.accuracy), held_out, test.epoch)
                    }
                    None => String::from("no test yet"),
                };
                format!(
                    "{} in training after {} minibatches; {tests}",
                    percent(value),
                    curves.len()
                )
            }
            None => String::from("No test yet: train one epoch."),
        };
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| String::from("–"));
        view.held_out = curves.tests.iter().any(|test| test.validation.is_some());
        view.rows = curves
            .tests
            .iter()
            .map(|test| {
                let mut row = vec![
                    test.epoch.to_string(),
                    or_dash(curves.loss.smooth_at(test.step).map(loss)),
                    loss(test.loss),
                    or_dash(curves.accuracy.smooth_at(test.step).map(percent)),
                    percent(test.accuracy),
                ];
                if let Some(held_out) = test.validation {
                    row.extend([loss(held_out.loss), percent(held_out.accuracy)]);
                }
                row
            })
            .collect();
    }
}

/// What a test came to.
fn tested(figure: String, held_out: Option<String>, epoch: u32) -> String {
    match held_out {
        None => format!("{figure} on the test set after epoch {epoch}"),
        Some(held_out) => {
            format!(
                "{figure} on the test set and {held_out} on the held-out images after epoch {epoch}"
            )
        }
    }
}

/// What the run's weights are called.
fn weights_name(run: &Run) -> String {
    match (run.epoch_of_weights(), run.start) {
        (0, StartFrom::Fresh) => String::from("fresh random weights"),
        (0, StartFrom::Shipped) => String::from("this run, still the shipped weights"),
        (0, StartFrom::Current) => String::from("this run, still the weights before it"),
        (epoch, _) => format!("this run, epoch {epoch}"),
    }
}

/// With a full stop at its end.
fn sentence(text: &str) -> String {
    match text.trim_end() {
        text if text.ends_with(['.', '!', '?']) => String::from(text),
        text => format!("{text}."),
    }
}
