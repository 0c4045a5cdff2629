//! The same numbers as real Keras, written by `tests/fixtures/generate.py`.
//!
//! Both compute in `f32` with sums in different orders, which limits how close they can be.

use inkling::config::architecture::{Activation, Layer, Padding, Shape};
use inkling::config::{Architecture, Form, Optimizer, Schedule, TrainConfig};
use inkling::net::{Network, Plan, loss};
use inkling::train::gradient::{MinibatchPart, SHARDS, Sums};
use inkling::train::optimizer::OptimizerState;
use inkling::train::schedule::learning_rate;
use inkling::train::session::Session;
use safetensors::SafeTensors;
use wasm_bindgen_test::wasm_bindgen_test;

const REFERENCE: &[u8] = include_bytes!("../fixtures/reference.safetensors");
const LAYERS: &[u8] = include_bytes!("../fixtures/layers.safetensors");
const SCHEDULES: &[u8] = include_bytes!("../fixtures/schedules.safetensors");

/// Largest absolute differences allowed, about five times those seen.
const LOGITS: f32 = 2e-6;
/// Of losses around 2.
const LOSS: f32 = 1e-6;
/// Of gradients up to 0.2.
const GRADIENT: f32 = 2e-7;
/// Of losses during ten steps.
const LATER_LOSS: f32 = 1e-5;
/// Of parameters after ten steps, which changed them by 0.01 and more.
const PARAMETER: f32 = 2e-6;

/// The layers of `model_of_other_layers` in the generator.
fn other_layers() -> Architecture {
    let conv = |filters, kernel_size, activation| Layer::Conv2D {
        filters,
        kernel_size,
        activation,
        padding: Padding::Same,
    };
    Architecture {
        input: Shape { height: 13, width: 11, channels: 2 },
        layers: vec![
            conv(5, 5, Activation::Linear),
            Layer::AveragePooling2D { pool_size: 2 },
            conv(6, 4, Activation::Relu),
            Layer::MaxPooling2D { pool_size: 3 },
            Layer::Flatten,
            Layer::Dense { units: 9, activation: Activation::Relu },
            Layer::Dropout { rate: 0.0 },
            Layer::Dense { units: 10, activation: Activation::Softmax },
        ],
    }
}

/// A model's fixture file.
struct Fixture {
    tensors: SafeTensors<'static>,
    plan: Plan,
    network: Network,
    images: Vec<f32>,
    labels: Vec<u8>,
}

fn open(file: &'static [u8]) -> SafeTensors<'static> {
    SafeTensors::deserialize(file).expect("the generator wrote it")
}

fn numbers(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let (numbers, _) = tensors.tensor(name).expect("the generator wrote it").data().as_chunks();
    numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

impl Fixture {
    fn new(file: &'static [u8], architecture: &Architecture) -> Self {
        let tensors = open(file);
        let bytes = |name| tensors.tensor(name).expect("the generator wrote it").data();
        let network = Network::new(architecture).expect("Keras could build it");
        Self {
            images: bytes("images").iter().map(|&pixel| f32::from(pixel) / 255.0).collect(),
            labels: bytes("labels").to_vec(),
            plan: network.plan().clone(),
            network,
            tensors,
        }
    }

    /// The tensors of all parameters, in the plan's order.
    fn parameters(&self, prefix: &str) -> Vec<f32> {
        let mut parameters = Vec::new();
        for view in self.plan.parameters() {
            let name = format!("{prefix}/{}", view.name);
            let tensor = self.tensors.tensor(&name).expect("Keras has the same layers");
            assert_eq!(tensor.shape(), view.shape, "{name}");
            parameters.extend(numbers(&self.tensors, &name));
        }
        assert_eq!(parameters.len(), self.plan.parameter_count());
        parameters
    }

    /// Mean loss and its gradient, computed in shards as in training.
    fn gradient(&mut self, parameters: &[f32]) -> (f32, Vec<f32>) {
        self.network.load(parameters);
        let minibatch = MinibatchPart::whole(&self.images, &self.labels, 0);
        let mut sums = Sums::new(parameters.len());
        sums.begin(self.labels.len());
        let mut score = inkling::net::loss::Score::default();
        for shard in 0..SHARDS {
            score += minibatch.gradient(&mut self.network, shard, &mut sums);
        }
        (score.mean_loss(), sums.total().to_vec())
    }

    fn check_first_step(&mut self) {
        let initial = self.parameters("initial");
        self.network.load(&initial);
        let logits = self.network.logits(&self.images);
        assert_close(&logits, &numbers(&self.tensors, "logits"), LOGITS, "logits");
        let mut probabilities = vec![7.0];
        let score = self.network.evaluate(&self.images, &self.labels, &mut probabilities);
        assert_eq!(probabilities.remove(0), 7.0, "what was there stays");
        let mut softmax = logits;
        for row in softmax.chunks_exact_mut(self.network.plan().classes()) {
            loss::softmax(row);
        }
        assert_eq!(probabilities, softmax);
        let (loss, gradient) = self.gradient(&initial);
        let expected = numbers(&self.tensors, "adam/losses")[0];
        assert_close(&[score.mean_loss(), loss], &[expected, expected], LOSS, "loss");
        let expected = self.parameters("gradients");
        for view in self.plan.parameters() {
            let range = view.range.clone();
            assert_close(&gradient[range.clone()], &expected[range], GRADIENT, &view.name);
        }
    }

    /// Compares ten steps: each loss, and the parameters at the end.
    fn check_steps(&mut self, name: &str, kind: Optimizer, rate: f32) {
        let losses = numbers(&self.tensors, &format!("{name}/losses"));
        let mut parameters = self.parameters("initial");
        let mut optimizer = OptimizerState::new(kind, parameters.len());
        let mut ours = Vec::new();
        for _ in 1..losses.len() {
            let (loss, gradient) = self.gradient(&parameters);
            ours.push(loss);
            optimizer.step(rate, &mut parameters, &gradient);
        }
        ours.push(self.gradient(&parameters).0);
        assert_close(&ours, &losses, LATER_LOSS, &format!("{name} losses"));
        self.check_after(name, &parameters);
    }

    fn check_after(&self, name: &str, parameters: &[f32]) {
        let expected = self.parameters(&format!("{name}/after"));
        for view in self.plan.parameters() {
            let range = view.range.clone();
            let what = format!("{} after {name}", view.name);
            assert_close(&parameters[range.clone()], &expected[range], PARAMETER, &what);
        }
    }
}

#[track_caller]
fn assert_close(ours: &[f32], keras: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), keras.len(), "{what}: length");
    for (i, (a, b)) in ours.iter().zip(keras).enumerate() {
        // Written so that NaN fails.
        assert!((a - b).abs() <= tolerance, "{what}[{i}]: {a} is not {b}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_reference_model_gives_keras_logits_loss_and_gradients() {
    Fixture::new(REFERENCE, &Architecture::default()).check_first_step();
}

#[wasm_bindgen_test(unsupported = test)]
fn ten_adam_steps_lead_the_reference_model_where_keras_goes() {
    let mut fixture = Fixture::new(REFERENCE, &Architecture::default());
    fixture.check_steps("adam", Optimizer::ADAM, 0.001);
}

#[wasm_bindgen_test(unsupported = test)]
fn every_other_layer_gives_keras_logits_loss_and_gradients() {
    Fixture::new(LAYERS, &other_layers()).check_first_step();
}

#[wasm_bindgen_test(unsupported = test)]
fn ten_steps_of_every_optimizer_lead_where_keras_goes() {
    let mut fixture = Fixture::new(LAYERS, &other_layers());
    fixture.check_steps("adam", Optimizer::ADAM, 0.001);
    fixture.check_steps("sgd", Optimizer::SGD, 0.01);
    fixture.check_steps("rmsprop", Optimizer::RMS_PROP, 0.001);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_moving_average_of_ten_steps_is_what_keras_ends_with() {
    let mut fixture = Fixture::new(LAYERS, &other_layers());
    let initial = fixture.parameters("initial");
    // Small enough to apply from the second step on.
    let settings = TrainConfig { ema_momentum: 0.1, ..Form::default().settings };
    let mut session = Session::new(settings, 9, initial);
    for _ in 0..10 {
        let (_, gradient) = fixture.gradient(session.parameters());
        session.learn(&gradient);
    }
    fixture.check_after("ema", session.averaged());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_cosine_schedule_is_keras_cosine_decay() {
    let keras = numbers(&open(SCHEDULES), "cosine");
    let steps = keras.len() as u32 - 1;
    let ours: Vec<f32> =
        (0..=steps).map(|step| learning_rate(Schedule::Cosine, 0.003, step, steps)).collect();
    assert_close(&ours, &keras, 1e-9, "cosine");
}
