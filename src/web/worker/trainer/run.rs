//! A run: shares out its minibatches and evaluations, and reports to the page.

use web_sys::{DedicatedWorkerGlobalScope, Performance};

use super::SLICE;
use super::images::Images;
use super::kept_run::KeptRun;
use super::watched_step::{self, WatchedStep};
use crate::config::TrainConfig;
use crate::net::loss::Score;
use crate::protocol::helper::Work;
use crate::protocol::moments::is_moment;
use crate::protocol::{Activity, Evaluation, Progress, Reply, RunId};
use crate::train::awake_clock::AwakeClock;
use crate::train::gradient::images_of;
use crate::train::meter::Meter;
use crate::train::session::{EpochEvaluation, Session, Set, Task};
use crate::train::shard_executor::ShardExecutor;
use crate::web::port::Turn;
use crate::web::worker::batch_buffer::BatchBuffer;
use crate::web::worker::helper_pool::{HelperPool, WorkBatch};
use crate::web::worker::reply::send;
use crate::web::worker::run_store;

/// The most milliseconds between two [`Reply::Progress`]. For each the page draws curves and maps, on a core that a
/// worker could use: one more a second costs two workers on two cores 1.5 % of their images.
const PROGRESS_INTERVAL: f64 = 500.0;

/// The fewest, and which share of the run's age lies between two: a young run learns most, and the visitor sees it go
/// from guessing to knowing. That makes about ten more of them in a run, in its first two seconds.
const LEAST_INTERVAL: f64 = 50.0;
const SHARE_OF_AGE: f64 = 0.3;

/// Milliseconds between two signs of life while the run waits for data or helpers, or within a long job.
const HEARTBEAT: i32 = 1000;

/// Milliseconds that a helper has for its shards, plus a multiple of the time that the trainer took for its
/// own.
const TIMEOUT: f64 = 2000.0;
const TIMES_OWN: f64 = 10.0;

/// A minibatch's mean cross-entropy above which the run has diverged: the right class would have had a probability of
/// e^-10000.
const DIVERGED: f32 = 1e4;

/// Whether training can go on from such a mean cross-entropy; not from NaN.
fn is_sound(loss: f32) -> bool {
    loss < DIVERGED
}

/// The trainer's parts that a run works with.
pub(super) struct TrainerContext<'a> {
    /// Sends replies to the page.
    pub(super) scope: &'a DedicatedWorkerGlobalScope,
    pub(super) clock: &'a Performance,
    /// Requests further slices of work.
    pub(super) turn: &'a Turn,
    pub(super) helper_pool: &'a mut HelperPool,
    pub(super) images: &'a Images,
    /// Whether the page wants single steps.
    pub(super) watches: bool,
}

impl TrainerContext<'_> {
    fn send(&self, reply: &Reply, arrays: &[&[f32]]) {
        send(self.scope, reply, arrays);
    }
}

/// A job that has been shared out.
#[derive(Clone, Copy)]
struct CurrentJob {
    work: Work,
    /// `None` for a minibatch.
    set: Option<Set>,
    /// When it began, in milliseconds.
    since: f64,
    /// Milliseconds that the trainer took for its own shards.
    own: f64,
}

/// A run, what it trains with, and what it reports.
pub(super) struct TrainingRun {
    pub(super) id: RunId,
    pub(super) session: Session,
    pub(super) executor: ShardExecutor,
    kept: KeptRun,
    /// The current job, if any.
    job: Option<CurrentJob>,
    /// The job's images.
    batch: BatchBuffer,
    /// The next minibatch's, gathered while helpers compute.
    ahead: BatchBuffer,
    meter: Meter,
    /// Times out helpers.
    awake: AwakeClock,
    /// Whether the network has the parameters of the current job.
    loaded: bool,
    /// Why the run does nothing, as last reported to the page; `None` if it works.
    pub(super) reported: Option<Task<'static>>,
    /// The activity last reported to the page.
    activity: Activity,
    /// Minibatches a second at most; `None` is as many as possible.
    pub(super) pace: Option<u32>,
    /// When the pace allows the next minibatch, in milliseconds.
    due: f64,
    last_progress: f64,
    /// When the page last heard from the run, in milliseconds.
    last_sign: f64,
    /// The parameters at the last progress whose losses were all below [`DIVERGED`].
    sound: Vec<f32>,
    diverged: bool,
    /// Of each minibatch since the last progress report.
    losses: Vec<f32>,
    accuracies: Vec<f32>,
    /// Of the test images evaluated since the last minibatch, `[images][classes]`.
    test_probabilities: Vec<f32>,
    /// The newest step that the page was told of.
    pub(super) watched: Option<WatchedStep>,
    /// When that was, in milliseconds.
    last_watched: f64,
}

impl TrainingRun {
    /// A run of which nothing has been reported yet; `now` is in milliseconds.
    pub(super) fn new(
        id: RunId,
        session: Session,
        executor: ShardExecutor,
        kept: KeptRun,
        now: f64,
    ) -> Self {
        Self {
            id,
            sound: session.averaged().to_vec(),
            session,
            executor,
            kept,
            job: None,
            batch: BatchBuffer::default(),
            ahead: BatchBuffer::default(),
            meter: Meter::default(),
            awake: AwakeClock::new(now),
            loaded: false,
            reported: None,
            activity: Activity::Training,
            pace: None,
            due: now,
            last_progress: now,
            last_sign: now,
            diverged: false,
            losses: Vec::new(),
            accuracies: Vec::new(),
            test_probabilities: Vec::new(),
            watched: None,
            last_watched: f64::NEG_INFINITY,
        }
    }

    /// It has trained for this many seconds before.
    pub(super) fn set_seconds(&mut self, seconds: f64) {
        self.meter = Meter::after(seconds);
    }

    /// Keeps it as it is now.
    pub(super) fn keep(&mut self, now: f64) {
        self.kept.keep(&self.session, self.meter.seconds(), now);
    }

    /// Continues the current job or begins the run's next task; false if there is nothing to do.
    pub(super) fn advance(&mut self, context: &mut TrainerContext<'_>) -> bool {
        if let Some(job) = self.job {
            return self.finish_job(context, job);
        }
        if let Some(pace) = self.pace
            && matches!(self.session.next(context.images.available()), Task::Minibatch(_))
            && self.is_early(context, pace)
        {
            return false;
        }
        match self.session.next(context.images.available()) {
            Task::Minibatch(indices) => {
                std::mem::swap(&mut self.batch, &mut self.ahead);
                self.ahead.indices.clear();
                if self.batch.indices != indices {
                    self.batch.minibatch(&context.images.train, indices);
                }
                let TrainConfig { seed, augment, label_smoothing, .. } = *self.session.settings();
                let step = self.session.step();
                self.share_out(
                    context,
                    Work::Gradient { seed, step, augment, label_smoothing },
                    None,
                )
            }
            Task::Evaluate(set, range) => {
                if self.activity != Activity::Evaluating {
                    self.report(context, Activity::Evaluating);
                }
                let digits =
                    if set == Set::Test { &context.images.test } else { &context.images.train };
                self.batch.range(digits, range);
                self.share_out(context, Work::Evaluation, Some(set))
            }
            Task::Wait => self.idle(context, Task::Wait),
            Task::Paused => self.idle(context, Task::Paused),
            Task::Finished => self.idle(context, Task::Finished),
        }
    }

    /// Whether the pace does not allow the next minibatch yet; then asks for a turn when it does.
    fn is_early(&mut self, context: &TrainerContext<'_>, pace: u32) -> bool {
        let (now, between) = (context.clock.now(), 1000.0 / f64::from(pace.max(1)));
        // The pace may have changed since.
        self.due = self.due.min(now + between);
        if now < self.due {
            context.turn.request_later((self.due - now).ceil() as i32);
            return true;
        }
        // A turn that comes a little late delays none of those after it.
        let late = now - self.due;
        self.due = if late < between { self.due + between } else { now + between };
        false
    }

    /// Milliseconds between two reports now.
    fn report_interval(&self) -> f64 {
        if self.pace.is_some() {
            return LEAST_INTERVAL;
        }
        (SHARE_OF_AGE * 1000.0 * self.meter.seconds()).clamp(LEAST_INTERVAL, PROGRESS_INTERVAL)
    }

    /// Shares out the images in `batch`, and computes the trainer's own part of them.
    fn share_out(
        &mut self,
        context: &mut TrainerContext<'_>,
        work: Work,
        set: Option<Set>,
    ) -> bool {
        let since = context.clock.now();
        let parameters = match work {
            Work::Gradient { .. } => self.session.parameters(),
            Work::Evaluation => self.session.averaged(),
        };
        let batch =
            WorkBatch { work, parameters, pixels: &self.batch.pixels, labels: &self.batch.labels };
        self.executor.begin(batch.labels.len());
        context.helper_pool.begin(&self.executor, batch, self.awake.look(since));
        if set.is_none()
            && let Some(upcoming) = self.session.upcoming(context.images.available())
        {
            self.ahead.minibatch(&context.images.train, upcoming);
        }
        if !self.loaded {
            self.executor.load(parameters);
            self.loaded = true;
        }
        self.compute(context, work);
        self.job = Some(CurrentJob { work, set, since, own: context.clock.now() - since });
        true
    }

    /// Computes all shards that no helper has.
    fn compute(&mut self, context: &mut TrainerContext<'_>, work: Work) {
        let total_images = self.batch.labels.len();
        let each = self.batch.pixels.len() / total_images.max(1);
        while let Some(shard) = context.helper_pool.next_own() {
            let part = images_of(total_images, &(shard..shard + 1));
            let BatchBuffer { pixels, labels, .. } = &self.batch;
            let pixels = &pixels[part.start * each..part.end * each];
            let score = self.executor.compute(work, shard, pixels, &labels[part], total_images);
            context.helper_pool.take_own(shard, score);
            self.give_sign(context);
        }
    }

    /// Shows the page that the run is alive, if the last sign of that is a while ago.
    fn give_sign(&mut self, context: &TrainerContext<'_>) {
        let now = context.clock.now();
        if now - self.last_sign < f64::from(HEARTBEAT) {
            return;
        }
        self.last_sign = now;
        let evaluated = (self.activity == Activity::Evaluating).then(|| {
            let all = self.session.validation_images() + context.images.test.len();
            self.session.evaluated() as f32 / all.max(1) as f32
        });
        context.send(&Reply::Working { run: self.id, evaluated }, &[]);
    }

    /// Passes the job's result to the session once it is complete; false if it waits for helpers.
    fn finish_job(&mut self, context: &mut TrainerContext<'_>, job: CurrentJob) -> bool {
        self.compute(context, job.work);
        context.helper_pool.wait(SLICE, &mut self.executor);
        self.give_sign(context);
        let Some(score) = context.helper_pool.done() else {
            // After reading the mailboxes: a result that is there is not late.
            let now = self.awake.look(context.clock.now());
            let lost = context.helper_pool.lose_overdue(now, TIMEOUT + TIMES_OWN * job.own);
            if lost || context.helper_pool.awaits_mailboxes() {
                return true;
            }
            context.turn.request_later(HEARTBEAT);
            return false;
        };
        self.job = None;
        let seconds = || (context.clock.now() - job.since) / 1000.0;
        match job.work {
            Work::Gradient { .. } => {
                self.learn(context, score);
                self.loaded = false;
                self.meter.trained(score.images as usize, seconds());
                self.losses.push(score.mean_loss());
                self.accuracies.push(score.accuracy());
                self.kept.trained(score.mean_loss(), score.accuracy());
                if !is_sound(score.mean_loss()) {
                    self.report_divergence(context);
                    return false;
                }
                self.report_moment(context);
                let now = context.clock.now();
                if now - self.last_progress >= self.report_interval() {
                    self.report(context, Activity::Training);
                }
                self.kept.keep_if_due(&self.session, self.meter.seconds(), false, now);
            }
            Work::Evaluation => {
                self.meter.evaluated(score.images as usize, seconds());
                if job.set == Some(Set::Test) {
                    self.test_probabilities.extend_from_slice(self.executor.probabilities());
                }
                let evaluation = self.session.take_score(score, context.images.available());
                if let Some(evaluation) = evaluation {
                    self.loaded = false;
                    if !is_sound(evaluation.test.mean_loss()) {
                        self.report_divergence(context);
                        return false;
                    }
                    self.report_epoch(context, evaluation);
                    self.kept.evaluated(&self.session, evaluation);
                    if self.session.next(context.images.available()) != Task::Finished {
                        let now = context.clock.now();
                        self.kept.keep_if_due(&self.session, self.meter.seconds(), true, now);
                    }
                }
            }
        }
        true
    }

    /// Takes a step with the minibatch's gradient, and tells the page of it if somebody looks at this one.
    fn learn(&mut self, context: &TrainerContext<'_>, score: Score) {
        let now = context.clock.now();
        let is_due =
            self.session.pauses_next() || watched_step::is_due(self.pace, now - self.last_watched);
        let (session, gradient) = (&mut self.session, self.executor.gradient());
        if context.watches && is_due {
            self.last_watched = now;
            let batch = (&self.batch.indices[..], gradient, score);
            let (images, run) = (context.images, self.id);
            self.watched = WatchedStep::take((images, run), session, batch, |reply, arrays| {
                context.send(reply, arrays);
            });
        } else {
            session.learn(gradient);
        }
    }

    /// Whether the run is over because its loss or weights overflowed.
    pub(super) fn has_diverged(&self) -> bool {
        self.diverged
    }

    /// Sends the page the weights that one can go back to, if this is such a moment.
    fn report_moment(&mut self, context: &TrainerContext<'_>) {
        let (run, step) = (self.id, self.session.step());
        if is_moment(step, self.session.steps()) {
            context.send(&Reply::Moment { run, step }, &[self.session.averaged()]);
            self.kept.add_moment(step, self.session.averaged());
        }
    }

    /// Ends the run: the page gets the losses up to here, and the last sound weights.
    fn report_divergence(&mut self, context: &TrainerContext<'_>) {
        self.report(context, Activity::Training);
        let (step, seconds) = (self.session.step(), self.meter.seconds());
        context.send(&Reply::Diverged { run: self.id, step, seconds }, &[&self.sound]);
        self.diverged = true;
    }

    /// Reports an epoch's evaluation to the page.
    fn report_epoch(
        &mut self,
        context: &TrainerContext<'_>,
        EpochEvaluation { test, validation }: EpochEvaluation,
    ) {
        self.activity = Activity::Training;
        let reply = Reply::EpochEnd {
            run: self.id,
            epoch: self.session.epoch(),
            step: self.session.step(),
            test_loss: test.mean_loss(),
            test_accuracy: test.accuracy(),
            validation: validation
                .map(|score| Evaluation { loss: score.mean_loss(), accuracy: score.accuracy() }),
        };
        context.send(&reply, &[self.session.averaged(), &self.test_probabilities]);
        self.test_probabilities.clear();
    }

    /// Reports to the page that the run does nothing and why. Once, but repeatedly while it waits, so that
    /// the page can tell waiting from hanging.
    fn idle(&mut self, context: &TrainerContext<'_>, why: Task<'static>) -> bool {
        if why == Task::Wait {
            context.turn.request_later(HEARTBEAT);
        }
        let quiet = context.clock.now() - self.last_progress < f64::from(HEARTBEAT);
        if self.reported.as_ref() == Some(&why) && (why != Task::Wait || quiet) {
            return false;
        }
        let activity =
            if why == Task::Wait { Activity::WaitingForData } else { Activity::Training };
        self.report(context, activity);
        match why {
            Task::Paused => {
                self.keep(context.clock.now());
                let step = self.session.step();
                context.send(&Reply::Paused { run: self.id, step }, &[]);
            }
            Task::Finished => {
                run_store::end();
                let seconds = self.meter.seconds();
                context.send(&Reply::Finished { run: self.id, seconds }, &[]);
            }
            _ => {}
        }
        self.reported = Some(why);
        false
    }

    fn report(&mut self, context: &TrainerContext<'_>, activity: Activity) {
        self.last_progress = context.clock.now();
        self.last_sign = self.last_progress;
        self.activity = activity;
        if self.losses.iter().copied().all(is_sound) {
            self.sound.clear();
            self.sound.extend_from_slice(self.session.averaged());
        }
        let session = &self.session;
        let epochs_left = session.settings().epochs.saturating_sub(session.epoch()) as usize;
        let rate = match activity {
            Activity::Training => self.meter.images_per_second(),
            Activity::Evaluating | Activity::WaitingForData => 0.0,
        };
        let seconds_left = self.meter.seconds_for(
            session.images_left(),
            epochs_left * (session.validation_images() + context.images.test.len()),
        );
        let batch_size = f64::from(session.settings().batch_size);
        let (rate, seconds_left) = self.pace.map_or((rate, seconds_left), |pace| {
            let most = f64::from(pace) * batch_size;
            (rate.min(most), seconds_left.max(session.images_left() as f64 / most))
        });
        let progress = Progress {
            run: self.id,
            epoch: session.epoch(),
            step: session.step(),
            steps_per_epoch: session.steps_per_epoch(),
            images_per_second: rate as f32,
            seconds_left: seconds_left as f32,
            activity,
            workers: 1 + context.helper_pool.ready() as u32,
        };
        let arrays = [session.averaged(), &self.losses, &self.accuracies];
        context.send(&Reply::Progress(progress), &arrays);
        self.losses.clear();
        self.accuracies.clear();
    }
}
