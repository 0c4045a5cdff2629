//! Labelled digits to files and back, files that hold none, and everything in one file.

use inkling::formats::archive::{self, Archive};
use inkling::formats::bundle::NamedFile;
use inkling::formats::digits::{self, merge};
use inkling::formats::open::{Opened, open};
use inkling::formats::run::{SavedEpoch, SavedRun};
use inkling::ink::{Digit, DigitInk, Drawing, hand};
use inkling::protocol::DigitFormat;
use wasm_bindgen_test::wasm_bindgen_test;

fn drawn(label: u8, seed: u64) -> Digit {
    Digit { label, ink: DigitInk::Strokes(Drawing::of(hand::write(label, seed))) }
}

/// Twenty digits, two of them as images.
fn some() -> Vec<Digit> {
    let mut digits: Vec<Digit> = (0..20).map(|at| drawn((at % 10) as u8, at)).collect();
    for digit in &mut digits[4..6] {
        digit.ink = DigitInk::Image(digit.picture().expect("it has ink"));
    }
    digits
}

fn file(name: &str, bytes: impl Into<Vec<u8>>) -> NamedFile {
    NamedFile { name: name.to_owned(), bytes: bytes.into() }
}

fn read(files: Vec<NamedFile>) -> Result<Vec<Digit>, String> {
    match open(files) {
        Ok(Opened::Digits(digits)) => Ok(digits),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

fn lines(text: &str) -> String {
    read(vec![file("a.jsonl", text)]).expect_err("it is no file of digits")
}

/// How much of two digits' ink differs, at most in one pixel.
fn difference(a: &Digit, b: &Digit) -> f32 {
    let (a, b) = (a.picture().expect("ink"), b.picture().expect("ink"));
    a.iter().zip(&b[..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[wasm_bindgen_test(unsupported = test)]
fn digits_come_back_from_each_format() {
    let digits = some();
    for (word, format) in DigitFormat::ALL {
        let saved = digits::write(format, &digits).expect("it can be written");
        let again = read(vec![saved]).expect("it can be read");
        assert_eq!(again.len(), digits.len(), "{word}");
        for a in &digits {
            let nearest = again.iter().filter(|b| b.label == a.label).map(|b| difference(a, b));
            assert!(nearest.fold(1.0, f32::min) < 0.25, "{word}, {}", a.label);
        }
        let merged = merge(&digits, again, 100);
        assert_eq!((merged.new.len(), merged.known), (0, 20), "{word}: none is added twice");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn any_drawing_is_known_again_and_no_other_is_taken_for_it() {
    let drawings: Vec<Digit> = (0..200).map(|at| drawn((at % 10) as u8, 100 + at)).collect();
    let saved = digits::write(DigitFormat::Strokes, &drawings).expect("it can be written");
    let again = read(vec![saved]).expect("it can be read");
    let merged = merge(&drawings, again, 100);
    assert_eq!((merged.new.len(), merged.known), (0, 200));
    let merged = merge(&[], drawings, 100);
    // Two ones that are a straight line each can be alike.
    assert!(merged.new.len() >= 195, "{} of 200 are drawings of their own", merged.new.len());
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_there_is_not_added_and_a_class_has_an_end() {
    let added = vec![drawn(3, 1), drawn(3, 2), drawn(3, 1), drawn(4, 1), drawn(3, 3)];
    let merged = merge(&[drawn(3, 2)], added, 2);
    let labels: Vec<u8> = merged.new.iter().map(|digit| digit.label).collect();
    assert_eq!((labels, merged.known, merged.left_out), (vec![3, 4], 2, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn other_peoples_files_are_read() {
    let line = r#"{"label":5,"source":"ced","strokes":[[[161,140],[157,247.5]],[[0,0],[1000,3]]]}"#;
    let text = format!("\u{feff}{line}\r\n\r\n{line}\n");
    let digits = read(vec![file("dev.jsonl", text)]).expect("it can be read");
    assert_eq!((digits.len(), digits[0].label), (2, 5));
    // The two files of MNIST, in the order in which a file dialog gives them.
    let saved = digits::write(DigitFormat::Idx, &some()).expect("it can be written");
    assert!(saved.name.ends_with(".zip"));
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28];
    images.resize(16 + 784, 9);
    let labels = [0, 0, 8, 1, 0, 0, 0, 1, 7];
    let both = || vec![file("t10k-labels", labels), file("t10k-images", images.clone())];
    assert_eq!(read(both()).expect("both are there")[0].label, 7);
    let alone = read(both()[1..].to_vec()).expect_err("labels are missing");
    assert_eq!(
        alone,
        "t10k-images is one of 1 IDX files of images and 0 of labels; choose both at once, or put them into one zip. \
         Nothing was added."
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_wrong_is_said_with_its_place() {
    let good = r#"{"label":5,"strokes":[[[0,0],[1,1]]]}"#;
    for (bad, why) in [
        ("{", "Line 2 of a.jsonl cannot be read (EOF"),
        (r#"{"strokes":[[[0,0]]]}"#, "missing field `label`"),
        (
            r#"{"label":12,"strokes":[[[0,0]]]}"#,
            "has the label 12; it should be a whole number from 0 to 9",
        ),
        (r#"{"label":-1,"strokes":[[[0,0]]]}"#, "has the label -1"),
        (r#"{"label":1.5,"strokes":[[[0,0]]]}"#, "has the label 1.5"),
        (r#"{"label":"A","strokes":[[[0,0]]]}"#, "cannot be read (invalid type: string"),
        (r#"{"label":1}"#, "has no strokes; it should look like"),
        (r#"{"label":1,"strokes":[]}"#, "has 0 strokes with 0 points"),
        (r#"{"label":1,"strokes":[[]]}"#, "has 1 strokes with 0 points"),
        (r#"{"label":1,"strokes":[[[1e9,0]]]}"#, "has a point that is too far off"),
        (r#"{"label":1,"strokes":[[[0]]]}"#, "cannot be read (invalid length 1"),
        (r#"{"label":1,"image":[1,2]}"#, "has an image of 2 pixels; it should have 28x28"),
    ] {
        let said = lines(&format!("{good}\n{bad}\n"));
        assert!(said.contains(why) && said.contains("Line 2 of a.jsonl"), "{said}");
        assert!(said.ends_with("Nothing was added."), "{said}");
    }
    assert!(lines("\n").contains("holds no digits"), "{}", lines("\n"));
    let png =
        |name: &str, bytes: &[u8]| read(vec![file(name, bytes)]).expect_err("it cannot be used");
    let said = png("five.png", b"\x89PNG\r\n\x1a\n");
    assert!(said.starts_with("five.png does not say which digit it is"), "{said}");
}

/// A small file of each kind, which is then damaged.
fn small() -> Vec<NamedFile> {
    let digits = [drawn(1, 1), some().swap_remove(4)];
    let mut files: Vec<_> = DigitFormat::ALL
        .map(|(_, format)| digits::write(format, &digits).expect("it can be written"))
        .into();
    files.push(archive::write(&everything(), "http://a/").expect("it can be written"));
    files
}

#[wasm_bindgen_test(unsupported = test)]
fn files_that_are_cut_short_or_changed_do_no_harm() {
    for whole in small() {
        let mut cut = whole.clone();
        while cut.bytes.pop().is_some() {
            if cut.bytes.len() < 4096 {
                let read = open(vec![cut.clone()]);
                // A file of lines may lose its last ones unseen.
                let lines = whole.name.ends_with("jsonl");
                assert!(read.is_err() || lines, "{}, {}", whole.name, cut.bytes.len());
            }
        }
        let mut changed = whole;
        for at in 0..changed.bytes.len().min(8192) {
            for flip in [0xff, 0x01] {
                changed.bytes[at] ^= flip;
                if let Ok(Opened::Digits(digits)) = open(vec![changed.clone()]) {
                    assert!(digits.iter().all(|digit| digit.picture().is_some()), "byte {at}");
                }
                changed.bytes[at] ^= flip;
            }
        }
    }
}

fn everything() -> Archive {
    let epoch = SavedEpoch {
        epoch: 1,
        minibatch: 2,
        test_loss: Some(0.5),
        test_accuracy: Some(0.9),
        ..SavedEpoch::default()
    };
    let run = SavedRun {
        name: String::from("Dense “128”"),
        link: String::from("#net=f,d10s&epochs=1"),
        parameters: 7850,
        minibatches_per_epoch: 2,
        epochs: vec![epoch],
        losses: vec![Some(2.25), None],
        accuracies: vec![Some(0.125), Some(0.1)],
        ..SavedRun::default()
    };
    Archive {
        settings: String::from("#epochs=3"),
        runs: vec![(run.clone(), vec![0.25; 7850]), (run, Vec::new())],
        digits: vec![some().swap_remove(4)],
        pinned: vec![some().swap_remove(5)],
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn everything_comes_back_from_one_file() {
    let saved = archive::write(&everything(), "http://a/").expect("it can be written");
    assert_eq!(saved.name, "inkling.zip");
    let Ok(Opened::Archive(again)) = open(vec![saved]) else { panic!("it can be read") };
    let numbers = |digits: &[Digit]| digits.iter().map(Digit::numbers).collect::<Vec<_>>();
    let close = |a: Vec<Vec<f32>>, b: Vec<Vec<f32>>| {
        a.concat().iter().zip(b.concat()).all(|(a, b)| (a - b).abs() < 0.01)
    };
    let expected = everything();
    assert!(close(numbers(&again.digits), numbers(&expected.digits)));
    assert!(close(numbers(&again.pinned), numbers(&expected.pinned)));
    assert_eq!((again.settings, again.runs), (expected.settings, expected.runs));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_does_not_fit_is_refused() {
    let refused = |change: fn(&mut Archive)| {
        let mut all = everything();
        change(&mut all);
        let saved = archive::write(&all, "").expect("it can be written");
        open(vec![saved]).map_or_else(|error| error.to_string(), |_| String::from("nothing"))
    };
    let said = refused(|all| all.runs[0].0.epochs.clear());
    assert!(said.starts_with("runs/001.json has 0 epochs"), "{said}");
    let said = refused(|all| all.runs[0].0.losses.clear());
    assert!(said.contains("0 losses and 2 accuracies"), "{said}");
    assert_eq!(refused(|_| {}), "nothing");
}
