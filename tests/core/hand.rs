//! What the hand writes is read as what it meant.

use inkling::checkpoint;
use inkling::config::Architecture;
use inkling::ink::{Drawing, hand, picture};
use inkling::net::Network;
use inkling::net::loss::argmax;
use wasm_bindgen_test::wasm_bindgen_test;

const WEIGHTS: &[u8] = include_bytes!("../../www/assets/weights.safetensors");

/// Seeds that each digit is written with.
const SEEDS: u64 = 60;

#[wasm_bindgen_test(unsupported = test)]
fn the_shipped_weights_read_what_the_hand_writes() {
    let mut network = Network::new(&Architecture::default()).expect("the default can be built");
    let weights = checkpoint::load(WEIGHTS, network.plan()).expect("they are the default's");
    network.load(&weights);
    let mut misread = Vec::new();
    for digit in 0..10 {
        for seed in 0..SEEDS {
            let drawing = Drawing::of(hand::write(digit, seed));
            let picture = picture(&drawing).expect("there is ink");
            let read = argmax(network.probabilities(&picture));
            if read != usize::from(digit) {
                misread.push((digit, seed, read));
            }
        }
    }
    assert!(misread.len() as u64 <= 10 * SEEDS / 100, "digit, seed, read as: {misread:?}");
}

#[wasm_bindgen_test(unsupported = test)]
fn it_stays_on_the_pad_and_never_writes_the_same_twice() {
    for digit in 0..10 {
        for seed in 0..SEEDS {
            let strokes = hand::write(digit, seed);
            let on_pad = |x: f32| (0.04..0.96).contains(&x);
            let points = strokes.iter().flatten();
            assert!(points.clone().all(|point| on_pad(point.x) && on_pad(point.y)));
            assert_ne!(strokes, hand::write(digit, seed + 1));
            assert_eq!(strokes, hand::write(digit, seed));
        }
    }
}
