//! Confusion matrix, precision, recall and F1: against scikit-learn and against a naive count.

use inkling::net::metrics::{ClassScore, Confusion};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use wasm_bindgen_test::wasm_bindgen_test;

/// Answers as probabilities.
fn probabilities(answers: &[u8], classes: usize) -> Vec<f32> {
    let mut rows = vec![0.1; answers.len() * classes];
    for (row, &answer) in rows.chunks_exact_mut(classes).zip(answers) {
        row[usize::from(answer)] = 0.6;
    }
    rows
}

fn confusion(labels: &[u8], answers: &[u8], classes: usize) -> Confusion {
    Confusion::of(&probabilities(answers, classes), labels, classes)
}

fn numbers(score: ClassScore) -> [f32; 3] {
    [score.precision, score.recall, score.f1]
}

fn close(a: [f32; 3], b: [f32; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
}

/// Output of scikit-learn's `confusion_matrix` and `precision_recall_fscore_support` with
/// `labels=range(5)` and `zero_division=0`. No image is of class 4.
#[wasm_bindgen_test(unsupported = test)]
fn as_scikit_learn_has_them() {
    let labels = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 0];
    let answers = [0, 0, 1, 1, 4, 2, 2, 0, 2, 3, 2, 0];
    let matrix =
        [[3, 1, 0, 0, 0], [0, 1, 0, 0, 1], [1, 0, 3, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]];
    let scores = [
        [0.75, 0.75, 0.75],
        [0.5, 0.5, 0.5],
        [0.75, 0.75, 0.75],
        [1.0, 0.5, 2.0 / 3.0],
        [0.0, 0.0, 0.0],
    ];
    let confusion = confusion(&labels, &answers, 5);
    for (label, row) in matrix.iter().enumerate() {
        for (answer, &count) in row.iter().enumerate() {
            assert_eq!(confusion.count(label, answer), count, "{label} as {answer}");
        }
        assert_eq!(numbers(confusion.score(label)), scores[label], "class {label}");
    }
    assert!(close(numbers(confusion.macro_mean()), [0.6, 0.5, 0.533_333_3]));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_no_number_or_no_class_breaks_nothing() {
    let overflown = Confusion::of(&[f32::NAN; 6], &[0, 2], 3);
    assert_eq!((overflown.count(0, 0), overflown.count(2, 0)), (1, 1), "the first class answers");
    let unknown = Confusion::of(&[0.0, 1.0, 0.0, 1.0], &[9, 1], 2);
    assert_eq!((unknown.count(1, 1), unknown.images(0)), (1, 0), "an unknown label is left out");
    assert_eq!(numbers(Confusion::of(&[], &[], 2).macro_mean()), [0.0; 3]);
}

#[wasm_bindgen_test(unsupported = test)]
fn as_a_naive_count_has_them() {
    const CLASSES: usize = 4;
    let pairs = prop::collection::vec((0..CLASSES as u8, 0..CLASSES as u8), 1..60);
    let result = TestRunner::deterministic().run(&pairs, |pairs| {
        let (labels, answers): (Vec<u8>, Vec<u8>) = pairs.iter().copied().unzip();
        let confusion = confusion(&labels, &answers, CLASSES);
        let turned = self::confusion(&answers, &labels, CLASSES);
        let mut mean = [0.0; 3];
        for class in 0..CLASSES {
            let of = |label: bool, answer: bool| {
                let is = |digit: u8| usize::from(digit) == class;
                pairs.iter().filter(|(l, a)| is(*l) == label && is(*a) == answer).count() as f32
            };
            let (right, missed, wrongly) = (of(true, true), of(true, false), of(false, true));
            let share = |part: f32, whole: f32| if whole == 0.0 { 0.0 } else { part / whole };
            let (precision, recall) = (share(right, right + wrongly), share(right, right + missed));
            let f1 = share(2.0 * precision * recall, precision + recall);
            let naive = [precision, recall, f1];
            let score = numbers(confusion.score(class));
            prop_assert!(close(score, naive), "class {class}: {score:?}, not {naive:?}");
            (0..3).for_each(|i| mean[i] += naive[i] / CLASSES as f32);

            // Exchanging labels and answers exchanges precision and recall.
            let [precision, recall, f1] = numbers(turned.score(class));
            prop_assert!(close(score, [recall, precision, f1]));
            prop_assert_eq!(confusion.images(class), turned.answers(class));
        }
        prop_assert!(close(numbers(confusion.macro_mean()), mean));
        let images: u32 = (0..CLASSES).map(|class| confusion.images(class)).sum();
        let answers: u32 = (0..CLASSES).map(|class| confusion.answers(class)).sum();
        prop_assert_eq!((images as usize, answers as usize), (pairs.len(), pairs.len()));
        Ok(())
    });
    result.expect("holds for all labels and answers");
}

/// With every answer right everything is 1; with always the same answer, only that class is ever
/// found.
#[wasm_bindgen_test(unsupported = test)]
fn extremes() {
    let labels = [0, 1, 2, 0, 1, 2];
    assert!(close(numbers(confusion(&labels, &labels, 3).macro_mean()), [1.0; 3]));
    let same = confusion(&labels, &[1; 6], 3);
    assert!(close(numbers(same.score(1)), [1.0 / 3.0, 1.0, 0.5]));
    assert_eq!(numbers(same.score(0)), [0.0; 3]);
}
