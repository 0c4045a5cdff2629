//! What an architecture says about itself, and why it cannot be built.

use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Padding, Shape};
use inkling::net::Plan;
use wasm_bindgen_test::wasm_bindgen_test;

const MAX: Layer = Layer::MaxPooling2D { pool_size: 2 };
const LAST: Layer = Layer::Dense { units: 10, activation: Activation::Softmax };

fn conv(filters: usize, kernel_size: usize) -> Layer {
    let (activation, padding) = (Activation::Relu, Padding::Valid);
    Layer::Conv2D { filters, kernel_size, activation, padding }
}

fn dense(units: usize) -> Layer {
    Layer::Dense { units, activation: Activation::Relu }
}

/// A model for 28x28 images.
fn model(layers: &[Layer]) -> Architecture {
    Architecture { layers: layers.to_vec(), ..Architecture::default() }
}

/// The error of such a model.
fn problem(layers: &[Layer]) -> String {
    match model(layers).shapes() {
        Ok(shapes) => format!("nothing, its shapes are {shapes:?}"),
        Err(error) => error.to_string(),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_default_has_the_shapes_and_parameters_of_the_keras_example() {
    let default = Architecture::default();
    let map = |side, channels| Shape { height: side, width: side, channels };
    let shapes =
        [map(26, 32), map(13, 32), map(11, 64), map(5, 64), Shape::vector(1600), Shape::vector(10)];
    assert_eq!(default.shapes().expect("it can be built"), shapes);
    assert_eq!(default.parameter_count().expect("it can be built"), 34_826);
    let convolutions = 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64;
    assert_eq!(default.multiply_adds().expect("it can be built"), convolutions + 1600 * 10);
    // Everything three times, but the first layer needs no input gradient.
    let step = 3 * (convolutions + 1600 * 10) - 26 * 26 * 9 * 32;
    assert_eq!(default.training_multiply_adds().expect("it can be built"), step);
    let names = ["conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "flatten", "dense"];
    assert_eq!(default.layer_names(), names);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_summary_is_the_table_that_keras_prints() {
    let expected = "\
Layer (type)                        Output shape               Param #
======================================================================
conv2d (Conv2D)                     (None, 26, 26, 32)             320
max_pooling2d (MaxPooling2D)        (None, 13, 13, 32)               0
conv2d_1 (Conv2D)                   (None, 11, 11, 64)          18,496
max_pooling2d_1 (MaxPooling2D)      (None, 5, 5, 64)                 0
flatten (Flatten)                   (None, 1600)                     0
dense (Dense)                       (None, 10)                  16,010
======================================================================
Total params: 34,826";
    assert_eq!(Architecture::default().summary().expect("it can be built"), expected);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_plan_names_parameters_as_keras_does_and_leaves_no_gap() {
    let same = Layer::Conv2D {
        filters: 5,
        kernel_size: 2,
        activation: Activation::Linear,
        padding: Padding::Same,
    };
    let layers = [same, Layer::AveragePooling2D { pool_size: 4 }, conv(3, 7), Layer::Flatten];
    let architecture = model(&[&layers[..], &[dense(6), LAST]].concat());
    let plan = Plan::new(&architecture).expect("it can be built");
    let views: Vec<(&str, &[usize])> =
        plan.parameters().iter().map(|view| (view.name.as_str(), &*view.shape)).collect();
    let expected: [(&str, &[usize]); 8] = [
        ("conv2d/kernel", &[2, 2, 1, 5]),
        ("conv2d/bias", &[5]),
        ("conv2d_1/kernel", &[7, 7, 5, 3]),
        ("conv2d_1/bias", &[3]),
        ("dense/kernel", &[3, 6]),
        ("dense/bias", &[6]),
        ("dense_1/kernel", &[6, 10]),
        ("dense_1/bias", &[10]),
    ];
    assert_eq!(views, expected);
    let mut end = 0;
    for view in plan.parameters() {
        assert_eq!(view.range.start, end);
        assert_eq!(view.range.len(), view.shape.iter().product::<usize>());
        end = view.range.end;
    }
    assert_eq!(plan.parameter_count(), end);
    assert_eq!(architecture.parameter_count().expect("it can be built"), end);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_layer_that_does_not_fit_says_what_it_needs_and_what_it_got() {
    let shrink = [conv(4, 3), MAX, conv(4, 3), MAX, MAX, MAX, MAX];
    assert_eq!(
        problem(&[&shrink[..], &[Layer::Flatten, LAST]].concat()),
        "MaxPooling2D 2x2 needs at least 2x2, got 1x1 after layer 6"
    );
    assert_eq!(
        problem(&[MAX, MAX, conv(8, 7), conv(16, 2), Layer::Flatten, LAST]),
        "Conv2D 16 filters 2x2 needs at least 2x2, got 1x1 after layer 3"
    );
    let mut small = model(&[Layer::AveragePooling2D { pool_size: 3 }, Layer::Flatten, LAST]);
    small.input = Shape { height: 2, width: 9, channels: 1 };
    assert_eq!(
        small.shapes().expect_err("too small").to_string(),
        "AveragePooling2D 3x3 needs at least 3x3, got 2x9 from the input"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn layers_in_the_wrong_order_say_which_one_to_move() {
    assert_eq!(
        problem(&[conv(4, 3), LAST]),
        "Dense 10 units (layer 2) needs a vector, got 26x26x4: put Flatten before it"
    );
    assert_eq!(
        problem(&[Layer::Flatten, conv(4, 3), LAST]),
        "Conv2D 4 filters 3x3 needs a feature map, but layer 1 has flattened it: \
         put Conv2D 4 filters 3x3 before it"
    );
    assert_eq!(
        problem(&[Layer::Flatten, LAST, dense(5)]),
        "Dense 10 units (layer 2): softmax is only for the last layer, a Dense one"
    );
    assert_eq!(
        problem(&[Layer::Flatten, dense(5)]),
        "the last layer must be Dense 10 units with softmax, not Dense 5 units"
    );
    assert_eq!(
        problem(&[]),
        "the last layer must be Dense 10 units with softmax; there is no layer"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn numbers_out_of_range_say_the_range() {
    let cases = [
        (conv(0, 3), "Conv2D 0 filters 3x3 (layer 1): filters must be 1 to 1024, not 0"),
        (conv(4, 8), "Conv2D 4 filters 8x8 (layer 1): kernel size must be 1 to 7, not 8"),
        (conv(4, 0), "Conv2D 4 filters 0x0 (layer 1): kernel size must be 1 to 7, not 0"),
        (
            Layer::MaxPooling2D { pool_size: 0 },
            "MaxPooling2D 0x0 (layer 1): pool size must be 1 to 15, not 0",
        ),
        (Layer::Dropout { rate: 1.0 }, "Dropout 1 (layer 1): rate must be 0 to less than 1, not 1"),
        (
            Layer::Dropout { rate: f32::NAN },
            "Dropout NaN (layer 1): rate must be 0 to less than 1, not NaN",
        ),
    ];
    for (layer, expected) in cases {
        assert_eq!(problem(&[layer, Layer::Flatten, LAST]), expected);
    }
    assert_eq!(
        problem(&[Layer::Flatten, dense(0), LAST]),
        "Dense 0 units (layer 2): units must be 1 to 1024, not 0"
    );
    let enormous = usize::MAX;
    assert!(problem(&[conv(enormous, 3), Layer::Flatten, LAST]).contains("1 to 1024"));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_model_too_large_for_a_tab_is_refused() {
    assert_eq!(
        problem(&[Layer::Flatten, dense(1024), dense(1024), dense(1024), LAST]),
        "Dense 1024 units (layer 4) makes the model too large: 2903040 parameters, at most 2000000"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn so_is_one_too_slow_or_with_maps_too_large() {
    let told = problem(&[conv(64, 3), conv(1024, 3), Layer::Flatten, LAST]);
    assert!(told.contains("(layer 2)") && told.contains("multiply-adds an image"), "{told}");
    let told = problem(&[conv(400, 3), MAX, Layer::Flatten, LAST]);
    assert!(told.contains("(layer 1)") && told.contains("numbers in its maps"), "{told}");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_layers_before_a_wrong_one_have_shapes_and_it_has_a_number() {
    let wrong = model(&[conv(4, 3), MAX, LAST]);
    let (shapes, error) = wrong.inspect();
    assert_eq!(shapes.len(), 2);
    assert_eq!(error.and_then(|error| error.layer(3)), Some(3));
    let unfinished = model(&[Layer::Flatten, dense(5)]);
    let (shapes, error) = unfinished.inspect();
    assert_eq!((shapes.len(), error.and_then(|error| error.layer(2))), (2, Some(2)));
    assert_eq!(model(&[]).inspect().1.map(|error| error.layer(0)), Some(None));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_image_has_pixels_and_not_too_many() {
    for (height, width, channels) in
        [(0, 28, 1), (28, 0, 1), (28, 28, 0), (129, 28, 1), (28, 28, 5)]
    {
        let input = Shape { height, width, channels };
        let error =
            Architecture { input, ..Architecture::default() }.shapes().expect_err("refused");
        assert!(
            error.to_string().ends_with(&format!("not {height}x{width}x{channels}")),
            "{error}"
        );
    }
}
