//! Between the page and the trainer: starts and ends runs, and passes the trainer's replies on.

use super::availability::{Data, TrainerState};
use super::curves::{Curves, Test};
use super::panels::runs::Restored;
use super::run::{Run, RunPhase};
use super::speed::Speed;
use super::timeline::{self, Timeline};
use super::view::Parts;
use super::{App, Effect, Intent, Outcome, format, view};
use crate::config::{Form, StartFrom, TrainConfig};
use crate::protocol::{Evaluation, Progress, Reply, Request, RunId};

/// Shown after a run has overflowed.
const DIVERGED: &str = "The loss grew too large for the computer, so training stopped. The network is kept as it was before that. \
                        Try a smaller learning rate.";

/// Said as a run begins with fresh weights.
const FORGOTTEN: &str = "It has forgotten everything: its weights are random now.";

impl App {
    /// Pauses or resumes the run that is on, or starts one.
    pub(super) fn train(
        &mut self,
        change: impl FnOnce(&mut Run) -> Option<Request>,
        paused: bool,
        effects: &mut Vec<Effect>,
    ) {
        match self.cx.run.as_mut().filter(|run| run.is_on()) {
            Some(run) => {
                if let Some(request) = change(run) {
                    if !matches!(request, Request::Pause { .. }) {
                        self.travel(timeline::Event::Go(usize::MAX));
                    }
                    self.send(request, vec![], effects);
                }
            }
            None => self.propose(paused, effects),
        }
    }

    /// Starts a run, asking first if a trained network would be lost.
    fn propose(&mut self, paused: bool, effects: &mut Vec<Effect>) {
        if self.cx.cannot_train().is_some() {
            return;
        }
        let goes_on = self.cx.form.start == StartFrom::Current;
        let before = self.cx.run.as_ref().filter(|_| !goes_on);
        let Some((run, what)) = before.and_then(|run| Some((run, run.at_stake()?))) else {
            return self.start(paused, effects);
        };
        let kept = self.panels.runs.kept(run.id());
        if let Some((name, step)) = kept {
            let whole = step == run.progress.step;
            let until = if whole { "" } else { ", as it was after its last full epoch" };
            self.notice = Some(format!("{name} stays in Runs{until}."));
            return self.start(paused, effects);
        }
        self.ask(
            format!(
                "Start a new run? {what} will be lost. To go on from it instead, choose \
                 “Start from: my network” under More settings."
            ),
            "Start a new run",
            Intent::Start { paused },
            effects,
        );
    }

    pub(super) fn start(&mut self, paused: bool, effects: &mut Vec<Effect>) {
        // The trainer may have gone while the visitor was asked.
        if self.cx.cannot_train().is_some() {
            return;
        }
        self.check_start();
        let settings = self.cx.form.settings.clone();
        let parameters = match self.cx.form.start {
            StartFrom::Fresh => None,
            StartFrom::Shipped => self.cx.answer.shipped().map(<[f32]>::to_vec),
            StartFrom::Current => self.cx.answer.trained().map(<[f32]>::to_vec),
        };
        let start = if parameters.is_some() { self.cx.form.start } else { StartFrom::Fresh };
        effects.extend(self.panels.runs.keep_moments(&self.cx));
        let new = Run::new(0, settings.clone(), start, RunPhase::Training);
        let Some(run) = self.take_run(new, Curves::default(), parameters.clone()) else { return };
        self.record_beginning();
        let workers = self.cx.workers();
        let pace = self.cx.form.pace;
        let parameters = parameters.into_iter().collect();
        let link = self.cx.form.to_hash();
        let request = Request::Start { run, settings, paused, workers, pace, link };
        self.send(request, parameters, effects);
        if start == StartFrom::Fresh {
            effects.push(Effect::Announce(String::from(FORGOTTEN)));
        }
        let count = self.cx.step_size;
        if let Some(run) = self.cx.run.as_mut().filter(|_| paused) {
            let step = run.step(count);
            self.send(step, vec![], effects);
        }
    }

    /// Goes to another moment of the run.
    pub(super) fn travel(&mut self, event: timeline::Event) {
        let Some(run) = &self.cx.run else { return };
        self.cx.timeline.update(event, &mut self.cx.answer, run.progress.step);
    }

    /// Asks the trainer to go on with the interrupted run.
    pub(super) fn go_on(&mut self, effects: &mut Vec<Effect>) {
        let can = self.cx.trainer.is_ready() && !self.cx.run_is_on();
        if self.cx.interrupted.take_if(|_| can).is_some() {
            let (workers, pace) = (self.cx.workers(), self.cx.form.pace);
            let run = self.last_run + 1;
            self.continuing = Some(run);
            self.send(Request::Continue { run, workers, pace }, vec![], effects);
        }
    }

    /// Takes over the interrupted run, which is on again: its curves, settings and weights.
    fn take_over(&mut self, id: RunId, link: &str, place: [u32; 2], arrays: [Vec<f32>; 5]) {
        if self.continuing.take() != Some(id) {
            return;
        }
        let [weights, initial, losses, accuracies, tests] = arrays;
        let (form, _) = Form::from_hash(link);
        let [epoch, steps_per_epoch] = place;
        let mut curves = Curves::default();
        curves.extend(&losses, &accuracies);
        curves.tests = tests.as_chunks().0.iter().map(Test::of).collect();
        let mut run = Run::new(0, form.settings.clone(), form.start, RunPhase::Training);
        run.go_on(epoch, losses.len() as u32, steps_per_epoch);
        run.test_accuracy = curves.tests.last().map(|test| test.accuracy);
        let initial = (!initial.is_empty()).then_some(initial);
        if self.take_run(run, curves, initial).is_some() {
            self.record_beginning();
            self.cx.answer.set_trained(weights);
            self.take_settings(form.settings);
        }
    }

    /// Records the weights that the run begins with, which answer now.
    fn record_beginning(&mut self) {
        if let Some(weights) = self.cx.answer.trained() {
            self.cx.timeline.moments.record(0, weights);
        }
    }

    /// Sets the settings of a run that is back.
    pub(super) fn take_settings(&mut self, settings: TrainConfig) {
        let before = std::mem::replace(&mut self.cx.form.settings, settings).architecture;
        self.panels.experiment.remember(before, &self.cx.form.settings.architecture);
        self.check_start();
    }

    /// Lets a run that is on go at the pace that is set.
    pub(super) fn set_pace(&mut self, effects: &mut Vec<Effect>) {
        let pace = self.cx.form.pace;
        if let Some(run) = self.cx.run.as_ref().filter(|run| run.is_on()) {
            self.send(Request::Pace { run: run.id(), pace }, vec![], effects);
        }
    }

    /// Goes back to the end of a kept run: its weights answer, and its curves and settings are shown.
    pub(super) fn restore(&mut self, restored: Restored, effects: &mut Vec<Effect>) {
        let Restored { key, name, run, curves, weights, moments } = restored;
        if let Some(id) = self.take_former(run, curves, weights, effects) {
            let newest = moments.all().last().map(|moment| moment.step);
            self.panels.runs.set_run(key, id, newest);
            self.cx.timeline.moments = moments;
            self.notice = Some(format!("{name} loaded."));
        }
    }

    /// Makes a run that is over the current one, with its settings; returns its id, or `None` as [`App::take_run`].
    pub(super) fn take_former(
        &mut self,
        run: Run,
        curves: Curves,
        weights: Vec<f32>,
        effects: &mut Vec<Effect>,
    ) -> Option<RunId> {
        let settings = run.settings.clone();
        effects.extend(self.panels.runs.keep_moments(&self.cx));
        let id = self.take_run(run, curves, Some(weights))?;
        self.notice = None;
        self.take_settings(settings);
        self.show_form(effects);
        Some(id)
    }

    /// Replaces the run; returns its new id, or `None` if its network cannot be built.
    pub(super) fn take_run(
        &mut self,
        mut run: Run,
        curves: Curves,
        weights: Option<Vec<f32>>,
    ) -> Option<u32> {
        let settings = &run.settings;
        let begun = self.cx.answer.begin_run(&settings.architecture, weights, settings.seed);
        if let Err(error) = begun {
            self.notice = Some(format!("This network cannot be built: {error}."));
            return None;
        }
        self.last_run += 1;
        self.continuing = None;
        run.progress.run = self.last_run;
        self.cx.run = Some(run);
        self.cx.done_card = false;
        self.cx.interrupted = None;
        self.cx.curves = curves;
        self.cx.timeline = Timeline::default();
        Some(self.last_run)
    }

    pub(super) fn propose_reset(&mut self, effects: &mut Vec<Effect>) {
        let run = self.cx.run.as_ref();
        let Some((run, what)) = run.and_then(|run| Some((run, run.at_stake()?))) else {
            return self.reset(effects);
        };
        let kept = self.panels.runs.keeps(run.id());
        let fate = if kept { "stays in Runs" } else { "will be lost" };
        self.ask(format!("Reset this run? {what} {fate}."), "Reset", Intent::Reset, effects);
    }

    pub(super) fn reset(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(self.panels.runs.keep_moments(&self.cx));
        if let Some(run) = self.cx.run.take() {
            self.send(Request::Reset { run: run.id() }, vec![], effects);
        }
        self.cx.done_card = false;
        self.cx.curves = Curves::default();
        self.cx.timeline = Timeline::default();
        self.cx.answer.forget_trained();
        if self.cx.form.start == StartFrom::Current {
            self.cx.form.start = StartFrom::Fresh;
            self.show_form(effects);
        }
    }

    pub(super) fn spawn_trainer(&mut self, effects: &mut Vec<Effect>) {
        self.cx.trainer.load();
        effects.push(Effect::SpawnTrainer);
    }

    /// Says once that the site was updated. Nothing stops.
    pub(super) fn on_update_found(&mut self) {
        if !std::mem::replace(&mut self.cx.trainer.updated, true) {
            self.notify(
                "Inkling was updated: reload to use the new version. What you have drawn and trained here stays until you do.",
            );
        }
    }

    pub(super) fn repair(&mut self, effects: &mut Vec<Effect>) {
        if self.cx.trainer.is_gone() && self.cx.trainer.updated {
            effects.push(Effect::Reload);
        } else if self.cx.trainer.is_gone() {
            self.cx.trainer.data = Data::default();
            self.spawn_trainer(effects);
        } else if self.cx.trainer.data.failed.is_some() {
            self.retry_data(effects);
        } else if self.cx.answer.shipped_failure().is_some() {
            self.cx.answer.expect_shipped();
            effects.push(Effect::FetchShipped);
        }
    }

    pub(super) fn retry_data(&mut self, effects: &mut Vec<Effect>) {
        self.cx.trainer.data.failed = None;
        self.send(Request::LoadData, vec![], effects);
    }

    /// Sends a request if the trainer takes requests.
    pub(super) fn send(
        &mut self,
        request: Request,
        arrays: Vec<Vec<f32>>,
        effects: &mut Vec<Effect>,
    ) {
        if self.cx.trainer.is_ready() {
            self.cx.trainer.on_request(&request);
            effects.push(Effect::Send(request, arrays));
        }
    }

    pub(super) fn lose_trainer(&mut self, reason: String) {
        self.changed = Parts::ALL;
        self.cx.trainer.lose(reason);
        self.panels.lose_trainer();
        (self.cx.interrupted, self.continuing) = (None, None);
        if let Some(run) = &mut self.cx.run {
            run.stop();
        }
    }

    /// Loses the trainer to an error. Several messages may report the same error, and only the first counts.
    pub(super) fn lose_broken_trainer(&mut self, out: &mut Vec<Outcome>) {
        let what = match self.cx.trainer.state {
            TrainerState::Gone(_) => return,
            TrainerState::Waiting | TrainerState::Loading => "The trainer could not be started.",
            TrainerState::Ready(_) => "The trainer stopped because of an error in this browser.",
        };
        self.lose_trainer(String::from(what));
        out.push(Outcome::Effect(Effect::CheckForUpdate));
    }

    /// Takes a reply from the trainer. Replies about a run that is gone are dropped.
    pub(super) fn on_reply(&mut self, reply: Reply, arrays: Vec<Vec<f32>>, out: &mut Vec<Outcome>) {
        self.cx.trainer.on_reply(&reply);
        let mut arrays = arrays.into_iter();
        let mut next = || arrays.next().unwrap_or_default();
        match reply {
            Reply::Ready { backend } => {
                self.cx.trainer.state = TrainerState::Ready(backend);
                out.push(Outcome::Send(Request::LoadData, vec![]));
                // By now the page has answered for the first time.
                if !self.cx.answer.can_doubt() {
                    out.push(Outcome::Effect(Effect::FetchDoubt));
                }
            }
            Reply::Data(progress) => {
                self.cx.trainer.data.progress = Some(progress);
                self.panels.load(self.open_panel, &self.cx, out);
            }
            Reply::Interrupted(interrupted) => {
                if !self.cx.run_is_on() {
                    self.cx.interrupted = Some(interrupted);
                    out.push(Outcome::announce(view::interrupted(interrupted)));
                }
            }
            Reply::InterruptedLost { reason } => self.notify(&reason),
            Reply::NotKept { reason } => {
                if let Some(run) = &mut self.cx.run {
                    run.refused = true;
                }
                self.notify(&format!(
                    "This browser cannot keep the run in progress ({reason}), so it would be lost if you leave."
                ));
            }
            Reply::MomentsNotKept { reason } => self.notify(&format!(
                "This browser has no room for this run’s moments ({reason}), so one cannot go back in it at a later visit."
            )),
            Reply::Continued { run, link, epoch, steps_per_epoch } => {
                let arrays = [next(), next(), next(), next(), next()];
                self.take_over(run, &link, [epoch, steps_per_epoch], arrays);
                self.panels.runs.load(out);
                out.push(Outcome::ShowForm);
            }
            Reply::DataFailed { part, reason } => {
                self.cx.trainer.data.failed = Some((part, reason));
            }
            Reply::HelperLost => out.push(Outcome::Effect(Effect::CheckForUpdate)),
            Reply::Failed { run, message } => {
                if self.current(run).is_some() {
                    self.lose_trainer(message);
                    out.push(Outcome::Effect(Effect::CheckForUpdate));
                }
            }
            Reply::Broken => self.lose_broken_trainer(out),
            Reply::Cold | Reply::Evaluating => {}
            Reply::Evaluated { id, evaluation } => {
                self.panels.evaluate.take_evaluation(id, Ok((evaluation, next())), out);
                self.follow_further(out);
            }
            Reply::EvaluationFailed { id, reason } => {
                self.panels.evaluate.take_evaluation(id, Err(reason), out);
            }
            Reply::FineTuning { id, share } => self.panels.fine_tune.set_share(id, share),
            Reply::FineTuned { id, before, after } => {
                self.panels.fine_tune.take_outcome(id, Ok(([before, after], next())), out);
            }
            Reply::FineTuneFailed { id, reason } => {
                self.panels.fine_tune.take_outcome(id, Err(reason), out);
            }
            Reply::TestLabels => self.panels.evaluate.take_labels(&next(), out),
            Reply::File { name, length } => {
                out.push(Outcome::Effect(Effect::SaveFile { name, length, bytes: next() }));
            }
            Reply::Refused { reason } => out.push(Outcome::Notice(Some(reason))),
            Reply::Compared { document } => {
                out.push(Outcome::Effect(Effect::ShowComparison(document, next())));
            }
            Reply::Merged { words, settings } => {
                out.push(Outcome::Notice(Some(words)));
                out.push(Outcome::Merged(settings));
            }
            Reply::Opened { info } => out.push(Outcome::Opened(info, next())),
            Reply::TestImages => self.take_test_images(&next(), &next(), out),
            Reply::Progress(progress) => {
                self.take_progress(progress, [next(), next(), next()], out);
            }
            Reply::EpochEnd { run, epoch, step, test_loss, test_accuracy, validation } => {
                let (loss, accuracy) = (test_loss, test_accuracy);
                let test = Test { epoch, step, loss, accuracy, validation };
                self.end_epoch(run, test, [next(), next()], out);
            }
            Reply::Mapped => {
                self.panels.evaluate.map.take([next(), next(), next()]);
                self.follow_further(out);
            }
            Reply::Moment { run, step } => {
                if self.current(run).is_some() {
                    self.cx.timeline.moments.record(step, &next());
                }
            }
            Reply::Stepped { run, step } => {
                let arrays = [next(), next(), next(), next()];
                if let Some(current) = self.current(run) {
                    let is_slow = current.phase == RunPhase::Stepping;
                    self.panels.inside.one_step.take((run, step), arrays, is_slow, out);
                }
            }
            Reply::ParameterStep { parameter, words } => {
                self.panels.inside.one_step.take_words(parameter, &words, out);
            }
            Reply::Paused { run, step } => {
                if let Some(run) = self.current(run) {
                    run.pause(step);
                }
            }
            Reply::Working { run, evaluated } => {
                if let Some(run) = self.current(run) {
                    run.evaluated = evaluated;
                }
            }
            Reply::Diverged { run, step, seconds } => {
                if let Some(run) = self.current(run) {
                    run.diverge(step, seconds);
                    self.cx.answer.set_trained(next());
                    self.notify(DIVERGED);
                    out.push(Outcome::announce(DIVERGED));
                }
            }
            Reply::Finished { run, seconds } => self.finish_run(run, seconds, out),
        }
    }

    /// The visitor may have gone to another moment while Test's answer was on its way.
    fn follow_further(&mut self, out: &mut Vec<Outcome>) {
        if self.cx.answer.moment().is_some() {
            self.have_test_follow(out);
        }
    }

    fn take_progress(
        &mut self,
        progress: Progress,
        [parameters, losses, accuracies]: [Vec<f32>; 3],
        out: &mut Vec<Outcome>,
    ) {
        let full = self.cx.form.pace.is_none();
        let Some(run) = self.current(progress.run) else { return };
        run.take(progress);
        let multiply_adds = run.settings.architecture.multiply_adds().ok();
        let images_per_second = progress.images_per_second;
        if images_per_second > 0.0 && full {
            self.cx.speed =
                multiply_adds.map(|multiply_adds| Speed { images_per_second, multiply_adds });
        }
        self.cx.answer.set_trained(parameters);
        let guessed = self.cx.only_guesses();
        self.cx.curves.extend(&losses, &accuracies);
        if !guessed && self.cx.only_guesses() {
            out.push(Outcome::announce(view::guessing(&self.cx)));
        }
    }

    fn end_epoch(
        &mut self,
        run: RunId,
        test: Test,
        [parameters, probabilities]: [Vec<f32>; 2],
        out: &mut Vec<Outcome>,
    ) {
        let Test { epoch, step, loss, accuracy, .. } = test;
        let Some(run) = self.current(run) else { return };
        run.progress.epoch = epoch;
        run.progress.step = step;
        run.test_accuracy = Some(accuracy);
        let (id, epochs) = (run.id(), run.settings.epochs);
        self.cx.quote_speed();
        self.cx.curves.tests.push(test);
        self.cx.answer.set_trained(parameters);
        let evaluation = Evaluation { loss, accuracy };
        self.panels.evaluate.take_epoch(id, epoch, evaluation, probabilities);
        self.panels.runs.keep(&self.cx, out);
        out.push(Outcome::announce(format!(
            "Epoch {epoch} of {epochs}: {} of the test images correct.",
            format::percent(accuracy)
        )));
    }

    fn finish_run(&mut self, run: RunId, seconds: f64, out: &mut Vec<Outcome>) {
        let Some(run) = self.current(run) else { return };
        run.finish(seconds);
        self.cx.done_card = true;
        let Some(run) = &self.cx.run else { return };
        let epochs = format::of(run.progress.epoch, "epoch", "epochs");
        let time = format::duration(seconds);
        // This follows the last epoch's announcement at once and so replaces it.
        let right = run.test_accuracy.map_or_else(String::new, |accuracy| {
            format!(" {} of the test images correct.", format::percent(accuracy))
        });
        self.panels.runs.keep(&self.cx, out);
        out.extend(self.panels.runs.keep_moments(&self.cx).map(Outcome::Effect));
        out.push(Outcome::announce(format!("Done: {epochs} in {time}.{right}")));
    }

    /// The current run, if it has this id.
    fn current(&mut self, id: RunId) -> Option<&mut Run> {
        self.cx.run.as_mut().filter(|run| run.id() == id && run.is_on())
    }
}
