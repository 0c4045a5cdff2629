//! Digits are drawn, labelled, deleted and kept.

use super::*;
use crate::app::Event as Happening;
use crate::app::answer::Answer;
use crate::app::drawings::{Kept, Store};
use crate::ink::Point;
use crate::net::Architecture;

fn page() -> App {
    let architecture = Architecture::default();
    let mut app = App::new(Answer::new(&architecture).expect("the default model"));
    let weights = vec![0.0; architecture.parameter_count().expect("it can be built")];
    app.update(Happening::Shipped(Ok(weights)));
    app
}

fn shelve(app: &mut App, event: drawings::Event) -> Vec<Effect> {
    app.update(Happening::Drawings(Shelf::Mine, event))
}

/// The room, open, with nothing kept from before.
fn open() -> App {
    let mut app = page();
    let effects = app.update(Happening::Room(Room::Yours));
    assert_eq!(effects, [Effect::Drawings(Shelf::Mine, Store::Read)]);
    shelve(&mut app, drawings::Event::Read(Ok(Kept { drawings: vec![], salt: 3 })));
    app
}

fn draw(app: &mut App) {
    app.update(Happening::PenDown(Point { x: 0.3, y: 0.2 }));
    app.update(Happening::PenMoved(vec![Point { x: 0.6, y: 0.8 }]));
    app.update(Happening::PenUp);
}

fn label(app: &mut App, digit: u8) -> Vec<Effect> {
    app.update(Happening::Yours(Event::Label(digit)))
}

fn labels(app: &App) -> Vec<u8> {
    app.yours.digits.all().iter().map(|digit| digit.label).collect()
}

#[test]
fn a_drawing_joins_once_it_is_drawn_and_the_store_has_answered() {
    let mut app = page();
    draw(&mut app);
    app.update(Happening::Room(Room::Yours));
    assert_eq!(app.my_digits().cannot_label, Some("Looking for digits kept from before."));
    assert!(label(&mut app, 7).is_empty());

    let mut app = open();
    assert_eq!(app.my_digits().cannot_label, Some("Draw a digit first."));
    assert!(app.my_digits().empty.is_some_and(|words| words.starts_with("None yet")));
    assert!(label(&mut app, 7).is_empty());
    draw(&mut app);
    let effects = label(&mut app, 7);
    let [digit] = app.yours.digits.all() else { panic!("{:?}", labels(&app)) };
    let kept = Store::Keep(digit.key, digit.numbers());
    assert!(effects.contains(&Effect::Drawings(Shelf::Mine, kept)), "{effects:?}");
    assert_eq!((digit.label, app.answer.picture()), (7, None), "the pad is empty for the next");
    assert_eq!((app.my_digits().empty, app.my_digits().tally.as_str()), (None, "1 digit"));
}

#[test]
fn every_fourth_of_a_class_is_held_out() {
    let mut app = open();
    for digit in [1, 2, 1, 1, 2, 1, 2, 1] {
        draw(&mut app);
        label(&mut app, digit);
    }
    let held_out = |app: &App, class| -> Vec<bool> {
        app.yours.of_class(class).map(|(_, held_out)| held_out).collect()
    };
    assert_eq!(held_out(&app, 1), [false, false, false, true, false]);
    assert_eq!(held_out(&app, 2), [false; 3], "with fewer than four, none");
    assert_eq!(app.my_digits().tally, "8 digits, 1 held out");
}

#[test]
fn there_is_an_end_to_a_class() {
    let mut app = open();
    for _ in 0..MOST_OF_A_CLASS {
        draw(&mut app);
        label(&mut app, 4);
    }
    assert_eq!(app.notice, None);
    assert!(app.my_digits().full[4] && !app.my_digits().full[5]);
    draw(&mut app);
    assert!(label(&mut app, 4).is_empty());
    assert!(app.notice.as_ref().is_some_and(|words| words.contains("20 of your 4s")));
    assert!(app.answer.picture().is_some(), "it may be another digit");
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
    let key = app.yours.digits.all()[1].key;
    let effects = shelve(&mut app, drawings::Event::Delete(key));
    assert!(effects.contains(&Effect::Drawings(Shelf::Mine, Store::Forget(key))));
    assert_eq!(
        (labels(&app), app.my_digits().deleted),
        (vec![3, 3], Some("A 5 is deleted.".into()))
    );
    shelve(&mut app, drawings::Event::Undelete);
    assert_eq!((labels(&app), app.my_digits().deleted), (vec![3, 5, 3], None));
}

#[test]
fn without_a_store_digits_last_as_long_as_the_page() {
    let mut app = page();
    app.update(Happening::Room(Room::Yours));
    shelve(&mut app, drawings::Event::Read(Err(String::from("it is forbidden"))));
    draw(&mut app);
    label(&mut app, 8);
    assert_eq!(labels(&app), [8]);
    assert!(app.my_digits().problem.is_some_and(|words| words.contains("it is forbidden")));
}
