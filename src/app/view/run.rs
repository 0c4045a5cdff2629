//! The run: how far it is, and what its buttons do.

use super::plan::outcome;
use super::{State, state};
use crate::app::Context;
use crate::app::format::{count, duration, of, percent, rate};
use crate::app::run::{Run, RunPhase};
use crate::config::{Optimizer, Recipe, StartFrom};
use crate::protocol::{Activity, Interrupted};

/// Said beside Train while an interrupted run could go on.
const DROPS_INTERRUPTED: &str = "Train starts a new run and drops the interrupted one.";

/// A button's label and, if it cannot be pressed, why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Button {
    /// The words on it.
    pub label: &'static str,
    /// Why it cannot be pressed.
    pub disabled: Option<&'static str>,
}

/// What the page shows of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunView {
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
    /// The Train button.
    pub train: Button,
    /// The Step button.
    pub step_button: Button,
    /// The Reset button.
    pub reset: Button,
    /// Why a button cannot be pressed, shown beside it.
    pub why: &'static str,
    /// How far the run is.
    pub text: String,
    /// How long it will take, or where exactly it is.
    pub left: String,
    /// How much of it is done, 0 to 1.
    pub share: f32,
    /// Test accuracy.
    pub accuracy_figure: String,
    /// How well it does now: on the test set if it has ended, else in training.
    pub accuracy_now: String,
    /// Images per second.
    pub rate_figure: String,
    /// Minibatches.
    pub step_figure: String,
    /// What each recipe reaches and how long it takes here.
    pub recipes: [String; Recipe::ALL.len()],
    /// The title of the browser's tab.
    pub title: String,
    /// What the run that has just finished has come to, in a sentence; empty while the card is not shown.
    pub done: String,
    /// For `data-resumable`: which run can go on, in a sentence; empty if none can.
    pub interrupted: String,
}

impl RunView {
    pub(super) fn of(cx: &Context) -> Self {
        let mut view = Self {
            state: state(cx),
            text: String::from("Ready to train"),
            accuracy_figure: String::from("–"),
            accuracy_now: String::from("not trained yet"),
            rate_figure: String::from("–"),
            step_figure: String::from("–"),
            ..Self::default()
        };
        view.set_buttons(cx);
        view.title = title(cx);
        if let Some(run) = cx.interrupted {
            view.interrupted = interrupted(run);
        }
        view.recipes = Recipe::ALL.map(|recipe| outcome(cx, recipe));
        if let Some(run) = &cx.run {
            view.set_run(run);
            if cx.done_card && !cx.only_guesses() {
                view.done = done(run);
            }
            let tested = run.test_accuracy.filter(|_| !run.is_on());
            let now = tested.or(cx.curves.accuracy.latest());
            if let Some(accuracy) = now {
                let of = if tested.is_some() { " test" } else { " training" };
                view.accuracy_now = [&percent(accuracy), of].concat();
            }
            if cx.curves.loss.raw().last().is_some_and(|loss| !loss.is_finite()) {
                view.text.push_str("; the numbers grew too large, try a smaller learning rate");
            }
        }
        view
    }

    fn set_buttons(&mut self, cx: &Context) {
        let phase = cx.run.as_ref().map(|run| run.phase);
        let cannot = cx.cannot_train();
        let (train, step, why) = match phase {
            Some(RunPhase::Training | RunPhase::Pausing) => (
                Button { label: "Pause", disabled: None },
                Some("Pause to step"),
                match &cx.run {
                    _ if cx.only_guesses() => guessing(cx),
                    Some(run) if run.progress.epoch == 0 && run.start == StartFrom::Fresh => {
                        "It forgot everything and learns from random weights."
                    }
                    _ => "Pause to step; Reset for new settings.",
                },
            ),
            Some(RunPhase::Paused | RunPhase::Stepping) => {
                (Button { label: "Resume", disabled: None }, None, step_words(cx.step_size))
            }
            Some(RunPhase::Done | RunPhase::Diverged | RunPhase::Stopped) => (
                Button { label: "Train", disabled: cannot },
                cannot,
                match cannot {
                    Some(why) => why,
                    None if cx.interrupted.is_some() => DROPS_INTERRUPTED,
                    None if cx.only_guesses() => guessing(cx),
                    None => "Train starts a new run.",
                },
            ),
            None => (
                Button { label: "Train", disabled: cannot },
                cannot,
                match cannot {
                    Some(why) => why,
                    None if cx.interrupted.is_some() => DROPS_INTERRUPTED,
                    None if cx.form.start == StartFrom::Fresh && cx.step_size == 1 => {
                        "Train starts from nothing. Step trains on one minibatch."
                    }
                    None => step_words(cx.step_size),
                },
            ),
        };
        (self.train, self.why) = (train, why);
        self.step_button = Button { label: "Step", disabled: step };
        let nothing = phase.is_none().then_some("Nothing to reset yet");
        self.reset = Button { label: "Reset", disabled: nothing };
    }

    fn set_run(&mut self, run: &Run) {
        let (progress, epochs) = (&run.progress, run.settings.epochs);
        self.epoch = progress.epoch;
        self.step = progress.step;
        self.test_accuracy = run.test_accuracy;
        self.images_per_second = progress.images_per_second.round() as u32;
        self.text = text(run);
        let total = progress.steps_per_epoch.saturating_mul(epochs);
        if run.phase == RunPhase::Done {
            self.share = 1.0;
        } else if total > 0 {
            self.share = progress.step as f32 / total as f32;
        }
        let left = progress.seconds_left;
        if run.phase == RunPhase::Training && left.is_finite() && progress.step > 0 {
            self.left = format!("{} left", duration(f64::from(left)));
        }
        if let Some(accuracy) = run.test_accuracy {
            self.accuracy_figure = percent(accuracy);
        }
        if run.last_rate > 0.0 {
            self.rate_figure = rate(run.last_rate);
        }
        self.step_figure = count(progress.step);
    }
}

fn step_words(step_size: u32) -> &'static str {
    match step_size {
        1 => "Step trains on one minibatch.",
        10 => "Step trains on 10 minibatches.",
        _ => "Step trains on 100 minibatches.",
    }
}

/// What helps a run that only guesses.
pub fn guessing(cx: &Context) -> &'static str {
    let settings = cx.run.as_ref().map_or(&cx.form.settings, |run| &run.settings);
    let usual = match settings.optimizer {
        Optimizer::Sgd { .. } => 0.01,
        Optimizer::Adam { .. } | Optimizer::RmsProp { .. } => 0.001,
    };
    if settings.learning_rate < usual / 2.0 {
        "It only guesses so far: try a larger learning rate."
    } else {
        "It only guesses so far: try a smaller learning rate."
    }
}

/// The title of the browser's tab: state and accuracy. Before the first test that is the minibatches' own.
fn title(cx: &Context) -> String {
    let mut words = Vec::new();
    if let Some(run) = &cx.run {
        let stopped = match run.phase {
            RunPhase::Paused | RunPhase::Stepping => Some("paused"),
            RunPhase::Diverged | RunPhase::Stopped => Some("stopped"),
            RunPhase::Training | RunPhase::Pausing | RunPhase::Done => None,
        };
        words.extend(run.test_accuracy.or(cx.curves.accuracy.latest()).map(percent));
        words.extend(stopped.map(String::from));
        if run.is_on() && stopped.is_none() {
            words.push(["epoch ", &epoch_words(run)].concat());
        }
    }
    words.push(String::from("Inkling"));
    words.join(" · ")
}

/// The epoch under way: "2 of 10".
fn epoch_words(run: &Run) -> String {
    let epochs = run.settings.epochs;
    format!("{} of {epochs}", run.progress.epoch.saturating_add(1).min(epochs))
}

/// How far a run was when it was interrupted.
pub fn interrupted(Interrupted { epoch, epochs, accuracy }: Interrupted) -> String {
    let so_far =
        accuracy.map_or_else(String::new, |so_far| [", ", &percent(so_far), " so far"].concat());
    format!(
        "A run was interrupted in epoch {} of {epochs}{so_far}.",
        epoch.saturating_add(1).min(epochs)
    )
}

/// What a run has come to.
fn done(run: &Run) -> String {
    let Some(accuracy) = run.test_accuracy else { return String::new() };
    let from = if run.start == StartFrom::Fresh { "0 to " } else { "" };
    format!("{from}{} in {}, in this tab", percent(accuracy), duration(run.seconds))
}

fn text(run: &Run) -> String {
    let (progress, epochs) = (&run.progress, run.settings.epochs);
    let now = epoch_words(run);
    match (run.phase, progress.activity) {
        _ if run.opened => String::from("Opened from a file"),
        (RunPhase::Done, _) => {
            let (whole, enough) = (progress.epoch >= epochs, run.settings.stop_at.is_some());
            let done = of(progress.epoch, "epoch", "epochs");
            if !whole && !enough {
                return format!("Stopped after {} of {epochs} epochs", progress.epoch);
            }
            let early = if whole { "" } else { ", target reached" };
            format!("Done: {done} in {}{early}", duration(run.seconds))
        }
        (RunPhase::Diverged | RunPhase::Stopped, _) => format!("Stopped in epoch {now}"),
        (RunPhase::Paused | RunPhase::Stepping, _) if progress.step == 0 => {
            String::from("Ready to step")
        }
        (RunPhase::Paused | RunPhase::Stepping, _) => format!("Paused in epoch {now}"),
        (_, Activity::WaitingForData) => String::from("Waiting for training images"),
        (_, Activity::Evaluating) => {
            let share = run.evaluated.map(|share| [": ", &percent(share)].concat());
            format!("Testing after epoch {}{}", run.epoch_of_weights(), share.unwrap_or_default())
        }
        (_, Activity::Training) => format!("Epoch {now}"),
    }
}
