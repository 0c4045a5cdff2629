//! What Look inside is based on: the trace against the network, receptive fields against changed
//! pixels, saliency against central differences in `f64`.

use inkling::app::answer::Answer;
use inkling::app::panels::inside::occlusion::Occlusion;
use inkling::app::panels::inside::{self, Subject, Unit, arithmetic};
use inkling::app::panels::{self, PanelId};
use inkling::app::{App, Event};
use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Padding, Shape};
use inkling::data::PIXELS;
use inkling::net::trace::Trace;
use inkling::net::{Network, init};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::gradients::architecture;
use crate::naive;

/// A model with parameters, biases other than zero, and an image.
fn numbers(architecture: &Architecture, seed: u64) -> (Network, Vec<f32>, Vec<f32>) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut network = Network::new(architecture).expect("what does not fit was left out");
    let mut parameters = init::glorot_uniform(network.plan(), seed);
    for view in network.plan().parameters().iter().filter(|view| view.shape.len() == 1) {
        parameters[view.range.clone()].fill_with(|| rng.f32() - 0.5);
    }
    network.load(&parameters);
    let image = (0..architecture.input.size()).map(|_| rng.f32()).collect();
    (network, parameters, image)
}

fn follow(architecture: &Architecture, parameters: &[f32], image: &[f32]) -> Trace {
    let mut trace = Trace::new(architecture).expect("what does not fit was left out");
    trace.follow(parameters, image);
    trace
}

fn check(cases: u32, test: impl Fn(Architecture, u64) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(config, rng)
        .run(&(architecture(), any::<u64>()), |(architecture, seed)| test(architecture, seed))
        .expect("holds for every model");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_trace_ends_in_the_networks_logits() {
    check(150, |architecture, seed| {
        let (mut network, parameters, image) = numbers(&architecture, seed);
        let trace = follow(&architecture, &parameters, &image);
        for (traced, logit) in trace.logits().iter().zip(network.logits(&image)) {
            prop_assert!((traced - logit).abs() < 1e-4 * (1.0 + logit.abs()), "{traced} {logit}");
        }
        Ok(())
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn a_trace_in_pieces_is_the_same() {
    check(50, |architecture, seed| {
        let (_, parameters, image) = numbers(&architecture, seed);
        let whole = follow(&architecture, &parameters, &image);
        // It has followed another image before.
        let mut pieces = follow(&architecture, &parameters, &vec![1.0; image.len()]);
        pieces.begin(&image);
        while pieces.done() < pieces.layers.len() {
            pieces.advance(&parameters, 500);
        }
        for (piece, layer) in pieces.layers.iter().zip(&whole.layers) {
            prop_assert_eq!(&piece.output, &layer.output);
        }
        Ok(())
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn saliency_is_the_derivative_of_the_logit() {
    const STEP: f64 = 1e-6;
    check(60, |architecture, seed| {
        let (_, parameters, image) = numbers(&architecture, seed);
        let wide: Vec<f64> = parameters.iter().map(|&x| f64::from(x)).collect();
        let class = (seed % 10) as usize;
        let saliency = follow(&architecture, &parameters, &image).saliency(&parameters, class);
        let logit = |at: usize, by: f64| {
            let mut image: Vec<f64> = image.iter().map(|&x| f64::from(x)).collect();
            image[at] += by;
            naive::logits(&architecture, &wide, &image, &[])[class]
        };
        let mut wrong = 0;
        let places: Vec<usize> = (0..image.len()).step_by(1 + image.len() / 24).collect();
        for &at in &places {
            let slope = (logit(at, STEP) - logit(at, -STEP)) / (2.0 * STEP);
            let miss = (slope - f64::from(saliency[at])).abs();
            wrong += usize::from(miss > 1e-3 * (1.0 + slope.abs()));
        }
        // A relu or a maximum may change sides within the step, or by the rounding of f32.
        prop_assert!(wrong * 12 <= places.len(), "{wrong} of {} differ", places.len());
        Ok(())
    });
}

/// Everything positive, so that an increase of a pixel is never lost.
fn positive(architecture: &Architecture, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let (_, mut parameters, image) = numbers(architecture, seed);
    parameters.iter_mut().for_each(|parameter| *parameter = parameter.abs() + 0.01);
    (parameters, image)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_number_depends_on_its_receptive_field_and_on_nothing_else() {
    check(60, |architecture, seed| {
        let (parameters, image) = positive(&architecture, seed);
        let input = architecture.input;
        let before = follow(&architecture, &parameters, &image);
        let mut rng = fastrand::Rng::with_seed(seed);
        let pixel = rng.usize(..input.height * input.width);
        let (row, column) = (pixel / input.width, pixel % input.width);
        let mut moved = image.clone();
        // Every channel, since a number after Flatten may depend on only one of them.
        moved[pixel * input.channels..][..input.channels].iter_mut().for_each(|x| *x += 100.0);
        let after = follow(&architecture, &parameters, &moved);
        for (at, (before_layer, after_layer)) in before.layers.iter().zip(&after.layers).enumerate()
        {
            let shape = before_layer.shape;
            for index in 0..shape.size() {
                let place = (
                    index / shape.channels / shape.width,
                    index / shape.channels % shape.width,
                    index % shape.channels,
                );
                let changed = before_layer.output[index] != after_layer.output[index];
                let inside = before.field(at, place).contains(row, column);
                prop_assert!(changed == inside, "layer {at} {place:?}: {changed} {inside}");
            }
        }
        Ok(())
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn a_receptive_field_of_the_reference_model_is_as_known() {
    let trace = Trace::new(&Architecture::default()).expect("it can be built");
    let size = |layer, place| {
        let field = trace.field(layer, place);
        (field.top, field.bottom, field.left, field.right)
    };
    assert_eq!(size(0, (2, 3, 0)), (2, 5, 3, 6));
    assert_eq!(size(1, (2, 3, 0)), (4, 8, 6, 10));
    assert_eq!(size(2, (0, 1, 0)), (0, 8, 2, 10));
    assert_eq!(size(3, (0, 0, 0)), (0, 10, 0, 10));
    // Pooling drops the last row and column of an 11x11 map, which is two of the image's.
    assert_eq!(size(5, (0, 0, 7)), (0, 26, 0, 26));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_arithmetic_gives_the_layers_own_numbers() {
    check(60, |architecture, seed| {
        let (_, parameters, image) = numbers(&architecture, seed);
        let trace = follow(&architecture, &parameters, &image);
        let names = architecture.layer_names();
        let mut rng = fastrand::Rng::with_seed(seed);
        for (layer, traced) in trace.layers.iter().enumerate() {
            let shape = traced.shape;
            let (y, x) = (rng.usize(..shape.height), rng.usize(..shape.width));
            let unit = Unit { layer, y, x, channel: rng.usize(..shape.channels) };
            let sum = arithmetic::of(&trace, &names, &parameters, unit);
            let index = (y * shape.width + x) * shape.channels + unit.channel;
            prop_assert_eq!(sum.value, traced.output[index]);
            let last = sum.lines.last().cloned().unwrap_or_default();
            prop_assert!(last.ends_with(&arithmetic::number(sum.value)), "{:?}", sum.lines);
            let Some(biased) = sum.lines.iter().find(|line| line.contains("+ bias")) else {
                continue;
            };
            let total = biased.rsplit("= ").next().unwrap_or_default().replace('−', "-");
            let total: f32 = total.parse().map_err(|_| TestCaseError::fail(biased.clone()))?;
            let relu = matches!(
                traced.layer,
                Layer::Conv2D { activation: Activation::Relu, .. }
                    | Layer::Dense { activation: Activation::Relu, .. }
            );
            let expected = if relu { total.max(0.0) } else { total };
            prop_assert!((expected - sum.value).abs() < 2e-3, "{:?}", sum.lines);
        }
        Ok(())
    });
}

/// A model that depends on one pixel only.
#[wasm_bindgen_test(unsupported = test)]
fn occlusion_finds_what_the_answer_hangs_on() {
    let architecture = Architecture {
        input: Shape { height: 28, width: 28, channels: 1 },
        layers: vec![
            Layer::Conv2D {
                filters: 1,
                kernel_size: 1,
                activation: Activation::Relu,
                padding: Padding::Valid,
            },
            Layer::Flatten,
            Layer::Dense { units: 10, activation: Activation::Softmax },
        ],
    };
    let mut network = Network::new(&architecture).expect("it can be built");
    let mut parameters = vec![0.0; network.plan().parameter_count()];
    let pixel = 12 * 28 + 9;
    parameters[0] = 1.0;
    parameters[2 + pixel * 10 + 4] = 5.0;
    network.load(&parameters);
    let mut occlusion = Occlusion::new(&[1.0; PIXELS], 4);
    while !occlusion.is_done() {
        occlusion.advance(&mut network, 7);
    }
    let map = occlusion.map();
    assert!(map[pixel] > 0.5, "{}", map[pixel]);
    assert!(map[pixel] >= map.iter().copied().fold(0.0, f32::max));
    assert_eq!(map[0], 0.0, "far away nothing matters");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_picture_opens_the_room_and_the_drawing_comes_back() {
    let answer = Answer::new(&Architecture::default()).expect("it can be built");
    let mut app = App::new(answer);
    let weights = vec![0.0; Architecture::default().parameter_count().expect("it can be built")];
    app.update(Event::Shipped(Ok(weights)));
    let picture = Box::new([0.5; PIXELS]);
    let name = String::from("test image 3");
    let subject = Subject::Image { picture, label: 7, name };
    app.update(Event::Panel(panels::Event::Inside(inside::Event::Look(subject))));
    assert_eq!(app.open_panel, Some(PanelId::Inside));
    assert_eq!(app.panels.inside.view(&app.cx).label, Some(7));
    assert!(app.panels.inside.picture(&app.cx.answer).is_some_and(|picture| picture[0] == 0.5));

    // Steps stop at the map's edges, and can go to other maps.
    app.update(Event::Panel(panels::Event::Inside(inside::Event::Go(0, [0, 0, 0]))));
    for by in [[-1, 40, 0], [5, 0, 0], [0, 0, 2]] {
        app.update(Event::Panel(panels::Event::Inside(inside::Event::Go(0, by))));
    }
    assert_eq!(app.panels.inside.unit, Some(Unit { layer: 0, y: 5, x: 25, channel: 2 }));
    let beyond = Unit { layer: 1, y: 13, x: 0, channel: 0 };
    app.update(Event::Panel(panels::Event::Inside(inside::Event::Point(beyond))));
    assert_eq!(app.panels.inside.unit, None, "there is no such number");

    app.update(Event::Panel(panels::Event::Inside(inside::Event::Look(Subject::Drawing))));
    assert_eq!(app.panels.inside.view(&app.cx).label, None);
    assert!(app.panels.inside.picture(&app.cx.answer).is_none(), "nothing is drawn");
}
