//! A page to which anything may happen in any order, with a trainer that may send anything and a browser's store that
//! sometimes refuses.

use super::*;
use crate::app::collection::{Collection, Item, Key};
use crate::app::drawings::{self, DrawingSet, DrawingsRequest, Labelled, StoredDrawings};
use crate::app::panels::evaluate::{self, gallery::Choice};
use crate::app::panels::experiment::{self, editor::Edit};
use crate::app::panels::fine_tune;
use crate::app::panels::inside::{self, Attribution, Pointing, Subject, Unit};
use crate::app::panels::runs::record::{Record, StoredRun};
use crate::app::panels::runs::{Measure, RunsRequest, StoredRuns};
use crate::app::timeline::Event as Happened;
use crate::config::architecture::{LayerKind, LayerPart};
use crate::config::{NetworkPreset, Recipe};
use crate::data::PIXELS;
use crate::protocol::{
    FileFormat, Interrupted, NetworkInfo, OpenedFile, SavedFile, Tallies, Tally, Trainable,
};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Events before the page is loaded again, with what is in its store.
const VISIT: usize = 500;

#[test]
fn whatever_happens_the_page_goes_on() {
    happen(20_000, 1);
}

#[test]
#[ignore = "it takes minutes"]
fn whatever_happens_a_million_times_the_page_goes_on() {
    happen(1_000_000, 2);
}

fn happen(events: usize, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut store = FakeStore::default();
    for visit in 0..events / VISIT {
        if visit % 4 == 0 {
            store = FakeStore::default();
        }
        // Every third store sends answers that were not requested.
        Visit::new(rng.fork(), &mut store, visit % 3 == 2).live(visit);
    }
}

/// What the browser stores, and the requests that it has not answered yet.
#[derive(Default)]
struct FakeStore {
    runs: BTreeMap<Key, StoredRun>,
    /// Pinned drawings and My digits.
    drawings: [BTreeMap<Key, Vec<f32>>; 2],
    asked: VecDeque<Asked>,
    /// What it has refused to delete: places of sets, 2 for runs, and keys.
    undeleted: BTreeSet<(usize, Key)>,
}

enum Asked {
    Runs(RunsRequest),
    Drawings(DrawingSet, DrawingsRequest),
}

fn place(set: DrawingSet) -> usize {
    usize::from(set == DrawingSet::UserDigits)
}

impl FakeStore {
    /// Answers the oldest request, or refuses it.
    fn answer(&mut self, rng: &mut Rng) -> Option<panels::Event> {
        let refused = rng.u8(..8) == 0;
        let result = if refused { Err(String::from("no room")) } else { Ok(()) };
        let session_salt = rng.u16(..3);
        Some(match self.asked.pop_front()? {
            Asked::Runs(request) => panels::Event::Runs(match request {
                RunsRequest::Read => runs::Event::Read(result.map(|()| StoredRuns {
                    kept: self.runs.values().cloned().collect(),
                    session_salt,
                })),
                RunsRequest::Keep(run, _) => {
                    let key = run.key;
                    if !refused {
                        self.runs.insert(key, run);
                        self.undeleted.remove(&(2, key));
                    }
                    runs::Event::Written(key, result)
                }
                RunsRequest::Forget(key) => {
                    self.forget(key, refused, 2);
                    runs::Event::Written(key, result)
                }
                RunsRequest::KeepMoments(..) => return None,
                RunsRequest::Weights(key) => {
                    let moments = (0..rng.usize(..9)).map(|_| rng.u8(..)).collect();
                    runs::Event::Weights(key, result.map(|()| (weights(rng), moments)))
                }
            }),
            Asked::Drawings(set, request) => {
                let drawings = &mut self.drawings[place(set)];
                let event = match request {
                    DrawingsRequest::Read => {
                        drawings::Event::Read(result.map(|()| StoredDrawings {
                            drawings: drawings.clone().into_iter().collect(),
                            session_salt,
                        }))
                    }
                    DrawingsRequest::Keep(key, numbers) => {
                        if !refused {
                            drawings.insert(key, numbers);
                        }
                        drawings::Event::Written(key, result)
                    }
                    DrawingsRequest::Forget(key) => {
                        self.forget(key, refused, place(set));
                        drawings::Event::Written(key, result)
                    }
                };
                panels::Event::Drawings(set, event)
            }
        })
    }

    fn forget(&mut self, key: Key, refused: bool, what: usize) {
        if refused {
            self.undeleted.insert((what, key));
        } else if what == 2 {
            self.runs.remove(&key);
        } else {
            self.drawings[what].remove(&key);
        }
    }
}

/// A page from when it is loaded until it is left.
struct Visit<'a> {
    rng: Rng,
    app: App,
    store: &'a mut FakeStore,
    /// Whether the store sends answers that were not requested.
    lies: bool,
    /// What the page shows.
    shown: View,
    /// The run that began last.
    last_run: u32,
}

impl<'a> Visit<'a> {
    fn new(rng: Rng, store: &'a mut FakeStore, lies: bool) -> Self {
        store.asked.clear();
        store.undeleted.clear();
        let app = app();
        let shown = app.view();
        Self { rng, app, store, lies, shown, last_run: 0 }
    }

    fn live(&mut self, visit: usize) {
        if self.rng.u8(..8) > 0 {
            self.happen(Event::Shipped(Ok(parameters(SHIPPED))));
            self.happen(Event::Reply(Reply::Ready { backend: "simd128".into() }, vec![]));
            self.happen(Event::Reply(Reply::Data(data(60_000)), vec![]));
        }
        for _ in 0..VISIT {
            let event = match self.rng.u8(..8) {
                0 => self.store.answer(&mut self.rng).map(Event::Panel),
                _ => None,
            };
            let event = event.unwrap_or_else(|| self.event());
            self.happen(event);
        }
        while let Some(event) = self.store.answer(&mut self.rng) {
            self.happen(Event::Panel(event));
        }
        if !self.lies {
            self.nothing_kept_is_lost(visit);
        }
    }

    fn happen(&mut self, event: Event) {
        let words = name(&event);
        let deletes = matches!(
            event,
            Event::Panel(
                panels::Event::Runs(runs::Event::Delete(_))
                    | panels::Event::Drawings(_, drawings::Event::Delete(_))
            )
        );
        // A run that goes on has its id since it was asked to.
        let run = self.app.cx.run.as_ref().map_or(0, Run::id);
        self.last_run = self.last_run.max(run);
        let before = self.sizes();
        let effects = self.app.update(event);
        let after = self.sizes();
        let lost = before.iter().zip(&after).map(|(before, after)| before.saturating_sub(*after));
        assert!(
            lost.sum::<usize>() <= usize::from(deletes),
            "{before:?}, then {after:?} after {words}"
        );
        if !self.lies {
            self.keys_are_in_order(&words);
        }
        for effect in effects {
            self.carry_out(effect, &words);
        }
        let (cx, on) = (&self.app.cx, self.app.cx.run_is_on());
        assert!(!on || cx.trainer.is_ready(), "a run that nobody trains, after {words}");
        let view = self.app.view();
        let reasons =
            [view.run.train.disabled, view.run.step_button.disabled, view.run.reset.disabled];
        assert!(reasons.iter().flatten().all(|why| !why.is_empty()), "{reasons:?} after {words}");
        assert!(
            !view.run.why.is_empty() && !view.run.text.is_empty(),
            "{:?} after {words}",
            view.run
        );
        if self.rng.u8(..4) == 0 {
            self.show(&view, &words);
        }
        if self.rng.u8(..16) == 0 {
            self.look_into_the_panels(&words);
        }
    }

    fn carry_out(&mut self, effect: Effect, after: &str) {
        match effect {
            // It answers nothing.
            Effect::Runs(RunsRequest::KeepMoments(..)) => {}
            Effect::Runs(request) => self.store.asked.push_back(Asked::Runs(request)),
            Effect::Drawings(set, request) => {
                self.store.asked.push_back(Asked::Drawings(set, request))
            }
            Effect::Send(Request::Start { run, .. }, _) => {
                assert!(
                    run > self.last_run,
                    "run {run} after run {}, after {after}",
                    self.last_run
                );
                self.last_run = run;
                assert_eq!(self.app.cx.run.as_ref().map(Run::id), Some(run), "after {after}");
            }
            Effect::Send(
                Request::Pause { run }
                | Request::Resume { run }
                | Request::Step { run, .. }
                | Request::Pace { run, .. },
                _,
            ) => assert_eq!(run, self.last_run, "only one run is on, after {after}"),
            Effect::Ask(question) => assert!(!question.text.is_empty(), "after {after}"),
            _ => {}
        }
    }

    /// The parts shown one after another equal the whole view.
    fn show(&mut self, now: &View, after: &str) {
        let changes = self.app.view_changes();
        self.shown.clone().assert_same_but(changes, now, after);
        self.shown = now.clone();
    }

    fn look_into_the_panels(&mut self, after: &str) {
        let range = 0..self.rng.usize(..80);
        self.app.read_next(self.rng.bool(), range);
        let (cx, panels) = (&self.app.cx, &self.app.panels);
        let runs = panels.runs.view(cx);
        let evaluate = panels.evaluate.view(cx);
        let digits = panels.fine_tune.view(cx);
        let job = panels.fine_tune.job_view(cx);
        let experiment = panels.experiment.view(cx);
        let _ = panels.inside.view(cx);
        let reasons = [
            runs.cannot_load.map(String::from),
            runs.problem,
            evaluate.cannot,
            evaluate.cannot_pin.map(String::from),
            digits.cannot_label.map(String::from),
            job.cannot,
            experiment.locked.map(String::from),
            experiment.cannot_undo.map(String::from),
        ];
        assert!(reasons.iter().flatten().all(|why| !why.is_empty()), "{reasons:?} after {after}");
        let _ = (self.app.farewell(), self.app.would_lose_work());
    }

    fn sizes(&self) -> [usize; 3] {
        let panels = &self.app.panels;
        [
            panels.runs.collection().all().len(),
            panels.evaluate.pinned.all().len(),
            panels.fine_tune.digits.all().len(),
        ]
    }

    fn keys_are_in_order(&self, after: &str) {
        fn check<T: Item>(collection: &Collection<T>, after: &str) {
            let ordered = collection.all().is_sorted_by(|a, b| a.key() < b.key());
            let keys: Vec<Key> = collection.all().iter().map(Item::key).collect();
            assert!(ordered, "{keys:?} after {after}");
        }
        let panels = &self.app.panels;
        check(panels.runs.collection(), after);
        check(&panels.evaluate.pinned, after);
        check(&panels.fine_tune.digits, after);
    }

    /// The store has exactly what the page says is stored, as the page shows it.
    fn nothing_kept_is_lost(&self, visit: usize) {
        let (panels, store) = (&self.app.panels, &*self.store);
        let runs = panels.runs.collection();
        for run in runs.all().iter().filter(|run| runs.keeps(run)) {
            // As text, because NaN does not equal itself, and as a later visit reads it.
            let words = |run: Option<&StoredRun>| {
                let record = run.and_then(Record::read);
                format!("{:?}", record.map(|record| record.kept()))
            };
            let (stored, shown) = (words(store.runs.get(&run.key)), words(Some(&run.kept())));
            assert_eq!(stored, shown, "visit {visit}");
        }
        if runs.is_open() {
            let readable = store.runs.values().filter(|run| Record::read(run).is_some());
            let mut keys = readable.map(|run| run.key);
            let unknown =
                |key: &Key| runs.find(*key).is_none() && !store.undeleted.contains(&(2, *key));
            assert_eq!(keys.find(unknown), None, "visit {visit}");
        }
        for (set, collection) in [
            (DrawingSet::Pinned, &panels.evaluate.pinned),
            (DrawingSet::UserDigits, &panels.fine_tune.digits),
        ] {
            let stored = &store.drawings[place(set)];
            for drawing in collection.all().iter().filter(|drawing| collection.keeps(drawing)) {
                assert_eq!(stored.get(&drawing.key), Some(&drawing.numbers()), "visit {visit}");
            }
            if collection.is_open() {
                let read = |(key, numbers): (&Key, &Vec<f32>)| Labelled::read(*key, numbers);
                let mut keys = stored.iter().filter_map(read).map(|drawing| drawing.key);
                let unknown = |key: &Key| {
                    collection.find(*key).is_none()
                        && !store.undeleted.contains(&(place(set), *key))
                };
                assert_eq!(keys.find(unknown), None, "visit {visit}");
            }
        }
    }

    fn event(&mut self) -> Event {
        let rng = &mut self.rng;
        match rng.u8(..32) {
            0 => Event::Hash(hash(rng)),
            1 => {
                let field = pick(rng, &Field::ALL);
                let words = if field == Field::Architecture { network(rng) } else { word(rng) };
                Event::Set(field, words.into())
            }
            2 => match rng.u8(..5) {
                2 => Event::CopyLink,
                0 => Event::Write(pick(rng, &[None, Some(0), Some(9)])),
                3 => Event::WriteTestImage,
                1 => Event::HandMoved(pick(rng, &[0.0, 16.0, 700.0, f32::NAN, -5.0])),
                _ => Event::PenDown(point(rng)),
            },
            3 => {
                let points = rng.usize(..8);
                Event::PenMoved((0..points).map(|_| point(rng)).collect())
            }
            4 => pick_of(
                rng,
                [
                    || Event::PenUp,
                    || Event::PenWithdrawn,
                    || Event::Undo,
                    || Event::Clear,
                    || {
                        Event::Redraw(vec![vec![
                            Point { x: 0.5, y: 0.5 },
                            Point { x: 2.0, y: 0.5 },
                        ]])
                    },
                ],
            ),
            5 => Event::Train,
            6 => pick_of(rng, [|| Event::Train, || Event::Continue]),
            7 => pick_of(
                rng,
                [|| Event::Step, || Event::Step, || Event::StepSize(10), || Event::CloseCard],
            ),
            8 => pick_of(rng, [|| Event::Reset, || Event::Discard, || Event::Hidden]),
            9 | 10 => pick_of(rng, [|| Event::Confirmed, || Event::Confirmed, || Event::Declined]),
            11 => Event::AnswerFrom(pick(rng, &[Source::Shipped, Source::Run, Source::Tuned])),
            12 => pick_of(rng, [|| Event::Repair, || Event::RetryData, || Event::CloseNotice]),
            13 => Event::TogglePanel(pick(rng, &PanelId::ALL)),
            14 => match rng.u8(..8) {
                0 => Event::SaveNetwork {
                    format: pick(rng, &FileFormat::ALL).1,
                    origin: String::from("http://localhost/"),
                },
                1 => Event::Open(
                    vec![OpenedFile { name: "a.safetensors".into(), length: whole(rng) }],
                    vec![weights(rng)],
                ),
                _ => Event::Recipe(pick(rng, &Recipe::ALL)),
            },
            15 => match rng.u8(..8) {
                0 => Event::TrainerGone("The trainer is gone.".into()),
                1 => Event::TrainerBroke,
                2 => Event::FileMissing,
                3 => Event::Updated,
                4 => Event::Notice("Something.".into()),
                5 => Event::Shipped(Err("no network".into())),
                6 => Event::Shipped(Ok(weights(rng))),
                _ => Event::Shipped(Ok(parameters(number(rng)))),
            },
            22 => Event::Timeline(pick(
                rng,
                &[Happened::Go(1), Happened::GoTo(40), Happened::Play, Happened::Passed(3000.0)],
            )),
            16 => Event::Tick(pick(rng, &[0.0, 1.0, 13.0, f32::NAN, -5.0])),
            17..=21 => Event::Panel(self.panel_event()),
            _ => {
                let reply = self.reply();
                let rng = &mut self.rng;
                let arrays = (0..rng.usize(..5)).map(|_| weights(rng)).collect();
                Event::Reply(reply, arrays)
            }
        }
    }

    fn panel_event(&mut self) -> panels::Event {
        let lies = self.lies && self.rng.u8(..4) == 0;
        let keys: Vec<Key> = self.app.panels.runs.records().map(|record| record.key).collect();
        let rng = &mut self.rng;
        match rng.u8(..5) {
            0 => panels::Event::Inside(match rng.u8(..8) {
                0 => inside::Event::Look(Subject::Drawing),
                1 => inside::Event::Look(Subject::Image {
                    picture: Box::new([number(rng); PIXELS]),
                    label: rng.u8(..),
                    name: "Test image 7".into(),
                }),
                2 => {
                    let unit = Unit {
                        layer: rng.usize(..6),
                        y: rng.usize(..30),
                        x: rng.usize(..30),
                        channel: rng.usize(..20),
                    };
                    match rng.u8(..4) {
                        0 => inside::Event::Pin(Some(unit)),
                        1 => inside::Event::Release,
                        _ => inside::Event::Point(unit),
                    }
                }
                3 => inside::Event::Go(
                    rng.usize(..8),
                    [rng.isize(..), rng.isize(-2..3), rng.isize(-9..9)],
                ),
                4 => inside::Event::Attribution(pick(
                    rng,
                    &[Attribution::Off, Attribution::Gradient, Attribution::Occlusion],
                )),
                5 => inside::Event::Class(Some(rng.usize(..12))),
                6 => match rng.u8(..4) {
                    0 => inside::Event::Parameter(rng.u32(..9), Pointing::Pointer),
                    1 => inside::Event::Parameter(rng.u32(..), Pointing::Keys),
                    2 => inside::Event::PinParameter(rng.bool().then(|| rng.u32(..9))),
                    _ => inside::Event::OneStep(rng.bool()),
                },
                _ => inside::Event::Label(Some(rng.usize(..12))),
            }),
            1 => panels::Event::Evaluate(match rng.u8(..6) {
                0 => evaluate::Event::Evaluate,
                1 => evaluate::Event::Show(pick(
                    rng,
                    &[Choice::Sample, Choice::Mistakes, Choice::Cell { label: 3, answer: 8 }],
                )),
                2 if rng.bool() => evaluate::Event::GoOn,
                2 if rng.bool() => evaluate::Event::Answer(rng.u8(..12)),
                2 => evaluate::Event::More,
                3 => evaluate::Event::Look(rng.u32(..100)),
                4 => evaluate::Event::LookAtPinned(rng.u64(..4) << 16),
                _ => evaluate::Event::Pin(rng.u8(..12)),
            }),
            2 => panels::Event::FineTune(match rng.u8(..6) {
                5 => fine_tune::Event::Correct(rng.u8(..10)),
                0 | 1 => fine_tune::Event::Label(rng.u8(..10)),
                2 => fine_tune::Event::Choose(pick(rng, &[Trainable::All, Trainable::Head])),
                3 => fine_tune::Event::FineTune,
                _ => fine_tune::Event::Swap,
            }),
            3 => panels::Event::Experiment(match rng.u8(..6) {
                0 => experiment::Event::Edit(Edit::Add(pick(rng, &LayerKind::ALL))),
                1 => experiment::Event::Edit(Edit::Remove(rng.usize(..9))),
                2 => {
                    experiment::Event::Edit(Edit::Move { from: rng.usize(..9), to: rng.usize(..9) })
                }
                3 => {
                    let part = pick(rng, &LayerPart::ALL);
                    let words = pick(
                        rng,
                        &[
                            "3",
                            "1",
                            "0",
                            "-2",
                            "x",
                            "",
                            "relu",
                            "same",
                            "softmax",
                            "0.5",
                            "99999999999",
                        ],
                    );
                    experiment::Event::Edit(Edit::Set(rng.usize(..9), part, words.into()))
                }
                4 => experiment::Event::Undo,
                _ => experiment::Event::Network(pick(rng, &NetworkPreset::ALL)),
            }),
            _ => match rng.u8(..4) {
                0 => {
                    let set = pick(rng, &[DrawingSet::Pinned, DrawingSet::UserDigits]);
                    let drawings = match set {
                        DrawingSet::Pinned => self.app.panels.evaluate.pinned.all(),
                        DrawingSet::UserDigits => self.app.panels.fine_tune.digits.all(),
                    };
                    let key =
                        a_key(rng, &drawings.iter().map(|d: &Labelled| d.key).collect::<Vec<_>>());
                    panels::Event::Drawings(
                        set,
                        match rng.u8(..4) {
                            _ if lies => drawings::Event::Read(Ok(StoredDrawings {
                                drawings: vec![
                                    (rng.u64(..), weights(rng)),
                                    (rng.u64(..4) << 16, vec![1.0, 1.0, 0.5, 0.5]),
                                ],
                                session_salt: rng.u16(..),
                            })),
                            0 | 1 => drawings::Event::Delete(key),
                            2 => drawings::Event::Add(rng.u8(..12)),
                            _ => drawings::Event::Undelete,
                        },
                    )
                }
                _ => panels::Event::Runs(run_event(rng, &keys, lies)),
            },
        }
    }

    fn reply(&mut self) -> Reply {
        let rng = &mut self.rng;
        // Mostly about the current run.
        let run = if rng.u8(..8) == 0 { rng.u32(..) } else { self.last_run };
        let reason = || String::from("it could not be done");
        match rng.u8(..24) {
            0..=5 => Reply::Progress(Progress {
                run,
                epoch: whole(rng),
                step: whole(rng),
                steps_per_epoch: whole(rng),
                images_per_second: number(rng),
                seconds_left: number(rng),
                activity: pick(
                    rng,
                    &[Activity::Training, Activity::Evaluating, Activity::WaitingForData],
                ),
                workers: whole(rng),
            }),
            6..=9 => Reply::EpochEnd {
                run,
                epoch: whole(rng),
                step: whole(rng),
                test_loss: number(rng),
                test_accuracy: number(rng),
                validation: rng.bool().then(|| evaluation(rng)),
            },
            10 => Reply::Finished { run, seconds: f64::from(number(rng)) },
            11 => Reply::Diverged { run, step: whole(rng), seconds: f64::from(number(rng)) },
            12 => Reply::Working { run, evaluated: rng.bool().then(|| number(rng)) },
            13 if rng.bool() => match rng.u8(..3) {
                0 => Reply::Moment { run, step: whole(rng) },
                1 => Reply::Stepped { run, step: whole(rng) },
                _ => Reply::ParameterStep { parameter: rng.u32(..9), words: reason() },
            },
            13 => Reply::Paused { run, step: whole(rng) },
            14 => Reply::Evaluated { id: rng.u32(..4), evaluation: evaluation(rng) },
            15 => pick_of(
                rng,
                [
                    || Reply::Evaluating,
                    || Reply::HelperLost,
                    || Reply::TestLabels,
                    || Reply::TestImages,
                    || Reply::TestLabels,
                    || Reply::TestImages,
                ],
            ),
            16 => Reply::EvaluationFailed { id: rng.u32(..4), reason: reason() },
            17 => Reply::FineTuning { id: rng.u32(..4), share: number(rng) },
            18 => Reply::FineTuned { id: rng.u32(..4), before: tallies(rng), after: tallies(rng) },
            19 if rng.bool() => match rng.u8(..3) {
                0 => Reply::InterruptedLost { reason: reason() },
                1 => Reply::Interrupted(Interrupted { epoch: 1, epochs: 6, accuracy: None }),
                _ => Reply::Continued {
                    run: run.wrapping_add(rng.u32(..2)),
                    link: hash(rng),
                    epoch: rng.u32(..3),
                    steps_per_epoch: rng.u32(..9),
                },
            },
            19 => Reply::FineTuneFailed { id: rng.u32(..4), reason: reason() },
            20 | 21 => Reply::Data(DataProgress {
                received_bytes: whole(rng),
                total_bytes: whole(rng),
                train_images: whole(rng),
                total_train_images: whole(rng),
                test_ready: rng.u8(..4) > 0,
                from_cache: rng.bool(),
            }),
            22 => match rng.u8(..4) {
                0 => Reply::DataFailed { part: "train-03.part".into(), reason: reason() },
                1 => Reply::Failed { run, message: reason() },
                2 => Reply::Broken,
                _ => match rng.u8(..4) {
                    0 => Reply::File { name: "a.onnx".into(), length: whole(rng) },
                    1 if rng.bool() => Reply::NotKept { reason: reason() },
                    1 => Reply::Refused { reason: reason() },
                    2 => Reply::Merged { words: reason(), settings: Some(hash(rng)) },
                    _ => Reply::Opened {
                        info: NetworkInfo { settings: hash(rng), ..NetworkInfo::default() },
                    },
                },
            },
            _ => Reply::Ready { backend: "simd128".into() },
        }
    }
}

fn run_event(rng: &mut Rng, keys: &[Key], lies: bool) -> runs::Event {
    let key = a_key(rng, keys);
    match rng.u8(..8) {
        0 if lies => runs::Event::Written(key, Err("no room".into())),
        _ if lies => runs::Event::Read(Ok(StoredRuns {
            kept: vec![StoredRun {
                key: rng.u64(..),
                name: "Run 1".into(),
                link: hash(rng),
                numbers: (0..rng.usize(..12)).map(|_| f64::from(number(rng))).collect(),
                losses: weights(rng),
                accuracies: weights(rng),
            }],
            session_salt: rng.u16(..),
        })),
        0 => runs::Event::Rename(key, pick(rng, &["Baseline", "", " ", "=1+1", "ä€"]).into()),
        1 => runs::Event::Delete(key),
        2 => runs::Event::Undelete,
        3 => runs::Event::Show(key, rng.bool()),
        4 => runs::Event::Measure(pick(rng, &Measure::ALL.map(|(_, measure)| measure))),
        5 => runs::Event::Save(
            pick(rng, &[SavedFile::RunsCsv, SavedFile::RunsJson, SavedFile::Archive]),
            String::from("http://localhost/"),
        ),
        _ => runs::Event::Load(key),
    }
}

fn pick<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())].clone()
}

fn pick_of<T, const N: usize>(rng: &mut Rng, of: [fn() -> T; N]) -> T {
    of[rng.usize(..N)]()
}

fn a_key(rng: &mut Rng, keys: &[Key]) -> Key {
    if keys.is_empty() || rng.u8(..8) == 0 { rng.u64(..) } else { pick(rng, keys) }
}

fn point(rng: &mut Rng) -> Point {
    let mut place = || if rng.u8(..16) == 0 { number(rng) } else { rng.f32() };
    Point { x: place(), y: place() }
}

fn number(rng: &mut Rng) -> f32 {
    const ODD: [f32; 10] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, -0.0, f32::MAX, 1e-40, 1.0, 1e9];
    if rng.bool() { rng.f32() } else { pick(rng, &ODD) }
}

fn whole(rng: &mut Rng) -> u32 {
    const ODD: [u32; 5] = [0, 1, 60_000, u32::MAX - 1, u32::MAX];
    if rng.u8(..4) > 0 { rng.u32(..300) } else { pick(rng, &ODD) }
}

/// An array of any length, sometimes that of a network's weights.
fn weights(rng: &mut Rng) -> Vec<f32> {
    match rng.u8(..8) {
        0 => vec![number(rng); 7850],
        1 => vec![number(rng); 100_000],
        2 => parameters(number(rng)),
        _ => (0..rng.usize(..30)).map(|_| number(rng)).collect(),
    }
}

fn evaluation(rng: &mut Rng) -> Evaluation {
    Evaluation { loss: number(rng), accuracy: number(rng) }
}

fn tallies(rng: &mut Rng) -> Tallies {
    let mut tally = || Tally { right: whole(rng), images: whole(rng) };
    Tallies { trained: tally(), held_out: tally(), test: tally() }
}

fn network(rng: &mut Rng) -> &'static str {
    pick(
        rng,
        &[
            "f,d10s",
            "c2k3r,p2,f,d10s",
            "c8k3r,d10s",
            "f,d3s",
            "f,drop0.5,d10s",
            "",
            "x",
            "c32k3r,p2,c64k3r,p2,f,drop0.5,d10s",
        ],
    )
}

fn word(rng: &mut Rng) -> &'static str {
    pick(
        rng,
        &[
            "1",
            "0",
            "-1",
            "32",
            "1e9",
            "99999999999",
            "nan",
            "",
            "adam",
            "sgd",
            "cosine",
            "on",
            "gentle",
            "shipped",
            "current",
            "0.5",
        ],
    )
}

fn hash(rng: &mut Rng) -> String {
    let settings = (0..rng.usize(..5)).map(|_| {
        let field = pick(rng, &Field::ALL);
        let words = if field == Field::Architecture { network(rng) } else { word(rng) };
        [field.key(), "=", words].concat()
    });
    let settings = settings.collect::<Vec<_>>().join("&");
    let drawing = pick(rng, &["", "&drawing=AAAzzz.BBB", "&drawing=", "&hand=off"]);
    ["#", &settings, drawing].concat()
}
