//! What is done with bytes that anybody may have written: each function reads one kind of them and panics if what comes
//! out breaks a promise. `cargo fuzz` calls them with new inputs, tests/hostile.rs with the ones that are kept.

use inkling::app::answer::Answer;
use inkling::app::drawings::Labelled;
use inkling::app::link::Link;
use inkling::app::panels::runs::export;
use inkling::app::panels::runs::record::{Record, StoredRun};
use inkling::app::{App, Event};
use inkling::config::{Architecture, Form};
use inkling::data::idx;
use inkling::data::manifest::Manifest;
use inkling::formats::bundle::NamedFile;
use inkling::formats::digits::{self, merge};
use inkling::formats::open::{Opened, open};
use inkling::formats::{archive, run, safetensors};
use inkling::ink::{Drawing, notation};
use inkling::net::Plan;
use inkling::net::loss::Score;
use inkling::protocol::{DataProgress, DigitFormat, Reply, StoredHead};
use inkling::train::session::Available;
use inkling::train::shard_assignment::ShardAssignment;
use inkling::train::snapshot::Snapshot;
use serde::Deserialize;

/// An address.
pub fn link(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (form, _) = Form::from_hash(&text);
    assert_eq!(Form::from_hash(&form.to_hash()), (form.clone(), vec![]));
    let (form, _) = Form::of_address(&text);
    assert_eq!(Form::of_address(&form.to_hash()), (form, vec![]));
    let _ = Link::read(&text);
    if let Some(strokes) = notation::read(&text) {
        let _ = notation::write(&Drawing::of(strokes));
    }
}

/// A part of the data set, and the two files of one that a visitor opens.
pub fn idx(bytes: &[u8]) {
    let _ = idx::part(bytes);
    let Some((&[high, low], rest)) = bytes.split_first_chunk() else { return };
    let at = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
    let (images, labels) = rest.split_at(at);
    let file =
        |name: &str, bytes: &[u8]| NamedFile { name: name.to_owned(), bytes: bytes.to_vec() };
    let _ = open(vec![file("images", images), file("labels", labels)]).map(come_back);
}

/// A network's file.
pub fn safetensors(bytes: &[u8]) {
    let Ok((info, parameters)) = safetensors::read(bytes) else { return };
    let (form, notices) = Form::from_hash(&info.settings);
    assert_eq!(notices, Vec::<String>::new());
    let plan = Plan::new(&form.settings.architecture).expect("what was read can be built");
    assert_eq!(plan.parameter_count(), parameters.len());
    assert!(parameters.iter().all(|parameter| parameter.is_finite()));
    let again = safetensors::write(&info, &plan, &parameters).expect("it can be written");
    assert_eq!(safetensors::read(&again).expect("it can be read again"), (info, parameters));
}

/// Lines of strokes.
pub fn strokes(bytes: &[u8]) {
    open_named("digits.jsonl", bytes);
}

/// An image of a digit.
pub fn png(bytes: &[u8]) {
    open_named("5/digit.png", bytes);
}

/// Whatever else a visitor may drop: archives and packed files.
pub fn archive(bytes: &[u8]) {
    open_named("inkling.zip", bytes);
}

fn open_named(name: &str, bytes: &[u8]) {
    let file = NamedFile { name: name.to_owned(), bytes: bytes.to_vec() };
    let _ = open(vec![file]).map(come_back);
}

/// What was opened is saved and opened again.
fn come_back(opened: Opened) {
    match opened {
        Opened::Network(..) => {}
        Opened::Digits(digits) => {
            // One of each twenty is enough to find what breaks.
            let some: Vec<_> = digits.into_iter().take(20).collect();
            let merged = merge(&[], some, 10);
            for format in [DigitFormat::Strokes, DigitFormat::Idx, DigitFormat::Png] {
                let file = digits::write(format, &merged.new).expect("digits can be written");
                let read = open(vec![file]);
                assert!(merged.new.is_empty() || matches!(read, Ok(Opened::Digits(_))), "{read:?}");
            }
        }
        Opened::Archive(opened) => {
            let file = archive::write(&opened, "https://example.org/").expect("it can be written");
            let read = open(vec![file]);
            assert!(matches!(read, Ok(Opened::Archive(_))), "{read:?}");
        }
    }
}

/// A run that a browser has kept, as [`Snapshot`] reads it, once with the check sum that the bytes should have.
pub fn snapshot(bytes: &[u8]) {
    const IMAGES: usize = 1000;
    let _ = Snapshot::read(bytes, IMAGES);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let whole = [b"inkling1", &hash.to_le_bytes()[..], bytes].concat();
    if let Ok(Snapshot { mut session, history, .. }) = Snapshot::read(&whole, IMAGES) {
        let available = Available { train: IMAGES, test: Some(100) };
        let _ = (history.accuracy(), session.upcoming(available), session.images_left());
        for _ in 0..3 {
            let _ = session.next(available);
            let _ = session.take_score(Score::default(), available);
        }
    }
}

/// The list of the data set's parts.
pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let _ = (manifest.bytes(), manifest.train_images());
    }
}

/// What a panel finds in the browser's store.
pub fn store(bytes: &[u8]) {
    type Stored = (Vec<f32>, StoredHead, [Vec<f32>; 3]);
    let Ok((digit, head, arrays)) = postcard::from_bytes::<Stored>(bytes) else { return };
    if let Some(digit) = Labelled::read(0, &digit) {
        let read = Labelled::read(0, &digit.numbers());
        assert_eq!(read.map(|read| read.numbers()), Some(digit.numbers()));
    }
    let Some(record) = Record::read(&StoredRun::of_message(head, arrays)) else { return };
    let words = |record: &Record| format!("{:?}", record.kept());
    let again = Record::read(&record.kept()).expect("it can be read again");
    assert_eq!(words(&again), words(&record));
    let _ = export::to_csv(std::slice::from_ref(&record), "https://example.org/");
    let _ = run::to_json(&[record.saved()]);
}

/// What a worker says to the page while visitors press Train, Reset and Continue.
pub fn replies(bytes: &[u8]) {
    #[derive(Deserialize)]
    enum Happening {
        Train,
        Step,
        Reset,
        Continue,
        Confirmed,
        Hash(String),
        Tick(f32),
        Reply(Reply, Vec<Vec<f32>>),
    }
    let Ok(happenings) = postcard::from_bytes::<Vec<Happening>>(bytes) else { return };
    let mut app = App::new(Answer::new(&Architecture::default()).expect("it can be built"));
    app.begin();
    app.update(Event::Reply(Reply::Ready { backend: String::new() }, vec![]));
    let all = DataProgress {
        train_images: 60_000,
        total_train_images: 60_000,
        test_ready: true,
        ..DataProgress::default()
    };
    app.update(Event::Reply(Reply::Data(all), vec![]));
    for happening in happenings.into_iter().take(50) {
        app.update(match happening {
            Happening::Train => Event::Train,
            Happening::Step => Event::Step,
            Happening::Reset => Event::Reset,
            Happening::Continue => Event::Continue,
            Happening::Confirmed => Event::Confirmed,
            Happening::Hash(hash) => Event::Hash(hash),
            Happening::Tick(seconds) => Event::Tick(seconds),
            Happening::Reply(reply, arrays) => Event::Reply(reply, arrays),
        });
        let _ = app.view_changes();
    }
    let _ = (app.farewell(), app.would_lose_work());
}

/// What helpers say to the trainer.
pub fn reports(bytes: &[u8]) {
    #[derive(Deserialize)]
    enum Happening {
        Begin(Vec<u32>, u8),
        StealBack(u32),
        Take(u32, u32, Vec<Score>),
        Lose(u32),
        Own,
    }
    let Ok(happenings) = postcard::from_bytes::<Vec<Happening>>(bytes) else { return };
    let mut assignment = ShardAssignment::default();
    for happening in happenings {
        match happening {
            Happening::Begin(helpers, ahead) => {
                assignment.begin(&helpers, usize::from(ahead), 0.0);
            }
            Happening::StealBack(helper) => assignment.steal_back(helper),
            Happening::Take(helper, job, scores) => drop(assignment.take(helper, job, &scores)),
            Happening::Lose(helper) => assignment.lose(helper),
            Happening::Own => {
                if let Some(shard) = assignment.next_own() {
                    assignment.take_own(shard, Score::default());
                }
            }
        }
        let _ = (assignment.score(), assignment.overdue(9.0, 1.0));
    }
}
