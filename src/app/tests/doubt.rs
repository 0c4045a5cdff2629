//! Drawings that do not look like a digit.

use super::*;
use crate::data::CLASSES;
use crate::net::doubt;

/// Weights of the network that doubts, with which it doubts everything or nothing.
fn doubt(everything: bool) -> Vec<f32> {
    let architecture: Architecture = doubt::ARCHITECTURE.parse().expect("it can be written so");
    let mut weights = vec![0.0; architecture.parameter_count().expect("it can be built")];
    let class = if everything { doubt::NO_DIGIT } else { doubt::DIGIT };
    let biases = weights.len() - CLASSES;
    weights[biases + usize::from(class)] = 9.0;
    weights
}

#[test]
fn what_does_not_look_like_a_digit_is_doubted_once_the_pen_is_lifted() {
    let mut app = ready();
    draw(&mut app);
    assert!(!app.view().answer.doubted, "nothing that could doubt is here");
    app.update(Event::Doubt(vec![0.0; 3]));
    assert!(!app.view().answer.doubted, "three numbers are no network");
    app.update(Event::Doubt(doubt(true)));
    assert!(app.view().answer.doubted);

    app.update(Event::PenDown(Point { x: 0.4, y: 0.2 }));
    app.update(Event::PenMoved(vec![Point { x: 0.5, y: 0.8 }]));
    assert!(!app.view().answer.doubted, "it may become a digit");
    let effects = app.update(Event::PenUp);
    let view = app.view().answer;
    assert!(view.doubted && view.unsure);
    let sentence = "This does not look like a digit; the nearest is ";
    assert!(view.line.starts_with(sentence), "{}", view.line);
    assert!(matches!(&effects[..], [Effect::Announce(said)] if said.starts_with(sentence)));
    app.update(Event::Undo);
    assert!(app.view().answer.doubted, "the first stroke is still there");
    app.update(Event::Clear);
    assert!(!app.view().answer.doubted, "nothing is no bad digit");
    draw(&mut app);
    app.update(Event::Doubt(doubt(false)));
    assert!(!app.view().answer.doubted);
}

#[test]
fn a_run_is_doubted_too() {
    let mut app = ready();
    app.update(Event::Doubt(doubt(true)));
    draw(&mut app);
    app.update(Event::Train);
    progress(&mut app, 1, 10, 0.0);
    let answer = app.view().answer;
    assert_eq!((answer.source, answer.doubted), (Source::Run, true));
}
