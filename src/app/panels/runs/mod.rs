//! Runs: every run that finishes an epoch is kept, to be compared and loaded again.

pub mod compare;
pub mod export;
pub mod record;

use crate::app::collection::{self, Collection};
use crate::app::curves::{Curves, Test};
use crate::app::format::{count, duration, loss, percent, rate};
use crate::app::run::{Run, RunPhase};
use crate::app::speed::Speed;
use crate::app::{Context, Effect, Outcome};
use crate::config::Field;
use crate::protocol::moments::Moments;
use crate::protocol::{Request, RunId, SavedFile, StoredHead};
use record::{Record, RunKey, RunMetadata, StoredRun};

/// How many runs the chart shows unless asked for others.
const SHOWN: usize = 6;

/// What happens to kept runs.
#[derive(Debug)]
pub enum Event {
    /// What is in the browser's store, or why it cannot be read.
    Read(Result<StoredRuns, String>),
    /// The run with this key was stored or deleted, or why not.
    Written(RunKey, Result<(), String>),
    /// A new name for the run with this key.
    Rename(RunKey, String),
    /// Delete the run with this key.
    Delete(RunKey),
    /// Bring back the one deleted last.
    Undelete,
    /// Show or hide the run's line in the chart.
    Show(RunKey, bool),
    /// Show this measure in the chart.
    Measure(Measure),
    /// Save all runs to a file, or everything that the browser keeps. Links in it begin with the page's address.
    Save(SavedFile, String),
    /// Compare two runs.
    Compare(RunKey, RunKey),
    /// Let the run's weights answer.
    Load(RunKey),
    /// The run's weights, or why there are none.
    ///
    /// The bytes are those of its moments; there may be none.
    Weights(RunKey, Result<(Vec<f32>, Vec<u8>), String>),
}

/// What is in the browser's store.
#[derive(Debug)]
pub struct StoredRuns {
    /// The runs, in any order.
    pub kept: Vec<StoredRun>,
    /// Random, so that two pages open side by side give different keys.
    pub session_salt: u16,
}

/// A request to the browser's store.
#[derive(Clone, Debug, PartialEq)]
pub enum RunsRequest {
    /// Read all runs.
    Read,
    /// Store a run, and its weights if they are new.
    Keep(StoredRun, Option<Vec<f32>>),
    /// Store a run's moments, as bytes.
    KeepMoments(RunKey, Vec<u8>),
    /// Delete a run and its moments; its weights stay until the next [`RunsRequest::Read`].
    Forget(RunKey),
    /// Read a run's weights and moments.
    Weights(RunKey),
}

/// What the chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Share of the test images that is right.
    #[default]
    TestAccuracy,
    /// Cross-entropy on the test set.
    TestLoss,
    /// Share of the held-out images that is right.
    HeldOutAccuracy,
    /// Cross-entropy on the held-out images.
    HeldOutLoss,
    /// Share of the minibatches' images that is right, smoothed.
    TrainingAccuracy,
    /// Cross-entropy of the minibatches, smoothed.
    TrainingLoss,
}

impl Measure {
    /// All of them, in the page's order, with their names in the markup.
    pub const ALL: [(&'static str, Self); 6] = [
        ("test-accuracy", Self::TestAccuracy),
        ("test-loss", Self::TestLoss),
        ("held-out-accuracy", Self::HeldOutAccuracy),
        ("held-out-loss", Self::HeldOutLoss),
        ("training-accuracy", Self::TrainingAccuracy),
        ("training-loss", Self::TrainingLoss),
    ];

    /// Whether it is an accuracy rather than a loss.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Self::TestAccuracy | Self::HeldOutAccuracy | Self::TrainingAccuracy)
    }

    /// A run's line: epochs and values.
    fn points(self, record: &Record) -> Vec<(f64, f64)> {
        let epoch = |step: u32| f64::from(step) / f64::from(record.metadata.steps_per_epoch.max(1));
        let of_epochs = |value: fn(&Test) -> Option<f32>| {
            let epochs = record.metadata.epochs.iter();
            epochs.filter_map(|test| Some((epoch(test.step), f64::from(value(test)?)))).collect()
        };
        match self {
            Self::TestAccuracy => of_epochs(|test| Some(test.accuracy)),
            Self::TestLoss => of_epochs(|test| Some(test.loss)),
            Self::HeldOutAccuracy => of_epochs(|test| Some(test.validation?.accuracy)),
            Self::HeldOutLoss => of_epochs(|test| Some(test.validation?.loss)),
            Self::TrainingAccuracy | Self::TrainingLoss => {
                let curves = &record.curves;
                let curve = if self.is_accuracy() { &curves.accuracy } else { &curves.loss };
                let stride = (curves.len() as u32 / 200).max(1);
                let steps = (1..=curves.len() as u32).step_by(stride as usize);
                steps.filter_map(|s| Some((epoch(s), f64::from(curve.smooth_at(s)?)))).collect()
            }
        }
    }
}

/// The kept runs and what the chart shows of them.
#[derive(Debug, Default)]
pub struct RunsState {
    records: Collection<Record>,
    measure: Measure,
    /// The run whose moments were stored last, and the minibatch of the newest of them.
    kept_moments: Option<(RunId, u32)>,
}

/// The end of a kept run, to go back to.
#[derive(Debug)]
pub struct Restored {
    /// Its key.
    pub key: RunKey,
    /// Its name.
    pub name: String,
    /// The run, which has no id yet.
    pub run: Run,
    /// Its curves.
    pub curves: Curves,
    /// Its weights.
    pub weights: Vec<f32>,
    /// Its moments; empty if the store has none.
    pub moments: Moments,
}

/// A run's row in the table, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: RunKey,
    /// Its name.
    pub name: String,
    /// What sets it apart from the other runs.
    pub apart: String,
    /// Whether the chart shows it.
    pub shown: bool,
    /// Test accuracy, epochs, network, test loss, time, parameters, images/s.
    pub cells: [String; 7],
    /// Its settings in full, as a link.
    pub link: String,
    /// Its line in the chart: epochs and values.
    pub points: Vec<(f64, f64)>,
}

/// What the panel shows.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The runs, newest first.
    pub rows: Vec<Row>,
    /// What is shown if there are no runs.
    pub empty: Option<&'static str>,
    /// What is wrong with the store.
    pub problem: Option<String>,
    /// Name of the run that was deleted last, while that can be undone.
    pub deleted: Option<String>,
    /// What the chart shows.
    pub measure: Measure,
    /// Why no weights can be loaded now.
    pub cannot_load: Option<&'static str>,
}

impl RunsState {
    /// A number that changes whenever what the panel shows does.
    pub fn revision(&self) -> u32 {
        self.records.revision()
    }

    /// The runs, newest first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.all().iter().rev()
    }

    /// The runs and what the store has of them.
    #[cfg(test)]
    pub(in crate::app) fn collection(&self) -> &Collection<Record> {
        &self.records
    }

    /// Whether the browser's store has this run as it was after its last epoch.
    pub(in crate::app) fn keeps(&self, run: RunId) -> bool {
        self.kept(run).is_some()
    }

    /// The name of a run that the browser has, and the minibatches after which it was kept.
    pub(in crate::app) fn kept(&self, run: RunId) -> Option<(&str, u32)> {
        let records = &self.records;
        let mut kept = records.all().iter().filter(|record| records.keeps(record));
        let metadata = &kept.find(|record| record.run == Some(run))?.metadata;
        Some((&metadata.name, metadata.epochs.last().map_or(0, |test| test.step)))
    }

    /// What the panel shows.
    pub fn view(&self, cx: &Context) -> View {
        View {
            rows: self.rows(),
            empty: self.records.all().is_empty().then_some(if self.records.is_read() {
                "No runs yet: train one epoch, and the run is saved here."
            } else {
                "Loading your saved runs."
            }),
            problem: self.records.problem("runs"),
            deleted: self.records.deleted().map(|record| record.metadata.name.clone()),
            measure: self.measure,
            cannot_load: cx
                .run_is_on()
                .then_some("A run is in progress. Wait until it ends, or press Reset"),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let apart = record::what_differs(self.records.all());
        let rows = self.records().map(|record| row(record, self.measure, &apart));
        rows.collect()
    }

    /// Requests what is in the store, unless that was done before.
    pub(in crate::app) fn load(&mut self, out: &mut Vec<Outcome>) {
        if self.records.begin_reading() {
            out.push(Outcome::Effect(Effect::Runs(RunsRequest::Read)));
        }
    }

    /// Keeps the current run as it is after an epoch, or at its end.
    pub(in crate::app) fn keep(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        let Some(run) = cx.run.as_ref().filter(|run| run.progress.epoch > 0) else { return };
        let mut all = self.records.all().iter();
        let known = all.position(|record| record.run == Some(run.id())).or_else(|| {
            let mut all = self.records.all().iter();
            all.rposition(|record| is_begin_of(record, run, &cx.curves.tests))
        });
        let at = known.unwrap_or_else(|| {
            let key = self.records.next_key();
            self.records.push(Record::new(key, run, cx.answer.trained().map_or(0, <[f32]>::len)));
            record::number_last(self.records.all_mut());
            show_newest(self.records.all_mut());
            self.records.all().len() - 1
        });
        let record = &mut self.records.all_mut()[at];
        record.run = Some(run.id());
        record.metadata.epochs.clone_from(&cx.curves.tests);
        record.metadata.seconds = (run.phase == RunPhase::Done).then_some(run.seconds);
        record.metadata.steps_per_epoch = run.progress.steps_per_epoch;
        record.metadata.images_per_second = cx.speed.map_or(0.0, |speed| speed.images_per_second);
        record.curves.clone_from(&cx.curves);
        let kept = record.kept();
        if self.records.is_open() {
            self.store(kept, cx.answer.trained().map(<[f32]>::to_vec), out);
        } else {
            // The runs in the store get their keys first.
            self.load(out);
        }
    }

    /// Asks the store to keep the moments of the current run, which is over or about to go.
    pub(in crate::app) fn keep_moments(&mut self, cx: &Context) -> Option<Effect> {
        let (run, moments) = (cx.run.as_ref()?.id(), &cx.timeline.moments);
        let kept = (run, moments.all().last()?.step);
        let mut all = self.records.all().iter();
        let record = all.find(|record| record.run == Some(run) && self.records.keeps(record))?;
        let key = record.key;
        let is_new = self.kept_moments.replace(kept) != Some(kept);
        is_new.then(|| Effect::Runs(RunsRequest::KeepMoments(key, moments.bytes())))
    }

    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Save(what, origin) => {
                let settings = cx.form.to_hash();
                let (runs, arrays) = self.message(|_| true);
                let request = Request::Save { what, origin, settings, runs };
                out.push(cx.ask_trainer(request, arrays));
            }
            Event::Compare(first, second) => {
                let (mut runs, mut arrays) = self.message(|key| key == first);
                let (others, more) = self.message(|key| key == second);
                runs.extend(others);
                arrays.extend(more);
                out.push(cx.ask_trainer(Request::Compare { runs }, arrays));
            }
            Event::Read(Ok(stored)) => self.take_stored(&stored, cx, out),
            Event::Read(Err(reason)) => self.records.set_unreadable(reason),
            Event::Written(key, result) => {
                out.extend(self.records.take_written(key, result).map(Outcome::Notify));
                for record in self.records.to_try_again(key) {
                    self.store(record.kept(), None, out);
                }
            }
            Event::Rename(key, name) => self.rename(key, &name, out),
            Event::Delete(key) => {
                let Some(record) = self.records.delete(key) else { return };
                out.push(Outcome::announce(format!("{} is deleted.", record.metadata.name)));
                if self.records.is_open() {
                    out.push(Outcome::Effect(Effect::Runs(RunsRequest::Forget(key))));
                }
            }
            Event::Undelete => {
                let Some(record) = self.records.undelete() else { return };
                let kept = record.kept();
                out.push(Outcome::announce(format!("{} is back.", record.metadata.name)));
                self.store(kept, None, out);
            }
            Event::Show(key, shown) => {
                if let Some(record) = self.find_mut(key) {
                    record.shown = shown;
                }
            }
            Event::Measure(measure) => {
                self.measure = measure;
                self.records.change();
            }
            Event::Load(key) => {
                if !cx.run_is_on() {
                    out.push(Outcome::Effect(Effect::Runs(RunsRequest::Weights(key))));
                }
            }
            Event::Weights(key, Ok((weights, moments))) => {
                if !cx.run_is_on() {
                    let record = self.records.find(key);
                    out.extend(record.map(|record| restore(record, weights, &moments)));
                }
            }
            Event::Weights(_, Err(reason)) => {
                let words = format!("The run’s weights could not be read: {reason}.");
                out.push(Outcome::Notice(Some(words)));
            }
        }
    }

    /// From now on, what is kept of the run with this id goes to the record that it was loaded from.
    ///
    /// - `moment`: the newest of its moments, which the store has.
    pub(in crate::app) fn set_run(&mut self, key: RunKey, run: RunId, moment: Option<u32>) {
        self.kept_moments = moment.map(|step| (run, step));
        if let Some(record) = self.find_mut(key) {
            record.run = Some(run);
        }
    }

    /// Some runs, newest first, as they cross to the trainer.
    fn message(&self, chosen: impl Fn(RunKey) -> bool) -> (Vec<StoredHead>, Vec<Vec<f32>>) {
        let chosen = self.records().filter(|record| chosen(record.key));
        let (heads, arrays): (_, Vec<_>) =
            chosen.map(Record::kept).map(|run| (run.head(), run.arrays())).unzip();
        (heads, arrays.into_iter().flatten().collect())
    }

    fn find_mut(&mut self, key: RunKey) -> Option<&mut Record> {
        self.records.all_mut().iter_mut().find(|record| record.key == key)
    }

    fn rename(&mut self, key: RunKey, name: &str, out: &mut Vec<Outcome>) {
        let name: String = name.trim().chars().take(record::MOST_OF_NAME).collect();
        let Some(record) = self.find_mut(key) else { return };
        if !name.is_empty() {
            record.metadata.name = name;
        }
        let kept = record.kept();
        self.store(kept, None, out);
    }

    fn store(&self, kept: StoredRun, weights: Option<Vec<f32>>, out: &mut Vec<Outcome>) {
        if self.records.is_open() {
            out.push(Outcome::Effect(Effect::Runs(RunsRequest::Keep(kept, weights))));
        }
    }

    /// Takes in the runs stored before; those of this visit get later keys.
    fn take_stored(&mut self, stored: &StoredRuns, cx: &Context, out: &mut Vec<Outcome>) {
        let read: Vec<Record> = stored.kept.iter().filter_map(Record::read).collect();
        let lost = stored.kept.len() - read.len();
        out.extend(collection::left_out(lost, "runs").map(Outcome::Notify));
        let own = self.records.take_stored(read, stored.session_salt);
        for end in own..self.records.all().len() {
            record::number_last(&mut self.records.all_mut()[..=end]);
        }
        show_newest(self.records.all_mut());
        out.extend(speed_of(self.records.all()).map(Outcome::Speed));
        let current = cx.run.as_ref().map(Run::id);
        for record in &self.records.all()[own..] {
            let weights = cx.answer.trained().filter(|_| record.run == current);
            self.store(record.kept(), weights.map(<[f32]>::to_vec), out);
        }
        if !cx.run_is_on() {
            out.extend(self.keep_moments(cx).map(Outcome::Effect));
        }
    }
}

fn row(record: &Record, measure: Measure, apart: &[Field]) -> Row {
    let metadata = &record.metadata;
    let last = metadata.epochs.last();
    let (done, epochs) = (metadata.epochs.len() as u32, metadata.settings.epochs);
    Row {
        key: record.key,
        name: metadata.name.clone(),
        apart: Some(metadata.apart(apart))
            .filter(|apart| !metadata.name.contains(apart))
            .unwrap_or_default(),
        shown: record.shown,
        cells: [
            last.map_or_else(String::new, |test| percent(test.accuracy)),
            if done < epochs { format!("{done} of {epochs}") } else { count(done) },
            metadata.network(),
            last.map_or_else(String::new, |test| loss(test.loss)),
            metadata.seconds.map_or_else(|| String::from("–"), duration),
            count(metadata.parameters),
            rate(metadata.images_per_second),
        ],
        link: metadata.link(),
        points: if record.shown { measure.points(record) } else { Vec::new() },
    }
}

/// Whether this is what was kept of a run before it was interrupted.
fn is_begin_of(record: &Record, run: &Run, tests: &[Test]) -> bool {
    let Record { run: of_this_visit, metadata, .. } = record;
    let RunMetadata { settings, start, seconds, epochs, .. } = metadata;
    run.resumed
        && of_this_visit.is_none()
        && seconds.is_none()
        && (settings, *start) == (&run.settings, run.start)
        && tests.starts_with(epochs)
}

/// Goes back to the end of a run, if these weights fit it.
fn restore(record: &Record, weights: Vec<f32>, moments: &[u8]) -> Outcome {
    let RunMetadata { name, settings, start, steps_per_epoch, epochs, .. } = &record.metadata;
    if settings.architecture.parameter_count() != Ok(weights.len()) {
        let words = format!("The saved weights of {name} belong to another network.");
        return Outcome::Notice(Some(words));
    }
    let mut run = Run::new(0, settings.clone(), *start, RunPhase::Done);
    run.progress.steps_per_epoch = *steps_per_epoch;
    if let Some(last) = epochs.last() {
        (run.progress.epoch, run.progress.step) = (last.epoch, last.step);
        run.test_accuracy = Some(last.accuracy);
    }
    run.seconds = record.metadata.seconds.unwrap_or(0.0);
    let (key, name, curves) = (record.key, name.clone(), record.curves.clone());
    let moments = Moments::read(moments, weights.len());
    Outcome::Restore(Box::new(Restored { key, name, run, curves, weights, moments }))
}

/// How fast training was the last time.
fn speed_of(records: &[Record]) -> Option<Speed> {
    records.iter().rev().find_map(|record| {
        let metadata = &record.metadata;
        let multiply_adds = metadata.settings.architecture.multiply_adds().ok()?;
        let images_per_second = metadata.images_per_second;
        (images_per_second > 0.0).then_some(Speed { images_per_second, multiply_adds })
    })
}

/// Shows the newest runs in the chart; the others on request.
fn show_newest(records: &mut [Record]) {
    let old = records.len().saturating_sub(SHOWN);
    for (at, record) in records.iter_mut().enumerate() {
        record.shown &= at >= old;
    }
}

#[cfg(test)]
mod tests;
