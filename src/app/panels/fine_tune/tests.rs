//! Digits are drawn, labelled, deleted and kept, and weights are fine-tuned on them.

use super::*;
use crate::app::answer::Source;
use crate::app::drawings::{self, DrawingsRequest, StoredDrawings};
use crate::app::panels::{self, PanelId};
use crate::app::{App, Effect, Event as Happening};
use crate::config::Architecture;
use crate::ink::Point;
use crate::protocol::{DataProgress, FineTuneRequest, Reply, Request, Tallies, Tally};

fn page() -> App {
    let architecture = Architecture::default();
    let mut app = App::new(Answer::new(&architecture).expect("the default model"));
    let weights = vec![0.0; architecture.parameter_count().expect("it can be built")];
    app.update(Happening::Shipped(Ok(weights)));
    app
}

fn update_collection(app: &mut App, event: drawings::Event) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::Drawings(DrawingSet::UserDigits, event)))
}

/// The panel, open, with nothing in the store.
fn open() -> App {
    let mut app = page();
    let effects = app.update(Happening::TogglePanel(PanelId::FineTune));
    assert_eq!(effects, [Effect::Drawings(DrawingSet::UserDigits, DrawingsRequest::Read)]);
    update_collection(
        &mut app,
        drawings::Event::Read(Ok(StoredDrawings { drawings: vec![], session_salt: 3 })),
    );
    app
}

fn draw(app: &mut App) {
    app.update(Happening::PenDown(Point { x: 0.3, y: 0.2 }));
    app.update(Happening::PenMoved(vec![Point { x: 0.6, y: 0.8 }]));
    app.update(Happening::PenUp);
}

fn label(app: &mut App, digit: u8) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::FineTune(Event::Label(digit))))
}

fn my_digits(app: &App) -> View {
    app.panels.fine_tune.view(&app.cx)
}

fn fine_tuning(app: &App) -> job::View {
    app.panels.fine_tune.job_view(&app.cx)
}

fn labels(app: &App) -> Vec<u8> {
    app.panels.fine_tune.digits.all().iter().map(|digit| digit.label).collect()
}

#[test]
fn a_drawing_joins_once_it_is_drawn_and_the_store_has_answered() {
    let mut app = page();
    draw(&mut app);
    app.update(Happening::TogglePanel(PanelId::FineTune));
    assert_eq!(my_digits(&app).cannot_label, Some("Loading your saved digits."));
    assert!(label(&mut app, 7).is_empty());

    let mut app = open();
    assert_eq!(my_digits(&app).cannot_label, Some("Draw a digit first."));
    assert!(my_digits(&app).empty.is_some_and(|words| words.starts_with("None yet")));
    assert!(label(&mut app, 7).is_empty());
    draw(&mut app);
    let effects = label(&mut app, 7);
    let [digit] = app.panels.fine_tune.digits.all() else { panic!("{:?}", labels(&app)) };
    let kept = DrawingsRequest::Keep(digit.key, digit.numbers());
    assert!(effects.contains(&Effect::Drawings(DrawingSet::UserDigits, kept)), "{effects:?}");
    assert_eq!((digit.label, app.cx.answer.picture()), (7, None), "the pad is empty for the next");
    assert_eq!((my_digits(&app).empty, my_digits(&app).tally.as_str()), (None, "1 digit"));
}

#[test]
fn every_fourth_of_a_class_is_held_out() {
    let mut app = open();
    for digit in [1, 2, 1, 1, 2, 1, 2, 1] {
        draw(&mut app);
        label(&mut app, digit);
    }
    let held_out = |app: &App, class| -> Vec<bool> {
        app.panels.fine_tune.of_class(class).map(|(_, held_out)| held_out).collect()
    };
    assert_eq!(held_out(&app, 1), [false, false, false, true, false]);
    assert_eq!(held_out(&app, 2), [false; 3], "with fewer than four, none");
    assert_eq!(my_digits(&app).tally, "8 digits, 1 held out");
}

#[test]
fn there_is_an_end_to_a_class() {
    let mut app = open();
    for _ in 0..MOST_OF_A_CLASS {
        draw(&mut app);
        label(&mut app, 4);
    }
    assert_eq!(app.notice, None);
    assert!(my_digits(&app).full[4] && !my_digits(&app).full[5]);
    draw(&mut app);
    assert!(label(&mut app, 4).is_empty());
    assert!(app.notice.as_ref().is_some_and(|words| words.contains("100 of your 4s")));
    assert!(app.cx.answer.picture().is_some(), "it may be another digit");
    label(&mut app, 9);
    assert_eq!(labels(&app).len(), MOST_OF_A_CLASS + 1);
}

#[test]
fn a_deleted_digit_comes_back_to_its_place() {
    let mut app = open();
    for digit in [3, 5, 3] {
        draw(&mut app);
        label(&mut app, digit);
    }
    let key = app.panels.fine_tune.digits.all()[1].key;
    let effects = update_collection(&mut app, drawings::Event::Delete(key));
    assert!(
        effects.contains(&Effect::Drawings(DrawingSet::UserDigits, DrawingsRequest::Forget(key)))
    );
    assert_eq!(
        (labels(&app), my_digits(&app).deleted),
        (vec![3, 3], Some("Your 5 is deleted.".into()))
    );
    update_collection(&mut app, drawings::Event::Undelete);
    assert_eq!((labels(&app), my_digits(&app).deleted), (vec![3, 5, 3], None));
}

#[test]
fn without_a_store_digits_last_as_long_as_the_page() {
    let mut app = page();
    app.update(Happening::TogglePanel(PanelId::FineTune));
    update_collection(&mut app, drawings::Event::Read(Err(String::from("it is forbidden"))));
    draw(&mut app);
    label(&mut app, 8);
    assert_eq!(labels(&app), [8]);
    assert!(my_digits(&app).problem.is_some_and(|words| words.contains("it is forbidden")));
}

const SHIPPED: f32 = 0.0;
const LEARNT: f32 = 0.5;
const TUNED: f32 = 0.25;

fn weights(each: f32) -> Vec<f32> {
    vec![each; Architecture::default().parameter_count().expect("it can be built")]
}

fn reply(app: &mut App, reply: Reply, arrays: Vec<Vec<f32>>) -> Vec<Effect> {
    app.update(Happening::Reply(reply, arrays))
}

fn happen(app: &mut App, event: Event) -> Vec<Effect> {
    app.update(Happening::Panel(panels::Event::FineTune(event)))
}

fn data(app: &mut App, test_ready: bool) {
    let (train_images, total_train_images) = (60_000, 60_000);
    let sizes = DataProgress { train_images, total_train_images, ..DataProgress::default() };
    let progress = DataProgress { test_ready, total_bytes: 10_000_000, ..sizes };
    reply(app, Reply::Data(progress), vec![]);
}

/// The panel, open, with these digits and everything that fine-tuning needs.
fn ready(digits: &[u8]) -> App {
    let mut app = open();
    reply(&mut app, Reply::Ready { backend: "simd128".into() }, vec![]);
    data(&mut app, true);
    for &digit in digits {
        draw(&mut app);
        label(&mut app, digit);
    }
    app
}

/// Presses the button; returns what is sent.
fn begin(app: &mut App) -> (FineTuneRequest, Vec<Vec<f32>>) {
    let effects = happen(app, Event::FineTune);
    match &effects[..] {
        [Effect::Send(Request::FineTune(request), arrays)] => (request.clone(), arrays.clone()),
        _ => panic!("{effects:?}"),
    }
}

fn tally(right: u32, images: u32) -> Tally {
    Tally { right, images }
}

fn finish(app: &mut App, id: u32, held_out: u32) -> Vec<Effect> {
    let come_to = |held_out, trained, test| Tallies {
        trained: tally(trained, 7),
        held_out,
        test: tally(test, 10_000),
    };
    let before = come_to(tally(held_out.min(1), held_out), 4, 9_952);
    let after = come_to(tally(held_out, held_out), 7, 9_944);
    reply(app, Reply::FineTuned { id, before, after }, vec![weights(TUNED)])
}

/// Which weights answer, and the value that all of them have.
fn answering(app: &App) -> (Source, Option<f32>) {
    (app.cx.answer.source(), app.cx.answer.model().map(|model| model.weights[0]))
}

/// A run from its first minibatch to its end.
fn run(app: &mut App) -> u32 {
    app.update(Happening::Train);
    let run = app.cx.run.as_ref().map_or(0, |run| run.id());
    let (test_loss, test_accuracy) = (0.1, 0.9);
    let end =
        Reply::EpochEnd { run, epoch: 1, step: 9, test_loss, test_accuracy, validation: None };
    reply(app, end, vec![weights(LEARNT)]);
    run
}

fn said(effects: &[Effect]) -> &str {
    let mut words = effects.iter().filter_map(|effect| match effect {
        Effect::Announce(words) => Some(words.as_str()),
        _ => None,
    });
    words.next().unwrap_or_default()
}

#[test]
fn fine_tuning_says_what_it_waits_for() {
    let mut app = open();
    let waits_for = |app: &mut App, what: &str| {
        let view = fine_tuning(app);
        assert!(view.cannot.as_ref().is_some_and(|why| why.contains(what)), "{view:?}");
        assert_eq!(Some(&view.status), view.cannot.as_ref(), "in the open, too");
        assert!(happen(app, Event::FineTune).is_empty());
    };
    waits_for(&mut app, "Draw a digit");
    draw(&mut app);
    label(&mut app, 3);
    waits_for(&mut app, "trainer is still loading");
    reply(&mut app, Reply::Ready { backend: "simd128".into() }, vec![]);
    data(&mut app, false);
    waits_for(&mut app, "still downloading: 0.0 of 10.0 MB");
    data(&mut app, true);
    assert_eq!(fine_tuning(&app).cannot, None);
    assert!(fine_tuning(&app).status.contains("from: pre-trained network"));

    app.update(Happening::Train);
    waits_for(&mut app, "A run is in progress");
    app.update(Happening::Train);
    reply(&mut app, Reply::Paused { run: 1, step: 3 }, vec![]);
    waits_for(&mut app, "A run is in progress");
    app.update(Happening::Reset);
    app.update(Happening::Confirmed);
    assert_eq!(fine_tuning(&app).cannot, None);
    app.update(Happening::TrainerGone("it has crashed".into()));
    waits_for(&mut app, "restart it");
}

#[test]
fn the_trainer_gets_digits_to_learn_first_and_held_out_ones_last() {
    let mut app = ready(&[2, 1, 1, 1, 1, 1]);
    happen(&mut app, Event::Choose(Trainable::Head));
    let (request, arrays) = begin(&mut app);
    assert_eq!((request.id, request.part, request.held_out), (1, Trainable::Head, 1));
    assert_eq!(request.architecture, Architecture::default());
    let [parameters, images, labels] = &arrays[..] else { panic!("{}", arrays.len()) };
    assert_eq!(parameters, &weights(SHIPPED));
    assert_eq!(labels, &[1.0, 1.0, 1.0, 1.0, 2.0, 1.0]);
    let held_out = &app.panels.fine_tune.digits.all()[4].picture;
    assert!(images.ends_with(&held_out[..]) && images.len() == 6 * held_out.len());

    let view = fine_tuning(&app);
    assert_eq!((view.button, view.cannot, view.share), ("Cancel", None, Some(0.0)));
    assert!(app.view().run.train.disabled.is_some_and(|why| why.contains("Fine-tuning")));
    assert!(app.update(Happening::Train).is_empty() && app.cx.run.is_none());
    reply(&mut app, Reply::FineTuning { id: 1, share: 0.5 }, vec![]);
    reply(&mut app, Reply::FineTuning { id: 7, share: 0.9 }, vec![]);
    assert_eq!(fine_tuning(&app).share, Some(0.5));
}

#[test]
fn fine_tuned_weights_answer_and_those_from_before_are_one_click_away() {
    let mut app = ready(&[1, 1, 1, 1]);
    assert_eq!((fine_tuning(&app).swap, app.view().answer.tuned_here), (None, false));
    begin(&mut app);
    assert!(!app.would_lose_work());
    let effects = finish(&mut app, 1, 3);
    assert!(app.would_lose_work(), "fine-tuned weights are kept nowhere");
    assert!(said(&effects).contains("3 of 3 held-out digits correct, 1 before"), "{effects:?}");
    assert_eq!(answering(&app), (Source::Tuned, Some(TUNED)));
    assert!(app.view().answer.tuned_here);

    let view = fine_tuning(&app);
    assert_eq!((view.button, view.share), ("Fine-tune", None));
    let words = view.compared.as_deref();
    assert_eq!(
        words,
        Some("Correct answers: pre-trained network, all layers fine-tuned on 7 digits")
    );
    let rows: Vec<_> = view.rows.iter().flatten().collect();
    assert_eq!(rows[0].cells, ["1 of 3", "3 of 3"]);
    assert_eq!(rows[0].change, "+2");
    assert_eq!(rows[1].cells, ["4 of 7", "7 of 7"]);
    assert_eq!(rows[2].cells, ["99.5 %", "99.4 %"]);
    assert_eq!(rows[2].change, "−8");

    assert_eq!(view.swap, Some("Undo fine-tuning"));
    let effects = happen(&mut app, Event::Swap);
    assert!(said(&effects).contains("Predictions from: pre-trained network"), "{effects:?}");
    assert_eq!(answering(&app), (Source::Shipped, Some(SHIPPED)));
    assert_eq!(fine_tuning(&app).swap, Some("Use the fine-tuned network again"));
    happen(&mut app, Event::Swap);
    assert_eq!(answering(&app), (Source::Tuned, Some(TUNED)));
    app.update(Happening::AnswerFrom(Source::Shipped));
    assert_eq!(answering(&app).0, Source::Shipped, "and as all others above the panel");
}

#[test]
fn with_nothing_held_out_no_figure_pretends_so() {
    let mut app = ready(&[8]);
    let (request, arrays) = begin(&mut app);
    assert_eq!((request.held_out, arrays[2].as_slice()), (0, &[8.0][..]));
    let effects = finish(&mut app, 1, 0);
    assert!(said(&effects).contains("7 of your 7 digits correct"), "{effects:?}");
    let rows = fine_tuning(&app).rows;
    assert!(rows[0].is_none() && rows[1].is_some() && rows[2].is_some());
}

#[test]
fn trying_again_starts_from_the_same_weights() {
    let mut app = ready(&[1]);
    begin(&mut app);
    finish(&mut app, 1, 0);
    assert!(fine_tuning(&app).status.contains("from: pre-trained network"));
    let (request, arrays) = begin(&mut app);
    assert_eq!((request.id, arrays[0][0]), (2, SHIPPED));
    finish(&mut app, 2, 0);
    happen(&mut app, Event::Swap);
    assert_eq!(answering(&app), (Source::Shipped, Some(SHIPPED)));
}

#[test]
fn what_is_cancelled_or_late_changes_nothing() {
    let mut app = ready(&[1]);
    begin(&mut app);
    let effects = happen(&mut app, Event::FineTune);
    let stop = Effect::Send(Request::StopFineTuning { id: 1 }, vec![]);
    assert!(effects.contains(&stop) && said(&effects).contains("cancelled"), "{effects:?}");
    assert!(app.view().run.train.disabled.is_none());
    begin(&mut app);
    assert!(finish(&mut app, 1, 0).is_empty(), "the first one's");
    assert_eq!(answering(&app).0, Source::Shipped);
    assert_eq!((fine_tuning(&app).button, fine_tuning(&app).compared), ("Cancel", None));
    finish(&mut app, 2, 0);
    assert_eq!(answering(&app).0, Source::Tuned);
}

#[test]
fn failing_costs_nothing_and_says_why() {
    let mut app = ready(&[1, 4]);
    begin(&mut app);
    let reason = String::from("the weights overflowed");
    let effects = reply(&mut app, Reply::FineTuneFailed { id: 1, reason }, vec![]);
    assert!(said(&effects).contains("overflowed"));
    assert!(fine_tuning(&app).status.contains("Fine-tuning failed: the weights overflowed."));
    assert_eq!(fine_tuning(&app).cannot, None, "it can be tried again");

    begin(&mut app);
    assert!(fine_tuning(&app).status.starts_with("Fine-tuning: pre-trained network"));
    for _ in 0..20 {
        app.update(Happening::Tick(1.0));
    }
    assert!(app.view().trainer.problem.is_some(), "a trainer that is silent is gone");
    assert_eq!((fine_tuning(&app).button, answering(&app).0), ("Fine-tune", Source::Shipped));
    assert_eq!(labels(&app), [1, 4]);
    app.update(Happening::Repair);
    reply(&mut app, Reply::Ready { backend: "simd128".into() }, vec![]);
    data(&mut app, true);
    let status = fine_tuning(&app).status;
    assert!(status.contains("the trainer has stopped. Your digits and the network"), "{status}");
}

#[test]
fn a_runs_weights_are_found_again_as_long_as_they_are_there() {
    let mut app = ready(&[1]);
    let id = run(&mut app);
    reply(&mut app, Reply::Finished { run: id, seconds: 1.0 }, vec![]);
    assert!(fine_tuning(&app).status.starts_with("Starts from: my network, epoch 1"));
    let (_, arrays) = begin(&mut app);
    assert_eq!(arrays[0][0], LEARNT);
    finish(&mut app, 1, 0);
    assert_eq!(app.cx.answer.trained().map(|run| run[0]), Some(LEARNT), "the run keeps its own");
    happen(&mut app, Event::Swap);
    assert_eq!(answering(&app), (Source::Run, Some(LEARNT)));
    happen(&mut app, Event::Swap);

    app.update(Happening::Reset);
    app.update(Happening::Confirmed);
    assert_eq!(answering(&app), (Source::Tuned, Some(TUNED)), "what was chosen goes on answering");
    let view = fine_tuning(&app);
    assert_eq!(view.swap, None, "they are gone with their run");
    assert!(view.compared.is_some_and(|words| words.contains("an earlier network, epoch 1")));
    assert!(happen(&mut app, Event::Swap).is_empty());
    app.update(Happening::AnswerFrom(Source::Shipped));
    happen(&mut app, Event::Swap);
    assert_eq!(answering(&app), (Source::Tuned, Some(TUNED)), "but always one to them");
    let (_, arrays) = begin(&mut app);
    assert_eq!(arrays[0][0], LEARNT, "trying again needs none");
}

/// From under the answer, where the panel need not have been open.
#[test]
fn a_corrected_drawing_stays_on_the_pad_and_is_kept_once_the_store_is_read() {
    let mut app = page();
    let correct = |app: &mut App, digit| {
        app.update(Happening::Panel(panels::Event::FineTune(Event::Correct(digit))))
    };
    app.update(Happening::Clear);
    assert!(correct(&mut app, 7).is_empty(), "nothing is drawn");
    draw(&mut app);
    let read = Effect::Drawings(DrawingSet::UserDigits, DrawingsRequest::Read);
    assert!(correct(&mut app, 7).contains(&read));
    assert_eq!(app.panels.fine_tune.corrected(&app.cx.answer), Some(7));
    assert!(correct(&mut app, 1).is_empty() && !app.cx.answer.drawing().is_empty());
    let kept = drawings::Labelled::new(5 << 16, 2, app.cx.answer.drawing().clone());
    let stored = StoredDrawings {
        drawings: kept.map(|digit| (digit.key, digit.numbers())).into_iter().collect(),
        session_salt: 3,
    };
    let effects = update_collection(&mut app, drawings::Event::Read(Ok(stored)));
    assert_eq!(labels(&app), [2, 7]);
    let last = app.panels.fine_tune.digits.all().last().expect("there are two");
    let keep = DrawingsRequest::Keep(6 << 16 | 3, last.numbers());
    assert!(effects.contains(&Effect::Drawings(DrawingSet::UserDigits, keep)), "{effects:?}");
    draw(&mut app);
    assert_eq!(app.panels.fine_tune.corrected(&app.cx.answer), None, "another drawing");
}
