//! Going back in a run.

use super::*;
use crate::app::panels::PanelId;
use crate::app::timeline::Event as Happened;

/// A run that is at minibatch 30, with moments at 0, 1, 10 and 20, whose weights are a thousandth of their minibatch.
fn trained() -> App {
    let mut app = ready();
    draw(&mut app);
    app.update(Event::Train);
    for step in [1, 10, 20] {
        let weights = vec![parameters(0.001 * step as f32)];
        app.update(Event::Reply(Reply::Moment { run: 1, step }, weights));
    }
    progress(&mut app, 1, 30, 0.03);
    app
}

fn happen(app: &mut App, happened: Happened) -> Vec<Effect> {
    app.update(Event::Timeline(happened))
}

fn weight(app: &App) -> f32 {
    app.cx.answer.model().map_or(f32::NAN, |model| model.weights[0])
}

#[test]
fn one_goes_back_and_forth_while_the_run_goes_on() {
    let mut app = trained();
    let view = app.view().curves.timeline;
    assert_eq!((view.past, view.at, view.moment), (4, 4, None));
    happen(&mut app, Happened::Go(2));
    let view = app.view().curves.timeline;
    assert_eq!((view.at, view.moment), (2, Some(10)));
    assert!((weight(&app) - 0.01).abs() < 1e-5, "{}", weight(&app));
    assert_eq!(app.cx.answering(), "my network at minibatch 10");

    progress(&mut app, 1, 40, 0.04);
    assert!((weight(&app) - 0.01).abs() < 1e-5, "progress does not disturb");
    assert_eq!(app.cx.answer.trained().map(|weights| weights[0]), Some(0.04));
    happen(&mut app, Happened::Go(4));
    assert_eq!((weight(&app), app.view().curves.timeline.moment), (0.04, None));
}

#[test]
fn a_place_on_the_curve_is_the_closest_moment() {
    let mut app = trained();
    for (step, moment) in [(0, Some(0)), (4, Some(1)), (14, Some(10)), (24, Some(20)), (28, None)] {
        happen(&mut app, Happened::GoTo(step));
        assert_eq!(app.view().curves.timeline.moment, moment, "at {step}");
    }
}

#[test]
fn play_shows_the_run_in_eight_seconds_and_ends_at_now() {
    let mut app = trained();
    happen(&mut app, Happened::Play);
    assert_eq!(app.view().curves.timeline.moment, Some(0));
    happen(&mut app, Happened::Passed(2100.0));
    assert_eq!(app.view().curves.timeline.moment, Some(1));
    happen(&mut app, Happened::Passed(4000.0));
    assert_eq!(app.view().curves.timeline.moment, Some(20));
    assert!(app.view().curves.timeline.playing);
    happen(&mut app, Happened::Passed(2000.0));
    let view = app.view().curves.timeline;
    assert_eq!((view.moment, view.playing), (None, false));
}

#[test]
fn what_trains_is_shown_as_it_is_now() {
    let mut app = trained();
    happen(&mut app, Happened::Go(1));
    app.update(Event::Train);
    assert_eq!(app.view().curves.timeline.moment, Some(1), "a pause leaves it there");
    reply(&mut app, Reply::Paused { run: 1, step: 30 });
    app.update(Event::Step);
    assert_eq!(app.view().curves.timeline.moment, None);
    happen(&mut app, Happened::Go(1));
    app.update(Event::AnswerFrom(Source::Shipped));
    assert_eq!(app.view().curves.timeline.moment, None, "the pre-trained network has no past");
}

#[test]
fn a_new_run_has_no_past_and_moments_of_another_are_dropped() {
    let mut app = trained();
    happen(&mut app, Happened::Go(1));
    app.update(Event::Reset);
    app.update(Event::Confirmed);
    assert_eq!(
        app.view().curves.timeline,
        view::TimelineView {
            text: String::from("Train first, then go back in time"),
            ..view::TimelineView::default()
        }
    );
    app.update(Event::Train);
    app.update(Event::Reply(Reply::Moment { run: 1, step: 20 }, vec![parameters(0.5)]));
    progress(&mut app, 2, 30, 0.03);
    assert_eq!(app.view().curves.timeline.past, 1, "its beginning");
}

#[test]
fn the_open_test_follows_the_moment() {
    let mut app = trained();
    app.update(Event::TogglePanel(PanelId::Evaluate));
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Send(Request::Evaluate { id, .. }, arrays) => Some((*id, arrays[0][0])),
            _ => None,
        })
    };
    let first = asked(&happen(&mut app, Happened::Go(2)));
    let (id, weight) = first.expect("it is asked for");
    assert!((weight - 0.01).abs() < 1e-5);
    assert_eq!(asked(&happen(&mut app, Happened::Go(1))), None, "one at a time");
    let evaluation = Evaluation { loss: 0.1, accuracy: 0.9 };
    let evaluated = Event::Reply(Reply::Evaluated { id, evaluation }, vec![vec![]]);
    let second = asked(&app.update(evaluated));
    assert!(second.is_some_and(|(_, weight)| (weight - 0.001).abs() < 1e-5), "{second:?}");
}

#[test]
fn a_closed_test_follows_nothing() {
    let mut app = trained();
    let asked = |effects: Vec<Effect>| {
        let of_test = |effect: &Effect| {
            matches!(effect, Effect::Send(Request::Evaluate { .. } | Request::Map { .. }, _))
        };
        effects.iter().any(of_test)
    };
    app.update(Event::TogglePanel(PanelId::Evaluate));
    assert!(asked(happen(&mut app, Happened::Go(2))));
    app.update(Event::TogglePanel(PanelId::Evaluate));
    assert!(!asked(happen(&mut app, Happened::Go(1))));
    assert!(!asked(reply(&mut app, Reply::Mapped)));
}

#[test]
fn the_file_of_a_moment_has_no_figure_of_other_weights() {
    let mut app = trained();
    let accuracy = |app: &mut App| {
        let (format, origin) = (crate::protocol::FileFormat::Safetensors, String::new());
        app.update(Event::SaveNetwork { format, origin }).iter().find_map(|effect| match effect {
            Effect::Send(Request::Export { info, .. }, _) => Some(info.test_accuracy),
            _ => None,
        })
    };
    progress(&mut app, 1, 100, 0.04);
    epoch_end(&mut app, 1, 1);
    assert_eq!(accuracy(&mut app), Some(Some(0.9712)));
    happen(&mut app, Happened::Go(2));
    assert_eq!(accuracy(&mut app), Some(None));
}
