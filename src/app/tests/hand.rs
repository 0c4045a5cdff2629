//! The hand that writes, links that hold a drawing, and the drawing of before a reload.

use super::*;
use crate::app::panels::fine_tune;
use crate::data::PIXELS;

/// The hand has all the time that it needs.
fn let_the_hand_write(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..100 {
        effects.extend(app.update(Event::HandMoved(16.0)));
    }
    assert!(!app.cx.hand.is_writing());
    effects
}

fn with_the_hand() -> App {
    let mut app = app();
    app.update(Event::Hash(String::new()));
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert!(app.cx.hand.is_writing());
    app
}

#[test]
fn the_hand_shows_that_one_can_draw_and_makes_room_for_who_does() {
    type End = fn(&mut App);
    let ends: [(&str, End); 3] = [
        ("a stroke", |app| draw(app)),
        ("Clear", |app| drop(app.update(Event::Clear))),
        ("Undo", |app| drop(app.update(Event::Undo))),
    ];
    for frames in [1, 20, 100] {
        for (name, end) in &ends {
            let mut app = with_the_hand();
            (0..frames).for_each(|_| drop(app.update(Event::HandMoved(16.0))));
            let view = app.view().answer;
            assert!(view.demonstration && view.drawn && view.digit.is_some(), "{name}");
            assert!(!app.would_lose_work());
            end(&mut app);
            assert!(!app.cx.hand.is_writing() && !app.view().answer.demonstration);
            let strokes = usize::from(*name == "a stroke");
            assert_eq!(app.cx.answer.drawing().strokes().len(), strokes, "{name}");
        }
    }
}

#[test]
fn the_hand_writes_unasked_only_at_first_and_on_an_empty_pad() {
    let mut app = app();
    draw(&mut app);
    app.update(Event::Clear);
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert!(app.cx.answer.drawing().is_empty(), "who has drawn needs no demonstration");

    let mut app = super::tests::app();
    let hash = app.update(Event::Hash("#epochs=3&hand=off".into()));
    assert!(matches!(&hash[..], [Effect::WriteHash(hash)] if hash.ends_with("&hand=off")));
    assert_eq!(app.notice, None);
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert!(app.cx.answer.drawing().is_empty());

    let mut app = with_the_hand();
    app.update(Event::Clear);
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert!(app.cx.answer.drawing().is_empty(), "once is enough");
}

#[test]
fn the_hand_draws_for_who_cannot() {
    let mut app = with_the_hand();
    app.update(Event::Write(Some(4)));
    let effects = let_the_hand_write(&mut app);
    assert!(
        matches!(&effects[..], [Effect::Announce(words)] if words.starts_with("Drew a 4. It is read as "))
    );
    let view = app.view().answer;
    assert!(view.drawn && !view.demonstration, "it is the visitor's");
    let first = app.cx.answer.drawing().clone();
    app.update(Event::Write(Some(4)));
    let_the_hand_write(&mut app);
    assert_ne!(*app.cx.answer.drawing(), first, "another one");
    app.update(Event::Write(Some(1)));
    app.update(Event::HandMoved(100.0));
    draw(&mut app);
    assert!(app.cx.answer.drawing().strokes().len() > 1, "a stroke comes on top of all of it");
    app.update(Event::Clear);
    assert!(app.cx.answer.drawing().is_empty());
}

#[test]
fn a_link_holds_a_drawing() {
    let mut app = ready();
    app.update(Event::Hash("#epochs=3&drawing=AAA".into()));
    assert!(app.cx.hand.is_writing(), "it is drawn");
    let_the_hand_write(&mut app);
    assert_eq!(app.cx.answer.drawing().strokes().len(), 1);
    assert_eq!((app.notice.take(), app.cx.form.settings.epochs), (None, 3));
    let effects = app.update(Event::Hash("#drawing=A&x=y".into()));
    let notice = app.notice.take().expect("it is said");
    assert!(notice.contains("“x”") && notice.contains("drawing cannot be read"), "{notice}");
    assert!(matches!(&effects[..], [Effect::WriteHash(hash)] if !hash.contains("drawing")));
}

#[test]
fn the_link_to_copy_holds_what_the_visitor_has_drawn() {
    let copied = |app: &mut App| match &app.update(Event::CopyLink)[..] {
        [Effect::CopyLink(hash)] => hash.clone(),
        other => panic!("{other:?}"),
    };
    let mut app = with_the_hand();
    let_the_hand_write(&mut app);
    assert_eq!(copied(&mut app), app.cx.form.to_hash(), "a demonstration is nobody's");
    draw(&mut app);
    let (hash, drawing) = (copied(&mut app), app.cx.answer.drawing().clone());
    let mut other = self::app();
    let effects = other.update(Event::Hash(hash.clone()));
    assert!(
        matches!(&effects[..], [Effect::WriteHash(address)] if hash.starts_with(address) && *address != hash)
    );
    let_the_hand_write(&mut other);
    let ends = |drawing: &Drawing| (drawing.strokes()[0][0], drawing.strokes().len());
    let (before, after) = (ends(&drawing), ends(other.cx.answer.drawing()));
    assert!(before.0.distance(after.0) < 0.01 && before.1 == after.1, "{before:?}, {after:?}");
    for x in 0..600 {
        app.update(Event::PenDown(Point { x: x as f32 / 600.0, y: 0.5 }));
    }
    assert_eq!(copied(&mut app), app.cx.form.to_hash());
    assert!(app.notice.is_some_and(|notice| notice.contains("too long for a link")));
}

#[test]
fn a_drawing_is_back_unless_a_link_brings_another() {
    let stroke = || vec![vec![Point { x: 0.3, y: 0.3 }, Point { x: 0.5, y: 0.8 }]];
    let mut app = app();
    app.update(Event::Hash(String::from("#epochs=2")));
    app.update(Event::Redraw(stroke()));
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert_eq!(app.cx.answer.drawing(), &Drawing::of(stroke()), "and no demonstration");
    assert!(app.view().answer.digit.is_some());
    app.update(Event::Undo);
    assert!(app.cx.answer.drawing().is_empty());

    app.update(Event::Hash(String::from("#drawing=AAA.AAB")));
    app.update(Event::Redraw(stroke()));
    app.update(Event::HandMoved(5000.0));
    assert_eq!(app.cx.answer.drawing().strokes().len(), 2);
}

#[test]
fn a_test_image_comes_onto_the_pad_and_goes_like_ink() {
    let mut app = ready();
    draw(&mut app);
    let effects = app.update(Event::WriteTestImage);
    let [Effect::Send(Request::TestImages, arrays)] = &effects[..] else { panic!("{effects:?}") };
    let index = arrays[0][0];
    let arrive = |app: &mut App, index: f32| {
        let pictures = vec![0.5; 2 * PIXELS];
        app.update(Event::Reply(Reply::TestImages, vec![vec![index + 1.0, index], pictures]))
    };
    let effects = arrive(&mut app, index);
    assert!(
        matches!(&effects[..], [Effect::Announce(words)] if words.starts_with("Test image ")),
        "{effects:?}"
    );
    let answer = app.view().answer;
    assert!(answer.drawn && answer.digit.is_some() && answer.hinted);
    assert_eq!(answer.hint, format!("Test image {index}"));
    assert_eq!(app.cx.answer.picture(), Some(&[0.5; PIXELS]));
    assert!(app.cx.answer.drawing().is_empty(), "it has no strokes");
    app.update(Event::CopyLink);
    assert!(app.notice.take().is_some_and(|notice| notice.contains("no drawing")));
    app.update(Event::Panel(panels::Event::FineTune(fine_tune::Event::Correct(3))));
    assert!(app.panels.fine_tune.digits.all().is_empty(), "it is nobody's handwriting");

    app.update(Event::Undo);
    assert!(app.cx.answer.is_blank() && !app.view().answer.drawn);
    arrive(&mut app, index);
    assert!(app.cx.answer.is_blank(), "once is enough");
    app.update(Event::WriteTestImage);
    draw(&mut app);
    let awaited = app.cx.hand.awaited.unwrap_or(0) as f32;
    arrive(&mut app, awaited);
    assert!(!app.cx.answer.drawing().is_empty(), "who draws needs no image");

    let mut app = super::tests::app();
    assert!(app.update(Event::WriteTestImage).is_empty());
    assert!(app.notice.is_some_and(|notice| notice.contains("not here yet")));
}
