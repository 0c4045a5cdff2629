//! What the panels may look at.

use super::Outcome;
use super::answer::{Answer, Source};
use super::availability::Availability;
use super::curves::Curves;
use super::format;
use super::hand::Hand;
use super::run::Run;
use super::speed::Speed;
use super::timeline::Timeline;
use crate::config::Architecture;
use crate::config::Form;
use crate::data::CLASSES;
use crate::protocol::{Interrupted, Request, RunId};

/// What the panels may look at; only the app changes it.
#[derive(Debug)]
pub struct Context {
    /// What the visitor set.
    pub form: Form,
    /// Counts how often the controls had to show it again.
    pub form_revision: u32,
    /// The drawing, which weights answer, and how they read it.
    pub answer: Answer,
    /// The hand that writes on the pad.
    pub hand: Hand,
    /// The trainer and its data.
    pub trainer: Availability,
    /// The run that is on, or the last one.
    pub run: Option<Run>,
    /// Its curves.
    pub curves: Curves,
    /// Its moments, and which of them is shown.
    pub timeline: Timeline,
    /// How fast training is here, once a run has shown it.
    pub speed: Option<Speed>,
    /// The speed by which the page says how long runs will take: the highest of those that the network had at the end of
    /// an epoch. A lower one says how busy the machine was.
    pub quoted_speed: Option<Speed>,
    /// Workers that train if the settings do not say.
    pub cores: u32,
    /// Minibatches that a Step takes.
    pub step_size: u32,
    /// Whether the card about the run that has just finished is shown.
    pub done_card: bool,
    /// The run of an earlier visit that can go on.
    pub interrupted: Option<Interrupted>,
}

impl Context {
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            form: Form::default(),
            form_revision: 0,
            answer,
            hand: Hand::default(),
            trainer: Availability::default(),
            run: None,
            curves: Curves::default(),
            timeline: Timeline::default(),
            speed: None,
            quoted_speed: None,
            cores: 1,
            step_size: 1,
            done_card: false,
            interrupted: None,
        }
    }

    /// Whether the trainer should go on warming up: not while someone draws or trains.
    pub(super) fn should_warm_up(&self) -> bool {
        self.trainer.is_cold() && !self.answer.drawing().pen_is_down() && !self.run_is_on()
    }

    pub(super) fn quote_speed(&mut self) {
        let Some(speed) = self.speed else { return };
        let is_slower = |quoted: Speed| {
            quoted.multiply_adds == speed.multiply_adds
                && quoted.images_per_second > speed.images_per_second
        };
        if !self.quoted_speed.is_some_and(is_slower) {
            self.quoted_speed = Some(speed);
        }
    }

    /// Whether a run is on, paused or not.
    pub fn run_is_on(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_on)
    }

    /// Workers that the next run requests.
    pub fn workers(&self) -> u32 {
        self.form.workers.unwrap_or(self.cores)
    }

    /// Why the next run cannot start from the shipped weights.
    pub fn cannot_start_shipped(&self) -> Option<&'static str> {
        let fits = self.form.settings.architecture.shares_parameters_with(&Architecture::default());
        (!fits).then_some("The pre-trained network has different layers")
    }

    /// Why the next run cannot continue from the last one.
    pub fn cannot_start_current(&self) -> Option<&'static str> {
        let architecture = &self.form.settings.architecture;
        match &self.run {
            None => Some("You have not trained a network yet"),
            Some(run) if architecture.shares_parameters_with(&run.settings.architecture) => None,
            Some(_) => Some("Your network has different layers"),
        }
    }

    /// Whether the run still reads no better than chance although it has trained for a while; a network that learns
    /// nothing finds out how frequent the digits are and stays there.
    pub fn only_guesses(&self) -> bool {
        const WHILE: u32 = 300;
        const SHORT_WHILE: u32 = 100;
        let Some(run) = &self.run else { return false };
        let enough = run.progress.steps_per_epoch.clamp(SHORT_WHILE, WHILE) as usize;
        let Curves { loss, accuracy, .. } = &self.curves;
        self.curves.len() >= enough
            && loss.latest() > Some(0.98 * (CLASSES as f32).ln())
            && accuracy.latest() < Some(1.5 / CLASSES as f32)
    }

    /// Why no run can begin now.
    pub fn cannot_train(&self) -> Option<&'static str> {
        self.trainer.cannot_train(&self.form.settings.architecture)
    }

    /// Why no weights can be evaluated now.
    pub fn cannot_evaluate(&self) -> Option<String> {
        self.trainer.cannot_evaluate(self.answer.model().is_some())
    }

    /// Why no weights can be fine-tuned now, whether or not there is anything to train on.
    pub fn cannot_fine_tune(&self) -> Option<String> {
        self.trainer.cannot_fine_tune(self.answer.model().is_some(), self.run_is_on())
    }

    /// A request to the trainer, or why it takes none.
    pub(super) fn ask_trainer(&self, request: Request, arrays: Vec<Vec<f32>>) -> Outcome {
        match self.trainer.cannot_ask() {
            Some(why) => Outcome::Notice(Some(String::from(why))),
            None => Outcome::Send(request, arrays),
        }
    }

    /// The name of the weights that answer now.
    pub fn answering(&self) -> String {
        match (self.answer.source(), &self.run) {
            (Source::Run, Some(run)) => match self.answer.moment() {
                Some(step) => format!("my network at minibatch {}", format::count(step)),
                None => run.weights_name(),
            },
            (Source::Tuned, _) => String::from("fine-tuned network"),
            _ => String::from("pre-trained network"),
        }
    }

    /// The run whose weights answer; `None` if they come from no run.
    pub fn answering_run(&self) -> Option<RunId> {
        let run = self.run.as_ref().filter(|_| self.answer.source() == Source::Run);
        run.map(Run::id)
    }
}
