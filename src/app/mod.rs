//! The page without a browser: its state, what can happen to it, and what it then asks the browser for.
//!
//! [`App::update`] takes one [`Event`] and returns the [`Effect`]s that `web::page` carries out; [`App::view_changes`]
//! returns what the page now shows differently. Nothing here knows a document, a clock or a worker.
//!
//! A panel owns its state. It gets the [`Context`] to look at and asks for everything else with an [`Outcome`].

pub mod answer;
pub mod availability;
pub mod collection;
mod context;
pub mod curves;
pub mod drawings;
mod event;
mod files;
pub mod format;
pub mod hand;
pub mod link;
pub mod network_picture;
mod pad;
pub mod panels;
pub mod run;
pub mod sort;
pub mod speed;
pub mod timeline;
mod training;
pub mod view;

use crate::config::Architecture;
use crate::config::{Field, Form, StartFrom};
use crate::ink::{Drawing, notation};
use crate::protocol::{NetworkInfo, Request};
use answer::{Answer, Source};
use availability::TrainerState;
pub use context::Context;
pub use event::Event;
use link::Link;
use panels::{PanelId, PanelStates, inside, runs};
use run::Run;
use speed::Speed;
use std::ops::Range;
use view::{Parts, ViewChanges};

/// Something that the page asks the browser for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send this to the trainer, with arrays beside it.
    Send(Request, Vec<Vec<f32>>),
    /// Start a trainer and end the one before.
    SpawnTrainer,
    /// Fetch the shipped weights.
    FetchShipped,
    /// Fetch the weights of the network that doubts, answered by [`Event::Doubt`] if it can.
    FetchDoubt,
    /// Check whether the site now holds another build; if so, [`Event::Updated`] follows.
    CheckForUpdate,
    /// Reload the page.
    Reload,
    /// Put the settings into the URL.
    WriteHash(String),
    /// Put a link with this hash into the clipboard.
    CopyLink(String),
    /// A request to the browser's store of runs.
    Runs(runs::RunsRequest),
    /// A request to the browser's store of labelled drawings.
    Drawings(drawings::DrawingSet, drawings::DrawingsRequest),
    /// Ask before something is lost.
    Ask(Question),
    /// Let the visitor save a file.
    SaveFile {
        /// Its name.
        name: String,
        /// Its length in bytes.
        length: u32,
        /// Its bytes, four to a number.
        bytes: Vec<f32>,
    },
    /// Show two runs, compared: [`Reply::Compared`](crate::protocol::Reply::Compared)'s document and images.
    ShowComparison(String, Vec<f32>),
    /// Let a screen reader say this.
    Announce(String),
}

/// Something to ask before a trained network is thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// The label of the button that says yes.
    pub yes: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Intent {
    Reset,
    Start { paused: bool },
}

/// Something that a panel asks of the app because it is not the panel's own.
#[derive(Debug)]
pub enum Outcome {
    /// Let the browser do this.
    Effect(Effect),
    /// Send this to the trainer if it takes requests, with arrays beside it.
    Send(Request, Vec<Vec<f32>>),
    /// Replace the notice with this, or close it.
    Notice(Option<String>),
    /// Add this to the notice.
    Notify(String),
    /// Use this network in the next run.
    Network(Architecture),
    /// Show the settings again in the controls.
    ShowForm,
    /// Empty the pad.
    Clear,
    /// Open Look inside and look at this.
    LookInside(inside::Subject),
    /// Let these weights answer, and say so.
    AnswerFrom(Source),
    /// Let fine-tuned weights answer.
    Tuned {
        /// Their network.
        architecture: Architecture,
        /// The weights that they came from.
        before: Vec<f32>,
        /// The fine-tuned ones.
        weights: Vec<f32>,
    },
    /// Go back to the end of a kept run.
    Restore(Box<runs::Restored>),
    /// Let a network from a file answer.
    Opened(NetworkInfo, Vec<f32>),
    /// Read again what the browser stores, and take these settings if none were chosen here.
    Merged(Option<String>),
    /// Training was this fast here, unless something newer is known.
    Speed(Speed),
}

impl Outcome {
    /// Let a screen reader say this.
    pub fn announce(words: impl Into<String>) -> Self {
        Self::Effect(Effect::Announce(words.into()))
    }
}

/// The page's state.
#[derive(Debug)]
pub struct App {
    /// What the panels may look at.
    pub cx: Context,
    /// The panels.
    pub panels: PanelStates,
    /// The open panel.
    pub open_panel: Option<PanelId>,
    /// A remark about something that does not stop anything.
    pub notice: Option<String>,
    /// Parts of the view that may have changed since they were last returned.
    changed: Parts,
    last_run: u32,
    /// The interrupted run that the trainer was asked to go on with: its id from then on.
    continuing: Option<u32>,
    asked: Option<Intent>,
    /// Whether the link says that the hand writes nothing unasked.
    link_keeps_hand_off: bool,
}

impl App {
    /// The page as it opens.
    pub fn new(answer: Answer) -> Self {
        Self {
            cx: Context::new(answer),
            panels: PanelStates::default(),
            open_panel: None,
            notice: None,
            changed: Parts::ALL,
            last_run: 0,
            continuing: None,
            asked: None,
            link_keeps_hand_off: false,
        }
    }

    /// What the browser should do first.
    pub fn begin(&self) -> Vec<Effect> {
        vec![Effect::FetchShipped]
    }

    /// Takes one event; returns what the browser should do.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        #[cfg(test)]
        let (before, name) = (self.view(), tests::name(&event));
        let parts = Parts::of(&event);
        self.changed = self.changed.and(parts);
        let (mut effects, mut out) = (Vec::new(), Vec::new());
        self.take(event, &mut effects, &mut out);
        let looks_inside = self.open_panel == Some(PanelId::Inside);
        self.panels.inside.one_step.watch(looks_inside, &self.cx, &mut out);
        for outcome in out {
            self.follow(outcome, &mut effects);
        }
        if self.cx.should_warm_up() {
            self.send(Request::WarmUp, vec![], &mut effects);
        }
        #[cfg(test)]
        before.assert_same_but(
            ViewChanges::of(&self.cx, self.notice.as_deref(), self.changed),
            &self.view(),
            &name,
        );
        effects
    }

    /// What the page shows differently since this was last called.
    pub fn view_changes(&mut self) -> ViewChanges {
        let changed = std::mem::take(&mut self.changed);
        ViewChanges::of(&self.cx, self.notice.as_deref(), changed)
    }

    fn take(&mut self, event: Event, effects: &mut Vec<Effect>, out: &mut Vec<Outcome>) {
        match event {
            Event::Hash(hash) => {
                let link = Link::read(&hash);
                let (form, mut notices) = Form::of_address(&link.settings);
                let slower = Form { pace: form.pace, ..self.cx.form.clone() };
                if form != slower && self.cx.run_is_on() {
                    notices.push(String::from("The new settings apply from the next run."));
                }
                self.cx.form = form;
                self.set_pace(effects);
                self.link_keeps_hand_off = !link.unasked;
                self.cx.hand.unasked &= link.unasked;
                match link.drawing {
                    Some(Some(strokes)) => {
                        self.take_back(Drawing::clear);
                        self.cx.hand.repeat(strokes);
                        self.move_hand(0.0, effects);
                    }
                    Some(None) => notices
                        .push(String::from("The link’s drawing cannot be read; it is left out.")),
                    None => {}
                }
                self.notice = (!notices.is_empty()).then(|| notices.join(" "));
                self.check_start();
                self.show_form(effects);
            }
            Event::Set(field, text) => {
                self.notice = self.cx.form.set(field, &text);
                if field == Field::Speed {
                    self.set_pace(effects);
                }
                self.check_start();
                self.show_form(effects);
            }
            Event::Redraw(strokes) => {
                // A link's own drawing comes first.
                if self.cx.answer.drawing().is_empty() && !self.cx.hand.is_writing() {
                    self.settle_hand();
                    self.cx.answer.draw(|drawing| *drawing = Drawing::of(strokes));
                }
            }
            Event::PenDown(point) => {
                self.settle_hand();
                self.cx.answer.draw(|drawing| drawing.pen_down(point));
            }
            Event::PenMoved(points) => self.cx.answer.draw(|drawing| {
                for point in points {
                    drawing.pen_moved(point);
                }
            }),
            Event::PenUp => {
                self.cx.answer.lift_pen();
                self.announce_answer(effects);
            }
            Event::PenWithdrawn => self.cx.answer.draw(Drawing::undo),
            Event::Undo => {
                self.take_back(Drawing::undo);
                self.announce_answer(effects);
            }
            Event::Clear => self.take_back(Drawing::clear),
            Event::Write(digit) => {
                self.take_back(Drawing::clear);
                self.cx.hand.write(digit);
                self.move_hand(0.0, effects);
            }
            Event::WriteTestImage => self.request_test_image(effects),
            Event::CopyLink => self.copy_link(effects),
            Event::HandMoved(milliseconds) => self.move_hand(milliseconds, effects),
            Event::Train => self.train(Run::pause_or_resume, false, effects),
            Event::Step => {
                let count = self.cx.step_size;
                self.train(|run| run.take_steps(count), true, effects);
            }
            Event::Timeline(event) => {
                self.travel(event);
                self.have_test_follow(out);
            }
            Event::StepSize(count) => self.cx.step_size = count,
            Event::Reset => self.propose_reset(effects),
            Event::Continue => self.go_on(effects),
            Event::Discard => {
                self.cx.interrupted = None;
                self.send(Request::DiscardInterrupted, vec![], effects);
            }
            Event::Hidden => {
                if let Some(run) = self.cx.run.as_ref().filter(|run| run.is_on()) {
                    self.send(Request::Keep { run: run.id() }, vec![], effects);
                }
            }
            Event::Confirmed => match self.asked.take() {
                Some(Intent::Reset) => self.reset(effects),
                Some(Intent::Start { paused }) => self.start(paused, effects),
                None => {}
            },
            Event::Declined => self.asked = None,
            Event::AnswerFrom(source) => {
                self.cx.answer.answer_from(source);
                self.announce_answer(effects);
            }
            Event::Repair => self.repair(effects),
            Event::RetryData => self.retry_data(effects),
            Event::CloseNotice => self.notice = None,
            Event::CloseCard => self.cx.done_card = false,
            Event::TogglePanel(panel) => {
                self.open_panel = (self.open_panel != Some(panel)).then_some(panel);
                self.panels.load(self.open_panel, &self.cx, out);
            }
            Event::Recipe(recipe) => {
                if !self.cx.run_is_on() {
                    recipe.apply(&mut self.cx.form.settings);
                    self.show_form(effects);
                }
            }
            Event::SaveNetwork { format, origin } => self.save_network(format, origin, effects),
            Event::Open(files, bytes) => self.open_files(files, bytes, effects),
            Event::Panel(event) => self.panels.update(event, &self.cx, out),
            Event::Notice(text) => self.notify(&text),
            Event::Shipped(weights) => {
                self.cx.answer.set_shipped(weights);
                self.demonstrate(effects);
                if self.cx.trainer.state == TrainerState::Waiting {
                    self.spawn_trainer(effects);
                }
            }
            Event::Doubt(weights) => self.cx.answer.set_doubt(&weights),
            Event::Reply(reply, arrays) => self.on_reply(reply, arrays, out),
            Event::TrainerGone(reason) => {
                self.lose_trainer(reason);
                effects.push(Effect::CheckForUpdate);
            }
            Event::TrainerBroke => self.lose_broken_trainer(out),
            Event::FileMissing => effects.push(Effect::CheckForUpdate),
            Event::Updated => self.on_update_found(),
            Event::Tick(seconds) => {
                if let Some(why) = self.cx.trainer.wait(seconds, self.cx.run.as_ref()) {
                    self.lose_trainer(why);
                }
                if self.open_panel == Some(PanelId::Evaluate) {
                    self.panels.evaluate.map.follow(&self.cx, seconds, out);
                }
            }
        }
    }

    /// Does what a panel asks for.
    fn follow(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        match outcome {
            Outcome::Effect(effect) => effects.push(effect),
            Outcome::Send(request, arrays) => self.send(request, arrays, effects),
            Outcome::Notice(words) => self.notice = words,
            Outcome::Notify(words) => self.notify(&words),
            Outcome::Network(architecture) => {
                self.notice = None;
                self.cx.form.settings.architecture = architecture;
                self.check_start();
                self.show_form(effects);
            }
            Outcome::ShowForm => self.show_form(effects),
            Outcome::Clear => self.take_back(Drawing::clear),
            Outcome::LookInside(subject) => {
                self.panels.inside.look_at(subject);
                self.open_panel = Some(PanelId::Inside);
            }
            Outcome::AnswerFrom(source) => {
                self.cx.answer.answer_from(source);
                let (name, answer) = (self.cx.answering(), view::spoken_answer(&self.cx.answer));
                effects.push(Effect::Announce(format!("Predictions from: {name}. {answer}")));
            }
            Outcome::Tuned { architecture, before, weights } => {
                self.cx.answer.set_tuned(architecture, before, weights);
            }
            Outcome::Restore(restored) => self.restore(*restored, effects),
            Outcome::Opened(info, weights) => self.take_opened(&info, weights, effects),
            Outcome::Merged(settings) => self.take_merged(settings, effects),
            Outcome::Speed(speed) => {
                self.cx.speed = self.cx.speed.or(Some(speed));
                self.cx.quote_speed();
            }
        }
    }

    /// Reads one of Test's visible pictures that the current weights have not read yet, pinned drawings first. Returns
    /// false if there is none.
    ///
    /// - `pinned`: whether the pinned drawings are visible.
    /// - `exhibits`: the visible images of the gallery.
    pub fn read_next(&mut self, pinned: bool, exhibits: Range<usize>) -> bool {
        let run = self.cx.run.as_ref().map(Run::id);
        self.panels.evaluate.read_next(&mut self.cx.answer, run, pinned, exhibits)
    }

    /// Takes one step towards the answer to Ask it's question; returns whether there is more to do.
    pub fn think(&mut self) -> bool {
        let trains = self.cx.run.as_ref().is_some_and(Run::expects_progress);
        self.panels.ask.think(&mut self.cx.answer, trains)
    }

    /// Whether leaving the page now would lose a run that has trained for an epoch or more, or fine-tuned weights, which
    /// are not stored. A run in progress goes on at the next visit, unless the browser refuses to keep it.
    pub fn would_lose_work(&self) -> bool {
        let run = self.cx.run.as_ref().filter(|run| run.progress.epoch > 0);
        self.cx.answer.is_tuned()
            || run.is_some_and(|run| {
                if run.is_on() { run.refused } else { !self.panels.runs.keeps(run.id()) }
            })
    }

    /// What to say when the page cannot go on because of an error.
    pub fn farewell(&self) -> String {
        let run = self.cx.run.as_ref();
        view::farewell(run, run.is_some_and(|run| self.panels.runs.keeps(run.id())))
    }

    fn announce_answer(&self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Announce(view::spoken_answer(&self.cx.answer)));
    }

    /// Has Test evaluate and map the moment that answers, if it is open.
    pub(in crate::app) fn have_test_follow(&mut self, out: &mut Vec<Outcome>) {
        if self.open_panel == Some(PanelId::Evaluate) {
            self.panels.evaluate.follow(&self.cx, out);
        }
    }

    fn ask(&mut self, text: String, yes: &'static str, intent: Intent, effects: &mut Vec<Effect>) {
        self.asked = Some(intent);
        effects.push(Effect::Ask(Question { text, yes }));
    }

    /// Falls back to fresh weights if the chosen ones are not there or do not fit the network.
    fn check_start(&mut self) {
        let why = match self.cx.form.start {
            StartFrom::Fresh => None,
            StartFrom::Shipped => self.cx.cannot_start_shipped(),
            StartFrom::Current => self.cx.cannot_start_current(),
        };
        if let Some(why) = why {
            self.cx.form.start = StartFrom::Fresh;
            self.notify(&format!("{why}, so the next run starts from random weights."));
        }
    }

    /// Adds words to the notice.
    fn notify(&mut self, words: &str) {
        let before = self.notice.take().map_or_else(String::new, |before| before + " ");
        self.notice = Some(before + words);
    }

    fn copy_link(&mut self, effects: &mut Vec<Effect>) {
        let mut hash = self.cx.form.to_hash();
        let drawing = self.cx.answer.drawing();
        if self.cx.answer.test_image().is_some() {
            self.notify("The link has no drawing, as a test image is on the pad.");
        } else if !drawing.is_empty() && !self.cx.hand.demonstrates() {
            match notation::write(drawing) {
                Some(strokes) => hash = link::with_drawing(hash, &strokes),
                None => self.notify("The drawing is too long for a link; it is left out."),
            }
        }
        effects.push(Effect::CopyLink(hash));
    }

    /// What the URL holds.
    fn hash(&self) -> String {
        link::for_address(self.cx.form.to_hash(), !self.link_keeps_hand_off)
    }

    /// Shows the settings in the controls and the URL.
    fn show_form(&mut self, effects: &mut Vec<Effect>) {
        self.cx.form_revision = self.cx.form_revision.wrapping_add(1);
        effects.push(Effect::WriteHash(self.hash()));
    }
}

#[cfg(test)]
mod tests;
