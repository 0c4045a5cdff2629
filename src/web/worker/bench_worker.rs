//! A worker that measures the trainer's program in this browser, for the benchmark.

use std::collections::BTreeMap;
use std::hint::black_box;

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use super::error::WorkerError;
use crate::config::{Architecture, Optimizer};
use crate::kernels::peak;
use crate::net::network::Shard;
use crate::net::phase::StepPhase;
use crate::net::plan::{Planned, Step};
use crate::net::{Network, Plan, init};
use crate::protocol::bench_worker::{BenchReply, BenchRequest};
use crate::train::gradient::{SHARDS, Sums, images_of};
use crate::train::optimizer::OptimizerState;
use crate::web::port::{self, PortError};

/// The worker's name, which makes it a bench worker.
pub(super) const BENCH_WORKER: &str = "bench-worker";

/// Rounds of multiply-adds between two readings of the clock: a few milliseconds.
const ROUNDS: usize = 1_000_000;

/// Starts listening; requests are received from [`BenchReply::Ready`] on. Errors are thrown.
pub(super) fn start(scope: DedicatedWorkerGlobalScope) -> Result<(), WorkerError> {
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    let answering = scope.clone();
    port::listen(&scope, move |asked: Result<(BenchRequest, Vec<Float32Array>), PortError>| {
        let done = asked
            .map_err(WorkerError::from)
            .and_then(|(measure, arrays)| answer(&answering, &clock, measure, &arrays));
        if let Err(error) = done {
            wasm_bindgen::throw_val(JsError::from(error).into());
        }
    });
    Ok(port::reply(&scope, &BenchReply::Ready, &[])?)
}

fn answer(
    scope: &DedicatedWorkerGlobalScope,
    clock: &Performance,
    measure: BenchRequest,
    arrays: &[Float32Array],
) -> Result<(), WorkerError> {
    match measure {
        BenchRequest::Peak { milliseconds } => {
            let multiply_adds_per_second = peak(clock, milliseconds);
            Ok(port::reply(scope, &BenchReply::Peak { multiply_adds_per_second }, &[])?)
        }
        BenchRequest::Steps { milliseconds, batch_size } => {
            let [images, labels] = arrays else { return Err(WorkerError::Job) };
            let labels = labels.to_vec().into_iter().map(|label| label as u8).collect();
            let architecture = Architecture::default();
            let mut steps = Steps::new(&architecture, images.to_vec(), labels, batch_size)?;
            steps.run(clock, milliseconds);
            steps.spent.clear();
            let trained = steps.run(clock, milliseconds);
            let (parts, times): (Vec<String>, Vec<f32>) = steps
                .spent
                .iter()
                .map(|(part, spent)| {
                    (part.name(steps.network.plan()), (1000.0 * spent / trained) as f32)
                })
                .unzip();
            let measured = BenchReply::Steps {
                parts,
                forward_multiply_adds: architecture.multiply_adds()?,
                training_multiply_adds: architecture.training_multiply_adds()?,
            };
            Ok(port::reply(scope, &measured, &[port::array(&times)])?)
        }
    }
}

/// Multiply-adds a second.
fn peak(clock: &Performance, milliseconds: f64) -> f64 {
    let run = || {
        let start = clock.now();
        let mut done = 0.0;
        while clock.now() - start < milliseconds {
            black_box(peak::multiply_adds(ROUNDS, black_box(0.999), black_box(0.001)));
            done += (ROUNDS * peak::ROUND) as f64;
        }
        1000.0 * done / (clock.now() - start)
    };
    run();
    run()
}

/// Training steps, timed.
struct Steps {
    network: Network,
    optimizer: OptimizerState,
    parameters: Vec<f32>,
    /// `[SHARDS][parameters]`
    sums: Sums,
    /// `[images][pixels]`, and each one's class.
    images: Vec<f32>,
    labels: Vec<u8>,
    batch_size: usize,
    /// First image of the next minibatch.
    next: usize,
    /// Milliseconds spent in each part.
    spent: BTreeMap<StepPart, f64>,
}

/// Part of a training step, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StepPart {
    /// Arranging parameters for the kernels.
    Packing,
    /// A step of the plan.
    Network(StepPhase, usize),
    /// Adding up the shards' gradients.
    Sum,
    Adam,
}

impl StepPart {
    fn name(self, plan: &Plan) -> String {
        let (phase, index) = match self {
            Self::Packing => return String::from("arrange the parameters"),
            Self::Sum => return String::from("sum of the shards"),
            Self::Adam => return String::from("Adam"),
            Self::Network(phase, index) => (phase, index),
        };
        let phase = match phase {
            StepPhase::Forward => "forward",
            StepPhase::Loss => return String::from("loss"),
            StepPhase::NonzeroGradient => "list of nonzero gradients",
            StepPhase::WeightGradient => "parameter gradient",
            StepPhase::InputGradient => "input gradient",
        };
        let kind = |planned: &Planned| match planned.step {
            Step::Pad(_) => "pad",
            Step::Conv2D { .. } => "Conv2D",
            Step::MaxPooling2D(_) => "MaxPooling2D",
            Step::AveragePooling2D(_) => "AveragePooling2D",
            Step::Flatten { .. } => "Flatten",
            Step::Dense { .. } => "Dense",
            Step::Dropout { .. } => "Dropout",
        };
        let steps = plan.steps();
        let own = kind(&steps[index]);
        let number = steps[..=index].iter().filter(|&step| kind(step) == own).count();
        format!("{own} {number}, {phase}")
    }
}

/// Times each part that follows the one before.
struct Watch<'a> {
    clock: &'a Performance,
    last: f64,
    spent: &'a mut BTreeMap<StepPart, f64>,
}

impl Watch<'_> {
    fn note(&mut self, part: StepPart) {
        let now = self.clock.now();
        *self.spent.entry(part).or_default() += now - std::mem::replace(&mut self.last, now);
    }
}

impl Steps {
    fn new(
        architecture: &Architecture,
        images: Vec<f32>,
        labels: Vec<u8>,
        batch_size: usize,
    ) -> Result<Self, WorkerError> {
        let network = Network::new(architecture)?;
        let pixels = network.plan().input().size();
        if batch_size == 0 || labels.len() < batch_size || images.len() != labels.len() * pixels {
            return Err(WorkerError::Job);
        }
        let parameters = init::glorot_uniform(network.plan(), 1);
        let optimizer = OptimizerState::new(Optimizer::ADAM, parameters.len());
        let sums = Sums::new(parameters.len());
        let spent = BTreeMap::new();
        Ok(Self {
            network,
            optimizer,
            parameters,
            sums,
            images,
            labels,
            batch_size,
            next: 0,
            spent,
        })
    }

    /// Trains for `milliseconds`; returns the number of images.
    fn run(&mut self, clock: &Performance, milliseconds: f64) -> f64 {
        let start = clock.now();
        let mut images = 0.0;
        while clock.now() - start < milliseconds {
            self.step(clock);
            images += self.batch_size as f64;
        }
        images
    }

    /// One minibatch, computed as the trainer does without helpers. Not inlined for the same reason as
    /// [`peak::multiply_adds`].
    #[inline(never)]
    fn step(&mut self, clock: &Performance) {
        if self.next + self.batch_size > self.labels.len() {
            self.next = 0;
        }
        let first = self.next;
        self.next += self.batch_size;
        let pixels = self.network.plan().input().size();
        let mut watch = Watch { clock, last: clock.now(), spent: &mut self.spent };
        self.network.load(&self.parameters);
        watch.note(StepPart::Packing);
        self.sums.begin(self.batch_size);
        for index in 0..SHARDS {
            let part = images_of(self.batch_size, &(index..index + 1));
            if part.is_empty() {
                continue;
            }
            let part = first + part.start..first + part.end;
            let shard = Shard {
                images: &self.images[part.start * pixels..part.end * pixels],
                labels: &self.labels[part],
                scale: 1.0 / self.batch_size as f32,
                rng_seed: 0,
                label_smoothing: 0.0,
            };
            let network = &mut self.network;
            self.sums.add(index..index + 1, |leaf| {
                network.gradient_in_parts(shard, leaf, &mut |step, phase| {
                    watch.note(StepPart::Network(phase, step));
                })
            });
            watch.note(StepPart::Sum);
        }
        self.optimizer.step(1e-3, &mut self.parameters, self.sums.total());
        watch.note(StepPart::Adam);
    }
}
