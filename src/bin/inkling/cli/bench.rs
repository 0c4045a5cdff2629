//! `inkling bench`: training and prediction, on one thread.

use std::hint::black_box;
use std::time::Instant;

use anyhow::ensure;
use inkling::data::PIXELS;
use inkling::ink::{self, Drawing, Point};
use inkling::net::{Architecture, Network, init};
use inkling::protocol;
use inkling::train::gradient::{SHARDS, Share, Sums};
use inkling::train::optimizer::Optimizer;

use super::mnist::Source;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Seconds for each figure
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let digits = arguments.source.test()?;
    ensure!(digits.len() >= 1000, "MNIST's test set has 10,000 digits");
    let mut network = Network::new(&Architecture::default())?;
    let mut parameters = init::glorot_uniform(network.plan(), 1);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for batch_size in [32, 128] {
        let mut optimizer = Optimizer::new(protocol::Optimizer::ADAM, parameters.len());
        let mut sums = Sums::new(parameters.len());
        let mut first = 0;
        let seconds = time(arguments.seconds, || {
            first = (first + batch_size) % (digits.len() - batch_size);
            digits.gather(first..first + batch_size, &mut images, &mut labels);
            network.load(&parameters);
            let minibatch = Share::whole(&images, &labels, 0);
            sums.begin(labels.len());
            for shard in 0..SHARDS {
                minibatch.gradient(&mut network, shard, &mut sums);
            }
            optimizer.step(1e-3, &mut parameters, sums.total());
        });
        println!("training, batch {batch_size:>3}: {:>6.0} images/s", batch_size as f64 / seconds);
    }
    digits.gather(0..1000, &mut images, &mut labels);
    network.load(&parameters);
    let mut next = images.as_chunks::<PIXELS>().0.iter().cycle();
    let seconds = time(arguments.seconds, || {
        if let Some(image) = next.next() {
            black_box(network.probabilities(image));
        }
    });
    println!("prediction: {:.1} microseconds", 1e6 * seconds);
    let eight = eight(200);
    let seconds = time(arguments.seconds, || {
        black_box(ink::picture(&eight));
    });
    println!("picture of a drawing of 200 points: {:.1} microseconds", 1e6 * seconds);
    Ok(())
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

/// Seconds that one call takes: the median over slices of the given time, after a warm-up.
fn time(total: f64, mut call: impl FnMut()) -> f64 {
    let mut slice = |seconds: f64| {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed().as_secs_f64() < seconds {
            call();
            calls += 1;
        }
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    slice(total / 10.0);
    let mut slices: Vec<f64> = (0..9).map(|_| slice(total / 10.0)).collect();
    slices.sort_by(f64::total_cmp);
    slices[slices.len() / 2]
}
