//! Runs that were interrupted and can go on.

use super::*;

/// A page that was told of an interrupted run.
fn offered() -> App {
    let mut app = ready();
    let interrupted = Interrupted { epoch: 1, epochs: 6, accuracy: Some(0.978) };
    let effects = reply(&mut app, Reply::Interrupted(interrupted));
    let words = "A run was interrupted in epoch 2 of 6, 97.8 % so far.";
    assert_eq!(effects, [Effect::Announce(words.into())]);
    assert_eq!(app.view().run.interrupted, words);
    app
}

#[test]
fn an_interrupted_run_goes_on_with_its_curves_and_settings() {
    let mut app = offered();
    let effects = app.update(Event::Continue);
    assert!(matches!(sent(&effects)[..], [Request::Continue { run: 1, .. }]), "{effects:?}");
    assert_eq!(app.view().run.interrupted, "");
    assert_eq!(app.update(Event::Continue), [], "once");

    let link = String::from("#epochs=6&batch=64&lr=0.002&seed=9&start=shipped");
    let continued =
        |run| Reply::Continued { run, link: link.clone(), epoch: 1, steps_per_epoch: 2 };
    let tests = vec![1.0, 2.0, 0.1, 0.978, -1.0, -1.0];
    let curves = [vec![2.0, 1.0, 0.5], vec![0.1, 0.5, 0.8]];
    let arrays = || {
        [vec![parameters(0.03), parameters(0.02)], curves.to_vec(), vec![tests.clone()]].concat()
    };
    app.update(Event::Reply(continued(7), arrays()));
    assert!(app.cx.run.is_none(), "another one was not asked for");
    let mut app = offered();
    app.update(Event::Continue);
    app.update(Event::Reply(continued(1), arrays()));
    let view = app.view();
    assert_eq!((view::state(&app.cx), view.run.epoch, view.run.step), (State::Training, 1, 3));
    assert_eq!((view.run.train.label, view.run.test_accuracy), ("Pause", Some(0.978)));
    assert_eq!((app.cx.curves.len(), app.cx.curves.tests.len()), (3, 1));
    assert_eq!((app.cx.form.settings.epochs, app.cx.form.settings.seed), (6, 9));
    assert_eq!(
        (app.cx.answer.trained(), app.cx.answer.source()),
        (Some(&parameters(0.03)[..]), Source::Run)
    );
    assert_eq!(app.cx.answer.model().and_then(|model| model.initial), Some(&parameters(0.02)[..]));
    progress(&mut app, 1, 4, 0.04);
    assert_eq!(app.view().run.step, 4);
}

#[test]
fn an_interrupted_run_is_dropped_only_after_saying_so() {
    let mut app = offered();
    assert_eq!(app.view().run.why, "Train starts a new run and drops the interrupted one.");
    app.update(Event::Train);
    assert_eq!(app.view().run.interrupted, "");

    let mut app = offered();
    let effects = app.update(Event::Discard);
    assert_eq!(sent(&effects), [&Request::DiscardInterrupted]);
    assert_eq!(app.view().run.interrupted, "");

    let mut app = offered();
    app.update(Event::Continue);
    reply(&mut app, Reply::InterruptedLost { reason: "It is running in another tab.".into() });
    assert_eq!(app.notice.as_deref(), Some("It is running in another tab."));
    assert!(app.cx.run.is_none() && app.view().run.train.disabled.is_none());

    let mut app = ready();
    app.update(Event::Train);
    let interrupted = Interrupted { epoch: 0, epochs: 1, accuracy: None };
    reply(&mut app, Reply::Interrupted(interrupted));
    assert_eq!(app.view().run.interrupted, "", "one run at a time");
}

#[test]
fn a_page_that_is_hidden_has_its_run_kept() {
    let mut app = ready();
    assert_eq!(app.update(Event::Hidden), []);
    app.update(Event::Train);
    assert_eq!(sent(&app.update(Event::Hidden)), [&Request::Keep { run: 1 }]);
    reply(&mut app, Reply::Finished { run: 1, seconds: 3.0 });
    assert_eq!(app.update(Event::Hidden), []);
}
