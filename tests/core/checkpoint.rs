//! Parameters to a file and back, and the errors of bad files.

use std::collections::HashSet;

use inkling::checkpoint::{CheckpointError, load, save, save_compact};
use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Shape};
use inkling::net::{Plan, init};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use wasm_bindgen_test::wasm_bindgen_test;

/// `dense/kernel` [3, 10] and `dense/bias` [10].
fn plan() -> Plan {
    let last = Layer::Dense { units: 10, activation: Activation::Softmax };
    let input = Shape { height: 1, width: 3, channels: 1 };
    Plan::new(&Architecture { input, layers: vec![Layer::Flatten, last] }).expect("it can be built")
}

/// A file with these tensors.
fn file(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let bytes = [0; 400];
    let views = tensors.iter().map(|&(name, shape)| {
        let size = 4 * shape.iter().product::<usize>();
        let view = TensorView::new(Dtype::F32, shape.to_vec(), &bytes[..size]);
        (name, view.expect("as many bytes as the shape needs"))
    });
    serialize(views, None).expect("they can be written")
}

fn problem(bytes: &[u8]) -> String {
    match load(bytes, &plan()) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_saved_is_loaded_bit_for_bit() {
    let plan = Plan::new(&Architecture::default()).expect("it can be built");
    let mut parameters = init::glorot_uniform(&plan, 5);
    parameters[..4].copy_from_slice(&[-0.0, f32::MIN_POSITIVE / 4.0, f32::MAX, f32::MIN]);
    let bytes = save(&plan, &parameters).expect("it can be written");
    let loaded = load(&bytes, &plan).expect("it can be read");
    assert!(loaded.iter().map(|x| x.to_bits()).eq(parameters.iter().map(|x| x.to_bits())));

    let tensors = SafeTensors::deserialize(&bytes).expect("it is a safetensors file");
    let kernel = tensors.tensor("conv2d_1/kernel").expect("Keras' name");
    assert_eq!((kernel.dtype(), kernel.shape()), (Dtype::F32, &[3, 3, 32, 64][..]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_compact_file_has_few_different_weights_close_to_the_true_ones() {
    let plan = Plan::new(&Architecture::default()).expect("it can be built");
    let mut parameters = init::glorot_uniform(&plan, 5);
    let bias = plan.parameters()[1].range.start;
    parameters[bias..bias + 3].copy_from_slice(&[-0.0, 1.0, 0.1]);
    let bytes = save_compact(&plan, &parameters).expect("it can be written");
    let whole = save(&plan, &parameters).expect("it can be written");
    assert!(bytes.len() < whole.len() * 51 / 100, "{} of {}", bytes.len(), whole.len());
    let loaded = load(&bytes, &plan).expect("it can be read");
    assert_eq!(loaded[bias..bias + 3], [-0.0, 1.0, 0.099_975_586]);
    for view in plan.parameters().iter().filter(|view| view.shape.len() > 1) {
        let (whole, compact) = (&parameters[view.range.clone()], &loaded[view.range.clone()]);
        let most = whole.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        for (compact, whole) in compact.iter().zip(whole) {
            // Half the spacing, and eleven bits of the number itself.
            assert!((compact - whole).abs() <= most / 128.0 + most / 2048.0, "{compact}, {whole}");
        }
        let different: HashSet<u32> = compact.iter().map(|x| x.to_bits()).collect();
        assert!(different.len() <= 130, "{} in {}", different.len(), view.name);
    }
    let too_large = save_compact(&plan, &vec![7e4; plan.parameter_count()]).expect("written");
    assert!(matches!(load(&too_large, &plan), Err(CheckpointError::NotFinite(_))));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_damaged_file_is_refused() {
    let bytes = save(&plan(), &[0.5; 40]).expect("it can be written");
    assert_eq!(problem(&bytes), "nothing");
    for end in 0..bytes.len() {
        assert!(matches!(load(&bytes[..end], &plan()), Err(CheckpointError::Format(_))), "{end}");
    }
    assert!(problem(b"<!doctype html>").starts_with("this is not a whole safetensors file"));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_file_of_another_model_is_refused() {
    let kernel: (&str, &[usize]) = ("dense/kernel", &[3, 10]);
    let bias: (&str, &[usize]) = ("dense/bias", &[10]);
    assert_eq!(problem(&file(&[kernel, bias])), "nothing");
    assert_eq!(
        problem(&file(&[kernel])),
        "the file has no tensor \"dense/bias\", which this model needs"
    );
    assert_eq!(
        problem(&file(&[kernel, bias, ("dense_1/bias", &[10])])),
        "the file's tensor \"dense_1/bias\" is not part of this model"
    );
    assert_eq!(
        problem(&file(&[("dense/kernel", &[10, 3]), bias])),
        "tensor \"dense/kernel\" has shape [10, 3], this model needs [3, 10]"
    );
    assert_eq!(problem(&file(&[("dense/kernel", &[30]), bias])).split(',').count(), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn numbers_that_are_none_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut parameters = [0.5; 40];
        parameters[35] = bad;
        let bytes = save(&plan(), &parameters).expect("it can be written");
        assert_eq!(problem(&bytes), "tensor \"dense/bias\" holds a number that is not finite");
    }
    let halves = [0; 60];
    let view = TensorView::new(Dtype::BF16, vec![3, 10], &halves).expect("as many bytes");
    let bias = TensorView::new(Dtype::F32, vec![10], &halves[..40]).expect("as many bytes");
    let bytes = serialize([("dense/kernel", view), ("dense/bias", bias)], None).expect("written");
    assert_eq!(problem(&bytes), "tensor \"dense/kernel\" holds BF16, not F32 or F16");
}

#[wasm_bindgen_test(unsupported = test)]
fn too_few_parameters_are_not_written() {
    assert!(save(&plan(), &[0.5; 39]).is_err());
}
