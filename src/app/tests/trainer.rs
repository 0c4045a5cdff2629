//! Trainers that end, hang or never begin.

use super::*;

#[test]
fn a_dead_trainer_is_reported_and_replaced_and_costs_nothing_learnt() {
    let mut app = ready();
    draw(&mut app);
    app.update(Event::Train);
    progress(&mut app, 1, 120, 0.02);
    reply(&mut app, Reply::Broken);
    let view = app.view();
    assert_eq!(view.run.state, State::Error);
    let problem = view.trainer.problem.expect("it is reported");
    assert_eq!(
        problem.text,
        "The trainer stopped because of an error in this browser. What was learnt up to epoch 2 is \
         kept. To go on, restart the trainer and choose “Start from: my network”."
    );
    app.update(Event::TrainerBroke);
    assert_eq!(app.view().trainer.problem.as_ref(), Some(&problem), "it is gone only once");
    assert!(view.answer.digit.is_some() && view.curves.has_curves && view.answer.run_here);
    assert_eq!(view.run.train.label, "Train");
    assert!(view.run.train.disabled.is_some());

    assert_eq!(app.update(Event::Repair), [Effect::SpawnTrainer]);
    reply(&mut app, Reply::Ready { backend: "simd128".into() });
    reply(&mut app, Reply::Data(data(60_000)));
    assert_eq!((view::state(&app.cx), app.view().trainer.problem), (State::Ready, None));
    app.update(Event::Set(Field::Start, "current".into()));
    let effects = app.update(Event::Train);
    assert!(matches!(sent(&effects)[..], [Request::Start { run: 2, .. }]), "{effects:?}");
}

#[test]
fn a_trainer_that_an_update_took_away_is_not_restarted() {
    let mut app = ready();
    let effects = app.update(Event::TrainerGone("The trainer has stopped: 404".into()));
    assert_eq!(effects, [Effect::CheckForUpdate]);
    app.update(Event::Updated);
    let problem = app.view().trainer.problem.expect("a problem");
    assert!(problem.text.starts_with("Inkling was updated: reload"), "{problem:?}");
    assert_eq!(problem.action, "Reload");
    assert_eq!(app.update(Event::Repair), [Effect::Reload]);
}

#[test]
fn a_trainer_that_cannot_be_started_is_reported_in_plain_words() {
    let mut app = app();
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    app.update(Event::TrainerBroke);
    let text = app.view().trainer.problem.expect("it is reported").text;
    assert_eq!(text, "The trainer could not be started. Drawing still works. Restart it to train.");
}

#[test]
fn only_a_trainer_that_owes_an_answer_can_be_silent_too_long() {
    let mut app = ready();
    for _ in 0..100 {
        app.update(Event::Tick(1.0));
    }
    assert_eq!(view::state(&app.cx), State::Ready, "there is nothing to say without a run");

    app.update(Event::Train);
    for _ in 0..10 {
        app.update(Event::Tick(1.0));
    }
    progress(&mut app, 1, 10, 0.02);
    for _ in 0..12 {
        app.update(Event::Tick(1.0));
    }
    assert_eq!(view::state(&app.cx), State::Training);
    app.update(Event::Tick(1.0));
    assert_eq!(view::state(&app.cx), State::Error);

    let mut app = super::tests::app();
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    for _ in 0..61 {
        app.update(Event::Tick(1.0));
    }
    assert_eq!(view::state(&app.cx), State::Error, "a trainer that never starts is reported, too");
}

#[test]
fn a_trainer_that_waits_for_data_says_so_again_and_again() {
    let mut app = ready();
    app.update(Event::Train);
    for _ in 0..30 {
        active(&mut app, 1, 10, 0.02, Activity::WaitingForData);
        app.update(Event::Tick(1.0));
    }
    assert_eq!(view::state(&app.cx), State::Training);
    for _ in 0..13 {
        app.update(Event::Tick(1.0));
    }
    assert_eq!(view::state(&app.cx), State::Error, "it hangs");
}

#[test]
fn a_trainer_that_hangs_while_it_evaluates_is_noticed() {
    let mut app = ready();
    let evaluate = |app: &mut App| {
        let event = panels::Event::Evaluate(panels::evaluate::Event::Evaluate);
        let effects = app.update(Event::Panel(event));
        assert!(matches!(sent(&effects)[..], [Request::Evaluate { .. }]), "{effects:?}");
    };
    let wait = |app: &mut App, seconds: u32| {
        for _ in 0..seconds {
            app.update(Event::Tick(1.0));
        }
        view::state(&app.cx)
    };
    evaluate(&mut app);
    for _ in 0..5 {
        assert_eq!(wait(&mut app, 10), State::Ready);
        reply(&mut app, Reply::Evaluating);
    }
    assert_eq!(wait(&mut app, 10), State::Ready, "a slow one is not gone");
    let evaluation = Evaluation { loss: 0.1, accuracy: 0.9 };
    reply(&mut app, Reply::Evaluated { id: 1, evaluation });
    assert_eq!(wait(&mut app, 100), State::Ready, "it owes nothing more");
    evaluate(&mut app);
    assert_eq!(wait(&mut app, 13), State::Error);
    let problem = app.view().trainer.problem.expect("it is said");
    assert!(
        problem.text.starts_with("The trainer has not answered for 12 seconds."),
        "{problem:?}"
    );
}
