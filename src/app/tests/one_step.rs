//! One minibatch's step in Look inside.

use super::*;
use crate::app::panels::PanelId;
use crate::app::panels::inside::{Event as Inside, Pointing};
use crate::data::PIXELS;
use crate::protocol::SteppedMinibatch;

fn inside(app: &mut App, event: Inside) -> Vec<Effect> {
    app.update(Event::Panel(panels::Event::Inside(event)))
}

fn watches(effects: &[Effect]) -> Option<bool> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(Request::Watch { on }, _) => Some(*on),
        _ => None,
    })
}

fn explains(effects: &[Effect]) -> Option<u32> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(Request::ExplainStep { parameter }, _) => Some(*parameter),
        _ => None,
    })
}

fn stepped(app: &mut App, run: u32, step: u32) -> Vec<Effect> {
    let minibatch =
        SteppedMinibatch { images: 64.0, loss: 1.5, place: 6.0, label: 5.0, answer: 3.0 };
    let arrays = vec![vec![0.5; PIXELS], vec![0.1], vec![0.2], minibatch.figures().to_vec()];
    app.update(Event::Reply(Reply::Stepped { run, step }, arrays))
}

fn words(app: &mut App, parameter: u32) -> Vec<Effect> {
    let words = String::from("a weight\n1 → 2\ng = 0.1");
    reply(app, Reply::ParameterStep { parameter, words })
}

fn text(app: &App) -> String {
    app.panels.inside.view(&app.cx).step_text
}

#[test]
fn steps_are_sent_only_while_somebody_looks() {
    let mut app = ready();
    assert_eq!(watches(&inside(&mut app, Inside::OneStep(true))), None, "it is closed");
    assert_eq!(watches(&app.update(Event::TogglePanel(PanelId::Inside))), Some(true));
    assert_eq!(watches(&app.update(Event::TogglePanel(PanelId::Inside))), Some(false));
    app.update(Event::TogglePanel(PanelId::Inside));
    assert_eq!(watches(&inside(&mut app, Inside::OneStep(false))), Some(false));
    inside(&mut app, Inside::OneStep(true));
    app.update(Event::TrainerBroke);
    app.update(Event::Repair);
    let effects = reply(&mut app, Reply::Ready { backend: "simd128".into() });
    assert_eq!(watches(&effects), Some(true), "the next trainer gets the request, too");
}

#[test]
fn it_says_how_to_see_a_step_until_there_is_one() {
    let mut app = ready();
    app.update(Event::TogglePanel(PanelId::Inside));
    assert_eq!(text(&app), "");
    inside(&mut app, Inside::OneStep(true));
    assert_eq!(text(&app), "Press Step to see one minibatch’s step.");
    app.update(Event::Train);
    assert_eq!(text(&app), "Pause, then press Step to see one minibatch’s step.");
    app.update(Event::Set(Field::Speed, "1".into()));
    app.update(Event::Train);
    reply(&mut app, Reply::Paused { run: 1, step: 8 });
    app.update(Event::Step);
    stepped(&mut app, 1, 9);
    assert_eq!(text(&app), "Minibatch 9: 64 images, loss 1.50 before the step.");
    let view = app.panels.inside.view(&app.cx);
    assert_eq!(view.subject, "Image 7 of minibatch 9: 5, read as 3");
    app.update(Event::Reset);
    app.update(Event::Confirmed);
    assert_eq!(text(&app), "Press Step to see one minibatch’s step.", "that run is gone");
    stepped(&mut app, 1, 10);
    assert_eq!(text(&app), "Press Step to see one minibatch’s step.");
}

#[test]
fn a_pointed_weight_is_explained_at_each_step_and_a_pinned_one_stays() {
    let mut app = ready();
    app.update(Event::TogglePanel(PanelId::Inside));
    inside(&mut app, Inside::OneStep(true));
    app.update(Event::Step);
    assert_eq!(explains(&inside(&mut app, Inside::Parameter(7, Pointing::Pointer))), None);
    assert_eq!(explains(&stepped(&mut app, 1, 1)), Some(7));
    words(&mut app, 7);
    assert!(app.panels.inside.one_step.words.is_some());
    words(&mut app, 8);
    inside(&mut app, Inside::PinParameter(None));
    assert_eq!(explains(&inside(&mut app, Inside::Parameter(9, Pointing::Pointer))), None);
    assert_eq!(explains(&stepped(&mut app, 1, 2)), Some(7));
    inside(&mut app, Inside::Release);
    assert_eq!(explains(&inside(&mut app, Inside::Parameter(9, Pointing::Keys))), Some(9));
    assert_eq!(app.panels.inside.one_step.words, None, "they were another weight’s");
    let spoken = |effects: &[Effect]| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Announce(words) if words.contains("1 → 2")))
    };
    assert!(spoken(&words(&mut app, 9)), "keys may be those of somebody who cannot see");
    assert!(!spoken(&words(&mut app, 9)));
}
