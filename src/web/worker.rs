//! The trainer: owns the data set and the run, and drives the run's [`Session`] between messages.
//!
//! It works in short slices and lets the browser deliver messages between them, so that a Pause is
//! heard at once.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use super::crew::{Batch, Crew, HELPER, Heard};
use super::dataset::{Loader, Split};
use super::gathered::Gathered;
use super::gauge::{self, GAUGE};
use super::helper;
use super::judging::Judging;
use super::port::{self, PortError, Turn};
use super::tuning::Tuning;
use crate::data::Digits;
use crate::kernels::lanes;
use crate::net::{Architecture, ArchitectureError, init};
use crate::protocol::helper::Work;
use crate::protocol::{
    Activity, DataProgress, Evaluation, Progress, Reply, Request, RunId, Settings,
};
use crate::train::computer::Computer;
use crate::train::dispatch::HelperId;
use crate::train::fine_tune::FineTuneError;
use crate::train::gradient::{SHARDS, images_of};
use crate::train::meter::Meter;
use crate::train::session::{Available, Judgement, Session, Set, Task};

/// Milliseconds of work between two looks at the messages.
const SLICE: f64 = 40.0;

/// Milliseconds between two [`Reply::Progress`].
const PROGRESS_INTERVAL: f64 = 300.0;

/// Milliseconds between two signs of life while the run waits, for data or for helpers.
const HEARTBEAT: i32 = 1000;

/// Milliseconds that a helper has for its shards, and how many times as long beside that as the trainer
/// took for its own.
const PATIENCE: f64 = 2000.0;
const TIMES_OWN: f64 = 10.0;

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
    /// A helper has been sent other images or parameters than it was told of.
    #[error("a helper's job does not fit together")]
    Job,
}

/// Starts listening, as the trainer, as one of its helpers or as the benchmark's gauge, whichever its
/// name says; from [`Reply::Ready`] on, requests are heard.
///
/// # Errors
/// If this is not a worker, or one without a clock.
pub fn start() -> Result<(), WorkerError> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope =
        js_sys::global().dyn_into().map_err(|_| WorkerError::Scope)?;
    if scope.name() == HELPER {
        return helper::start(scope);
    }
    if scope.name() == GAUGE {
        return gauge::start(scope);
    }
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    // What calls the trainer back is part of it, so it is there first.
    let slot: Rc<OnceCell<Rc<RefCell<Trainer>>>> = Rc::default();
    let called = Rc::clone(&slot);
    let turn = Turn::new(scope.clone(), move || {
        called.get().inspect(|trainer| trainer.borrow_mut().work());
    })?;
    let called = Rc::clone(&slot);
    let hear = move |id, heard| {
        called.get().inspect(|trainer| trainer.borrow_mut().hear_helper(id, heard));
    };
    let crew = Crew::new(scope.location().href(), Rc::new(hear));
    let trainer = Trainer::new(scope.clone(), clock, turn, crew)?;
    let trainer = Rc::clone(slot.get_or_init(|| Rc::new(RefCell::new(trainer))));
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
    turn: Turn,
    crew: Crew,
    /// Away while it is loading.
    loader: Option<Loader>,
    train: Digits,
    test: Digits,
    data: DataProgress,
    computer: Computer,
    run: Option<Run>,
    /// What the page asked to be judged.
    judging: Option<Judging>,
    /// What the page asked to be fine-tuned.
    tuning: Option<Tuning>,
    /// The run's work in hand, if any.
    work: Option<Begun>,
    /// Its images.
    batch: Gathered,
    /// The next minibatch's, gathered while helpers compute.
    ahead: Gathered,
}

/// Work that is shared out.
#[derive(Clone, Copy)]
struct Begun {
    work: Work,
    /// What is judged, if it is an evaluation.
    set: Option<Set>,
    /// When it began, in milliseconds.
    since: f64,
    /// Milliseconds that the trainer took for its own shards.
    own: f64,
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
    fn new(
        scope: DedicatedWorkerGlobalScope,
        clock: Performance,
        turn: Turn,
        crew: Crew,
    ) -> Result<Self, WorkerError> {
        Ok(Self {
            scope,
            clock,
            turn,
            crew,
            loader: Some(Loader::new("data/")),
            train: Digits::default(),
            test: Digits::default(),
            data: DataProgress::default(),
            computer: Computer::new(&Architecture::default())?,
            run: None,
            judging: None,
            tuning: None,
            work: None,
            batch: Gathered::default(),
            ahead: Gathered::default(),
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
            Some((Split::Train, digits)) => {
                self.train.reserve(progress.total_train_images as usize);
                self.train.append(digits);
            }
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
            Request::Start { run, settings, paused, workers } => {
                // The network may become another one.
                self.end();
                self.crew.want((workers as usize).clamp(1, SHARDS) - 1);
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
                    self.end();
                }
            }
            Request::Judge { judging, architecture } => {
                self.begin_judging(judging, &architecture, arrays.into_iter().next());
            }
            Request::FineTune(lesson) => {
                // The test images come last.
                let replay = if self.data.test_ready { self.train.len() } else { 0 };
                self.tuning = Tuning::new(&lesson, arrays, replay)
                    .inspect_err(|error| self.cannot_tune(lesson.tuning, error))
                    .ok();
            }
            Request::StopFineTuning { tuning } => {
                self.tuning.take_if(|current| current.id == tuning);
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
            done = judging.advance(&self.test);
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

    /// A slice of fine-tuning.
    fn tune(&mut self) {
        let Some(mut tuning) = self.tuning.take() else { return };
        let start = self.clock.now();
        let mut over = Ok(false);
        while matches!(over, Ok(false)) && self.clock.now() - start < SLICE {
            over = tuning.work.advance(&self.train, &self.test);
        }
        match over {
            Ok(true) => self.say(&tuning.outcome(), &[tuning.work.parameters()]),
            Ok(false) => {
                if let Some(reply) = tuning.progress(self.clock.now(), self.test.len()) {
                    self.say(&reply, &[]);
                }
                self.tuning = Some(tuning);
            }
            Err(error) => self.cannot_tune(tuning.id, &error),
        }
    }

    fn cannot_tune(&self, tuning: u32, error: &FineTuneError) {
        self.say(&Reply::NotFineTuned { tuning, reason: error.to_string() }, &[]);
    }

    fn show_images(&mut self, mut indices: Vec<f32>) {
        indices.retain(|&index| (index as usize) < self.test.len());
        let wanted = indices.iter().map(|&index| index as usize);
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        self.test.gather(wanted, &mut images, &mut labels);
        self.say(&Reply::TestImages, &[&indices, &images]);
    }

    /// Forgets the run and the work in hand.
    fn end(&mut self) {
        self.run = None;
        self.work = None;
    }

    fn hear_helper(&mut self, id: HelperId, heard: Heard) {
        self.crew.take(id, heard, &mut self.computer);
        // At once: a further turn would come after a while in which nobody computes.
        self.work();
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
        self.computer.build(&settings.architecture).map_err(|error| error.to_string())?;
        let plan = self.computer.network().plan();
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

    /// Changes the run, if it is still the one meant.
    fn with_run(&mut self, id: RunId, change: impl FnOnce(&mut Session)) {
        if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
            change(&mut run.session);
            run.told = None;
        }
    }

    /// Asks for a slice of work, if there is any.
    fn wake(&self) {
        if self.run.is_some() || self.judging.is_some() || self.tuning.is_some() {
            self.turn.request();
        }
    }

    fn available(&self) -> Available {
        Available { train: self.train.len(), test: self.data.test_ready.then(|| self.test.len()) }
    }

    /// A slice of work; asks for the next one unless there is nothing to do.
    fn work(&mut self) {
        self.judge();
        self.tune();
        if self.judging.is_some() || self.tuning.is_some() {
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

    /// Goes on with the work in hand or begins the run's next task; false if there is nothing to do.
    fn advance(&mut self, run: &mut Run) -> bool {
        if let Some(begun) = self.work {
            return self.go_on(run, begun);
        }
        match run.session.next(self.available()) {
            Task::Minibatch(indices) => {
                // Augmentation changes images where they are, so what has been used is used up.
                std::mem::swap(&mut self.batch, &mut self.ahead);
                self.ahead.indices.clear();
                if self.batch.indices != indices {
                    self.batch.minibatch(&self.train, indices);
                }
                let Settings { seed, augment, label_smoothing, .. } = *run.session.settings();
                let step = run.session.step();
                self.share_out(run, Work::Gradient { seed, step, augment, label_smoothing }, None)
            }
            Task::Evaluate(set, range) => {
                if run.activity != Activity::Evaluating {
                    self.report(run, Activity::Evaluating);
                }
                let digits = if set == Set::Test { &self.test } else { &self.train };
                self.batch.range(digits, range);
                self.share_out(run, Work::Evaluation, Some(set))
            }
            Task::Wait => self.stand(run, Task::Wait),
            Task::Stand => self.stand(run, Task::Stand),
            Task::Finished => self.stand(run, Task::Finished),
        }
    }

    /// Shares the gathered images out, and computes the trainer's own part of them.
    fn share_out(&mut self, run: &mut Run, work: Work, set: Option<Set>) -> bool {
        let since = self.clock.now();
        let parameters = run.session.parameters();
        let batch =
            Batch { work, parameters, images: &self.batch.images, labels: &self.batch.labels };
        self.computer.begin(batch.labels.len());
        self.crew.begin(&self.computer, batch, since);
        if set.is_none()
            && let Some(upcoming) = run.session.upcoming(self.available())
        {
            self.ahead.minibatch(&self.train, upcoming);
        }
        if !run.loaded {
            self.computer.load(parameters);
            run.loaded = true;
        }
        self.compute(work);
        self.work = Some(Begun { work, set, since, own: self.clock.now() - since });
        true
    }

    /// Computes all shards that no helper holds.
    fn compute(&mut self, work: Work) {
        let Gathered { images, labels, .. } = &mut self.batch;
        let of = labels.len();
        let pixels = images.len() / of.max(1);
        while let Some(shard) = self.crew.next_own() {
            let part = images_of(of, &(shard..shard + 1));
            let images = &mut images[part.start * pixels..part.end * pixels];
            let score = self.computer.compute(work, shard, images, &labels[part], of);
            self.crew.take_own(shard, score);
        }
    }

    /// Takes in the work in hand once it is complete; false if it waits for helpers.
    fn go_on(&mut self, run: &mut Run, begun: Begun) -> bool {
        let now = self.clock.now();
        self.crew.lose_overdue(now, PATIENCE + TIMES_OWN * begun.own);
        self.compute(begun.work);
        self.crew.wait(SLICE, &mut self.computer);
        let Some(score) = self.crew.done() else {
            if self.crew.awaits_desks() {
                return true;
            }
            self.turn.request_later(HEARTBEAT);
            return false;
        };
        self.work = None;
        let seconds = || (self.clock.now() - begun.since) / 1000.0;
        match begun.work {
            Work::Gradient { .. } => {
                run.session.learn(self.computer.gradient());
                run.loaded = false;
                run.meter.trained(score.images as usize, seconds());
                run.losses.push(score.mean_loss());
                run.accuracies.push(score.accuracy());
                if self.clock.now() - run.last_progress >= PROGRESS_INTERVAL {
                    self.report(run, Activity::Training);
                }
            }
            Work::Evaluation => {
                run.meter.evaluated(score.images as usize, seconds());
                if begun.set == Some(Set::Test) {
                    run.test_probabilities.extend_from_slice(self.computer.probabilities());
                }
                let judgement = run.session.judge(score, self.available());
                if let Some(judgement) = judgement {
                    self.tell(run, judgement);
                }
            }
        }
        true
    }

    /// Tells the page what an epoch has come to.
    fn tell(&self, run: &mut Run, Judgement { test, validation }: Judgement) {
        run.activity = Activity::Training;
        let reply = Reply::EpochEnd {
            run: run.id,
            epoch: run.session.epoch(),
            step: run.session.step(),
            test_loss: test.mean_loss(),
            test_accuracy: test.accuracy(),
            validation: validation
                .map(|score| Evaluation { loss: score.mean_loss(), accuracy: score.accuracy() }),
        };
        self.say(&reply, &[run.session.parameters(), &run.test_probabilities]);
        run.test_probabilities.clear();
    }

    /// Tells the page that the run does nothing and why: once, but while it waits again and again, so
    /// that the page can tell waiting from hanging.
    fn stand(&mut self, run: &mut Run, why: Task<'static>) -> bool {
        if why == Task::Wait {
            self.turn.request_later(HEARTBEAT);
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
            workers: 1 + self.crew.ready() as u32,
        };
        let arrays = [session.parameters(), &run.losses, &run.accuracies];
        self.say(&Reply::Progress(progress), &arrays);
        run.losses.clear();
        run.accuracies.clear();
    }
}
