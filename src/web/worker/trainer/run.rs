//! A run: its minibatches and evaluations shared out, and what the page is told of them.

use super::{SLICE, Trainer};
use crate::protocol::helper::Work;
use crate::protocol::{Activity, Evaluation, Progress, Reply, RunId, Settings};
use crate::train::gradient::images_of;
use crate::train::meter::Meter;
use crate::train::session::{Judgement, Session, Set, Task};
use crate::web::worker::crew::Batch;
use crate::web::worker::gathered::Gathered;

/// Milliseconds between two [`Reply::Progress`]. Each has the page draw curves and maps, on a core that some
/// worker would use: one more a second costs two workers on two cores 1.5 % of their images.
const PROGRESS_INTERVAL: f64 = 500.0;

/// Milliseconds between two signs of life while the run waits, for data or for helpers.
const HEARTBEAT: i32 = 1000;

/// Milliseconds that a helper has for its shards, and how many times as long beside that as the trainer
/// took for its own.
const PATIENCE: f64 = 2000.0;
const TIMES_OWN: f64 = 10.0;

/// Work that is shared out.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    work: Work,
    /// What is judged, if it is an evaluation.
    set: Option<Set>,
    /// When it began, in milliseconds.
    since: f64,
    /// Milliseconds that the trainer took for its own shards.
    own: f64,
}

/// A run and what is to be told about it.
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) session: Session,
    meter: Meter,
    /// Whether the network holds the parameters that the work in hand is about.
    loaded: bool,
    /// What the page was told that the run is doing, if it stands still or waits.
    pub(super) told: Option<Task<'static>>,
    /// What the page was told last that it is busy with.
    activity: Activity,
    last_progress: f64,
    /// Of each minibatch since the last progress.
    losses: Vec<f32>,
    accuracies: Vec<f32>,
    /// Of the test images evaluated since the last minibatch, `[images][classes]`.
    test_probabilities: Vec<f32>,
}

impl Run {
    /// One of which nothing has been told yet, at a time in milliseconds.
    pub(super) fn new(id: RunId, session: Session, now: f64) -> Self {
        Self {
            id,
            session,
            meter: Meter::default(),
            loaded: false,
            told: None,
            activity: Activity::Training,
            last_progress: now,
            losses: Vec::new(),
            accuracies: Vec::new(),
            test_probabilities: Vec::new(),
        }
    }
}

impl Trainer {
    /// Goes on with the work in hand or begins the run's next task; false if there is nothing to do.
    pub(super) fn advance(&mut self, run: &mut Run) -> bool {
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
        let parameters = match work {
            Work::Gradient { .. } => run.session.parameters(),
            Work::Evaluation => run.session.averaged(),
        };
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
                    run.loaded = false;
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
        self.say(&reply, &[run.session.averaged(), &run.test_probabilities]);
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
        let arrays = [session.averaged(), &run.losses, &run.accuracies];
        self.say(&Reply::Progress(progress), &arrays);
        run.losses.clear();
        run.accuracies.clear();
    }
}
