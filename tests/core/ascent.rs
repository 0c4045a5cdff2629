//! Ask it's questions, put to the shipped network.

use inkling::checkpoint;
use inkling::config::Architecture;
use inkling::data::{CLASSES, PIXELS};
use inkling::ink::{self, Drawing, hand};
use inkling::net::ascent::{Ascent, Goal};
use inkling::net::trace::Trace;
use inkling::net::{Network, Plan};
use wasm_bindgen_test::wasm_bindgen_test;

fn shipped() -> (Network, Vec<f32>) {
    let architecture = Architecture::default();
    let plan = Plan::new(&architecture).expect("it can be built");
    let file = include_bytes!("../../www/assets/weights.safetensors");
    let parameters = checkpoint::load(file, &plan).expect("it can be read");
    let mut network = Network::new(&architecture).expect("it can be built");
    network.load(&parameters);
    (network, parameters)
}

fn run(mut ascent: Ascent, parameters: &[f32]) -> Ascent {
    let mut trace = Trace::new(&Architecture::default()).expect("it can be built");
    while !ascent.is_done() {
        ascent.step(&mut trace, parameters);
        assert!(ascent.image().iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    }
    ascent
}

fn size(change: &[f32]) -> f32 {
    change.iter().map(|by| by.abs()).sum()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_typical_digit_is_taken_for_it() {
    let (mut network, parameters) = shipped();
    for class in 0..CLASSES {
        let ascent = run(Ascent::new(Goal::Typical(class), &[0.0; PIXELS]), &parameters);
        let sure = network.probabilities(ascent.image())[class];
        let ink: f32 = ascent.image().iter().sum();
        assert!(sure > 0.9, "a {class} is read with {sure}");
        assert!((20.0..400.0).contains(&ink), "a {class} of {ink} pixels' ink");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_small_change_makes_another_digit() {
    let (mut network, parameters) = shipped();
    for (digit, class) in [(7, 9), (1, 7), (3, 8), (5, 6), (4, 9), (0, 2)] {
        let drawing = Drawing::of(hand::write(digit, 1));
        let picture = ink::picture(&drawing).expect("a digit");
        let ascent = run(Ascent::new(Goal::Change(class), &picture), &parameters);
        assert!(ascent.is_found(), "no way from {digit} to {class}");
        let sure = network.probabilities(ascent.image())[class];
        assert!(sure > 0.5, "a {digit} changed to {class} is read with {sure}");
        let (by, ink) = (size(&ascent.change()), picture.iter().sum::<f32>());
        assert!(by < 0.8 * ink, "{digit} to {class}: a change of {by}, of {ink}");
        assert!(ascent.on_the_way(0.0) == picture);
        let close = ascent.on_the_way(1.0).into_iter().zip(ascent.image());
        assert!(close.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_that_digit_already_needs_no_change() {
    let (_, parameters) = shipped();
    let picture = ink::picture(&Drawing::of(hand::write(3, 1))).expect("a digit");
    let ascent = run(Ascent::new(Goal::Change(3), &picture), &parameters);
    assert!(ascent.is_found());
    assert_eq!(size(&ascent.change()), 0.0);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_network_of_zeros_has_no_answer_and_comes_to_an_end() {
    let (_, parameters) = shipped();
    let picture = ink::picture(&Drawing::of(hand::write(3, 1))).expect("a digit");
    for weight in [0.0, f32::NAN] {
        let ascent = Ascent::new(Goal::Change(5), &picture);
        let ascent = run(ascent, &vec![weight; parameters.len()]);
        assert!(!ascent.is_found() && ascent.image() == picture);
    }
}
