//! The Keras code that the page shows, kept here with its output in real Keras.
//!
//! `tests/fixtures/generate.py` pastes each `.py` into Python and writes the `.txt` beside it. To write
//! the `.py` files after a change of the code: `UPDATE_FIXTURES=1 cargo test --test core code`.

use inkling::config::architecture::Shape;
use inkling::config::{Form, NetworkPreset, TRAIN_IMAGES, TrainConfig};
use inkling::formats::keras;
use inkling::train::schedule::learning_rate;
use wasm_bindgen_test::wasm_bindgen_test;

/// A run as a link, its code, and what Keras says about its model and learning rates.
struct Case {
    name: &'static str,
    link: &'static str,
    code: &'static str,
    found: &'static str,
}

macro_rules! case {
    ($name:literal, $link:expr) => {
        Case {
            name: $name,
            link: $link,
            code: include_str!(concat!("../fixtures/keras/", $name, ".py")),
            found: include_str!(concat!("../fixtures/keras/", $name, ".txt")),
        }
    };
}

const CASES: &[Case] = &[
    case!("keras", ""),
    case!("lenet", "net=c6k5rz,a2,c16k5r,a2,f,d120r,d84r,d10s"),
    case!("tiny", "net=c8k3r,p2,c12k3r,p2,c16k3r,f,d10s"),
    case!("dense", "net=f,d128r,drop0.2,d10s"),
    case!(
        "deep",
        "net=c32k3r,c32k3r,p2,drop0.25,c64k3r,c64k3r,p2,drop0.25,f,d128r,drop0.5,d10s&epochs=2"
    ),
    case!(
        "sgd",
        "net=c5k4z,a3,f,d10s&epochs=3&batch=64&lr=0.05&seed=3&images=2000&optimizer=sgd\
         &schedule=one-cycle&augment=on&momentum=0.8&validation=10&stop=99.5"
    ),
    case!(
        "rmsprop",
        "epochs=2&images=500&optimizer=rmsprop&schedule=cosine&rho=0.8&epsilon=0.0001&stop=98"
    ),
    case!(
        "best",
        "epochs=60&batch=128&lr=0.002&images=512&augment=gentle&smoothing=0.1&ema=0.9997"
    ),
];

impl Case {
    fn settings(&self) -> TrainConfig {
        let (form, notices) = Form::from_hash(self.link);
        assert!(notices.is_empty(), "{}: {notices:?}", self.name);
        form.settings
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn every_preset_is_among_the_code_that_keras_has_run() {
    for network in &NetworkPreset::ALL {
        let case = CASES.iter().find(|case| case.name == network.key).expect(network.key);
        assert_eq!(case.settings().architecture, network.architecture(), "{}", network.name);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_code_is_what_keras_has_run() {
    for case in CASES {
        let code = keras::code(&case.settings(), TRAIN_IMAGES);
        #[cfg(not(target_arch = "wasm32"))]
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            let path =
                format!("{}/tests/fixtures/keras/{}.py", env!("CARGO_MANIFEST_DIR"), case.name);
            std::fs::write(path, &code).expect("the fixtures can be written");
            continue;
        }
        assert_eq!(code, case.code, "{}", case.name);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn keras_counts_the_same_parameters_and_shapes() {
    for case in CASES {
        let architecture = case.settings().architecture;
        let outputs = architecture.shapes().expect("Keras could build it");
        let inputs = std::iter::once(&architecture.input).chain(&outputs);
        let layers = architecture.layers.iter().zip(architecture.layer_names());
        let ours: Vec<String> = layers
            .zip(inputs)
            .zip(&outputs)
            .map(|(((layer, name), &input), &output)| {
                let count = layer.parameter_count(input);
                format!("layer {name} {} {count}", numbers(output))
            })
            .collect();
        let theirs: Vec<&str> =
            case.found.lines().filter(|line| line.starts_with("layer ")).collect();
        assert_eq!(ours, theirs, "{}", case.name);
        let total = format!("parameters {}", architecture.parameter_count().expect("as above"));
        assert!(case.found.lines().any(|line| line == total), "{}: {total}", case.name);
    }
}

/// A shape as Keras prints it; a vector has one axis.
fn numbers(shape: Shape) -> String {
    match shape {
        Shape { height: 1, width: 1, channels } => channels.to_string(),
        Shape { height, width, channels } => format!("{height}x{width}x{channels}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn keras_learns_at_the_same_rates() {
    for case in CASES {
        let settings = case.settings();
        let (trained, _) = settings.split(TRAIN_IMAGES as usize);
        let steps = (trained as u32).div_ceil(settings.batch_size) * settings.epochs;
        let mut compared = 0;
        for line in case.found.lines() {
            let Some((step, rate)) =
                line.strip_prefix("rate ").and_then(|line| line.split_once(' '))
            else {
                continue;
            };
            let (step, theirs): (u32, f32) =
                (step.parse().expect("a step"), rate.parse().expect("a rate"));
            if step >= steps {
                continue;
            }
            let ours = learning_rate(settings.schedule, settings.learning_rate, step, steps);
            let close = (ours - theirs).abs() <= 1e-5 * settings.learning_rate;
            assert!(close, "{} step {step} of {steps}: {ours}, not {theirs}", case.name);
            compared += 1;
        }
        assert!(compared > 0, "{}", case.name);
    }
}
