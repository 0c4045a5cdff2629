//! Evaluations arrive, images are chosen and read, drawings are pinned and watched.

use super::gallery::PAGE;
use super::*;
use crate::app::drawings::{DrawingsRequest, StoredDrawings};
use crate::app::panels::{self, PanelId};
use crate::app::{App, Effect, Event as Happening};
use crate::config::Architecture;
use crate::data::PIXELS;
use crate::ink::Point;
use crate::protocol::{Activity, DataProgress, Progress, Reply};

const EVALUATION: Evaluation = Evaluation { loss: 0.25, accuracy: 0.75 };

const LABELS: [u8; 6] = [0, 0, 1, 1, 2, 9];

/// A page with the shipped weights and the whole data set.
fn ready() -> App {
    let architecture = Architecture::default();
    let mut app = App::new(Answer::new(&architecture).expect("the default model"));
    let weights = vec![0.0; architecture.parameter_count().expect("it can be built")];
    app.update(Happening::Shipped(Ok(weights)));
    reply(&mut app, Reply::Ready { backend: "simd128".into() }, vec![]);
    let data = DataProgress {
        train_images: 60_000,
        total_train_images: 60_000,
        test_ready: true,
        ..DataProgress::default()
    };
    reply(&mut app, Reply::Data(data), vec![]);
    app
}

fn reply(app: &mut App, reply: Reply, arrays: Vec<Vec<f32>>) -> Vec<Effect> {
    app.update(Happening::Reply(reply, arrays))
}

fn happen(app: &mut App, event: Event) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::Evaluate(event)))
}

fn view(app: &App) -> View<'_> {
    app.panels.evaluate.view(&app.cx)
}

fn sent(effects: &[Effect]) -> Vec<(&Request, Option<&[f32]>)> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(request, numbers) => Some((request, numbers.first().map(Vec::as_slice))),
        _ => None,
    });
    sent.collect()
}

/// The panel, open, with the labels of the small test set.
fn open() -> App {
    let mut app = ready();
    let effects = app.update(Happening::TogglePanel(PanelId::Evaluate));
    assert_eq!(sent(&effects), [(&Request::TestLabels, None)]);
    assert!(effects.contains(&Effect::Drawings(DrawingSet::Pinned, DrawingsRequest::Read)));
    let labels = LABELS.map(f32::from).to_vec();
    let effects = reply(&mut app, Reply::TestLabels, vec![labels]);
    let all = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(sent(&effects), [(&Request::TestImages, Some(&all[..]))], "the sample");
    app
}

/// Each image's answer and how sure it is.
const ANSWERS: [(usize, f32); 6] = [(0, 0.9), (0, 0.6), (1, 0.7), (2, 0.5), (3, 0.8), (9, 0.99)];

fn probabilities() -> Vec<f32> {
    let mut rows = vec![0.0; ANSWERS.len() * CLASSES];
    for (row, (answer, share)) in rows.as_chunks_mut::<CLASSES>().0.iter_mut().zip(ANSWERS) {
        row[answer] = share;
        row[(answer + 5) % CLASSES] = 1.0 - share;
    }
    rows
}

fn evaluated() -> App {
    let mut app = open();
    let effects = happen(&mut app, Event::Evaluate);
    let [(Request::Evaluate { id, architecture }, Some(weights))] = &sent(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(architecture.parameter_count(), Ok(weights.len()));
    assert_eq!(view(&app).status, "Testing: pre-trained network.");
    assert!(view(&app).cannot.is_some(), "once at a time");
    let id = *id;
    let late = Reply::Evaluated { id: id + 1, evaluation: EVALUATION };
    reply(&mut app, late, vec![vec![]]);
    assert!(app.panels.evaluate.figures().is_none(), "another one's evaluation is dropped");
    let answer = Reply::Evaluated { id, evaluation: EVALUATION };
    reply(&mut app, answer, vec![probabilities()]);
    app
}

fn on_show(app: &App) -> Vec<u32> {
    app.panels.evaluate.gallery.exhibits.iter().map(|exhibit| exhibit.index).collect()
}

#[test]
fn what_is_missing_is_said() {
    let mut app = App::new(Answer::new(&Architecture::default()).expect("the default model"));
    let cannot = |app: &App| view(app).cannot.unwrap_or_default();
    assert!(cannot(&app).contains("still loading"));
    reply(&mut app, Reply::Ready { backend: "simd128".into() }, vec![]);
    let data = DataProgress {
        received_bytes: 1_200_000,
        total_bytes: 11_300_000,
        ..DataProgress::default()
    };
    reply(&mut app, Reply::Data(data), vec![]);
    assert!(cannot(&app).contains("1.2 of 11.3 MB"), "{}", cannot(&app));
    assert!(sent(&happen(&mut app, Event::Evaluate)).is_empty());
    let (part, reason) = (String::from("test"), String::from("it is cut short"));
    reply(&mut app, Reply::DataFailed { part, reason }, vec![]);
    assert!(cannot(&app).contains("Retry"));
    reply(&mut app, Reply::Data(DataProgress { test_ready: true, ..data }), vec![]);
    assert!(cannot(&app).contains("network has not loaded"));
    app.update(Happening::TrainerGone(String::from("It has stopped.")));
    assert!(cannot(&app).contains("has stopped; restart it"));
}

#[test]
fn a_verdict_has_figures_for_each_class() {
    let app = evaluated();
    assert_eq!(
        (view(&app).status.as_str(), view(&app).cannot),
        ("Tested: pre-trained network.", None)
    );
    let figures = app.panels.evaluate.figures().expect("figures");
    assert_eq!(figures.whole, ["75.0 %", "4 of 6", "0.25"]);
    assert_eq!(figures.scores[0], ["100 %", "100 %", "100 %", "2"]);
    assert_eq!(figures.scores[1], ["100 %", "50.0 %", "66.7 %", "2"]);
    assert_eq!(figures.scores[2], ["0 %", "0 %", "0 %", "1"]);
    assert_eq!(figures.scores[CLASSES], ["30.0 %", "25.0 %", "26.7 %", "6"]);
    assert_eq!(figures.confusion.count(2, 3), 1);
}

#[test]
fn a_test_that_fails_says_why_and_leaves_the_one_before() {
    let mut app = evaluated();
    happen(&mut app, Event::Evaluate);
    let reason = String::from("The weights belong to another model.");
    reply(&mut app, Reply::EvaluationFailed { id: 2, reason }, vec![]);
    let status = view(&app).status;
    assert!(status.contains("could not be tested: The weights"), "{status}");
    assert!(app.panels.evaluate.figures().is_some() && view(&app).cannot.is_none());

    happen(&mut app, Event::Evaluate);
    app.update(Happening::TrainerGone(String::from("It has stopped.")));
    assert!(view(&app).status.starts_with("Tested"), "nothing is being tested any more");
}

#[test]
fn each_epoch_ends_with_a_test() {
    let mut app = open();
    app.update(Happening::Train);
    let end = |run| Reply::EpochEnd {
        run,
        epoch: 1,
        step: 9,
        test_loss: 0.25,
        test_accuracy: 0.75,
        validation: None,
    };
    reply(&mut app, end(1), vec![vec![], probabilities()]);
    assert_eq!(view(&app).status, "Tested: my network, epoch 1.");
    assert_eq!(app.panels.evaluate.figures(), evaluated().panels.evaluate.figures());
    app.update(Happening::Reset);
    app.update(Happening::Confirmed);
    assert_eq!(view(&app).status, "Tested: an earlier network, epoch 1.");
    reply(&mut app, end(1), vec![vec![], vec![]]);
    assert!(app.panels.evaluate.figures().is_some(), "a run that is gone is not tested");
}

#[test]
fn a_cell_shows_the_worst_first() {
    let mut app = open();
    happen(&mut app, Event::Show(Choice::Mistakes));
    assert_eq!(
        app.panels.evaluate.gallery.choice,
        Choice::Sample,
        "nothing is tested, so nothing is wrong"
    );
    let mut app = evaluated();
    let effects = happen(&mut app, Event::Show(Choice::Mistakes));
    assert_eq!(on_show(&app), [4, 3], "the most confident mistake first");
    assert_eq!(sent(&effects), [(&Request::TestImages, Some(&[4.0, 3.0][..]))]);
    assert_eq!(app.panels.evaluate.gallery.title(), "2 mistakes, most confident first");
    assert_eq!(
        app.panels.evaluate.gallery.exhibits[0].reading,
        Some(Reading { digit: 3, share: 0.8 })
    );

    happen(&mut app, Event::Show(Choice::Cell { label: 0, answer: 0 }));
    assert_eq!(on_show(&app), [1, 0], "the least confident right answer first");
    assert_eq!(
        app.panels.evaluate.gallery.title(),
        "0 predicted as 0: 2 images, least confident first"
    );
    happen(&mut app, Event::Show(Choice::Cell { label: 7, answer: 1 }));
    assert_eq!(app.panels.evaluate.gallery.title(), "No 7 was predicted as 1");
}

#[test]
fn mistakes_that_are_asked_for_before_the_labels_are_here_come_with_them() {
    let mut app = ready();
    app.update(Happening::Train);
    let end = Reply::EpochEnd {
        run: 1,
        epoch: 1,
        step: 9,
        test_loss: 0.4,
        test_accuracy: 0.6,
        validation: None,
    };
    reply(&mut app, end, vec![vec![], probabilities()]);
    app.update(Happening::TogglePanel(PanelId::Evaluate));
    happen(&mut app, Event::Show(Choice::Mistakes));
    reply(&mut app, Reply::TestLabels, vec![LABELS.map(f32::from).to_vec()]);
    assert_eq!(app.panels.evaluate.gallery.choice, Choice::Mistakes);
    assert_eq!(on_show(&app), [4, 3]);
}

#[test]
fn pictures_come_are_read_again_and_looked_into() {
    let mut app = evaluated();
    happen(&mut app, Event::Show(Choice::Mistakes));
    assert!(
        happen(&mut app, Event::Look(4)).is_empty() && app.open_panel == Some(PanelId::Evaluate)
    );
    // One arrives that is no longer shown.
    let pictures = vec![0.5; 2 * PIXELS];
    reply(&mut app, Reply::TestImages, vec![vec![4.0, 0.0], pictures]);
    assert!(app.panels.evaluate.gallery.exhibits[0].picture.is_some());
    assert!(!app.read_next(true, 1..2), "the other one's picture is not here");
    assert!(app.read_next(true, 0..2));
    let reading = app.panels.evaluate.gallery.exhibits[0].reading;
    assert_eq!(reading, Some(Reading { digit: 0, share: 0.1 }), "all weights are 0");
    assert!(!app.read_next(true, 0..2), "once is enough");
    assert!(!app.read_next(true, 1..9), "a range that has gone stale reads nothing");

    happen(&mut app, Event::Look(4));
    assert_eq!(app.open_panel, Some(PanelId::Inside));
    assert_eq!(app.panels.inside.view(&app.cx).label, Some(2));
}

#[test]
fn more_images_follow_a_page() {
    let mut app = ready();
    app.update(Happening::TogglePanel(PanelId::Evaluate));
    let many = 2 * PAGE + 10;
    reply(&mut app, Reply::TestLabels, vec![vec![7.0; many]]);
    assert_eq!(app.panels.evaluate.gallery.total(), PAGE / CLASSES, "a sample has few of a class");
    app.update(Happening::Train);
    let end = Reply::EpochEnd {
        run: 1,
        epoch: 1,
        step: 9,
        test_loss: 0.25,
        test_accuracy: 0.0,
        validation: None,
    };
    reply(&mut app, end, vec![vec![], vec![0.1; many * CLASSES]]);
    happen(&mut app, Event::Show(Choice::Mistakes));
    let mut shown = vec![app.panels.evaluate.gallery.exhibits.len()];
    for _ in 0..3 {
        happen(&mut app, Event::More);
        shown.push(app.panels.evaluate.gallery.exhibits.len());
    }
    assert_eq!(shown, [PAGE, 2 * PAGE, many, many]);
}

fn draw(app: &mut App) {
    app.update(Happening::Clear);
    app.update(Happening::PenDown(Point { x: 0.5, y: 0.2 }));
    app.update(Happening::PenMoved(vec![Point { x: 0.5, y: 0.8 }]));
    app.update(Happening::PenUp);
}

fn update_collection(app: &mut App, event: drawings::Event) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::Drawings(DrawingSet::Pinned, event)))
}

#[test]
fn pinned_drawings_are_watched_while_a_run_learns() {
    let mut app = open();
    assert_eq!(view(&app).cannot_pin, Some("Loading your pinned drawings."));
    draw(&mut app);
    update_collection(&mut app, drawings::Event::Add(1));
    assert!(app.panels.evaluate.pinned.all().is_empty(), "not before the store has answered");
    update_collection(
        &mut app,
        drawings::Event::Read(Ok(StoredDrawings { drawings: vec![], session_salt: 3 })),
    );
    assert_eq!(view(&app).cannot_pin, None);
    for _ in 0..=MOST_PINNED {
        happen(&mut app, Event::Pin(1));
    }
    assert_eq!(app.panels.evaluate.pinned.all().len(), MOST_PINNED);
    assert!(view(&app).cannot_pin.is_some_and(|why| why.starts_with("Twelve")));
    let reads = (0..20).filter(|_| app.read_next(true, 0..0)).count();
    assert_eq!(reads, MOST_PINNED);
    let key = app.panels.evaluate.pinned.all()[0].key;
    assert_eq!(app.panels.evaluate.watched(key).map(|w| w.history.values().len()), Some(1));

    app.update(Happening::Train);
    let count = Architecture::default().parameter_count().expect("it can be built");
    for step in 1..=300 {
        let progress = Progress {
            run: 1,
            epoch: 0,
            step,
            steps_per_epoch: 300,
            images_per_second: 5000.0,
            seconds_left: 1.0,
            workers: 1,
            activity: Activity::Training,
        };
        let arrays = vec![vec![0.0; count], vec![0.5], vec![0.5]];
        reply(&mut app, Reply::Progress(progress), arrays);
        while app.read_next(true, 0..0) {}
    }
    let history = &app.panels.evaluate.watched(key).expect("it is watched").history;
    assert!((60..=120).contains(&history.values().len()), "{}", history.values().len());
    assert!(history.values().iter().all(|&value| value == 0.1));
    let before = history.values().len();
    app.update(Happening::Timeline(crate::app::timeline::Event::Go(0)));
    assert_eq!(app.cx.answer.moment(), Some(0));
    assert!(app.read_next(true, 0..0), "it is read");
    let history = &app.panels.evaluate.watched(key).expect("it is watched").history;
    assert_eq!(history.values().len(), before, "looking back adds nothing to its line");
}

#[test]
fn pinned_drawings_are_kept_deleted_and_brought_back() {
    let mut app = open();
    draw(&mut app);
    let stored = Labelled::new(7 << 16, 4, app.cx.answer.drawing().clone()).expect("drawn");
    let kept = vec![(stored.key, stored.numbers()), (1, vec![4.0, 3.0, 0.5])];
    update_collection(
        &mut app,
        drawings::Event::Read(Ok(StoredDrawings { drawings: kept, session_salt: 3 })),
    );
    assert_eq!(app.panels.evaluate.pinned.all(), std::slice::from_ref(&stored));
    assert!(app.notice.as_deref().is_some_and(|notice| notice.starts_with("1 of the saved")));

    let effects = update_collection(&mut app, drawings::Event::Add(1));
    let new = app.panels.evaluate.pinned.all()[1].clone();
    assert_eq!((new.key, new.label), (8 << 16 | 3, 1));
    assert!(effects.contains(&Effect::Drawings(
        DrawingSet::Pinned,
        DrawingsRequest::Keep(new.key, new.numbers())
    )));

    let effects = update_collection(&mut app, drawings::Event::Delete(stored.key));
    assert!(
        effects
            .contains(&Effect::Drawings(DrawingSet::Pinned, DrawingsRequest::Forget(stored.key)))
    );
    assert_eq!(view(&app).unpinned, Some(&stored));
    update_collection(&mut app, drawings::Event::Undelete);
    assert_eq!(app.panels.evaluate.pinned.all(), [stored, new.clone()], "at its old place");

    let refused = drawings::Event::Written(new.key, Err(String::from("no room")));
    update_collection(&mut app, refused);
    assert!(view(&app).problem.is_some_and(|words| words.contains("(no room)")));
    let effects = update_collection(&mut app, drawings::Event::Add(1));
    assert_eq!(app.panels.evaluate.pinned.all().len(), 3, "this visit still has it");
    let next = app.panels.evaluate.pinned.all()[2].clone();
    let kept =
        Effect::Drawings(DrawingSet::Pinned, DrawingsRequest::Keep(next.key, next.numbers()));
    assert!(effects.contains(&kept), "one refusal is no reason not to try");
    update_collection(&mut app, drawings::Event::Written(new.key, Ok(())));
    assert_eq!(view(&app).problem, None);
}

#[test]
fn what_is_no_labelled_drawing_is_refused() {
    for numbers in [
        &[][..],
        &[4.0],
        &[10.0, 1.0, 0.5, 0.5],
        &[f32::NAN, 1.0, 0.5, 0.5],
        &[4.0, 2.0, 0.5, 0.5],
        &[4.0, 0.0],
        &[4.0, f32::INFINITY, 0.5, 0.5],
        &[4.0, 1.0, f32::NAN, 0.5],
    ] {
        assert_eq!(Labelled::read(1, numbers), None, "{numbers:?}");
    }
}
