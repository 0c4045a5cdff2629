//! The trainer: owns the data set and the run, and drives the run's [`Session`] between messages.
//!
//! It works in short slices and lets the browser deliver messages between them, so that a Pause is
//! heard at once.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use super::dataset::{Loader, Split};
use super::judging::Judging;
use super::port::{self, PortError, Turn};
use crate::data::Digits;
use crate::kernels::lanes;
use crate::net::loss::Score;
use crate::net::{Architecture, ArchitectureError, Network, init};
use crate::protocol::{
    Activity, DataProgress, Evaluation, Progress, Reply, Request, RunId, Settings,
};
use crate::train::gradient::{self, Minibatch, SHARDS};
use crate::train::meter::Meter;
use crate::train::session::{Available, Judgement, Session, Set, Task};

/// Milliseconds of work between two looks at the messages.
const SLICE: f64 = 16.0;

/// Milliseconds between two [`Reply::Progress`].
const PROGRESS_INTERVAL: f64 = 100.0;

/// Milliseconds between two signs of life while the run waits for data.
const HEARTBEAT: i32 = 1000;

/// Why the trainer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// This is not a worker.
    #[error("the trainer must run in a dedicated worker")]
    Scope,
    /// Without a clock there is no throughput.
    #[error("this browser's workers have no performance.now")]
    Clock,
    /// The default model cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Messages cannot be sent.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Starts listening; from [`Reply::Ready`] on, requests are heard.
///
/// # Errors
/// If this is not a worker, or one without a clock.
pub fn start() -> Result<(), WorkerError> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope =
        js_sys::global().dyn_into().map_err(|_| WorkerError::Scope)?;
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    let trainer = Rc::new(RefCell::new(Trainer::new(scope.clone(), clock)?));
    let turn = {
        let trainer = Rc::clone(&trainer);
        Turn::new(scope.clone(), move || trainer.borrow_mut().work())?
    };
    trainer.borrow_mut().turn = Some(turn);
    let hearing = Rc::clone(&trainer);
    port::listen(&scope, move |request| match request {
        Ok((Request::LoadData, _)) => load_data(&hearing),
        Ok((request, arrays)) => {
            let arrays = arrays.iter().map(js_sys::Float32Array::to_vec).collect();
            hearing.borrow_mut().hear(request, arrays);
        }
        Err(error) => hearing.borrow().fail(0, error.to_string()),
    });
    port::reply(&scope, &Reply::Ready { backend: lanes::BACKEND.to_owned() }, &[])?;
    Ok(())
}

/// Loads what is missing of the data set, part by part, while the trainer goes on with its work.
fn load_data(trainer: &Rc<RefCell<Trainer>>) {
    let Some(mut loader) = trainer.borrow_mut().loader.take() else {
        // It is loading already.
        return;
    };
    let trainer = Rc::clone(trainer);
    spawn_local(async move {
        let hearing = Rc::clone(&trainer);
        let result =
            loader.load(move |part, progress| hearing.borrow_mut().take(part, progress)).await;
        let mut trainer = trainer.borrow_mut();
        trainer.loader = Some(loader);
        if let Err(error) = result {
            let part = error.part().to_owned();
            trainer.say(&Reply::DataFailed { part, reason: error.to_string() }, &[]);
        }
    });
}

struct Trainer {
    scope: DedicatedWorkerGlobalScope,
    clock: Performance,
    turn: Option<Turn>,
    /// Away while it is loading.
    loader: Option<Loader>,
    train: Digits,
    test: Digits,
    data: DataProgress,
    /// What the network is built from.
    architecture: Architecture,
    network: Network,
    run: Option<Run>,
    /// What the page asked to be judged.
    judging: Option<Judging>,
    /// `[SHARDS][parameters]`
    leaves: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u8>,
}

/// A run and what is to be told about it.
struct Run {
    id: RunId,
    session: Session,
    meter: Meter,
    /// Whether the network holds the session's parameters as they are now.
    loaded: bool,
    /// What the page was told that the run is doing, if it stands still or waits.
    told: Option<Task<'static>>,
    /// What the page was told last that it is busy with.
    activity: Activity,
    last_progress: f64,
    /// Of each minibatch since the last progress.
    losses: Vec<f32>,
    accuracies: Vec<f32>,
    /// Of the test images evaluated since the last minibatch, `[images][classes]`.
    test_probabilities: Vec<f32>,
}

impl Trainer {
    fn new(scope: DedicatedWorkerGlobalScope, clock: Performance) -> Result<Self, WorkerError> {
        let architecture = Architecture::default();
        let network = Network::new(&architecture)?;
        Ok(Self {
            scope,
            clock,
            turn: None,
            loader: Some(Loader::new("data/")),
            train: Digits::default(),
            test: Digits::default(),
            data: DataProgress::default(),
            leaves: vec![0.0; SHARDS * network.plan().parameter_count()],
            architecture,
            network,
            run: None,
            judging: None,
            images: Vec::new(),
            labels: Vec::new(),
        })
    }

    fn say(&self, reply: &Reply, arrays: &[&[f32]]) {
        let arrays: Vec<_> = arrays.iter().map(|numbers| port::array(numbers)).collect();
        if let Err(error) = port::reply(&self.scope, reply, &arrays) {
            // Nothing can be told through a port that is broken; the page sees the silence.
            web_sys::console::error_1(&error.to_string().into());
        }
    }

    fn fail(&self, run: RunId, message: String) {
        self.say(&Reply::Failed { run, message }, &[]);
    }

    /// Takes in a verified part of the data set, if one came, and how much there is now.
    fn take(&mut self, part: Option<(Split, Digits)>, progress: DataProgress) {
        match part {
            Some((Split::Train, digits)) => self.train.append(digits),
            Some((Split::Test, digits)) => self.test.append(digits),
            None => {}
        }
        self.data = progress;
        self.say(&Reply::Data(progress), &[]);
        self.wake();
    }

    fn hear(&mut self, request: Request, arrays: Vec<Vec<f32>>) {
        match request {
            Request::LoadData => {}
            Request::Start { run, settings, paused } => {
                // The network may become another one.
                self.run = None;
                match self.begin(run, settings, arrays.into_iter().next()) {
                    Ok(mut run) => {
                        if paused {
                            run.session.pause();
                        }
                        self.run = Some(run);
                    }
                    Err(message) => self.fail(run, message),
                }
            }
            Request::Pause { run } => self.with_run(run, Session::pause),
            Request::Resume { run } => self.with_run(run, Session::resume),
            Request::Step { run } => self.with_run(run, Session::take_step),
            Request::Reset { run } => {
                if self.run.as_ref().is_some_and(|current| current.id == run) {
                    self.run = None;
                }
            }
            Request::Judge { judging, architecture } => {
                self.begin_judging(judging, &architecture, arrays.into_iter().next());
            }
            Request::TestLabels => {
                let here = if self.data.test_ready { self.test.len() } else { 0 };
                let labels: Vec<f32> =
                    self.test.labels[..here].iter().copied().map(f32::from).collect();
                self.say(&Reply::TestLabels, &[&labels]);
            }
            Request::TestImages => self.show_images(arrays.into_iter().next().unwrap_or_default()),
        }
        self.wake();
    }

    fn begin_judging(&mut self, id: u32, architecture: &Architecture, weights: Option<Vec<f32>>) {
        let judging = match weights {
            _ if !self.data.test_ready => Err("The test images are not here yet.".to_owned()),
            None => Err("There are no weights to judge.".to_owned()),
            Some(weights) => Judging::new(id, architecture, &weights),
        };
        match judging {
            Ok(judging) => self.judging = Some(judging),
            Err(reason) => self.say(&Reply::NotJudged { judging: id, reason }, &[]),
        }
    }

    /// A slice of evaluating what the page asked to be judged.
    fn judge(&mut self) {
        let Some(mut judging) = self.judging.take() else { return };
        let start = self.clock.now();
        let mut done = false;
        while !done && self.clock.now() - start < SLICE {
            done = judging.advance(&self.test, &mut self.images, &mut self.labels);
        }
        if done {
            let (loss, accuracy) = (judging.score.mean_loss(), judging.score.accuracy());
            let evaluation = Evaluation { loss, accuracy };
            let reply = Reply::Judged { judging: judging.id, evaluation };
            self.say(&reply, &[&judging.probabilities]);
        } else {
            self.judging = Some(judging);
        }
    }

    fn show_images(&mut self, mut indices: Vec<f32>) {
        indices.retain(|&index| (index as usize) < self.test.len());
        let wanted = indices.iter().map(|&index| index as usize);
        self.test.gather(wanted, &mut self.images, &mut self.labels);
        self.say(&Reply::TestImages, &[&indices, &self.images]);
    }

    fn begin(
        &mut self,
        id: RunId,
        settings: Settings,
        parameters: Option<Vec<f32>>,
    ) -> Result<Run, String> {
        let total = self.data.total_train_images as usize;
        if total == 0 {
            return Err("No training images are here yet; try again when some are.".to_owned());
        }
        if settings.batch_size == 0 || settings.epochs == 0 || settings.images == Some(0) {
            return Err(
                "A run needs at least one epoch, one image and one image a batch.".to_owned()
            );
        }
        if settings.split(total).0 == 0 {
            return Err("All training images are held out: none is left to train on.".to_owned());
        }
        if settings.architecture.input != Architecture::default().input {
            return Err("The network is made for other images than MNIST's.".to_owned());
        }
        self.build(&settings.architecture).map_err(|error| error.to_string())?;
        let plan = self.network.plan();
        let parameters =
            parameters.unwrap_or_else(|| init::glorot_uniform(plan, settings.seed.into()));
        if parameters.len() != plan.parameter_count() {
            return Err("The weights to start from belong to another model.".to_owned());
        }
        Ok(Run {
            id,
            session: Session::new(settings, total, parameters),
            meter: Meter::default(),
            loaded: false,
            told: None,
            activity: Activity::Training,
            last_progress: self.clock.now(),
            losses: Vec::new(),
            accuracies: Vec::new(),
            test_probabilities: Vec::new(),
        })
    }

    /// Has the network be of this architecture.
    fn build(&mut self, architecture: &Architecture) -> Result<(), ArchitectureError> {
        if self.architecture != *architecture {
            self.network = Network::new(architecture)?;
            self.architecture.clone_from(architecture);
            self.leaves = vec![0.0; SHARDS * self.network.plan().parameter_count()];
        }
        Ok(())
    }

    /// Changes the run, if it is still the one meant.
    fn with_run(&mut self, id: RunId, change: impl FnOnce(&mut Session)) {
        if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
            change(&mut run.session);
            run.told = None;
        }
    }

    /// Asks for a slice of work, if there is any.
    fn wake(&self) {
        if let Some(turn) = &self.turn
            && (self.run.is_some() || self.judging.is_some())
        {
            turn.request();
        }
    }

    fn available(&self) -> Available {
        Available { train: self.train.len(), test: self.data.test_ready.then(|| self.test.len()) }
    }

    /// A slice of work; asks for the next one unless there is nothing to do.
    fn work(&mut self) {
        self.judge();
        if self.judging.is_some() {
            self.wake();
        }
        let Some(mut run) = self.run.take() else { return };
        let start = self.clock.now();
        let mut busy = true;
        while busy && self.clock.now() - start < SLICE {
            busy = self.advance(&mut run);
        }
        self.run = Some(run);
        if busy {
            self.wake();
        }
    }

    /// Does the run's next task; false if there is none.
    fn advance(&mut self, run: &mut Run) -> bool {
        let available = self.available();
        let start = self.clock.now();
        match run.session.next(available) {
            Task::Minibatch(indices) => {
                run.session.gather(&self.train, indices, &mut self.images, &mut self.labels);
                let score = self.learn(run);
                run.meter.trained(score.images as usize, (self.clock.now() - start) / 1000.0);
                run.losses.push(score.mean_loss());
                run.accuracies.push(score.accuracy());
                if self.clock.now() - run.last_progress >= PROGRESS_INTERVAL {
                    self.report(run, Activity::Training);
                }
                true
            }
            Task::Evaluate(set, range) => {
                if run.activity != Activity::Evaluating {
                    self.report(run, Activity::Evaluating);
                }
                let digits = if set == Set::Test { &self.test } else { &self.train };
                digits.gather(range, &mut self.images, &mut self.labels);
                self.load(run);
                let mut probabilities = Vec::new();
                let score = self.network.evaluate(&self.images, &self.labels, &mut probabilities);
                if set == Set::Test {
                    run.test_probabilities.append(&mut probabilities);
                }
                run.meter.evaluated(self.labels.len(), (self.clock.now() - start) / 1000.0);
                if let Some(Judgement { test, validation }) = run.session.judge(score, available) {
                    run.activity = Activity::Training;
                    let reply = Reply::EpochEnd {
                        run: run.id,
                        epoch: run.session.epoch(),
                        step: run.session.step(),
                        test_loss: test.mean_loss(),
                        test_accuracy: test.accuracy(),
                        validation: validation.map(|score| Evaluation {
                            loss: score.mean_loss(),
                            accuracy: score.accuracy(),
                        }),
                    };
                    self.say(&reply, &[run.session.parameters(), &run.test_probabilities]);
                    run.test_probabilities.clear();
                }
                true
            }
            Task::Wait => self.stand(run, Task::Wait),
            Task::Stand => self.stand(run, Task::Stand),
            Task::Finished => self.stand(run, Task::Finished),
        }
    }

    /// Tells the page that the run does nothing and why: once, but while it waits again and again, so
    /// that the page can tell waiting from hanging.
    fn stand(&mut self, run: &mut Run, why: Task<'static>) -> bool {
        if why == Task::Wait
            && let Some(turn) = &self.turn
        {
            turn.request_later(HEARTBEAT);
        }
        let quiet = self.clock.now() - run.last_progress < f64::from(HEARTBEAT);
        if run.told.as_ref() == Some(&why) && (why != Task::Wait || quiet) {
            return false;
        }
        let activity =
            if why == Task::Wait { Activity::WaitingForData } else { Activity::Training };
        self.report(run, activity);
        match why {
            Task::Stand => {
                let step = run.session.step();
                self.say(&Reply::Paused { run: run.id, step }, &[]);
            }
            Task::Finished => {
                let seconds = run.meter.seconds();
                self.say(&Reply::Finished { run: run.id, seconds }, &[]);
            }
            _ => {}
        }
        run.told = Some(why);
        false
    }

    /// One optimizer step on the gathered minibatch.
    fn learn(&mut self, run: &mut Run) -> Score {
        self.load(run);
        let noise = run.session.noise();
        let minibatch = Minibatch { images: &self.images, labels: &self.labels, noise };
        let mut score = Score::default();
        let size = self.leaves.len() / SHARDS;
        for (index, leaf) in self.leaves.chunks_exact_mut(size).enumerate() {
            score += minibatch.shard_gradient(&mut self.network, index, leaf);
        }
        run.session.learn(gradient::sum(&mut self.leaves));
        run.loaded = false;
        score
    }

    fn load(&mut self, run: &mut Run) {
        if !run.loaded {
            self.network.load(run.session.parameters());
            run.loaded = true;
        }
    }

    fn report(&self, run: &mut Run, activity: Activity) {
        run.last_progress = self.clock.now();
        run.activity = activity;
        let session = &run.session;
        let epochs_left = session.settings().epochs.saturating_sub(session.epoch()) as usize;
        let rate = match activity {
            Activity::Training => run.meter.images_per_second(),
            Activity::Evaluating | Activity::WaitingForData => 0.0,
        };
        let progress = Progress {
            run: run.id,
            epoch: session.epoch(),
            step: session.step(),
            steps_per_epoch: session.steps_per_epoch(),
            images_per_second: rate as f32,
            seconds_left: run.meter.seconds_for(
                session.images_left(),
                epochs_left * (session.held_out() + self.test.len()),
            ) as f32,
            activity,
        };
        let arrays = [session.parameters(), &run.losses, &run.accuracies];
        self.say(&Reply::Progress(progress), &arrays);
        run.losses.clear();
        run.accuracies.clear();
    }
}
