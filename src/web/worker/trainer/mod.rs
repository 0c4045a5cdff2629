//! The trainer: owns the data set and the run, and does what the page asks.
//!
//! It works in short slices and lets the browser deliver messages in between, so that Pause takes
//! effect at once; [`run`] is a run's slice.

mod files;
mod images;
mod kept_run;
mod map;
mod run;
mod warming;
mod watched_step;

use std::rc::Rc;

use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::app::panels::runs::record::StoredRun;
use crate::config::{Architecture, TrainConfig};
use crate::net::init;
use crate::protocol::moments::Moments;
use crate::protocol::{self, DataProgress, Evaluation, Reply, Request, RunId};
use crate::train::fine_tune::FineTuneError;
use crate::train::gradient::SHARDS;
use crate::train::session::Session;
use crate::train::shard_assignment::HelperId;
use crate::train::shard_executor::ShardExecutor;
use crate::train::snapshot::{RunHistory, Snapshot, SnapshotError};
use crate::train::warm_up::WarmUp;
use crate::web::port::Turn;
use crate::web::worker::comparison::RunComparison;
use crate::web::worker::dataset::{Loaded, Loader, Retry};
use crate::web::worker::fine_tune::FineTuneJob;
use crate::web::worker::helper_pool::{HelperEvent, HelperPool};
use crate::web::worker::keeper::{self, Added, Saving};
use crate::web::worker::reply::send;
use crate::web::worker::run_store::{self, InterruptedRun};
use crate::web::worker::test_evaluation::TestEvaluation;
use images::Images;
use kept_run::KeptRun;
use run::{TrainerContext, TrainingRun};

/// Milliseconds of work before messages are delivered.
const SLICE: f64 = 40.0;

/// Milliseconds between two [`Reply::Evaluating`].
const EVALUATING_INTERVAL: f64 = 1000.0;

/// What takes longer than a request.
pub(super) enum Later {
    /// Load what is missing of the data set.
    Load(Box<Loader>),
    /// Go on with the interrupted run that has this key.
    Continue(String, GoingOn),
    /// Save what the browser keeps.
    Save(Saving),
    /// Add to what the browser keeps.
    Add(Added),
    /// Compare two kept runs.
    Compare(Vec<StoredRun>),
}

/// How an interrupted run goes on.
#[derive(Clone, Copy)]
pub(super) struct GoingOn {
    run: RunId,
    workers: u32,
    pace: Option<u32>,
}

/// The data set, and everything that is done with it.
pub(super) struct Trainer {
    scope: DedicatedWorkerGlobalScope,
    clock: Performance,
    turn: Turn,
    helper_pool: HelperPool,
    /// `None` while it is loading.
    pub(super) loader: Option<Loader>,
    retry: Retry,
    images: Images,
    run: Option<TrainingRun>,
    /// `None` once it is over.
    warm_up: Option<WarmUp>,
    /// Whether the page wants single steps.
    watches: bool,
    /// Whether interrupted runs have been looked for.
    has_looked: bool,
    /// Key of the interrupted run that the page was told of.
    offered: Option<String>,
    /// The evaluation that the page asked for.
    evaluating: Option<TestEvaluation>,
    /// The comparison that the page asked for.
    comparing: Option<RunComparison>,
    /// The fine-tuning that the page asked for.
    fine_tune: Option<FineTuneJob>,
}

impl Trainer {
    pub(super) fn new(
        scope: DedicatedWorkerGlobalScope,
        clock: Performance,
        turn: Turn,
        helper_pool: HelperPool,
    ) -> Self {
        let retry = Retry::default();
        Self {
            scope,
            clock,
            turn,
            helper_pool,
            loader: Some(Loader::new("./", Rc::clone(&retry))),
            retry,
            images: Images::default(),
            run: None,
            warm_up: WarmUp::new(),
            watches: false,
            has_looked: false,
            offered: None,
            evaluating: None,
            comparing: None,
            fine_tune: None,
        }
    }

    pub(super) fn send(&self, reply: &Reply, arrays: &[&[f32]]) {
        send(&self.scope, reply, arrays);
    }

    fn fail(&self, run: RunId, message: String) {
        self.send(&Reply::Failed { run, message }, &[]);
    }

    /// Adds a part of the data set, if one came, and reports the progress of the download or its failure. True once the
    /// first images are here, and so an interrupted run could go on.
    pub(super) fn on_loaded(&mut self, loaded: Loaded, progress: DataProgress) -> bool {
        let part = match loaded {
            Loaded::Bytes => None,
            Loaded::Part(split, digits) => Some((split, digits)),
            Loaded::Failed(error) => {
                let part = error.part().to_owned();
                self.send(&Reply::DataFailed { part, reason: error.to_string() }, &[]);
                return false;
            }
        };
        self.images.take(part, progress);
        self.send(&Reply::Data(progress), &[]);
        self.wake();
        progress.train_images > 0 && !std::mem::replace(&mut self.has_looked, true)
    }

    /// Tells the page of an interrupted run, unless another one is on.
    pub(super) fn offer(&mut self, (key, bytes): InterruptedRun) {
        if self.run.is_some() {
            return;
        }
        match self.read(&bytes) {
            Ok(Snapshot { session, history, .. }) => {
                let (epoch, epochs) = (session.epoch(), session.settings().epochs);
                let accuracy = history.accuracy();
                let interrupted = protocol::Interrupted { epoch, epochs, accuracy };
                self.offered = Some(key);
                self.send(&Reply::Interrupted(interrupted), &[]);
            }
            Err(error) => {
                run_store::forget(&key);
                let reason = format!("A run that was interrupted cannot go on: {error}.");
                self.send(&Reply::InterruptedLost { reason }, &[]);
            }
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
        Snapshot::read(bytes, self.images.progress.total_train_images as usize)
    }

    /// Goes on with an interrupted run, unless another one is on.
    pub(super) fn go_on(&mut self, going_on: GoingOn, taken: Option<[Vec<u8>; 2]>) {
        if self.run.is_some() {
            return;
        }
        let GoingOn { run, workers, pace } = going_on;
        let read = match &taken {
            Some([bytes, _]) => self.read(bytes).map_err(|error| error.to_string()),
            None => Err("it is running in another tab, or is over".to_owned()),
        };
        let begun = read.and_then(|snapshot| {
            let executor = ShardExecutor::new(&snapshot.session.settings().architecture);
            Ok((snapshot, executor.map_err(|error| error.to_string())?))
        });
        match begun {
            Ok((Snapshot { session, link, initial, history, seconds }, executor)) => {
                let (epoch, steps_per_epoch) = (session.epoch(), session.steps_per_epoch());
                let reply = Reply::Continued { run, link: link.clone(), epoch, steps_per_epoch };
                let RunHistory { losses, accuracies, tests } = &history;
                self.send(&reply, &[session.averaged(), &initial, losses, accuracies, tests]);
                let bytes = taken.map(|[_, moments]| moments).unwrap_or_default();
                let moments = Moments::read(&bytes, session.parameters().len());
                for moment in moments.all() {
                    self.send(&Reply::Moment { run, step: moment.step }, &[&moment.weights()]);
                }
                self.helper_pool.resize((workers as usize).clamp(1, SHARDS) - 1);
                let kept = KeptRun::new(link, initial, history, moments);
                let now = self.clock.now();
                let mut run = TrainingRun::new(run, session, executor, kept, now);
                run.set_seconds(seconds);
                run.pace = pace;
                self.run = Some(run);
                self.wake();
            }
            Err(why) => {
                let reason = format!("The run that was interrupted cannot go on: {why}.");
                self.send(&Reply::InterruptedLost { reason }, &[]);
            }
        }
    }

    /// Takes a request; returns what goes on beside all else.
    pub(super) fn on_request(&mut self, request: Request, arrays: Vec<Vec<f32>>) -> Option<Later> {
        match request {
            Request::WarmUp => self.warm_up(),
            Request::LoadData => {
                self.retry.set(true);
                return self.loader.take().map(|loader| Later::Load(Box::new(loader)));
            }
            Request::Start { run, settings, paused, workers, pace, link } => {
                // The new run may have another network.
                self.end();
                self.discard_interrupted();
                run_store::begin();
                self.helper_pool.resize((workers as usize).clamp(1, SHARDS) - 1);
                match self.begin(run, settings, link, arrays.into_iter().next()) {
                    Ok(mut run) => {
                        run.pace = pace;
                        if paused {
                            run.session.pause();
                        }
                        self.run = Some(run);
                    }
                    Err(message) => self.fail(run, message),
                }
            }
            Request::Continue { run, workers, pace } => {
                let going_on = GoingOn { run, workers, pace };
                return self.offered.take().map(|key| Later::Continue(key, going_on));
            }
            Request::DiscardInterrupted => self.discard_interrupted(),
            Request::Keep { run } => {
                if let Some(run) = self.run.as_mut().filter(|current| current.id == run) {
                    run.keep(self.clock.now());
                }
            }
            Request::Pause { run } => self.with_run(run, |run| run.session.pause()),
            Request::Resume { run } => self.with_run(run, |run| run.session.resume()),
            Request::Step { run, count } => {
                self.with_run(run, |run| run.session.take_steps(count));
            }
            Request::Watch { on } => self.watches = on,
            Request::ExplainStep { parameter } => {
                let watched = self.run.as_ref().and_then(|run| run.watched.as_ref());
                if let Some(reply) = watched.and_then(|watched| watched.explain(parameter)) {
                    self.send(&reply, &[]);
                }
            }
            Request::Pace { run, pace } => self.with_run(run, |run| run.pace = pace),
            Request::Reset { run } => {
                if self.run.as_ref().is_some_and(|current| current.id == run) {
                    self.end();
                }
            }
            Request::Evaluate { id, architecture } => {
                self.begin_evaluation(id, &architecture, arrays.into_iter().next());
            }
            Request::FineTune(request) => {
                // The test images come last.
                let replay =
                    if self.images.progress.test_ready { self.images.train.len() } else { 0 };
                self.fine_tune = FineTuneJob::new(&request, arrays, replay)
                    .inspect_err(|error| self.report_fine_tune_failed(request.id, error))
                    .ok();
            }
            Request::StopFineTuning { id } => {
                self.fine_tune.take_if(|current| current.id == id);
            }
            Request::Map { architecture } => self.map(&architecture, arrays),
            Request::TestLabels => {
                let here = if self.images.progress.test_ready { self.images.test.len() } else { 0 };
                let labels: Vec<f32> =
                    self.images.test.labels[..here].iter().copied().map(f32::from).collect();
                self.send(&Reply::TestLabels, &[&labels]);
            }
            Request::Export { format, info } => self.export(format, &info, arrays),
            Request::Save { what, origin, settings, runs } => {
                let runs = keeper::runs_of(runs, arrays);
                return Some(Later::Save(Saving { what, origin, settings, runs }));
            }
            Request::Compare { runs } => {
                return Some(Later::Compare(keeper::runs_of(runs, arrays)));
            }
            Request::Open { files } => return self.open(files, arrays),
            Request::TestImages => self.show_images(arrays.into_iter().next().unwrap_or_default()),
        }
        self.wake();
        None
    }

    fn begin_evaluation(
        &mut self,
        id: u32,
        architecture: &Architecture,
        weights: Option<Vec<f32>>,
    ) {
        let evaluating = match weights {
            _ if !self.images.progress.test_ready => {
                Err("The test images have not loaded yet.".to_owned())
            }
            None => Err("There is no network to test.".to_owned()),
            Some(weights) => TestEvaluation::new(id, architecture, &weights),
        };
        match evaluating {
            Ok(evaluating) => self.evaluating = Some(evaluating),
            Err(reason) => self.send(&Reply::EvaluationFailed { id, reason }, &[]),
        }
    }

    /// A slice of an evaluation.
    fn evaluate(&mut self) {
        let Some(evaluating) = &mut self.evaluating else { return };
        let start = self.clock.now();
        let done = slice(&self.clock, SLICE, || evaluating.advance(&self.images.test));
        if start - evaluating.reported > EVALUATING_INTERVAL {
            evaluating.reported = start;
            send(&self.scope, &Reply::Evaluating, &[]);
        }
        if let Some(evaluating) = self.evaluating.take_if(|_| done) {
            let (loss, accuracy) = (evaluating.score.mean_loss(), evaluating.score.accuracy());
            let evaluation = Evaluation { loss, accuracy };
            let reply = Reply::Evaluated { id: evaluating.id, evaluation };
            self.send(&reply, &[&evaluating.probabilities]);
        }
    }

    /// A slice of fine-tuning.
    fn advance_fine_tune(&mut self) {
        let Some(fine_tune) = &mut self.fine_tune else { return };
        let start = self.clock.now();
        let mut over = Ok(false);
        while matches!(over, Ok(false)) && self.clock.now() - start < SLICE {
            over = fine_tune.work.advance(&self.images.train, &self.images.test);
        }
        match over {
            Ok(false) => {
                if let Some(reply) = fine_tune.progress(self.clock.now(), self.images.test.len()) {
                    self.send(&reply, &[]);
                }
            }
            Ok(true) => {
                if let Some(fine_tune) = self.fine_tune.take() {
                    self.send(&fine_tune.outcome(), &[fine_tune.work.parameters()]);
                }
            }
            Err(error) => {
                if let Some(fine_tune) = self.fine_tune.take() {
                    self.report_fine_tune_failed(fine_tune.id, &error);
                }
            }
        }
    }

    fn report_fine_tune_failed(&self, id: u32, error: &FineTuneError) {
        self.send(&Reply::FineTuneFailed { id, reason: error.to_string() }, &[]);
    }

    /// Places the first test images on a map.
    fn map(&self, architecture: &Architecture, arrays: Vec<Vec<f32>>) {
        let [parameters, before] = &arrays[..] else { return };
        let mapped =
            map::map(&self.images.test, architecture, parameters, before).unwrap_or_default();
        self.send(&Reply::Mapped, &mapped.each_ref().map(Vec::as_slice));
    }

    fn show_images(&mut self, mut indices: Vec<f32>) {
        indices.retain(|&index| (index as usize) < self.images.test.len());
        let wanted = indices.iter().map(|&index| index as usize);
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        self.images.test.gather(wanted, &mut images, &mut labels);
        self.send(&Reply::TestImages, &[&indices, &images]);
    }

    fn discard_interrupted(&mut self) {
        self.offered.take().iter().for_each(|key| run_store::forget(key));
    }

    /// Ends the run and drops its current job.
    fn end(&mut self) {
        if self.run.take().is_some() {
            run_store::end();
        }
        self.helper_pool.abandon();
    }

    pub(super) fn on_helper_event(&mut self, id: HelperId, event: HelperEvent) {
        if matches!(event, HelperEvent::Gone(_)) {
            self.send(&Reply::HelperLost, &[]);
        }
        self.helper_pool.on_event(id, event, self.run.as_mut().map(|run| &mut run.executor));
        // At once: another turn would leave the processor idle for a while.
        self.work();
    }

    fn begin(
        &self,
        id: RunId,
        settings: TrainConfig,
        link: String,
        parameters: Option<Vec<f32>>,
    ) -> Result<TrainingRun, String> {
        let total = self.images.progress.total_train_images as usize;
        if total == 0 {
            return Err("No training images have loaded yet. Try again in a moment.".to_owned());
        }
        if settings.batch_size == 0 || settings.epochs == 0 || settings.images == Some(0) {
            return Err(
                "A run needs at least one epoch, one image and one image per batch.".to_owned()
            );
        }
        if settings.split(total).0 == 0 {
            return Err(
                "All training images are held out, so none are left to train on.".to_owned()
            );
        }
        if settings.architecture.input != Architecture::default().input {
            return Err("The network is made for images of another size.".to_owned());
        }
        let executor =
            ShardExecutor::new(&settings.architecture).map_err(|error| error.to_string())?;
        let plan = executor.network().plan();
        let initial = parameters.clone().unwrap_or_default();
        let parameters =
            parameters.unwrap_or_else(|| init::glorot_uniform(plan, settings.seed.into()));
        if parameters.len() != plan.parameter_count() {
            return Err("The weights to start from belong to another network.".to_owned());
        }
        let session = Session::new(settings, total, parameters);
        let kept = KeptRun::new(link, initial, RunHistory::default(), Moments::default());
        Ok(TrainingRun::new(id, session, executor, kept, self.clock.now()))
    }

    /// Changes the run, if it still is the one with this id.
    fn with_run(&mut self, id: RunId, change: impl FnOnce(&mut TrainingRun)) {
        if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
            change(run);
            run.reported = None;
        }
    }

    /// Whether there is work beside a run.
    fn is_busy_beside(&self) -> bool {
        self.evaluating.is_some() || self.comparing.is_some() || self.fine_tune.is_some()
    }

    /// Requests a slice of work, if there is any.
    fn wake(&self) {
        if self.run.is_some() || self.is_busy_beside() {
            self.turn.request();
        }
    }

    /// A slice of work; requests the next one unless there is nothing to do.
    pub(super) fn work(&mut self) {
        self.evaluate();
        self.compare();
        self.advance_fine_tune();
        if self.is_busy_beside() {
            self.wake();
        }
        let Some(run) = &mut self.run else { return };
        let Self { scope, clock, turn, helper_pool, images, watches, .. } = self;
        let watches = *watches;
        let mut context = TrainerContext { scope, clock, turn, helper_pool, images, watches };
        let start = clock.now();
        let mut busy = true;
        while busy && clock.now() - start < SLICE {
            busy = run.advance(&mut context);
        }
        if run.has_diverged() {
            self.end();
        } else if busy {
            self.wake();
        }
    }
}

/// Advances some work until it is done or a slice of time is over; returns whether it is done.
fn slice(clock: &Performance, milliseconds: f64, mut advance: impl FnMut() -> bool) -> bool {
    let start = clock.now();
    let mut done = false;
    while !done && clock.now() - start < milliseconds {
        done = advance();
    }
    done
}
