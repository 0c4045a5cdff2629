//! Questions are asked, follow the drawing and the weights, and are closed.

use super::*;
use crate::app::panels::{self, PanelId};
use crate::app::{App, Event as Happening};
use crate::config::Architecture;
use crate::ink::Point;

/// The page with random weights, which have gradients, and the panel open.
fn open() -> App {
    let architecture = Architecture::default();
    let mut app = App::new(Answer::new(&architecture).expect("the default model"));
    let mut rng = fastrand::Rng::with_seed(4);
    let count = architecture.parameter_count().expect("it can be built");
    app.update(Happening::Shipped(Ok((0..count).map(|_| 0.1 * (rng.f32() - 0.5)).collect())));
    app.update(Happening::TogglePanel(PanelId::Ask));
    app
}

fn happen(app: &mut App, event: Event) {
    app.update(Happening::Panel(panels::Event::Ask(event)));
}

fn draw(app: &mut App, x: f32) {
    app.update(Happening::PenDown(Point { x: 0.3, y: 0.2 }));
    app.update(Happening::PenMoved(vec![Point { x, y: 0.8 }]));
    app.update(Happening::PenUp);
}

fn view(app: &App) -> View {
    app.panels.ask.view(&app.cx)
}

fn think_to_the_end(app: &mut App) {
    let steps = (0..1000).take_while(|_| app.think()).count();
    assert!((1..1000).contains(&steps), "{steps} steps");
}

#[test]
fn a_typical_digit_needs_no_drawing_and_is_found_in_a_while() {
    let mut app = open();
    assert_eq!(view(&app).cannot, None);
    assert!(!app.think(), "nothing is asked");
    happen(&mut app, Event::Ask(Goal::Typical(7)));
    think_to_the_end(&mut app);
    let view = view(&app);
    assert!(view.picture.iter().any(|&ink| ink > 0.1));
    assert!(view.reading.starts_with("Read as "), "{}", view.reading);
}

#[test]
fn a_change_needs_a_drawing_follows_it_and_goes_with_it() {
    let mut app = open();
    assert_eq!(view(&app).cannot_change, Some("Draw a digit first."));
    happen(&mut app, Event::Ask(Goal::Change(9)));
    assert_eq!(view(&app).question, None);
    draw(&mut app, 0.6);
    happen(&mut app, Event::Ask(Goal::Change(9)));
    think_to_the_end(&mut app);
    happen(&mut app, Event::Share(0.0));
    assert!(app.think(), "it reads what is shown");
    let before = view(&app).picture;
    assert!(app.cx.answer.picture().is_some_and(|picture| before == picture));
    draw(&mut app, 0.9);
    assert!(app.think());
    assert!(view(&app).picture != before);
    app.update(Happening::Clear);
    assert!(!app.think());
    assert_eq!(view(&app).question, None);
}

#[test]
fn other_weights_are_asked_again() {
    let mut app = open();
    happen(&mut app, Event::Ask(Goal::Typical(7)));
    think_to_the_end(&mut app);
    app.update(Happening::Shipped(Ok(vec![
        0.01;
        Architecture::default()
            .parameter_count()
            .expect("it can be built")
    ])));
    assert!(app.think());
    happen(&mut app, Event::Stop);
    assert!(!app.think());
}

#[test]
fn a_network_that_trains_is_followed_a_little_and_asked_again_afterwards() {
    let mut app = open();
    draw(&mut app, 0.6);
    let count = Architecture::default().parameter_count().expect("it can be built");
    let mut rng = fastrand::Rng::with_seed(5);
    let mut other_weights = |app: &mut App| {
        let weights = (0..count).map(|_| 0.1 * (rng.f32() - 0.5)).collect();
        app.update(Happening::Shipped(Ok(weights)));
    };
    let think = |app: &mut App, trains| {
        (0..1000).take_while(|_| app.panels.ask.think(&mut app.cx.answer, trains)).count()
    };
    for (goal, steps) in [(Goal::Typical(7), 2), (Goal::Change(9), 0)] {
        happen(&mut app, Event::Ask(goal));
        think_to_the_end(&mut app);
        other_weights(&mut app);
        assert_eq!(think(&mut app, true), steps, "{goal:?} in training");
        assert_eq!(think(&mut app, true), 0);
        assert!(think(&mut app, false) > 10, "{goal:?} after it");
        assert_eq!(think(&mut app, false), 0);
    }
}
