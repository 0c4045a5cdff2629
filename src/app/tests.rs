//! The page's behaviour, given the events that a visitor or a trainer would cause.

mod doubt;
mod files;
mod hand;
mod interrupted;
mod one_step;
mod random;
mod timeline;
mod trainer;

use super::view::{AnswerView, CurvesView, PlanView, RunView, State, TrainerView};
use super::*;
use crate::config::Architecture;
use crate::config::{Field, Recipe};
use crate::ink::Point;
use crate::protocol::{Activity, DataProgress, Evaluation, Interrupted, Progress, Reply};
use run::RunPhase;

/// Everything that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::app) struct View {
    pub(in crate::app) answer: AnswerView,
    pub(in crate::app) run: RunView,
    pub(in crate::app) curves: CurvesView,
    pub(in crate::app) plan: PlanView,
    pub(in crate::app) trainer: TrainerView,
}

/// An event in words, without its arrays.
pub(super) fn name(event: &Event) -> String {
    match event {
        Event::Reply(reply, _) => format!("{reply:?}"),
        Event::Shipped(weights) => format!("Shipped({:?})", weights.as_ref().map(Vec::len)),
        Event::Doubt(weights) => format!("Doubt({})", weights.len()),
        event => format!("{event:?}"),
    }
}

impl View {
    fn of(changes: ViewChanges) -> Option<Self> {
        let ViewChanges { answer, run, curves, plan, trainer } = changes;
        let (answer, run, curves) = (answer?, run?, curves?);
        Some(Self { answer, run, curves, plan: plan?, trainer: trainer? })
    }

    /// Fails if a part has changed that was not announced as changed.
    pub(super) fn assert_same_but(self, mut changes: ViewChanges, now: &Self, after: &str) {
        let shown = Self {
            answer: changes.answer.take().unwrap_or(self.answer),
            run: changes.run.take().unwrap_or(self.run),
            curves: changes.curves.take().unwrap_or(self.curves),
            plan: changes.plan.take().unwrap_or(self.plan),
            trainer: changes.trainer.take().unwrap_or(self.trainer),
        };
        // As text, because NaN does not equal itself.
        assert_eq!(format!("{shown:?}"), format!("{now:?}"), "after {after}");
    }
}

impl App {
    pub(in crate::app) fn view(&self) -> View {
        let all = ViewChanges::of(&self.cx, self.notice.as_deref(), Parts::ALL);
        View::of(all).expect("all parts were asked for")
    }
}

const SHIPPED: f32 = 0.01;

fn app() -> App {
    App::new(Answer::new(&Architecture::default()).expect("the default model can be built"))
}

/// Parameters of the reference model.
fn parameters(each: f32) -> Vec<f32> {
    vec![each; Architecture::default().parameter_count().expect("it can be built")]
}

fn ready() -> App {
    let mut app = app();
    app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    let effects = reply(&mut app, Reply::Ready { backend: "simd128".into() });
    let send = |request| Effect::Send(request, vec![]);
    assert_eq!(effects, [send(Request::LoadData), Effect::FetchDoubt, send(Request::WarmUp)]);
    reply(&mut app, Reply::Data(data(60_000)));
    app
}

fn data(train_images: u32) -> DataProgress {
    DataProgress {
        received_bytes: train_images * 170,
        total_bytes: 60_000 * 170,
        train_images,
        total_train_images: 60_000,
        test_ready: train_images == 60_000,
        from_cache: false,
    }
}

fn reply(app: &mut App, reply: Reply) -> Vec<Effect> {
    app.update(Event::Reply(reply, vec![]))
}

/// The trainer reports minibatches up to `step`, with all parameters at `weight`.
fn progress(app: &mut App, run: u32, step: u32, weight: f32) {
    active(app, run, step, weight, Activity::Training);
}

fn active(app: &mut App, run: u32, step: u32, weight: f32, activity: Activity) {
    let progress = Progress {
        run,
        epoch: step.saturating_sub(1) / 100,
        step,
        steps_per_epoch: 100,
        images_per_second: 4_237.0,
        seconds_left: 40.2,
        activity,
        workers: 2,
    };
    let arrays = vec![parameters(weight), vec![0.5], vec![0.8]];
    app.update(Event::Reply(Reply::Progress(progress), arrays));
}

fn epoch_end(app: &mut App, run: u32, epoch: u32) -> Vec<Effect> {
    let (step, test_loss, test_accuracy) = (100 * epoch, 0.1, 0.9712);
    reply(app, Reply::EpochEnd { run, epoch, step, test_loss, test_accuracy, validation: None })
}

fn draw(app: &mut App) {
    app.update(Event::PenDown(Point { x: 0.4, y: 0.2 }));
    let line = (1..20).map(|i| Point { x: 0.4 + 0.005 * i as f32, y: 0.2 + 0.03 * i as f32 });
    app.update(Event::PenMoved(line.collect()));
    app.update(Event::PenUp);
}

fn sent(effects: &[Effect]) -> Vec<&Request> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(request, _) => Some(request),
            _ => None,
        })
        .collect()
}

fn question(effects: &[Effect]) -> Option<&Question> {
    effects.iter().find_map(|effect| match effect {
        Effect::Ask(question) => Some(question),
        _ => None,
    })
}

#[test]
fn it_is_ready_with_the_shipped_weights_and_waits_for_images_to_train() {
    let mut app = app();
    assert_eq!(app.begin(), [Effect::FetchShipped]);
    assert_eq!(view::state(&app.cx), State::Loading);
    let shipped = app.update(Event::Shipped(Ok(parameters(SHIPPED))));
    assert_eq!(shipped, [Effect::SpawnTrainer], "drawing comes first");
    assert_eq!(view::state(&app.cx), State::Ready);
    draw(&mut app);
    assert!(app.view().answer.digit.is_some());

    reply(&mut app, Reply::Ready { backend: "simd128".into() });
    reply(&mut app, Reply::Data(data(0)));
    assert!(app.view().run.train.disabled.is_some());
    assert_eq!(app.update(Event::Train), []);
    reply(&mut app, Reply::Data(data(5_000)));
    assert_eq!(app.view().run.train.disabled, None);
    assert_eq!(app.view().trainer.data_text, "5,000 of 60,000 training images, 0.9 of 10.2 MB");
}

#[test]
fn train_pauses_and_resumes_and_finishes() {
    let mut app = ready();
    let effects = app.update(Event::Train);
    let run = 1;
    assert!(matches!(sent(&effects)[..], [Request::Start { run: 1, paused: false, .. }]));
    assert_eq!((view::state(&app.cx), app.view().run.train.label), (State::Training, "Pause"));
    progress(&mut app, run, 30, 0.02);
    let view = app.view();
    assert_eq!((view.run.text.as_str(), view.run.left.as_str()), ("Epoch 1 of 10", "41 s left"));
    assert_eq!((view.run.rate_figure.as_str(), view.run.step), ("4,240", 30));

    assert_eq!(sent(&app.update(Event::Train)), [&Request::Pause { run }]);
    assert_eq!(app.update(Event::Train), [], "one Pause is enough");
    reply(&mut app, Reply::Paused { run, step: 31 });
    assert_eq!((view::state(&app.cx), app.view().run.train.label), (State::Paused, "Resume"));
    assert_eq!(app.view().run.images_per_second, 0);

    assert_eq!(sent(&app.update(Event::Step)), [&Request::Step { run, count: 1 }]);
    progress(&mut app, run, 32, 0.02);
    reply(&mut app, Reply::Paused { run, step: 32 });
    assert_eq!((view::state(&app.cx), app.view().run.step), (State::Paused, 32));

    assert_eq!(sent(&app.update(Event::Train)), [&Request::Resume { run }]);
    assert_eq!(view::state(&app.cx), State::Training);
    let effects = epoch_end(&mut app, run, 1);
    let words = "Epoch 1 of 10: 97.1 % of the test images correct.";
    assert!(effects.contains(&Effect::Announce(words.into())), "{effects:?}");
    epoch_end(&mut app, run, 10);
    let effects = reply(&mut app, Reply::Finished { run, seconds: 71.2 });
    let words = "Done: 10 epochs in 1 min 12 s. 97.1 % of the test images correct.";
    assert_eq!(effects, [Effect::Announce(words.into())]);
    let view = app.view();
    assert_eq!(
        (view.run.state, view.run.epoch, view.run.test_accuracy),
        (State::Done, 10, Some(0.9712))
    );
    assert_eq!(view.run.text, "Done: 10 epochs in 1 min 12 s");
    assert_eq!(view.curves.rows.len(), 2);
}

#[test]
fn step_without_a_run_begins_one_that_stands_still_after_a_minibatch() {
    let mut app = ready();
    let effects = app.update(Event::Step);
    let [Request::Start { run: 1, paused: true, .. }, Request::Step { run: 1, count: 1 }] =
        sent(&effects)[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(view::state(&app.cx), State::Paused);
    // The trainer pauses first and then takes the step.
    reply(&mut app, Reply::Paused { run: 1, step: 0 });
    assert_eq!(app.update(Event::Step), [], "one minibatch after the other");
    progress(&mut app, 1, 1, 0.02);
    reply(&mut app, Reply::Paused { run: 1, step: 1 });
    assert_eq!(sent(&app.update(Event::Step)), [&Request::Step { run: 1, count: 1 }]);
}

#[test]
fn a_step_takes_as_many_minibatches_as_are_set() {
    let mut app = ready();
    app.update(Event::StepSize(10));
    assert_eq!(app.view().run.why, "Step trains on 10 minibatches.");
    let effects = app.update(Event::Step);
    assert!(matches!(sent(&effects)[..], [_, Request::Step { run: 1, count: 10 }]), "{effects:?}");
    for step in [3, 9] {
        progress(&mut app, 1, step, 0.02);
        assert_eq!(app.update(Event::Step), [], "it is under way");
    }
    assert_eq!(view::state(&app.cx), State::Paused);
    progress(&mut app, 1, 10, 0.02);
    app.update(Event::StepSize(100));
    assert_eq!(sent(&app.update(Event::Step)), [&Request::Step { run: 1, count: 100 }]);
    progress(&mut app, 1, 110, 0.02);
    assert_eq!(sent(&app.update(Event::Train)), [&Request::Resume { run: 1 }]);
}

#[test]
fn the_pace_can_be_set_during_a_run_and_is_no_measure_of_this_machine() {
    let mut app = ready();
    app.update(Event::Set(Field::Speed, "10".into()));
    let effects = app.update(Event::Train);
    assert!(matches!(sent(&effects)[..], [Request::Start { pace: Some(10), .. }]), "{effects:?}");
    progress(&mut app, 1, 5, 0.02);
    assert_eq!(app.cx.speed, None, "it could go faster");
    let effects = app.update(Event::Set(Field::Speed, "full".into()));
    assert_eq!(sent(&effects), [&Request::Pace { run: 1, pace: None }]);
    progress(&mut app, 1, 20, 0.02);
    assert!(app.cx.speed.is_some());
    let hash = app.cx.form.to_hash() + "&speed=1";
    let effects = app.update(Event::Hash(hash));
    assert_eq!(sent(&effects), [&Request::Pace { run: 1, pace: Some(1) }]);
    assert_eq!(app.notice, None, "nothing waits for the next run");
}

#[test]
fn a_page_without_a_link_has_the_quick_recipe() {
    let mut app = ready();
    let effects = app.update(Event::Hash(String::new()));
    let [Effect::WriteHash(hash)] = &effects[..] else { panic!("{effects:?}") };
    assert!(Recipe::Fast.is_set(&app.cx.form) && hash.starts_with("#epochs=1&batch=16&"), "{hash}");
    assert!(app.view().plan.plan.iter().all(|line| !line.unusual), "{:?}", app.view().plan.plan);
    let set = app.cx.form.clone();
    app.update(Event::Hash(hash.clone()));
    assert_eq!(app.cx.form, set, "a reload");
    app.update(Event::Hash("#epochs=2".into()));
    assert_eq!(app.cx.form.settings.batch_size, 32, "a link says how it differs from Keras");
    assert_eq!(
        app.view().run.recipes,
        ["98.9 %, 10 epochs", "99.2 %, 1 epoch", "99.5 %, 60 epochs"]
    );
    app.update(Event::Train);
    progress(&mut app, 1, 30, 0.02);
    epoch_end(&mut app, 1, 1);
    assert_eq!(app.view().run.recipes, ["98.9 %, 2.5 min", "99.2 %, 15 s", "99.5 %, 15 min"]);
    app.update(Event::Set(Field::Architecture, "f,d10s".into()));
    assert_eq!(app.view().run.recipes[1], "1 s", "nobody has measured what this one reaches");
}

#[test]
fn a_run_says_that_it_begins_from_nothing_and_what_it_came_to() {
    let mut app = ready();
    draw(&mut app);
    let effects = app.update(Event::Train);
    let words = "It has forgotten everything: its weights are random now.";
    assert!(effects.contains(&Effect::Announce(words.into())), "{effects:?}");
    assert_eq!(app.view().run.why, "It forgot everything and learns from random weights.");
    assert_eq!(app.view().run.title, "epoch 1 of 10 · Inkling");
    progress(&mut app, 1, 30, 0.02);
    assert_eq!(app.view().run.title, "80.0 % · epoch 1 of 10 · Inkling");
    epoch_end(&mut app, 1, 1);
    assert_eq!(app.view().run.title, "97.1 % · epoch 2 of 10 · Inkling");
    app.update(Event::Train);
    reply(&mut app, Reply::Paused { run: 1, step: 130 });
    assert_eq!(app.view().run.title, "97.1 % · paused · Inkling");
    app.update(Event::Train);
    epoch_end(&mut app, 1, 10);
    assert_eq!(app.view().run.done, "");
    reply(&mut app, Reply::Finished { run: 1, seconds: 71.2 });
    let run = app.view().run;
    assert_eq!(run.done, "0 to 97.1 % in 1 min 12 s, in this tab");
    assert_eq!((run.title.as_str(), run.rate_figure.as_str()), ("97.1 % · Inkling", "4,240"));
    assert_eq!(run.images_per_second, 0);
    app.update(Event::CloseCard);
    assert_eq!(app.view().run.done, "");
    app.update(Event::Reset);
    app.update(Event::Confirmed);
    assert_eq!(app.view().run.title, "Inkling");
}

/// Minibatches with this loss and this share of right images.
fn minibatches(app: &mut App, step: u32, count: usize, loss: f32, accuracy: f32) -> Vec<Effect> {
    let progress = Progress {
        run: 1,
        epoch: 0,
        step,
        steps_per_epoch: 1875,
        images_per_second: 4_237.0,
        seconds_left: 40.2,
        activity: Activity::Training,
        workers: 2,
    };
    let arrays = vec![parameters(0.02), vec![loss; count], vec![accuracy; count]];
    app.update(Event::Reply(Reply::Progress(progress), arrays))
}

#[test]
fn a_run_that_only_guesses_says_so() {
    let smaller = "It only guesses so far: try a smaller learning rate.";
    let mut app = ready();
    app.update(Event::Hash("#optimizer=sgd&lr=1".into()));
    app.update(Event::Train);
    assert_eq!(minibatches(&mut app, 299, 299, 2.31, 0.11), [], "it may still find out");
    let effects = minibatches(&mut app, 320, 21, 2.31, 0.11);
    assert_eq!(effects, [Effect::Announce(smaller.into())]);
    assert_eq!(minibatches(&mut app, 340, 20, 2.31, 0.11), [], "said once");
    assert_eq!(app.view().run.why, smaller);
    reply(&mut app, Reply::Finished { run: 1, seconds: 3.0 });
    assert_eq!((app.view().run.why, app.view().run.done.as_str()), (smaller, ""));
    for (hash, words) in [
        ("#optimizer=sgd&lr=0.0001", "It only guesses so far: try a larger learning rate."),
        ("#lr=0.1", smaller),
    ] {
        let mut app = ready();
        app.update(Event::Hash(hash.into()));
        app.update(Event::Train);
        minibatches(&mut app, 400, 400, 2.303, 0.1);
        assert_eq!(app.view().run.why, words);
    }
    // Slow, but it learns: a loss near that of guessing, and more right than by chance; or the other way round.
    for (loss, accuracy) in [(2.29, 0.21), (2.1, 0.13)] {
        let mut app = ready();
        app.update(Event::Train);
        assert_eq!(minibatches(&mut app, 900, 900, loss, accuracy), []);
        assert!(!app.cx.only_guesses());
    }
}

#[test]
fn replies_about_a_run_that_is_gone_are_dropped() {
    let mut app = ready();
    app.update(Event::Train);
    app.update(Event::Reset);
    progress(&mut app, 1, 30, 0.02);
    epoch_end(&mut app, 1, 1);
    reply(&mut app, Reply::Finished { run: 1, seconds: 1.0 });
    assert_eq!((view::state(&app.cx), app.view().run.step), (State::Ready, 0));
    assert!(app.cx.curves.is_empty() && app.cx.answer.trained().is_none());
}

#[test]
fn what_is_trained_is_not_thrown_away_without_asking() {
    let mut app = ready();
    app.update(Event::Train);
    progress(&mut app, 1, 100, 0.02);
    epoch_end(&mut app, 1, 1);

    let effects = app.update(Event::Reset);
    let asked = question(&effects).expect("it asks");
    assert!(asked.text.contains("1 epoch") && asked.text.contains("97.1 %"), "{asked:?}");
    app.update(Event::Declined);
    assert_eq!((view::state(&app.cx), app.view().run.epoch), (State::Training, 1));
    assert_eq!(app.update(Event::Confirmed), [], "there is no question to say yes to any more");

    app.update(Event::Reset);
    assert_eq!(sent(&app.update(Event::Confirmed)), [&Request::Reset { run: 1 }]);
    assert_eq!(view::state(&app.cx), State::Ready);
}

#[test]
fn a_new_run_asks_unless_it_goes_on_from_the_old_one() {
    let mut app = ready();
    app.update(Event::Train);
    progress(&mut app, 1, 500, 0.02);
    epoch_end(&mut app, 1, 5);
    reply(&mut app, Reply::Finished { run: 1, seconds: 1.0 });

    let effects = app.update(Event::Train);
    assert!(question(&effects).is_some() && sent(&effects).is_empty());
    app.update(Event::Declined);

    app.update(Event::Set(Field::Start, "current".into()));
    let effects = app.update(Event::Train);
    let [Effect::Send(Request::Start { run: 2, .. }, arrays)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(arrays[0].iter().all(|&weight| weight == 0.02));
}

#[test]
fn which_weights_answer_is_said_and_one_click_away() {
    let mut app = ready();
    draw(&mut app);
    let shipped = app.cx.answer.probabilities().copied();
    let view = app.view();
    assert!(view.answer.source == Source::Shipped && !view.answer.run_here);
    assert_eq!(view.answer.run_name, "my network (not trained yet)");

    app.update(Event::Train);
    let view = app.view();
    assert!(view.answer.source == Source::Run && view.answer.run_here);
    assert_eq!(view.answer.run_name, "my network, still random");
    assert_ne!(app.cx.answer.probabilities().copied(), shipped);

    progress(&mut app, 1, 101, 0.03);
    assert_eq!(app.view().answer.run_name, "my network, epoch 2");
    app.update(Event::AnswerFrom(Source::Shipped));
    progress(&mut app, 1, 120, 0.04);
    assert_eq!(app.cx.answer.probabilities().copied(), shipped, "training does not take it back");
    app.update(Event::AnswerFrom(Source::Run));
    assert_eq!(app.view().answer.source, Source::Run);
}

#[test]
fn an_update_of_the_site_is_said_once_and_stops_nothing() {
    let mut app = ready();
    app.update(Event::Train);
    progress(&mut app, 1, 10, 0.02);
    assert_eq!(reply(&mut app, Reply::HelperLost), [Effect::CheckForUpdate]);
    assert_eq!(app.view().trainer.notice, None, "a lost helper alone is no update");
    app.update(Event::Updated);
    let notice = app.view().trainer.notice.expect("a notice");
    assert!(notice.starts_with("Inkling was updated: reload"), "{notice}");
    app.update(Event::Updated);
    assert_eq!(app.view().trainer.notice, Some(notice), "said once");
    assert_eq!(view::state(&app.cx), State::Training, "the run goes on");
}

#[test]
fn a_page_that_cannot_go_on_says_what_is_kept() {
    const STOPPED: &str = "The page stopped because of an error in this browser.";
    let mut app = ready();
    assert_eq!(app.farewell(), format!("{STOPPED} Reload it to continue."));
    app.update(Event::Train);
    progress(&mut app, 1, 30, 0.02);
    let goes_on = "The run in progress was saved up to a few seconds ago and can continue.";
    assert_eq!(app.farewell(), format!("{STOPPED} {goes_on} Reload it to continue."));
    epoch_end(&mut app, 1, 1);
    assert!(!app.would_lose_work(), "it goes on at the next visit");
    reply(&mut app, Reply::NotKept { reason: "there is no room".into() });
    let notice = "This browser cannot keep the run in progress (there is no room), so it would be lost if you leave.";
    assert_eq!(app.notice.as_deref(), Some(notice));
    assert!(app.would_lose_work());
    let lost = format!("{STOPPED} The run in progress is lost. Reload it to continue.");
    assert_eq!(app.farewell(), lost, "the store has not answered yet");
    app.update(Event::Panel(panels::Event::Runs(runs::Event::Read(Ok(runs::StoredRuns {
        kept: vec![],
        session_salt: 0,
    })))));
    assert_eq!(
        app.farewell(),
        format!("{STOPPED} What was learnt up to epoch 1 is saved in Runs. Reload it to continue.")
    );
}

#[test]
fn a_part_that_cannot_be_used_is_named_and_tried_again() {
    let mut app = ready();
    reply(&mut app, Reply::Data(data(0)));
    let reason = "its SHA-256 is not the expected one".into();
    reply(&mut app, Reply::DataFailed { part: "train-05.part".into(), reason });
    let view = app.view();
    assert_eq!(view.run.state, State::Ready, "drawing still works");
    assert!(view.trainer.problem.is_some_and(|problem| problem.text.contains("train-05.part")));
    assert!(view.trainer.data_failed && view.run.train.disabled.is_some());
    assert_eq!(app.update(Event::RetryData), [Effect::Send(Request::LoadData, vec![])]);
    assert_eq!(app.view().trainer.problem, None);
}

#[test]
fn shipped_weights_that_do_not_come_leave_training() {
    let mut app = app();
    let failed = app.update(Event::Shipped(Err("the server answered 404".into())));
    assert_eq!((view::state(&app.cx), failed), (State::Error, vec![Effect::SpawnTrainer]));
    assert_eq!(app.update(Event::Repair), [Effect::FetchShipped]);
    assert_eq!(app.update(Event::Shipped(Ok(vec![0.0; 3]))), []);
    assert_eq!(view::state(&app.cx), State::Error, "three numbers are no network");

    reply(&mut app, Reply::Ready { backend: "simd128".into() });
    reply(&mut app, Reply::Data(data(5_000)));
    app.update(Event::Train);
    draw(&mut app);
    assert_eq!(view::state(&app.cx), State::Training);
    assert!(app.view().answer.digit.is_some(), "the run's weights answer");
}

#[test]
fn settings_stay_with_a_run_and_start_needs_something_to_start_from() {
    let mut app = ready();
    app.update(Event::Hash("#epochs=2&start=current".into()));
    assert_eq!(app.cx.form.start, StartFrom::Fresh);
    assert!(app.notice.is_some());
    app.update(Event::Train);
    app.update(Event::Set(Field::Epochs, "9".into()));
    assert_eq!(app.cx.run.as_ref().map(|run| run.settings.epochs), Some(2));
    assert!(app.view().plan.locked.is_some());
    app.update(Event::Hash("#epochs=3".into()));
    let notice = "The new settings apply from the next run.";
    assert_eq!(app.notice.as_deref(), Some(notice));
    app.update(Event::Notice("Nothing is kept.".into()));
    assert_eq!(app.notice, Some(format!("{notice} Nothing is kept.")));
}

#[test]
fn an_overflowed_network_gives_no_digit() {
    let mut app = ready();
    draw(&mut app);
    app.update(Event::Train);
    progress(&mut app, 1, 5, f32::NAN);
    let view = app.view();
    assert_eq!(view.answer.digit, None);
    assert!(view.answer.line.contains("numbers grew too large"), "{}", view.answer.line);
    app.cx.curves.extend(&[f32::NAN], &[0.1]);
    app.update(Event::Clear);
    let run_text = app.view().run.text;
    assert!(run_text.contains("try a smaller learning rate"), "without a drawing, too: {run_text}");
    assert_eq!(app.cx.run.as_ref().map(|run| run.phase), Some(RunPhase::Training));
}

#[test]
fn an_empty_pad_has_no_answer() {
    let mut app = ready();
    draw(&mut app);
    app.update(Event::Undo);
    let view = app.view();
    assert_eq!((view.answer.digit, view.answer.drawn, view.answer.bars), (None, false, None));
    assert_eq!(view.answer.line, "The answer appears here");
}

#[test]
fn one_panel_is_open_at_a_time() {
    let mut app = app();
    for (pressed, open) in [
        (PanelId::Runs, Some(PanelId::Runs)),
        (PanelId::Inside, Some(PanelId::Inside)),
        (PanelId::Inside, None),
    ] {
        app.update(Event::TogglePanel(pressed));
        assert_eq!(app.open_panel, open);
    }
}

#[test]
fn a_run_of_another_network_starts_only_from_weights_that_fit() {
    let mut app = ready();
    app.update(Event::Set(Field::Start, "shipped".into()));
    app.update(Event::Set(Field::Architecture, "f,d10s".into()));
    assert_eq!(app.cx.form.start, StartFrom::Fresh);
    assert!(app.notice.as_ref().is_some_and(|notice| notice.contains("has different layers")));
    assert!(app.view().plan.cannot_start_shipped.is_some());
    app.update(Event::Set(Field::Start, "shipped".into()));
    assert_eq!(app.cx.form.start, StartFrom::Fresh);

    draw(&mut app);
    let effects = app.update(Event::Train);
    let Some(Request::Start { settings, .. }) = sent(&effects).first().copied() else {
        panic!("{effects:?}")
    };
    assert_eq!(settings.architecture.to_string(), "f,d10s");
    assert_eq!(app.cx.answer.trained().map(<[f32]>::len), Some(7850));
    assert!(app.view().answer.digit.is_some(), "the run's network answers");
    progress(&mut app, 1, 5, 0.02);
    assert_eq!(
        app.cx.answer.trained().map(<[f32]>::len),
        Some(7850),
        "those belong to another network"
    );
    app.update(Event::AnswerFrom(Source::Shipped));
    assert!(app.view().answer.digit.is_some(), "and so does the shipped one");

    reply(&mut app, Reply::Finished { run: 1, seconds: 1.0 });
    assert_eq!(app.view().plan.cannot_start_current, None);
    app.update(Event::Set(Field::Architecture, "f,drop0.5,d10s".into()));
    assert_eq!(app.view().plan.cannot_start_current, None, "Dropout has no weights");
    app.update(Event::Set(Field::Architecture, Architecture::default().to_string()));
    assert!(app.view().plan.cannot_start_current.is_some());
    assert_eq!(app.view().plan.cannot_start_shipped, None);
}

#[test]
fn a_network_that_cannot_be_built_waits() {
    let mut app = ready();
    app.update(Event::Hash("#net=c8k3r,d10s".into()));
    let network = &app.view().plan.plan[0];
    assert!(network.unusual && network.words == "the network has an error, see Experiment");
    assert!(app.view().run.train.disabled.is_some_and(|why| why.contains("Experiment")));
    assert_eq!(app.update(Event::Train), []);
    app.update(Event::Hash("#net=c8k3r,f,d10s".into()));
    assert_eq!(app.view().run.train.disabled, None);
}

#[test]
fn a_link_is_explained_in_full_before_anything_starts() {
    let words = |app: &App| app.view().plan.plan.map(|line| line.words);
    let mut app = ready();
    assert_eq!(
        words(&app),
        [
            "Keras reference, 34,826 parameters",
            "Adam, constant learning rate 0.001",
            "all 60,000 images",
            "18,750 minibatches",
            "random weights, seed 1"
        ]
    );
    assert!(app.view().plan.plan.iter().all(|line| !line.unusual));
    app.update(Event::Hash(
        "#epochs=2&batch=100&lr=0.01&seed=7&images=2000&optimizer=rmsprop&rho=0.8&schedule=cosine\
         &augment=on&start=shipped&validation=10&stop=97.5"
            .into(),
    ));
    assert_eq!(
        words(&app),
        [
            "Keras reference, 34,826 parameters",
            "RMSprop (rho 0.8, epsilon 0.0000001), learning rate 0.01 with cosine decay",
            "1,800 images, 200 held out, augmented",
            "36 minibatches, fewer if it reaches 97.5 %",
            "from the pre-trained network, seed 7"
        ]
    );
    let unusual = app.view().plan.plan.map(|line| line.unusual);
    assert_eq!(unusual, [false, true, true, true, true]);
    assert_eq!(app.notice, None, "nothing lies over the page");

    app.update(Event::Train);
    progress(&mut app, 1, 5, 0.02);
    app.update(Event::Hash("#seed=9".into()));
    assert!(app.view().plan.plan[4].words.ends_with("seed 7"), "the run under way keeps its plan");
    assert_eq!(app.view().plan.plan[3].words, "36 minibatches, fewer if it reaches 97.5 %");
    app.update(Event::Reset);
    app.update(Event::Confirmed);
    assert!(app.view().plan.plan[4].words.ends_with("seed 9"));
    assert_eq!(app.view().plan.plan[3].words, "18,750 minibatches", "no epoch has shown how fast");
    app.update(Event::Train);
    progress(&mut app, 2, 100, 0.02);
    epoch_end(&mut app, 2, 1);
    app.update(Event::Reset);
    app.update(Event::Confirmed);
    assert_eq!(app.view().plan.plan[3].words, "18,750 minibatches, about 2.5 min here");
}

#[test]
fn a_run_that_was_good_enough_is_done() {
    let mut app = ready();
    app.update(Event::Hash("#epochs=5&stop=97".into()));
    app.update(Event::Train);
    progress(&mut app, 1, 100, 0.02);
    epoch_end(&mut app, 1, 1);
    reply(&mut app, Reply::Finished { run: 1, seconds: 3.0 });
    let view = app.view();
    assert_eq!(
        (view.run.text.as_str(), view.run.share),
        ("Done: 1 epoch in 3 s, target reached", 1.0)
    );
}

/// Which parts were rebuilt: answer, run, curves, plan, trainer.
fn rebuilt(app: &mut App) -> [bool; 5] {
    let ViewChanges { answer, run, curves, plan, trainer } = app.view_changes();
    [answer.is_some(), run.is_some(), curves.is_some(), plan.is_some(), trainer.is_some()]
}

#[test]
fn a_pointer_event_costs_what_the_answer_costs() {
    let mut app = ready();
    app.update(Event::Train);
    progress(&mut app, 1, 30, 0.02);
    epoch_end(&mut app, 1, 1);
    assert_eq!(rebuilt(&mut app), [true; 5], "a page that has not been shown yet");
    assert_eq!(rebuilt(&mut app), [false; 5], "nothing has happened since");
    let mut counts = [0; 5];
    app.update(Event::PenDown(Point { x: 0.4, y: 0.2 }));
    for i in 1..20 {
        app.update(Event::PenMoved(vec![Point { x: 0.4, y: 0.2 + 0.03 * i as f32 }]));
        for (count, is_new) in counts.iter_mut().zip(rebuilt(&mut app)) {
            *count += u32::from(is_new);
        }
    }
    assert_eq!(counts, [19, 0, 0, 0, 0]);
    app.update(Event::PenUp);
    assert_eq!(rebuilt(&mut app), [true, false, false, false, false]);
    app.update(Event::Tick(1.0));
    assert_eq!(rebuilt(&mut app), [false; 5]);
    progress(&mut app, 1, 130, 0.02);
    assert_eq!(rebuilt(&mut app), [true, true, true, false, true], "the plan stays");
}
