//! What the hand writes is read as what it meant.

use inkling::checkpoint;
use inkling::config::Architecture;
use inkling::ink::strokes::Stroke;
use inkling::ink::{Drawing, Point, hand, picture};
use inkling::net::Network;
use inkling::net::doubt::{ARCHITECTURE, Doubt};
use inkling::net::loss::argmax;
use wasm_bindgen_test::wasm_bindgen_test;

const WEIGHTS: &[u8] = include_bytes!("../../www/assets/weights.safetensors");

const DOUBT: &[u8] = include_bytes!("../../www/assets/doubt.safetensors");

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

#[wasm_bindgen_test(unsupported = test)]
fn it_is_taken_for_digits_and_letters_are_not() {
    let architecture: Architecture = ARCHITECTURE.parse().expect("it can be written so");
    let network = Network::new(&architecture).expect("it can be built");
    let weights = checkpoint::load(DOUBT, network.plan()).expect("they are its");
    let mut doubt = Doubt::new(&weights).expect("they are its");
    let digits = (0..10).flat_map(|digit| (0..SEEDS).map(move |seed| hand::write(digit, seed)));
    let raised = digits.filter(|strokes| {
        let picture = picture(&Drawing::of(strokes.clone())).expect("there is ink");
        doubt.is_raised_by(&picture)
    });
    assert!(raised.count() as u64 <= 10 * SEEDS / 100);
    let line = |ends: [(f32, f32); 2]| -> Stroke {
        let [(ax, ay), (bx, by)] = ends;
        let at = |i: u8| {
            let share = f32::from(i) / 20.0;
            Point { x: ax + share * (bx - ax), y: ay + share * (by - ay) }
        };
        (0..=20).map(at).collect()
    };
    let letters = [
        vec![[(0.3, 0.2), (0.3, 0.8)], [(0.7, 0.2), (0.7, 0.8)], [(0.3, 0.5), (0.7, 0.5)]],
        vec![[(0.3, 0.8), (0.5, 0.2)], [(0.5, 0.2), (0.7, 0.8)], [(0.4, 0.6), (0.6, 0.6)]],
        vec![[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]],
    ];
    for letter in letters {
        let drawing = Drawing::of(letter.iter().copied().map(line));
        assert!(doubt.is_raised_by(&picture(&drawing).expect("there is ink")), "{letter:?}");
    }
}
