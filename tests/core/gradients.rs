//! Every layer's gradient against central differences of the naive loss in `f64`, over random models.

use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Padding, Shape};
use inkling::net::network::Shard;
use inkling::net::{Network, init};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::naive;

/// Half the distance of a difference: small, so that a relu or a maximum hardly ever changes sides
/// within it, and large enough for `f64`, whose rounding changes the quotient by 1e-9.
const STEP: f64 = 1e-7;

/// Largest difference allowed, relative to the gradient and, near zero, absolute.
const TOLERANCE: f64 = 5e-6;

/// Parameters of each model that are changed one by one.
const SAMPLES: usize = 30;

fn widen(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

fn convolution() -> impl Strategy<Value = Layer> {
    (1..=9usize, 1..=7usize, any::<bool>(), any::<bool>()).prop_map(
        |(filters, kernel_size, relu, same)| Layer::Conv2D {
            filters,
            kernel_size,
            activation: if relu { Activation::Relu } else { Activation::Linear },
            padding: if same { Padding::Same } else { Padding::Valid },
        },
    )
}

fn map_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        4 => convolution(),
        2 => (1..=4usize).prop_map(|pool_size| Layer::MaxPooling2D { pool_size }),
        1 => (1..=4usize).prop_map(|pool_size| Layer::AveragePooling2D { pool_size }),
        1 => Just(Layer::Dropout { rate: 0.0 }),
    ]
}

fn hidden_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        3 => (1..=13usize, any::<bool>()).prop_map(|(units, relu)| Layer::Dense {
            units,
            activation: if relu { Activation::Relu } else { Activation::Linear },
        }),
        1 => Just(Layer::Dropout { rate: 0.0 }),
    ]
}

/// Any model that can be built: layers that do not fit are left out.
pub(crate) fn architecture() -> impl Strategy<Value = Architecture> {
    let input = (1..=12usize, 1..=12usize, 1..=4usize);
    let maps = prop::collection::vec(map_layer(), 0..=4);
    let hidden = prop::collection::vec(hidden_layer(), 0..=2);
    (input, maps, hidden).prop_map(|((height, width, channels), maps, hidden)| {
        let input = Shape { height, width, channels };
        let last = Layer::Dense { units: 10, activation: Activation::Softmax };
        let mut layers = Vec::new();
        for layer in maps {
            layers.push(layer);
            let whole = [layers.as_slice(), &[Layer::Flatten, last]].concat();
            if (Architecture { input, layers: whole }).shapes().is_err() {
                layers.pop();
            }
        }
        layers.push(Layer::Flatten);
        layers.extend(hidden);
        layers.push(last);
        Architecture { input, layers }
    })
}

/// A model, its parameters and a minibatch.
struct Case {
    architecture: Architecture,
    network: Network,
    parameters: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u8>,
}

impl Case {
    fn new(architecture: Architecture, count: usize, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut network = Network::new(&architecture).expect("what does not fit was left out");
        let mut parameters = init::glorot_uniform(network.plan(), seed);
        for view in network.plan().parameters().iter().filter(|view| view.shape.len() == 1) {
            parameters[view.range.clone()].fill_with(|| rng.f32() - 0.5);
        }
        network.load(&parameters);
        Self {
            images: (0..count * architecture.input.size()).map(|_| rng.f32()).collect(),
            labels: (0..count).map(|_| rng.u8(..10)).collect(),
            architecture,
            network,
            parameters,
        }
    }

    fn naive_loss(&self, parameters: &[f64], factors: &[Vec<f64>]) -> f64 {
        naive::loss(&self.architecture, parameters, &widen(&self.images), &self.labels, factors)
    }

    /// Mean loss and its gradient, as the network computes them.
    fn gradient(&mut self, rng_seed: u64) -> (f64, Vec<f32>) {
        let shard = Shard {
            images: &self.images,
            labels: &self.labels,
            scale: 1.0 / self.labels.len() as f32,
            rng_seed,
            label_smoothing: 0.0,
        };
        // Must be overwritten.
        let mut gradient = vec![f32::NAN; self.parameters.len()];
        let score = self.network.gradient(shard, &mut gradient);
        (f64::from(score.mean_loss()), gradient)
    }

    /// Compares loss and gradient with the naive loss and its differences: along two random
    /// directions, which involve every parameter, and for some parameters alone.
    fn check(
        &self,
        loss: f64,
        gradient: &[f32],
        factors: &[Vec<f64>],
    ) -> Result<(), TestCaseError> {
        let parameters = widen(&self.parameters);
        let expected = self.naive_loss(&parameters, factors);
        prop_assert!((loss - expected).abs() <= TOLERANCE, "loss {loss} is not {expected}");

        let count = parameters.len();
        let mut rng = fastrand::Rng::with_seed(count as u64);
        let mut directions: Vec<Vec<f64>> =
            (0..2).map(|_| (0..count).map(|_| 2.0 * rng.f64() - 1.0).collect()).collect();
        for _ in 0..SAMPLES {
            let mut alone = vec![0.0; count];
            alone[rng.usize(..count)] = 1.0;
            directions.push(alone);
        }
        for direction in directions {
            let moved = |step: f64| -> Vec<f64> {
                parameters.iter().zip(&direction).map(|(p, d)| p + step * d).collect()
            };
            let above = self.naive_loss(&moved(STEP), factors);
            let below = self.naive_loss(&moved(-STEP), factors);
            let difference = (above - below) / (2.0 * STEP);
            let ours: f64 = gradient.iter().zip(&direction).map(|(&g, d)| f64::from(g) * d).sum();
            prop_assert!(
                (ours - difference).abs() <= TOLERANCE * difference.abs().max(1.0),
                "{ours} is not {difference}, parameter {:?}",
                direction.iter().position(|&d| d == 1.0)
            );
        }
        Ok(())
    }
}

/// The same models on every run.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[wasm_bindgen_test(unsupported = test)]
fn gradients_are_central_differences_for_any_model() {
    let cases = (architecture(), 1..=5usize, any::<u64>());
    let result = runner(500).run(&cases, |(architecture, count, seed)| {
        let mut case = Case::new(architecture, count, seed);
        let (loss, gradient) = case.gradient(0);
        case.check(loss, &gradient, &[])
    });
    result.expect("holds for every model");
}

#[wasm_bindgen_test(unsupported = test)]
fn gradients_are_central_differences_for_the_reference_model() {
    let mut case = Case::new(Architecture::default(), 1, 7);
    let (loss, gradient) = case.gradient(0);
    case.check(loss, &gradient, &[]).expect("holds for the default");
}

/// Results of earlier shards must not show, even of larger ones and with other parameters.
#[wasm_bindgen_test(unsupported = test)]
fn a_network_forgets_what_it_computed_before() {
    let result = runner(100).run(&(architecture(), any::<u64>()), |(architecture, seed)| {
        let mut fresh = Case::new(architecture.clone(), 2, seed);
        let mut used = Case::new(architecture, 5, !seed);
        used.gradient(0);
        used.network.load(&fresh.parameters);
        used.labels.clone_from(&fresh.labels);
        used.images.clone_from(&fresh.images);
        prop_assert_eq!(used.gradient(0), fresh.gradient(0));
        let fresh = fresh.network.logits(&fresh.images);
        prop_assert_eq!(used.network.logits(&used.images), fresh);
        Ok(())
    });
    result.expect("holds for every model");
}

/// Dropout's factors can be seen in the gradient of the Dense kernel after it, whose rows are
/// `input * factor * gradient of the outputs`. Given these factors, everything must be as without
/// Dropout.
#[wasm_bindgen_test(unsupported = test)]
fn dropout_scales_what_it_keeps_and_its_gradient() {
    let rate = 0.4;
    let units = 200;
    let hidden = Layer::Dense { units, activation: Activation::Linear };
    let last = Layer::Dense { units: 10, activation: Activation::Softmax };
    let architecture = Architecture {
        input: Shape { height: 3, width: 5, channels: 1 },
        layers: vec![Layer::Flatten, hidden, Layer::Dropout { rate }, last],
    };
    let mut case = Case::new(architecture, 1, 3);
    let (loss, gradient) = case.gradient(11);
    let kernel = case.network.plan().parameters()[2].range.clone();
    let kept = 1.0 / (1.0 - f64::from(rate));
    let (rows, _) = gradient[kernel].as_chunks::<10>();
    let factors: Vec<f64> =
        rows.iter().map(|row| if row.iter().all(|&g| g == 0.0) { 0.0 } else { kept }).collect();
    let dropped = factors.iter().filter(|&&factor| factor == 0.0).count();
    // Three standard deviations around 80 of 200.
    assert!((60..=100).contains(&dropped), "{dropped} of {units} dropped");
    case.check(loss, &gradient, &[factors]).expect("as without Dropout, but scaled");

    assert_eq!(case.gradient(11), (loss, gradient.clone()), "the same seed drops the same");
    assert_ne!(case.gradient(12).1, gradient, "another seed drops others");
    let score = case.network.evaluate(&case.images, &case.labels, &mut Vec::new());
    let without = case.naive_loss(&widen(&case.parameters), &[]);
    assert!((f64::from(score.mean_loss()) - without).abs() < TOLERANCE, "none while evaluating");
}
