//! Runs: every run that came to an epoch's end is kept, to be compared and taken up again.

pub mod record;

use crate::app::answer::Source;
use crate::app::curves::{Curves, Test};
use crate::app::format::{count, duration, loss, percent, rate};
use crate::app::run::{Run, RunPhase};
use crate::app::speed::Speed;
use crate::app::{App, Effect};
use crate::protocol::{Activity, RunId};
use record::{Record, RunKey, RunMetadata, SavedRun, StoredRun};

/// Runs that the chart shows unasked.
const SHOWN: usize = 6;

/// Characters of a name.
const NAME: usize = 40;

/// What happens to kept runs.
#[derive(Debug)]
pub enum Event {
    /// What the browser's store has, or why it cannot be read.
    Read(Result<StoredRuns, String>),
    /// The store could not keep something: why.
    StoreFailed(String),
    /// A new name for the run with this key.
    Rename(RunKey, String),
    /// The run shall be forgotten.
    Delete(RunKey),
    /// The last one deleted shall not.
    Undelete,
    /// The run's line in the chart comes or goes.
    Show(RunKey, bool),
    /// Another measure in the chart.
    Measure(Measure),
    /// All runs shall be saved to a file.
    Save(Format),
    /// The run's weights shall answer.
    Load(RunKey),
    /// The run's weights, or why there are none.
    Weights(RunKey, Result<Vec<f32>, String>),
}

/// What the browser's store has.
#[derive(Debug)]
pub struct StoredRuns {
    /// The runs, in any order.
    pub kept: Vec<StoredRun>,
    /// Chance, so that two pages that are open side by side give different keys.
    pub session_salt: u16,
}

/// What is asked of the browser's store.
#[derive(Clone, Debug, PartialEq)]
pub enum RunsRequest {
    /// Read all runs.
    Read,
    /// Keep a run, and its weights if they are new.
    Keep(StoredRun, Option<Vec<f32>>),
    /// Forget a run; its weights stay until the next [`RunsRequest::Read`].
    Forget(RunKey),
    /// Read a run's weights.
    Weights(RunKey),
}

/// A file that all runs can be saved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table, a line an epoch.
    Csv,
    /// With their minibatches.
    Json,
}

/// Such a file.
#[derive(Clone, Debug, PartialEq)]
pub enum File {
    /// Its text.
    Csv(String),
    /// What the browser shall write as JSON.
    Json(Vec<SavedRun>),
}

impl Format {
    fn file<'a>(self, runs: impl Iterator<Item = &'a Record>) -> File {
        match self {
            Self::Csv => File::Csv(record::to_csv(runs)),
            Self::Json => File::Json(runs.map(Record::saved).collect()),
        }
    }
}

/// What the chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Share of the test set that is right.
    #[default]
    TestAccuracy,
    /// Cross-entropy on the test set.
    TestLoss,
    /// Share of the held-out images that is right.
    HeldOutAccuracy,
    /// Cross-entropy on the held-out images.
    HeldOutLoss,
    /// Share of the minibatches that is right, smoothed.
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

    /// Whether it is a share that is right, rather than a loss.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Self::TestAccuracy | Self::HeldOutAccuracy | Self::TrainingAccuracy)
    }

    /// Points of a run's line: epochs and values.
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

/// The browser's store, as far as the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
enum RunsStoreState {
    #[default]
    Unread,
    Reading,
    Here,
    /// It keeps nothing, and why.
    Unavailable(String),
}

/// The kept runs.
#[derive(Debug, Default)]
pub struct RunsState {
    store: RunsStoreState,
    records: Vec<Record>,
    deleted: Option<Record>,
    session_salt: u16,
    measure: Measure,
    /// Counts changes of what the panel shows.
    revision: u32,
}

impl RunsState {
    /// A number that changes whenever what the panel shows does.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The runs, newest first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    /// Whether the browser has this run as it was after its last epoch.
    pub(in crate::app) fn keeps(&self, run: RunId) -> bool {
        self.store == RunsStoreState::Here
            && self.records.iter().any(|record| record.run == Some(run))
    }

    fn find(&mut self, key: RunKey) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.key == key)
    }

    /// The number of the next run.
    fn next_number(&self) -> u64 {
        let deleted = self.deleted.iter();
        self.records.iter().chain(deleted).map(Record::number).max().unwrap_or(0) + 1
    }
}

/// A run's line in the table, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: RunKey,
    /// Its name.
    pub name: String,
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
    /// What stands where the runs would.
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

impl App {
    /// What the panel shows.
    pub fn kept_runs(&self) -> View {
        let runs = &self.runs;
        let rows = runs
            .records()
            .map(|record| {
                let metadata = &record.metadata;
                let last = metadata.epochs.last();
                let epochs = metadata.settings.epochs;
                let done = metadata.epochs.len() as u32;
                Row {
                    key: record.key,
                    name: metadata.name.clone(),
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
                    points: if record.shown { runs.measure.points(record) } else { Vec::new() },
                }
            })
            .collect();
        View {
            rows,
            empty: runs.records.is_empty().then_some(match runs.store {
                RunsStoreState::Unread | RunsStoreState::Reading => {
                    "Looking for runs kept from before."
                }
                _ => "No run yet: train one epoch, and it is kept here.",
            }),
            problem: match &runs.store {
                RunsStoreState::Unavailable(reason) => Some(format!(
                    "This browser keeps no runs for this page ({reason}), so these are gone when you leave."
                )),
                _ => None,
            },
            deleted: runs.deleted.as_ref().map(|record| record.metadata.name.clone()),
            measure: runs.measure,
            cannot_load: self.run_is_on().then_some("A run is on: wait for its end or press Reset"),
        }
    }

    /// Has the store be read, unless it has been.
    pub(in crate::app) fn read_runs(&mut self, effects: &mut Vec<Effect>) {
        if self.runs.store == RunsStoreState::Unread {
            self.runs.store = RunsStoreState::Reading;
            effects.push(Effect::Runs(RunsRequest::Read));
        }
    }

    /// Keeps the run under way as it stands after an epoch, or at its end.
    pub(in crate::app) fn keep_run(&mut self, effects: &mut Vec<Effect>) {
        let Some(run) = self.run.as_ref().filter(|run| run.epoch > 0) else { return };
        let runs = &mut self.runs;
        runs.revision = runs.revision.wrapping_add(1);
        let known = runs.records.iter().position(|record| record.run == Some(run.id));
        let seconds = (run.phase == RunPhase::Done).then_some(run.seconds);
        let images_per_second = self.speed.map_or(0.0, |speed| speed.images_per_second);
        let at = known.unwrap_or_else(|| {
            let number = runs.next_number();
            runs.records.push(Record {
                key: record::key(number, runs.session_salt),
                run: Some(run.id),
                metadata: RunMetadata {
                    name: format!("Run {number}"),
                    settings: run.settings.clone(),
                    start: run.start,
                    parameters: self.answer.trained().map_or(0, <[f32]>::len) as u32,
                    steps_per_epoch: run.steps_per_epoch,
                    epochs: Vec::new(),
                    seconds,
                    images_per_second,
                },
                curves: Curves::default(),
                shown: true,
            });
            show_newest(&mut runs.records);
            runs.records.len() - 1
        });
        let record = &mut runs.records[at];
        record.metadata.epochs.clone_from(&self.curves.tests);
        record.metadata.seconds = seconds;
        record.metadata.steps_per_epoch = run.steps_per_epoch;
        record.metadata.images_per_second = images_per_second;
        record.curves.clone_from(&self.curves);
        match runs.store {
            RunsStoreState::Here => {
                let kept = record.kept();
                let weights = self.answer.trained().map(<[f32]>::to_vec);
                effects.push(Effect::Runs(RunsRequest::Keep(kept, weights)));
            }
            // What has been read then takes its keys first.
            RunsStoreState::Unread => self.read_runs(effects),
            RunsStoreState::Reading | RunsStoreState::Unavailable(_) => {}
        }
    }

    /// Takes what happens to kept runs.
    pub(in crate::app) fn update_runs(&mut self, event: Event, effects: &mut Vec<Effect>) {
        if !matches!(event, Event::Save(_)) {
            self.runs.revision = self.runs.revision.wrapping_add(1);
        }
        match event {
            Event::Save(format) => {
                effects.push(Effect::Download(format.file(self.runs.records())));
            }
            Event::Read(Ok(shelved)) => self.take_kept(&shelved, effects),
            Event::Read(Err(reason)) | Event::StoreFailed(reason) => {
                self.runs.store = RunsStoreState::Unavailable(reason);
            }
            Event::Rename(key, name) => {
                let name: String = name.trim().chars().take(NAME).collect();
                if let Some(record) = self.runs.find(key) {
                    if !name.is_empty() {
                        record.metadata.name = name;
                    }
                    let kept = record.kept();
                    self.keep(kept, effects);
                }
            }
            Event::Delete(key) => {
                if let Some(at) = self.runs.records.iter().position(|record| record.key == key) {
                    let record = self.runs.records.remove(at);
                    effects.push(Effect::Announce(format!("{} is deleted.", record.metadata.name)));
                    self.runs.deleted = Some(record);
                    if self.runs.store == RunsStoreState::Here {
                        effects.push(Effect::Runs(RunsRequest::Forget(key)));
                    }
                }
            }
            Event::Undelete => {
                if let Some(record) = self.runs.deleted.take() {
                    effects.push(Effect::Announce(format!("{} is back.", record.metadata.name)));
                    let kept = record.kept();
                    let after = self.runs.records.iter().position(|r| r.key > record.key);
                    let at = after.unwrap_or(self.runs.records.len());
                    self.runs.records.insert(at, record);
                    self.keep(kept, effects);
                }
            }
            Event::Show(key, shown) => {
                if let Some(record) = self.runs.find(key) {
                    record.shown = shown;
                }
            }
            Event::Measure(measure) => self.runs.measure = measure,
            Event::Load(key) => {
                if !self.run_is_on() {
                    effects.push(Effect::Runs(RunsRequest::Weights(key)));
                }
            }
            Event::Weights(key, Ok(weights)) => self.restore(key, weights, effects),
            Event::Weights(_, Err(reason)) => {
                self.notice = Some(format!("The run’s weights could not be read: {reason}."));
            }
        }
    }

    fn keep(&self, kept: StoredRun, effects: &mut Vec<Effect>) {
        if self.runs.store == RunsStoreState::Here {
            effects.push(Effect::Runs(RunsRequest::Keep(kept, None)));
        }
    }

    /// Takes in the runs kept before; those of this visit that came meanwhile get later keys.
    fn take_kept(
        &mut self,
        StoredRuns { kept, session_salt }: &StoredRuns,
        effects: &mut Vec<Effect>,
    ) {
        let mut earlier: Vec<Record> = kept.iter().filter_map(Record::read).collect();
        if earlier.len() < kept.len() {
            let lost = kept.len() - earlier.len();
            self.notice =
                Some(format!("{lost} of the kept runs could not be read; they are left out."));
        }
        earlier.sort_unstable_by_key(|record| record.key);
        let runs = &mut self.runs;
        runs.store = RunsStoreState::Here;
        runs.session_salt = *session_salt;
        let own = std::mem::replace(&mut runs.records, earlier);
        for mut record in own {
            let number = runs.next_number();
            if record.metadata.name == format!("Run {}", record.number()) {
                record.metadata.name = format!("Run {number}");
            }
            record.key = record::key(number, *session_salt);
            runs.records.push(record);
        }
        show_newest(&mut runs.records);
        self.speed = self.speed.or_else(|| speed_of(&runs.records));
        for record in runs.records.iter().filter(|record| record.run.is_some()) {
            let current = self.run.as_ref().is_some_and(|run| Some(run.id) == record.run);
            let weights = self.answer.trained().filter(|_| current).map(<[f32]>::to_vec);
            effects.push(Effect::Runs(RunsRequest::Keep(record.kept(), weights)));
        }
    }

    /// Goes back to the end of a kept run: its weights answer, its curves and settings are shown.
    fn restore(&mut self, key: RunKey, weights: Vec<f32>, effects: &mut Vec<Effect>) {
        if self.run_is_on() {
            return;
        }
        let Some(record) = self.runs.records.iter().find(|record| record.key == key) else {
            return;
        };
        let metadata = record.metadata.clone();
        let architecture = &metadata.settings.architecture;
        let fits = architecture.parameter_count().is_ok_and(|count| count == weights.len());
        if !fits || self.answer.begin_run(architecture, Some(weights), 0).is_err() {
            self.notice =
                Some(format!("The weights of {} belong to another network.", metadata.name));
            return;
        }
        self.answer.answer_from(Source::Run);
        self.curves = record.curves.clone();
        self.last_run += 1;
        let last = metadata.epochs.last();
        self.run = Some(Run {
            id: self.last_run,
            settings: metadata.settings.clone(),
            start: metadata.start,
            phase: RunPhase::Done,
            epoch: last.map_or(0, |test| test.epoch),
            step: last.map_or(0, |test| test.step),
            steps_per_epoch: metadata.steps_per_epoch,
            images_per_second: 0.0,
            seconds_left: f32::NAN,
            activity: Activity::Training,
            test_accuracy: last.map(|test| test.accuracy),
            seconds: metadata.seconds.unwrap_or(0.0),
            workers: 1,
        });
        // What is kept later belongs to the run that it came from.
        if let Some(record) = self.runs.find(key) {
            record.run = Some(self.last_run);
        }
        let before = std::mem::replace(&mut self.form.settings, metadata.settings);
        self.remember(before.architecture);
        self.notice = Some(format!(
            "{} is back: its weights answer and its settings are set.",
            metadata.name
        ));
        self.check_start();
        self.show_form(effects);
    }
}

/// How fast training was here the last time.
fn speed_of(records: &[Record]) -> Option<Speed> {
    records.iter().rev().find_map(|record| {
        let metadata = &record.metadata;
        let multiply_adds = metadata.settings.architecture.multiply_adds().ok()?;
        let images_per_second = metadata.images_per_second;
        (images_per_second > 0.0).then_some(Speed { images_per_second, multiply_adds })
    })
}

/// Has the chart show the newest runs; the others on request.
fn show_newest(records: &mut [Record]) {
    let old = records.len().saturating_sub(SHOWN);
    for (at, record) in records.iter_mut().enumerate() {
        record.shown &= at >= old;
    }
}

#[cfg(test)]
mod tests;
