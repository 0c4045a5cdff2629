//! Runs are kept, deleted, brought back, loaded and saved.

use super::export::to_csv;
use super::*;
use crate::app::answer::Answer;
use crate::app::panels;
use crate::app::{App, Event as Happening};
use crate::config::Architecture;
use crate::config::Augment;
use crate::config::{Form, StartFrom};
use crate::formats::run;
use crate::protocol::{Activity, DataProgress, Evaluation, Progress, Reply};

fn metadata(name: &str, link: &str) -> RunMetadata {
    let (form, notices) = Form::from_hash(link);
    assert!(notices.is_empty(), "{notices:?}");
    let validation = Some(Evaluation { loss: 0.25, accuracy: 0.9375 });
    RunMetadata {
        name: name.into(),
        parameters: 7850,
        settings: form.settings,
        start: StartFrom::Fresh,
        steps_per_epoch: 2,
        epochs: vec![
            Test { epoch: 1, step: 2, loss: 0.5, accuracy: 0.875, validation: None },
            Test { epoch: 2, step: 4, loss: 0.375, accuracy: 0.992, validation },
        ],
        seconds: Some(1.5),
        images_per_second: 4000.0,
    }
}

const SALT: u16 = 9;

fn key(number: u64) -> RunKey {
    collection::key(number, SALT)
}

fn read(kept: Vec<StoredRun>) -> Event {
    Event::Read(Ok(StoredRuns { kept, session_salt: SALT }))
}

fn kept(number: u64, name: &str) -> StoredRun {
    let mut record = Record {
        key: key(number),
        run: None,
        metadata: metadata(name, "net=f,d10s&epochs=2&images=200&validation=10&optimizer=sgd"),
        curves: Curves::default(),
        shown: true,
    };
    record.curves.extend(&[2.0, 1.0, 0.5, 0.25], &[0.0, 0.5, 0.5, 0.75]);
    record.kept()
}

/// A page that can train, after the first epoch of its first run.
fn trained() -> (App, Vec<Effect>) {
    let mut app = App::new(Answer::new(&Architecture::default()).expect("the default model"));
    let data = DataProgress {
        train_images: 60_000,
        total_train_images: 60_000,
        ..DataProgress::default()
    };
    for reply in [Reply::Ready { backend: "simd128".into() }, Reply::Data(data)] {
        app.update(Happening::Reply(reply, vec![]));
    }
    app.update(Happening::Train);
    let effects = epoch(&mut app, 1, 1);
    (app, effects)
}

fn epoch(app: &mut App, run: u32, epoch: u32) -> Vec<Effect> {
    let progress = Progress {
        run,
        epoch: epoch - 1,
        step: 2 * epoch,
        steps_per_epoch: 2,
        images_per_second: 5000.0,
        seconds_left: 1.0,
        activity: Activity::Training,
        workers: 1,
    };
    let arrays = vec![vec![], vec![0.5, 0.4], vec![0.8, 0.9]];
    app.update(Happening::Reply(Reply::Progress(progress), arrays));
    let end = Reply::EpochEnd {
        run,
        epoch,
        step: 2 * epoch,
        test_loss: 0.1,
        test_accuracy: 0.97,
        validation: None,
    };
    app.update(Happening::Reply(end, vec![]))
}

fn happen(app: &mut App, event: Event) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::Runs(event)))
}

fn stored(effects: &[Effect]) -> Vec<&RunsRequest> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Runs(store) => Some(store),
            _ => None,
        })
        .collect()
}

fn kept_runs(app: &App) -> View {
    app.panels.runs.view(&app.cx)
}

fn names(app: &App) -> Vec<String> {
    kept_runs(app).rows.into_iter().map(|row| row.name).collect()
}

#[test]
fn a_run_is_kept_after_each_epoch_behind_those_from_before() {
    let (mut app, effects) = trained();
    assert_eq!(stored(&effects), [&RunsRequest::Read]);
    assert_eq!(names(&app), ["Keras reference"]);
    let effects = happen(&mut app, read(vec![kept(7, "Old"), kept(3, "Older")]));
    assert_eq!(names(&app), ["Keras reference", "Old", "Older"]);
    let [RunsRequest::Keep(StoredRun { key: new, losses, .. }, Some(weights))] =
        stored(&effects)[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*new, key(8));
    assert_eq!((losses.len(), Some(weights.as_slice())), (2, app.cx.answer.trained()));
    let effects = epoch(&mut app, 1, 2);
    assert!(
        matches!(stored(&effects)[..], [RunsRequest::Keep(StoredRun { key: kept, .. }, Some(_))] if *kept == key(8))
    );
    let effects = app.update(Happening::Reply(Reply::Finished { run: 1, seconds: 12.0 }, vec![]));
    let [RunsRequest::Keep(StoredRun { key: kept, .. }, Some(_)), RunsRequest::KeepMoments(of, _)] =
        stored(&effects)[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!((*kept, *of), (key(8), key(8)));
    assert!(!app.would_lose_work(), "it is kept");
    let effects = app.update(Happening::Reset);
    let asked = |effect: &Effect| matches!(effect, Effect::Ask(question) if question.text.ends_with("stays in Runs."));
    assert!(effects.iter().any(asked), "{effects:?}");
    let row = kept_runs(&app).rows.swap_remove(0);
    assert_eq!(
        row.cells,
        ["97.0 %", "2 of 10", "Keras reference", "0.10", "12 s", "34,826", "5,000"]
    );
    assert_eq!(row.points, [(1.0, f64::from(0.97_f32)), (2.0, f64::from(0.97_f32))]);
}

#[test]
fn a_new_run_asks_only_if_something_is_lost() {
    let (mut app, _) = trained();
    happen(&mut app, read(vec![]));
    let progress = Progress {
        run: 1,
        epoch: 1,
        step: 3,
        steps_per_epoch: 2,
        images_per_second: 5000.0,
        seconds_left: 1.0,
        activity: Activity::Training,
        workers: 1,
    };
    app.update(Happening::Reply(Reply::Progress(progress), vec![]));
    app.update(Happening::Reply(Reply::Diverged { run: 1, step: 3, seconds: 1.0 }, vec![]));
    let asks = |effects: &[Effect], words: &str| {
        let asked = |effect: &Effect| matches!(effect, Effect::Ask(question) if question.text.contains(words));
        effects.iter().any(asked)
    };
    let effects = app.update(Happening::Train);
    assert!(!asks(&effects, ""), "{effects:?}");
    let kept = "Keras reference stays in Runs, as it was after its last full epoch.";
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains(kept)), "{:?}", app.notice);

    epoch(&mut app, 2, 1);
    app.update(Happening::Reply(Reply::Finished { run: 2, seconds: 1.0 }, vec![]));
    let effects = app.update(Happening::Train);
    assert!(!asks(&effects, ""), "{effects:?}");
    assert_eq!(app.notice.as_deref(), Some("Keras reference (2) stays in Runs."));
    assert_eq!(app.cx.run.as_ref().map(Run::id), Some(3));

    epoch(&mut app, 3, 1);
    app.update(Happening::Reply(Reply::Finished { run: 3, seconds: 1.0 }, vec![]));
    let refused = kept_runs(&app).rows[0].key;
    happen(&mut app, Event::Written(refused, Err("no room".into())));
    let effects = app.update(Happening::Train);
    assert!(asks(&effects, "(97.0 % of the test images correct) will be lost."), "{effects:?}");
}

#[test]
fn a_run_is_named_after_what_distinguishes_it() {
    for (link, name) in [
        ("", "Keras reference"),
        ("epochs=1&batch=16&lr=0.002&augment=gentle&smoothing=0.1&ema=0.9997", "Keras reference"),
        ("net=f,d128r,d10s&lr=0.01&seed=9", "Dense 128, lr 0.01"),
        ("net=f,d10s&optimizer=sgd", "Dense 10, optimizer sgd, momentum 0.9"),
        ("net=c8k3r,p2,c16k3r,f,d32r,d10s", "Conv2D 8, Conv2D 16, Dense 32"),
        ("epochs=60&batch=128&lr=0.5", "Keras reference, epochs 60, batch 128"),
    ] {
        let (form, notices) = Form::from_hash(link);
        assert!(notices.is_empty(), "{notices:?}");
        let run = Run::new(1, form.settings, StartFrom::Fresh, RunPhase::Training);
        assert_eq!(Record::new(key(1), &run, 0).metadata.name, name, "{link}");
    }
}

#[test]
fn what_is_kept_is_read_again() {
    let kept = kept(5, "A “name”, with \"marks\"");
    let record = Record::read(&kept).expect("it was written here");
    assert_eq!(record.kept(), kept);
    assert_eq!(record.metadata.link().matches("net=f,d10s").count(), 1);
    let mut app = trained().0;
    happen(&mut app, read(vec![kept, StoredRun { numbers: vec![], ..super::tests::kept(6, "") }]));
    assert!(app.notice.is_some_and(|notice| notice.starts_with("1 of the saved runs")));
}

#[test]
fn deleting_can_be_undone() {
    let mut app = trained().0;
    happen(&mut app, read(vec![kept(1, "A"), kept(2, "B"), kept(3, "C")]));
    let effects = happen(&mut app, Event::Delete(key(2)));
    assert_eq!(stored(&effects), [&RunsRequest::Forget(key(2))]);
    assert_eq!(kept_runs(&app).deleted.as_deref(), Some("B"));
    assert_eq!(names(&app), ["Keras reference", "C", "A"]);
    let effects = happen(&mut app, Event::Undelete);
    assert!(
        matches!(stored(&effects)[..], [RunsRequest::Keep(StoredRun { key: kept, .. }, None)] if *kept == key(2))
    );
    assert_eq!(names(&app), ["Keras reference", "C", "B", "A"]);
    assert_eq!(happen(&mut app, Event::Undelete), []);
    happen(&mut app, Event::Delete(key(4)));
    epoch(&mut app, 1, 2);
    assert_eq!(names(&app)[0], "Keras reference", "a run that goes on is kept again");
}

#[test]
fn names_are_the_visitors() {
    let mut app = trained().0;
    happen(&mut app, read(vec![kept(1, "A")]));
    happen(&mut app, Event::Rename(key(1), format!("  {}  ", "x".repeat(99))));
    assert_eq!(names(&app)[1].len(), record::MOST_OF_NAME);
    happen(&mut app, Event::Rename(key(1), " ".into()));
    assert_eq!(names(&app)[1].len(), record::MOST_OF_NAME, "an empty name is none");
}

#[test]
fn a_kept_run_is_taken_up_again() {
    let mut app = trained().0;
    happen(&mut app, read(vec![kept(1, "A")]));
    assert_eq!(happen(&mut app, Event::Load(key(1))), [], "a run is on");
    app.update(Happening::Reply(Reply::Finished { run: 1, seconds: 12.0 }, vec![]));
    assert_eq!(stored(&happen(&mut app, Event::Load(key(1)))), [&RunsRequest::Weights(key(1))]);

    happen(&mut app, Event::Weights(key(1), Ok((vec![0.0; 3], vec![]))));
    assert!(app.notice.as_ref().is_some_and(|notice| notice.contains("another network")));
    assert_eq!(app.cx.answer.trained().map(<[f32]>::len), Some(34_826), "nothing is lost");

    happen(&mut app, Event::Weights(key(1), Ok((vec![0.5; 7850], vec![]))));
    assert_eq!(app.cx.answer.trained(), Some(&[0.5; 7850][..]));
    assert_eq!(app.cx.form.settings.architecture.to_string(), "f,d10s");
    let view = app.view();
    assert_eq!((view.run.text.as_str(), view.curves.rows.len()), ("Done: 2 epochs in 2 s", 2));
    assert_eq!(view.plan.cannot_start_current, None, "the next run can go on from there");
}

#[test]
fn a_kept_runs_moments_are_kept_once_it_is_over_and_come_back_with_it() {
    let mut app = trained().0;
    happen(&mut app, read(vec![]));
    let moment = |app: &mut App, step: u32| {
        let reply = Reply::Moment { run: 1, step };
        app.update(Happening::Reply(reply, vec![vec![0.25; 34_826]]))
    };
    moment(&mut app, 1);
    assert_eq!(stored(&moment(&mut app, 2)), Vec::<&RunsRequest>::new(), "not while it is on");
    let effects = app.update(Happening::Reply(Reply::Finished { run: 1, seconds: 12.0 }, vec![]));
    let [RunsRequest::Keep(..), RunsRequest::KeepMoments(of, bytes)] = stored(&effects)[..] else {
        panic!("{:?}", stored(&effects).len())
    };
    assert_eq!((*of, bytes.len()), (key(1), 3 * (4 + 2 * 34_826)));
    let effects = app.update(Happening::Reset);
    let again =
        effects.iter().chain(&app.update(Happening::Confirmed)).cloned().collect::<Vec<_>>();
    assert_eq!(stored(&again), Vec::<&RunsRequest>::new(), "the store has them");
    assert_eq!(app.view().curves.timeline.past, 0);

    happen(&mut app, Event::Weights(key(1), Ok((vec![0.5; 34_826], bytes.clone()))));
    assert_eq!(app.view().curves.timeline.past, 2, "its beginning and the first minibatch");
    app.update(Happening::Timeline(crate::app::timeline::Event::Go(1)));
    assert_eq!(app.cx.answer.model().map(|model| model.weights[7]), Some(0.25));
    happen(&mut app, Event::Weights(key(1), Ok((vec![0.5; 34_826], vec![]))));
    let timeline = app.view().curves.timeline;
    assert_eq!(
        (timeline.past, timeline.text.as_str()),
        (0, "No earlier moments of this run are here")
    );
}

#[test]
fn the_moments_of_a_run_that_is_given_up_are_kept() {
    let mut app = trained().0;
    happen(&mut app, read(vec![]));
    app.update(Happening::Reset);
    let effects = app.update(Happening::Confirmed);
    let kept = stored(&effects);
    assert!(matches!(kept[..], [RunsRequest::KeepMoments(of, _)] if *of == key(1)), "{kept:?}");
}

#[test]
fn without_a_store_runs_last_as_long_as_the_page() {
    let mut app = trained().0;
    happen(&mut app, Event::Read(Err("private window".into())));
    let view = kept_runs(&app);
    assert!(view.problem.is_some_and(|problem| problem.contains("private window")));
    assert_eq!(view.rows.len(), 1);
    assert_eq!(stored(&epoch(&mut app, 1, 2)), [&RunsRequest::Read], "it may be readable by now");
    assert_eq!(stored(&epoch(&mut app, 1, 3)), Vec::<&RunsRequest>::new(), "once at a time");
    assert_eq!(kept_runs(&app).rows[0].cells[1], "3 of 10");
}

#[test]
fn measures_are_drawn_where_there_are_any() {
    let mut app = trained().0;
    happen(&mut app, read(vec![kept(1, "A")]));
    assert_eq!(app.cx.speed.map(|speed| speed.images_per_second), Some(5000.0), "of this visit");
    let mut points = |measure| {
        happen(&mut app, Event::Measure(measure));
        kept_runs(&app).rows.swap_remove(1).points
    };
    assert_eq!(points(Measure::TestLoss), [(1.0, 0.5), (2.0, 0.375)]);
    assert_eq!(points(Measure::HeldOutLoss), [(2.0, 0.25)]);
    assert_eq!(points(Measure::TrainingLoss).len(), 4);
    happen(&mut app, Event::Show(key(1), false));
    assert!(kept_runs(&app).rows[1].points.is_empty());

    let mut later = App::new(Answer::new(&Architecture::default()).expect("the default model"));
    happen(&mut later, read(vec![kept(1, "A")]));
    assert_eq!(
        later.cx.speed.map(|speed| speed.images_per_second),
        Some(4000.0),
        "of a visit before"
    );
}

#[test]
fn a_table_has_a_line_an_epoch() {
    let records = [Record::read(&kept(1, "=a, \"b\"")).expect("it was written here")];
    let csv = to_csv(&records, "");
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("\u{feff}run,"), "Excel sees that it is UTF-8");
    let columns: Vec<&str> = lines[0].split(',').collect();
    assert_eq!(columns.len(), 16 + Field::ALL.len() - 4, "every setting of a run has one");
    for column in ["network_name", "epochs", "batch_size", "learning_rate", "momentum", "start"] {
        assert!(columns.contains(&column), "{column}");
    }
    assert!(to_csv(&records, "https://example.org/").contains(",\"https://example.org/#epochs=2&"));
    let start = "\"'=a, \"\"b\"\"\",\"f,d10s\",7850,1,2,";
    assert!(lines[1].starts_with(start), "{}", lines[1]);
    assert!(lines[2].contains(",0.25,0.9375,0.375,0.992,1.5,4000,\"#epochs=2&"), "{}", lines[2]);
    let json = run::to_json(&records.each_ref().map(Record::saved));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["name"], "=a, \"b\"");
    assert_eq!(json[0]["epochs"][1]["test_accuracy"], 0.992);
    assert_eq!(json[0]["epochs"][0]["validation_loss"], serde_json::Value::Null);
    assert_eq!(
        (&json[0]["settings"]["net"], &json[0]["settings"]["epochs"]),
        (&"f,d10s".into(), &2.0.into())
    );
    assert_eq!(json[0]["losses"].as_array().map(Vec::len), Some(4));
}

#[test]
fn all_runs_are_saved_to_a_file() {
    let mut app = trained().0;
    happen(&mut app, read(vec![kept(1, "A")]));
    let revision = app.panels.runs.revision();
    let effects = happen(&mut app, Event::Save(SavedFile::RunsCsv, String::from("http://a/")));
    let [Effect::Send(Request::Save { what: SavedFile::RunsCsv, origin, runs, .. }, arrays)] =
        &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(origin, "http://a/");
    let names: Vec<_> = runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!((names, arrays.len()), (vec!["Keras reference", "A"], 6), "the newest first");
    let arrays = [3, 4, 5].map(|at| arrays[at].clone());
    assert_eq!(StoredRun::of_message(runs[1].clone(), arrays), kept(1, "A"));
    assert_eq!(app.panels.runs.revision(), revision, "nothing else is shown");
}

#[test]
fn a_run_comes_back_from_its_file() {
    let mut run = kept(3, "A");
    run.losses[2] = f32::NAN;
    let saved = Record::read(&run).expect("it can be read").saved();
    let json = serde_json::to_string(&saved).expect("JSON");
    let again = StoredRun::of_saved(key(9), serde_json::from_str(&json).expect("a run"));
    assert!(again.is_same_run(&run));
    let expected = StoredRun { key: key(9), losses: vec![], ..run };
    assert_eq!(StoredRun { losses: vec![], ..again }, expected);
}

/// A kept run may come from an older version of the page, or, after a visit to it, from a newer one.
#[test]
fn runs_with_links_of_other_versions_are_read() {
    let read = |link: &str| {
        let kept = StoredRun { link: link.into(), ..kept(1, "A") };
        Record::read(&kept).expect("it is kept").metadata
    };
    let first = "#epochs=3&batch=32&lr=0.0005&seed=7&images=2000&optimizer=sgd&schedule=cosine";
    for (link, augment) in [
        ("&augment=off&start=fresh", Augment::Off),
        ("&augment=on&start=shipped", Augment::On),
        ("&augment=fading&start=fresh&net=f,d10s&momentum=0.8", Augment::Gentle),
        ("&augment=gentle&start=fresh&smoothing=0.1", Augment::Gentle),
    ] {
        let settings = read(&[first, link].concat()).settings;
        assert_eq!((settings.epochs, settings.seed, settings.augment), (3, 7, augment), "{link}");
    }
    let newer = read("#epochs=900&augment=wild&colour=blue&net=f,d10s");
    assert_eq!((newer.name.as_str(), newer.settings.epochs), ("A", 100));
    assert_eq!(newer.settings.architecture.to_string(), "f,d10s");
    assert_eq!(newer.epochs, read("").epochs, "its results are as they were");
}

#[test]
fn a_run_that_was_interrupted_stays_one_run() {
    let (mut app, effects) = trained();
    assert_eq!(stored(&effects), [&RunsRequest::Read]);
    let effects = happen(&mut app, read(vec![]));
    let [RunsRequest::Keep(before, _)] = stored(&effects)[..] else { panic!("{effects:?}") };
    let before = before.clone();

    // Another visit.
    let (mut app, _) = trained();
    app.update(Happening::Reset);
    app.update(Happening::Confirmed);
    let interrupted = crate::protocol::Interrupted { epoch: 1, epochs: 10, accuracy: None };
    app.update(Happening::Reply(Reply::Interrupted(interrupted), vec![]));
    app.update(Happening::Continue);
    let reply =
        Reply::Continued { run: 2, link: before.link.clone(), epoch: 1, steps_per_epoch: 2 };
    let tests = vec![1.0, 2.0, 0.1, 0.97, -1.0, -1.0];
    let arrays = vec![vec![], vec![], vec![0.5, 0.4], vec![0.8, 0.9], tests];
    app.update(Happening::Reply(reply, arrays));
    happen(&mut app, read(vec![before.clone(), kept(7, "Old")]));
    let rows = names(&app).len();
    let effects = epoch(&mut app, 2, 2);
    assert_eq!(names(&app).len(), rows, "no other run");
    let [RunsRequest::Keep(now, Some(_))] = stored(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((now.key, &now.name), (before.key, &before.name));
    assert_eq!(now.losses.len(), 4);
}

#[test]
fn numbers_are_rounded_as_they_are_meant() {
    let mut record = Record::read(&kept(1, "A")).expect("it was written here");
    record.metadata.seconds = Some(8.979_999_998);
    record.metadata.epochs[1].loss = 0.037_612_345;
    record.metadata.images_per_second = 16_217.62;
    let csv = to_csv(&[record], "");
    assert!(csv.contains(",0.037612,0.992,8.98,16218,"), "{csv}");
}

#[test]
fn what_sets_runs_apart_is_said() {
    let record = |number, net: &str, lr: &str| {
        let link = format!("net={net}&epochs=2&lr={lr}");
        Record::read(&StoredRun { link, ..kept(number, "A") }).expect("it was written here")
    };
    let said = |records: &[Record]| -> Vec<String> {
        let apart = record::what_differs(records);
        records.iter().map(|record| record.metadata.apart(&apart)).collect()
    };
    let lenet = "c6k5rz,a2,c16k5r,a2,f,d120r,d84r,d10s";
    assert_eq!(said(&[record(1, lenet, "0.001")]), ["LeNet-5"]);
    assert_eq!(
        said(&[record(1, lenet, "0.001"), record(2, "f,d10s", "0.002")]),
        ["LeNet-5, lr 0.001", "f,d10s, lr 0.002"]
    );
    assert_eq!(
        said(&[record(1, lenet, "0.001"), record(2, lenet, "0.002")]),
        ["lr 0.001", "lr 0.002"]
    );
}
