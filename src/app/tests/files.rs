//! Networks that leave as files and come back from them.

use super::*;
use crate::app::drawings::{DrawingSet, DrawingsRequest};
use crate::app::panels::runs::RunsRequest;
use crate::protocol::{FileFormat, OpenedFile};

fn files() -> Vec<OpenedFile> {
    vec![OpenedFile { name: String::from("a.safetensors"), length: 9 }]
}

/// What the file of a network of this link says of it.
fn info(link: &str) -> NetworkInfo {
    let (form, _) = Form::from_hash(link);
    let (name, settings) = (String::from("my network, epoch 3"), form.to_hash());
    NetworkInfo { name, settings, test_accuracy: Some(0.9923), ..NetworkInfo::default() }
}

#[test]
fn the_network_that_answers_is_saved() {
    let save = |app: &mut App| {
        let origin = String::from("https://example.org/");
        app.update(Event::SaveNetwork { format: FileFormat::Onnx, origin })
    };
    let mut app = app();
    assert_eq!(save(&mut app), []);
    assert_eq!(app.notice.as_deref(), Some("The trainer is still loading."));

    let mut app = ready();
    draw(&mut app);
    let effects = save(&mut app);
    let [Effect::Send(Request::Export { format, info }, arrays)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((*format, info.name.as_str()), (FileFormat::Onnx, "pre-trained network"));
    assert_eq!(arrays[0], parameters(SHIPPED));
    assert_eq!((arrays[1].len(), arrays[2].len()), (784, 10), "the drawing and its answer");

    app.update(Event::Train);
    progress(&mut app, 1, 5, 0.5);
    let effects = save(&mut app);
    let [Effect::Send(Request::Export { info, .. }, arrays)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((arrays[0][0], info.test_accuracy), (0.5, None), "during a run, too");
    assert_eq!(info.settings, app.cx.form.to_hash());
    let name = String::from("inkling-network.onnx");
    let reply = Reply::File { name: name.clone(), length: 7 };
    let effects = app.update(Event::Reply(reply, vec![vec![1.0, 2.0]]));
    let bytes = vec![1.0, 2.0];
    assert_eq!(effects, [Effect::SaveFile { name, length: 7, bytes }]);
}

#[test]
fn a_network_from_a_file_answers() {
    let mut app = ready();
    draw(&mut app);
    let effects = app.update(Event::Open(files(), vec![vec![0.0; 3]]));
    assert_eq!(effects, [Effect::Send(Request::Open { files: files() }, vec![vec![0.0; 3]])]);
    let before = format!("{:?}", app.view());
    let info = info("epochs=3&seed=8&net=f,d10s");
    let opened = |weights: usize| {
        Event::Reply(Reply::Opened { info: info.clone() }, vec![vec![0.25; weights]])
    };
    app.update(opened(3));
    assert_eq!(format!("{:?}", app.view()), before, "too few weights change nothing");

    app.update(opened(7850));
    assert_eq!(app.cx.answer.trained(), Some(&[0.25; 7850][..]));
    assert_eq!(app.cx.answering(), "network from a file");
    assert_eq!((app.cx.form.settings.epochs, app.cx.form.settings.seed), (3, 8));
    let view = app.view();
    assert_eq!(
        (view.run.text.as_str(), view.run.test_accuracy),
        ("Opened from a file", Some(0.9923))
    );
    assert_eq!(view.plan.cannot_start_current, None, "the next run can go on from there");
    assert!(!app.would_lose_work(), "it is in its file");
    let notice = "my network, epoch 3 is opened and answers from now on.";
    assert_eq!(app.notice.as_deref(), Some(notice));
    assert!(!sent(&app.update(Event::Train)).is_empty(), "nothing is lost, so nothing is asked");
}

#[test]
fn a_file_that_cannot_be_opened_changes_only_the_notice() {
    let mut app = ready();
    let before = format!("{:?}", app.cx);
    reply(&mut app, Reply::Refused { reason: "It is empty.".into() });
    assert_eq!(app.notice.as_deref(), Some("It is empty."));
    assert_eq!(format!("{:?}", app.cx), before);

    app.update(Event::Train);
    let effects = app.update(Event::Open(files(), vec![vec![0.0; 3]]));
    assert!(matches!(effects[..], [Effect::Send(Request::Open { .. }, _)]), "it may hold digits");
    let info = info("net=f,d10s");
    app.update(Event::Reply(Reply::Opened { info }, vec![vec![0.25; 7850]]));
    assert!(app.notice.is_some_and(|notice| notice.starts_with("A run is in progress.")));
}

#[test]
fn what_a_file_added_is_read_and_its_settings_taken_by_an_untouched_page() {
    let settings = Some(String::from("#epochs=7&net=f,d10s"));
    let merged = || Reply::Merged { words: "Added 2 digits.".into(), settings: settings.clone() };
    let mut app = ready();
    app.update(Event::Hash(String::new()));
    let effects = app.update(Event::Reply(merged(), vec![]));
    assert!(effects.contains(&Effect::Runs(RunsRequest::Read)));
    let read = Effect::Drawings(DrawingSet::UserDigits, DrawingsRequest::Read);
    assert!(effects.contains(&read) && app.notice.as_deref() == Some("Added 2 digits."));
    assert_eq!(app.cx.form.settings.epochs, 7);

    app.update(Event::Hash(String::from("#epochs=3")));
    reply(&mut app, merged());
    assert_eq!(app.cx.form.settings.epochs, 3, "what exists stays");
}
