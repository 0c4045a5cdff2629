//! Fine-tuning on one user's digits, with small networks.

use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Padding};
use inkling::data::{Digits, PIXELS};
use inkling::net::{Plan, init};
use inkling::protocol::{Tally, Trainable};
use inkling::train::fine_tune::{
    BATCH, FineTuneError, FineTuning, Mix, STEPS, UserDigits, trainable,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use wasm_bindgen_test::wasm_bindgen_test;

fn ending_in_the_head(layers: &[Layer]) -> Architecture {
    let head = Layer::Dense { units: 10, activation: Activation::Softmax };
    let layers = [layers, &[Layer::Flatten, head]].concat();
    Architecture { layers, ..Architecture::default() }
}

/// A convolution before the head.
fn small() -> Architecture {
    let convolution = Layer::Conv2D {
        filters: 2,
        kernel_size: 5,
        activation: Activation::Relu,
        padding: Padding::Valid,
    };
    ending_in_the_head(&[convolution, Layer::MaxPooling2D { pool_size: 4 }])
}

/// Place of the square for a label.
fn place(label: u8) -> usize {
    200 + 40 * usize::from(label)
}

/// Faint noise with a bright square that gives the class away.
fn mnist(count: usize) -> Digits {
    let mut rng = fastrand::Rng::with_seed(3);
    let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
    let mut images: Vec<u8> = (0..count * PIXELS).map(|_| rng.u8(0..20)).collect();
    for (image, &label) in images.chunks_mut(PIXELS).zip(&labels) {
        for corner in [0, 1, 28, 29] {
            image[place(label) + corner] = 255;
        }
    }
    Digits { images, labels }
}

/// The same in one user's handwriting; the last `held_out` digits are held out.
fn user_digits(labels: &[u8], held_out: usize) -> UserDigits {
    let mut images = vec![0.0; labels.len() * PIXELS];
    for (image, &label) in images.chunks_mut(PIXELS).zip(labels) {
        for corner in [0, 1, 2, 28, 29, 30] {
            image[place(label) + corner] = 1.0;
        }
    }
    UserDigits::new(images, labels.to_vec(), held_out).expect("digits with labels")
}

fn fresh(architecture: &Architecture) -> Vec<f32> {
    init::glorot_uniform(&Plan::new(architecture).expect("it can be built"), 5)
}

/// Fine-tunes to the end.
fn run(
    architecture: &Architecture,
    part: Trainable,
    user_digits: UserDigits,
    seed: u32,
) -> FineTuning {
    let (train, test) = (mnist(300), mnist(250));
    let parameters = fresh(architecture);
    let mut tuning =
        FineTuning::new(architecture, part, parameters, user_digits, train.len(), seed)
            .expect("it can be fine-tuned");
    let mut share = tuning.share(test.len());
    assert!(share.abs() < 1e-6, "{share}");
    while !tuning.advance(&train, &test).expect("nothing overflows") {
        let now = tuning.share(test.len());
        assert!(now >= share && now < 1.0, "{share} {now}");
        share = now;
    }
    assert!((tuning.share(test.len()) - 1.0).abs() < 1e-6);
    tuning
}

#[wasm_bindgen_test(unsupported = test)]
fn a_network_learns_the_hand_and_is_tested_before_and_after() {
    let architecture = ending_in_the_head(&[]);
    let (train, test) = (mnist(300), mnist(250));
    let zeros = vec![0.0; fresh(&architecture).len()];
    let user_digits = user_digits(&[1, 4, 1, 9, 4], 2);
    let mut tuning =
        FineTuning::new(&architecture, Trainable::All, zeros, user_digits, train.len(), 1)
            .expect("fits");
    while !tuning.advance(&train, &test).expect("nothing overflows") {}
    let [before, after] = tuning.tallies();
    // With all parameters zero, every digit is read as 0.
    assert_eq!(before.test, Tally { right: 25, images: 250 });
    assert_eq!(before.trained, Tally { right: 0, images: 3 });
    assert_eq!(before.held_out, Tally { right: 0, images: 2 });
    assert_eq!(after.trained, Tally { right: 3, images: 3 });
    assert_eq!((after.held_out.images, after.test.images), (2, 250));
    assert!(after.test.right > 200, "what is replayed is learnt, too: {:?}", after.test);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_head_alone_changes_nothing_before_it() {
    let architecture = small();
    let plan = Plan::new(&architecture).expect("it can be built");
    let head = trainable(&plan, Trainable::Head);
    let names: Vec<&str> = plan
        .parameters()
        .iter()
        .filter(|view| head.contains(&view.range.start))
        .map(|view| view.name.as_str())
        .collect();
    assert_eq!(names, ["dense/kernel", "dense/bias"]);
    assert_eq!(trainable(&plan, Trainable::All), 0..plan.parameter_count());

    let before = fresh(&architecture);
    let tuned = run(&architecture, Trainable::Head, user_digits(&[7], 0), 1);
    assert_eq!(tuned.parameters()[..head.start], before[..head.start]);
    assert_ne!(tuned.parameters()[head.clone()], before[head.clone()]);
    let tuned = run(&architecture, Trainable::All, user_digits(&[7], 0), 1);
    assert_ne!(tuned.parameters()[..head.start], before[..head.start]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_same_seed_gives_the_same_bits() {
    let bits = |seed| -> Vec<u32> {
        let tuned = run(&small(), Trainable::All, user_digits(&[2, 3, 5], 1), seed);
        tuned.parameters().iter().map(|parameter| parameter.to_bits()).collect()
    };
    assert_eq!(bits(4), bits(4));
    assert_ne!(bits(4), bits(5));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_cannot_be_fine_tuned_is_refused() {
    assert!(matches!(UserDigits::new(vec![], vec![], 0), Err(FineTuneError::Digits)));
    assert!(matches!(UserDigits::new(vec![0.0; PIXELS], vec![3], 1), Err(FineTuneError::Digits)));
    assert!(matches!(UserDigits::new(vec![0.0; PIXELS], vec![10], 0), Err(FineTuneError::Digits)));
    assert!(matches!(
        UserDigits::new(vec![0.0; PIXELS], vec![1, 2], 0),
        Err(FineTuneError::Digits)
    ));

    let architecture = small();
    let begin = |parameters, replay| {
        FineTuning::new(&architecture, Trainable::All, parameters, user_digits(&[1], 0), replay, 1)
            .err()
            .map(|error| error.to_string())
    };
    let good = fresh(&architecture);
    assert_eq!(begin(good.clone(), 10), None);
    assert!(begin(good[1..].to_vec(), 10).is_some_and(|why| why.contains("another network")));
    assert!(begin(good.clone(), 0).is_some_and(|why| why.contains("have not loaded yet")));
    let mut broken = good;
    broken[0] = f32::NAN;
    assert!(begin(broken, 10).is_some_and(|why| why.contains("overflowed")));
}

#[wasm_bindgen_test(unsupported = test)]
fn weights_that_overflow_on_the_way_are_no_outcome() {
    let architecture = ending_in_the_head(&[]);
    let huge = vec![f32::MAX; fresh(&architecture).len()];
    let (train, test) = (mnist(20), mnist(20));
    let mut tuning =
        FineTuning::new(&architecture, Trainable::All, huge, user_digits(&[1], 0), train.len(), 1)
            .expect("they are finite still");
    let outcome = (0..2 * STEPS).find_map(|_| tuning.advance(&train, &test).err());
    assert!(matches!(outcome, Some(FineTuneError::Overflow)), "{outcome:?}");
}

/// However many digits the user has, most of a minibatch is MNIST's, and every digit gets its turn.
#[wasm_bindgen_test(unsupported = test)]
fn a_mix_is_mostly_mnist_and_leaves_no_digit_out() {
    let cases = (any::<u32>(), 1_usize..200, 1_usize..60_000);
    let outcome = TestRunner::deterministic().run(&cases, |(seed, trained, replay)| {
        let (mut mix, mut again) =
            (Mix::new(seed, trained, replay), Mix::new(seed, trained, replay));
        let mut turns = vec![0_u32; trained];
        for _ in 0..STEPS {
            let (replayed, user_digits) = mix.minibatch();
            prop_assert_eq!(&again.minibatch(), &(replayed.clone(), user_digits.clone()));
            prop_assert_eq!(replayed.len() + user_digits.len(), BATCH);
            prop_assert!(!user_digits.is_empty() && replayed.len() >= 3 * BATCH / 4);
            prop_assert!(replayed.iter().all(|&image| image < replay));
            for digit in user_digits {
                turns[digit] += 1;
            }
        }
        let (fewest, most) = (turns.iter().min(), turns.iter().max());
        prop_assert!(fewest > Some(&0) && most <= fewest.map(|n| n + 1).as_ref(), "{:?}", turns);
        Ok(())
    });
    outcome.expect("every mix is sound");
}
