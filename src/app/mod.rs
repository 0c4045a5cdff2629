//! The page without a browser: its state, what can happen to it, and what it then asks for.
//!
//! [`App::update`] takes one [`Event`] and returns the [`Effect`]s that `web::page` carries out;
//! [`view::View`] says what the page shows. Nothing here knows a document, a clock or a worker.

pub mod answer;
pub mod curves;
pub mod drawings;
pub mod format;
pub mod panels;
pub mod plan;
pub mod run;
pub mod speed;
pub mod view;

use crate::config::{Architecture, Field, Form, NetworkPreset, Recipe, StartFrom};
use crate::ink::{Drawing, Point};
use crate::protocol::{DataProgress, Reply, Request};
use answer::{Answer, Source};
use curves::Curves;
use panels::PanelId;
use panels::evaluate::{self, EvaluateState};
use panels::experiment::editor::Edit;
use panels::fine_tune::{self, FineTuneState};
use panels::inside::{self, InsideState};
use panels::runs::{self, RunsState};
use run::Run;
use speed::Speed;

/// Seconds of silence after which a trainer that owes an answer counts as gone.
const TIMEOUT: f32 = 12.0;

/// Seconds that a trainer may take to load.
const LOADING_TIMEOUT: f32 = 60.0;

/// What happens to the page.
#[derive(Debug)]
pub enum Event {
    /// The URL's hash, at first and whenever it changes.
    Hash(String),
    /// A control was set to a text.
    Set(Field, String),
    /// The pen came down.
    PenDown(Point),
    /// The pen moved, through all these points.
    PenMoved(Vec<Point>),
    /// The pen was lifted.
    PenUp,
    /// Take back the last stroke.
    Undo,
    /// Take back all strokes.
    Clear,
    /// Train, Pause or Resume, whichever it reads.
    Train,
    /// One minibatch.
    Step,
    /// Forget the run.
    Reset,
    /// The question was answered with yes.
    Confirmed,
    /// The question was answered with no.
    Declined,
    /// Let these weights answer.
    AnswerFrom(Source),
    /// Try again what the shown problem is about.
    Repair,
    /// Load the data again that could not be loaded.
    RetryData,
    /// Close the notice.
    CloseNotice,
    /// Open a panel, or close it if it is open.
    TogglePanel(PanelId),
    /// Change the layers of the network.
    Edit(Edit),
    /// Take back the last change of the layers.
    UndoEdit,
    /// Take a ready-made network.
    Network(NetworkPreset),
    /// Take ready-made settings.
    Recipe(Recipe),
    /// Vary the drawing by other chances.
    VaryAgain,
    /// Something in Look inside.
    Inside(inside::Event),
    /// Something in Judge.
    Evaluate(evaluate::Event),
    /// Something in Make it yours.
    FineTune(fine_tune::Event),
    /// Something about a collection of labelled drawings.
    Drawings(drawings::Collection, drawings::Event),
    /// Something about kept runs.
    Runs(runs::Event),
    /// Say something in the notice, after what it says already.
    Notice(String),
    /// The shipped weights, or why there are none.
    Shipped(Result<Vec<f32>, String>),
    /// The trainer says something, with its arrays.
    Reply(Reply, Vec<Vec<f32>>),
    /// The trainer is gone: why, in words for the page.
    TrainerGone(String),
    /// A file of this page's build could not be loaded.
    FileMissing,
    /// The site holds another build than this page belongs to.
    Updated,
    /// The trainer is gone because of an error, of which the console has the words.
    TrainerBroke,
    /// So many seconds have passed.
    Tick(f32),
}

/// What the page asks the browser for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell the trainer, with arrays beside it.
    Send(Request, Vec<Vec<f32>>),
    /// Start a trainer; end the one before.
    SpawnTrainer,
    /// Fetch the shipped weights.
    FetchShipped,
    /// See whether the site holds another build by now; if so, [`Event::Updated`] follows.
    CheckForUpdate,
    /// Load the page anew.
    Reload,
    /// Put the settings into the URL.
    WriteHash(String),
    /// Ask something of the browser's store of runs.
    Runs(runs::RunsRequest),
    /// Ask something of the browser's store of labelled drawings.
    Drawings(drawings::Collection, drawings::DrawingsRequest),
    /// Ask before something is lost.
    Ask(Question),
    /// Have the visitor save a file.
    Download(runs::File),
    /// Let a screen reader say this.
    Announce(String),
}

/// Something to ask before a trained network is thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// What yes does, as a button.
    pub yes: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Intent {
    Reset,
    Start { paused: bool },
}

/// The trainer, as far as the page knows.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainerState {
    /// Its turn comes after the shipped weights, so that drawing does not wait for its bytes.
    Waiting,
    /// It loads.
    Loading,
    /// It listens; its kernels' instruction set.
    Ready(String),
    /// It is gone: why.
    Gone(String),
}

/// The training data, as far as the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// How much is here; `None` before the trainer said anything.
    pub progress: Option<DataProgress>,
    /// A part that cannot be used and why.
    pub failed: Option<(String, String)>,
}

/// The page's state.
#[derive(Debug)]
pub struct App {
    /// What the visitor set.
    pub form: Form,
    /// Counts the moments at which the controls should show it anew.
    pub form_revision: u32,
    /// A gentle word about something that does not stop anything.
    pub notice: Option<String>,
    /// The drawing, and which weights read it as what.
    pub answer: Answer,
    /// The trainer.
    pub trainer: TrainerState,
    /// Whether the site holds another build by now, whose workers are not this page's.
    updated: bool,
    /// The training data.
    pub data: Data,
    /// The run under way, or the last one.
    pub run: Option<Run>,
    /// Its curves.
    pub curves: Curves,
    /// The open panel.
    pub open_panel: Option<PanelId>,
    /// What Look inside looks at.
    pub inside: InsideState,
    /// What Judge knows.
    pub evaluate: EvaluateState,
    /// What Make it yours knows.
    pub fine_tune: FineTuneState,
    /// The kept runs.
    pub runs: RunsState,
    /// How fast training is here, as far as a run has shown.
    pub speed: Option<Speed>,
    /// Seed of the chances by which Experiment varies the drawing.
    pub varied: u64,
    /// Counts the moments at which the network's layers came, went or moved.
    layers_revision: u32,
    /// The networks before each change of the layers, the newest last.
    layers_before: Vec<Architecture>,
    /// Workers that train if the settings leave it open.
    pub cores: u32,
    last_run: u32,
    asked: Option<Intent>,
    silence: f32,
}

impl App {
    /// The page as it opens.
    pub fn new(answer: Answer) -> Self {
        Self {
            form: Form::default(),
            form_revision: 0,
            notice: None,
            answer,
            trainer: TrainerState::Waiting,
            updated: false,
            data: Data::default(),
            run: None,
            curves: Curves::default(),
            open_panel: None,
            inside: InsideState::default(),
            evaluate: EvaluateState::default(),
            fine_tune: FineTuneState::default(),
            runs: RunsState::default(),
            speed: None,
            varied: 0,
            layers_revision: 0,
            layers_before: Vec::new(),
            cores: 1,
            last_run: 0,
            asked: None,
            silence: 0.0,
        }
    }

    /// Workers that the next run asks for.
    pub fn workers(&self) -> u32 {
        self.form.workers.unwrap_or(self.cores)
    }

    /// What the browser should do first.
    pub fn begin(&self) -> Vec<Effect> {
        vec![Effect::FetchShipped]
    }

    /// Takes one event.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Hash(hash) => {
                let (form, mut notices) = Form::from_hash(&hash);
                if form != self.form && self.run_is_on() {
                    notices.push(String::from("The new settings count from the next run on."));
                }
                self.form = form;
                self.notice = (!notices.is_empty()).then(|| notices.join(" "));
                self.check_start();
                self.show_form(&mut effects);
            }
            Event::Set(field, text) => {
                self.notice = self.form.set(field, &text);
                self.check_start();
                self.show_form(&mut effects);
            }
            Event::PenDown(point) => self.answer.draw(|drawing| drawing.begin(point)),
            Event::PenMoved(points) => self.answer.draw(|drawing| {
                for point in points {
                    drawing.extend(point);
                }
            }),
            Event::PenUp => effects.push(Effect::Announce(view::spoken_answer(&self.answer))),
            Event::Undo => {
                self.answer.draw(Drawing::undo);
                self.forget_label();
                effects.push(Effect::Announce(view::spoken_answer(&self.answer)));
            }
            Event::Clear => {
                self.answer.draw(Drawing::clear);
                self.forget_label();
            }
            Event::Train => self.train(&mut effects),
            Event::Step => self.step(&mut effects),
            Event::Reset => match self.at_stake() {
                Some(what) => self.ask(
                    format!("Reset this run? {what} {}.", self.fate()),
                    "Reset",
                    Intent::Reset,
                    &mut effects,
                ),
                None => self.reset(&mut effects),
            },
            Event::Confirmed => match self.asked.take() {
                Some(Intent::Reset) => self.reset(&mut effects),
                Some(Intent::Start { paused }) => self.start(paused, &mut effects),
                None => {}
            },
            Event::Declined => self.asked = None,
            Event::AnswerFrom(source) => {
                self.answer.answer_from(source);
                effects.push(Effect::Announce(view::spoken_answer(&self.answer)));
            }
            Event::Repair => self.repair(&mut effects),
            Event::RetryData => self.retry_data(&mut effects),
            Event::CloseNotice => self.notice = None,
            Event::TogglePanel(panel) => {
                self.open_panel = (self.open_panel != Some(panel)).then_some(panel);
                // Experiment asks how fast the last run was.
                if matches!(self.open_panel, Some(PanelId::Runs | PanelId::Experiment)) {
                    self.read_runs(&mut effects);
                }
                self.load_evaluate_panel(&mut effects);
                self.load_fine_tune_panel(&mut effects);
            }
            Event::Edit(change) => self.edit(&change, &mut effects),
            Event::UndoEdit => self.undo_edit(&mut effects),
            Event::Network(network) => self.take_network(&network, &mut effects),
            Event::Recipe(recipe) => {
                if !self.run_is_on() {
                    recipe.apply(&mut self.form.settings);
                    self.show_form(&mut effects);
                }
            }
            Event::VaryAgain => self.varied = self.varied.wrapping_add(1),
            Event::Inside(event) => self.look_inside(event, &mut effects),
            Event::Evaluate(event) => self.update_evaluate(event, &mut effects),
            Event::FineTune(event) => self.update_fine_tune(event, &mut effects),
            Event::Drawings(collection, event) => {
                self.update_drawings(collection, event, &mut effects)
            }
            Event::Runs(event) => self.update_runs(event, &mut effects),
            Event::Notice(text) => self.notify(text),
            Event::Shipped(weights) => {
                self.answer.set_shipped(weights);
                if self.trainer == TrainerState::Waiting {
                    self.spawn_trainer(&mut effects);
                }
            }
            Event::Reply(reply, arrays) => self.on_reply(reply, arrays, &mut effects),
            Event::TrainerGone(reason) => {
                self.lose_trainer(reason);
                effects.push(Effect::CheckForUpdate);
            }
            Event::TrainerBroke => self.lose_broken_trainer(&mut effects),
            Event::FileMissing => effects.push(Effect::CheckForUpdate),
            Event::Updated => self.on_update_found(),
            Event::Tick(seconds) => self.tick(seconds),
        }
        effects
    }

    /// Whether a run is under way, if it stands still or not.
    pub fn run_is_on(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_on)
    }

    /// Whether leaving the page now would lose something that took an epoch to learn.
    pub fn would_lose_a_run(&self) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| run.epoch > 0 && (run.is_on() || !self.runs.keeps(run.id)))
    }

    /// What becomes of the run's weights when they go from the page.
    fn fate(&self) -> &'static str {
        let kept = self.run.as_ref().is_some_and(|run| self.runs.keeps(run.id));
        if kept { "stays in Runs" } else { "will be gone" }
    }

    /// What would be lost if the run's weights went.
    fn at_stake(&self) -> Option<String> {
        let run = self.run.as_ref().filter(|run| run.step > 0)?;
        Some(match run.test_accuracy {
            Some(accuracy) => format!(
                "What it learnt in {} ({} of the test images right)",
                format::of(run.epoch, "epoch", "epochs"),
                format::percent(accuracy)
            ),
            None => {
                format!("What it learnt in {}", format::of(run.step, "minibatch", "minibatches"))
            }
        })
    }

    fn ask(&mut self, text: String, yes: &'static str, intent: Intent, effects: &mut Vec<Effect>) {
        self.asked = Some(intent);
        effects.push(Effect::Ask(Question { text, yes }));
    }

    /// A run can start from weights that are there and fit its network.
    fn check_start(&mut self) {
        let why = match self.form.start {
            StartFrom::Fresh => None,
            StartFrom::Shipped => self.cannot_start_shipped(),
            StartFrom::Current => self.cannot_start_current(),
        };
        if let Some(why) = why {
            self.form.start = StartFrom::Fresh;
            self.notify(format!("{why}; the next run starts from fresh random weights."));
        }
    }

    /// Why the next run cannot start from the shipped weights.
    fn cannot_start_shipped(&self) -> Option<&'static str> {
        let fits = self.form.settings.architecture.shares_parameters_with(&Architecture::default());
        (!fits).then_some("The shipped weights belong to another network")
    }

    /// Why the next run cannot go on from the last one.
    fn cannot_start_current(&self) -> Option<&'static str> {
        let architecture = &self.form.settings.architecture;
        match &self.run {
            None => Some("There is no run to go on from yet"),
            Some(run) if architecture.shares_parameters_with(&run.settings.architecture) => None,
            Some(_) => Some("The last run’s weights belong to another network"),
        }
    }

    /// Says something in the notice, after what it says already.
    fn notify(&mut self, text: String) {
        let before = self.notice.take().map_or_else(String::new, |before| before + " ");
        self.notice = Some(before + &text);
    }

    /// Has the controls and the URL show the settings.
    fn show_form(&mut self, effects: &mut Vec<Effect>) {
        self.form_revision = self.form_revision.wrapping_add(1);
        effects.push(Effect::WriteHash(self.form.to_hash()));
    }

    fn spawn_trainer(&mut self, effects: &mut Vec<Effect>) {
        self.trainer = TrainerState::Loading;
        self.silence = 0.0;
        effects.push(Effect::SpawnTrainer);
    }

    /// Says once that the site was updated. What is there goes on.
    fn on_update_found(&mut self) {
        if !std::mem::replace(&mut self.updated, true) {
            self.notify(String::from(
                "Inkling was updated: reload to use the new version. What is drawn and learnt here stays until you do.",
            ));
        }
    }

    fn repair(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.trainer, TrainerState::Gone(_)) && self.updated {
            effects.push(Effect::Reload);
        } else if matches!(self.trainer, TrainerState::Gone(_)) {
            self.data = Data::default();
            self.spawn_trainer(effects);
        } else if self.data.failed.is_some() {
            self.retry_data(effects);
        } else if self.answer.shipped_failure().is_some() {
            self.answer.expect_shipped();
            effects.push(Effect::FetchShipped);
        }
    }

    fn retry_data(&mut self, effects: &mut Vec<Effect>) {
        self.data.failed = None;
        self.send(Request::LoadData, vec![], effects);
    }

    /// Sends a request, if there is somebody to hear it.
    fn send(&mut self, request: Request, arrays: Vec<Vec<f32>>, effects: &mut Vec<Effect>) {
        if let TrainerState::Ready(_) = self.trainer {
            self.silence = 0.0;
            effects.push(Effect::Send(request, arrays));
        }
    }

    /// Why no run can begin now.
    fn cannot_train(&self) -> Option<&'static str> {
        match &self.trainer {
            _ if self.form.settings.architecture.shapes().is_err() => {
                Some("The network cannot be built as it is; Experiment says why.")
            }
            TrainerState::Waiting | TrainerState::Loading => Some("The trainer is still loading."),
            TrainerState::Gone(_) => Some("The trainer is gone; restart it first."),
            TrainerState::Ready(_) if self.fine_tune.is_fine_tuning() => {
                Some("Fine-tuning is under way in Make it yours.")
            }
            TrainerState::Ready(_) if self.has_images() => None,
            TrainerState::Ready(_) if self.data.failed.is_some() => {
                Some("There are no training images; Retry fetches them.")
            }
            TrainerState::Ready(_) => Some("The first training images are still on their way."),
        }
    }

    fn has_images(&self) -> bool {
        self.data.progress.is_some_and(|data| data.train_images > 0)
    }

    fn lose_trainer(&mut self, reason: String) {
        self.trainer = TrainerState::Gone(reason);
        self.evaluate.lose_trainer();
        self.fine_tune.lose_trainer();
        if let Some(run) = &mut self.run {
            run.stop();
        }
    }

    /// Loses the trainer to an error. Several may tell of the same one, and the first saw what it was about.
    fn lose_broken_trainer(&mut self, effects: &mut Vec<Effect>) {
        let what = match self.trainer {
            TrainerState::Gone(_) => return,
            TrainerState::Waiting | TrainerState::Loading => "The trainer could not be started.",
            TrainerState::Ready(_) => "The trainer stopped because of an error in this browser.",
        };
        self.lose_trainer(String::from(what));
        effects.push(Effect::CheckForUpdate);
    }

    fn tick(&mut self, seconds: f32) {
        self.silence += seconds;
        match &self.trainer {
            TrainerState::Loading if self.silence > LOADING_TIMEOUT => {
                self.lose_trainer(String::from("The trainer did not start."));
            }
            TrainerState::Ready(_) if self.silence > TIMEOUT && self.owed_an_answer() => {
                let message = format!("The trainer has not answered for {TIMEOUT} seconds.");
                self.lose_trainer(message);
            }
            _ => {}
        }
    }

    fn owed_an_answer(&self) -> bool {
        self.run.as_ref().is_some_and(Run::expects_progress) || self.fine_tune.is_fine_tuning()
    }
}

#[cfg(test)]
mod tests;
