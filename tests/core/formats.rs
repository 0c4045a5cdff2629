//! Networks to files and back, and files that hold none.

use inkling::checkpoint::TrainingState;
use inkling::config::{Architecture, Form, NetworkPreset};
use inkling::formats::{self, Prediction, safetensors};
use inkling::net::{Plan, init};
use inkling::protocol::{FileFormat, NetworkInfo};
use wasm_bindgen_test::wasm_bindgen_test;

/// A small network, and all that can be said of it.
fn network(layers: &str) -> (NetworkInfo, Vec<f32>) {
    let (form, notices) = Form::from_hash(&format!("epochs=3&seed=7&start=shipped&net={layers}"));
    assert!(notices.is_empty(), "{notices:?}");
    let plan = Plan::new(&form.settings.architecture).expect("it can be built");
    let info = NetworkInfo {
        name: String::from("my “network”, epoch 3"),
        settings: form.to_hash(),
        origin: String::from("https://example.org/inkling/"),
        test_accuracy: Some(0.9923),
    };
    (info, init::glorot_uniform(&plan, 3))
}

fn file(format: FileFormat, layers: &str) -> Vec<u8> {
    let (info, parameters) = network(layers);
    formats::export(format, &info, &parameters, None).expect("it can be written")
}

fn text(format: FileFormat, layers: &str) -> String {
    String::from_utf8(file(format, layers)).expect("a script")
}

fn problem(bytes: &[u8]) -> String {
    safetensors::read(bytes).map_or_else(|error| error.to_string(), |_| String::from("nothing"))
}

/// A safetensors file of which only the header is of interest.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[wasm_bindgen_test(unsupported = test)]
fn a_network_comes_back_as_it_went() {
    for preset in &NetworkPreset::ALL {
        let (info, parameters) = network(preset.layers);
        let bytes = file(FileFormat::Safetensors, preset.layers);
        let (told, read) = safetensors::read(&bytes).expect("it can be read");
        assert_eq!(told, info, "{}", preset.name);
        assert!(read.iter().map(|x| x.to_bits()).eq(parameters.iter().map(|x| x.to_bits())));
        let packed = formats::pack(&bytes);
        assert_eq!(formats::unpack(&packed, bytes.len() as u32), bytes);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_file_can_hold_what_training_goes_on_from() {
    let (info, parameters) = network("f,d4r,d10s");
    let plan = Plan::new(&Form::from_hash(&info.settings).0.settings.architecture).expect("a plan");
    let (momentum, velocity) = (vec![0.5; parameters.len()], vec![0.25; parameters.len()]);
    let lists = [("momentum", &momentum[..]), ("velocity", &velocity), ("parameters", &parameters)];
    let state = TrainingState { steps: 1234, lists: &lists };
    let bytes = safetensors::write_run(&info, &plan, &parameters, Some(state)).expect("a file");
    for name in
        ["training/steps", "training/velocity/dense_1/kernel", "training/parameters/dense/bias"]
    {
        assert!(bytes.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
    }
    let (told, read) = safetensors::read(&bytes).expect("it can be read");
    assert_eq!((told, read), (info.clone(), parameters.clone()));
    let short = TrainingState { steps: 1, lists: &[("momentum", &momentum[1..])] };
    assert!(safetensors::write_run(&info, &plan, &parameters, Some(short)).is_err());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_shipped_file_is_known_by_its_tensors() {
    let bytes = include_bytes!("../../www/assets/weights.safetensors");
    let (info, _) = safetensors::read(bytes).expect("it can be read");
    assert_eq!((info.settings, info.name.as_str()), (Form::default().to_hash(), ""));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_file_cut_short_is_refused() {
    for layers in ["c2k3r,p3,c3k2,a2,f,d4r,drop0.5,d10s", "f,d10s"] {
        let bytes = file(FileFormat::Safetensors, layers);
        for end in (0..bytes.len().min(4096)).chain([bytes.len() - 1]) {
            assert!(safetensors::read(&bytes[..end]).is_err(), "{end}");
        }
    }
}

/// Whatever a byte becomes, the file is read or refused; nothing else.
#[wasm_bindgen_test(unsupported = test)]
fn a_file_with_a_wrong_byte_does_no_harm() {
    let layers = "c2k3r,p3,c3k2,a2,f,d4r,drop0.5,d10s";
    let mut bytes = file(FileFormat::Safetensors, layers);
    let whole = network(layers).1.len();
    for place in 0..bytes.len() {
        for flip in [0xff, 0x01, 0x10] {
            bytes[place] ^= flip;
            if let Ok((info, parameters)) = safetensors::read(&bytes) {
                let (form, _) = Form::from_hash(&info.settings);
                let needed = form.settings.architecture.parameter_count();
                assert_eq!(needed, Ok(parameters.len()), "byte {place}");
                assert!(parameters.iter().all(|x| x.is_finite()), "byte {place}");
                assert!(parameters.len() == whole, "byte {place}");
            }
            bytes[place] ^= flip;
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_wrong_with_a_file_is_said() {
    assert!(problem(b"").starts_with("this is not a whole safetensors file"));
    assert!(problem(b"<!doctype html>").starts_with("this is not a whole safetensors file"));
    assert!(problem(&[0xff; 64]).starts_with("this is not a whole safetensors file"));
    assert!(problem(&with_header("{}", 0)).starts_with("it does not say which layers"));
    let of = |layers: &str| {
        with_header(&format!("{{\"__metadata__\":{{\"architecture\":\"{layers}\"}}}}"), 0)
    };
    for (layers, why) in [
        ("f,x3", "“x3” is not a layer"),
        ("f,d9s", "cannot be built"),
        ("f,d90000r,d10s", "cannot be built"),
        ("c999999999k3,f,d10s", "cannot be built"),
        ("i10x10x1,f,d10s", "28x28"),
        (&format!("{}f,d10s", "c1k1,".repeat(30)), "32 layers, more than 24"),
        ("f,d10s", "the file has no tensor \"dense/kernel\", which this model needs"),
    ] {
        assert!(problem(&of(layers)).contains(why), "{layers}: {}", problem(&of(layers)));
    }
    // A header longer than the file, tensors beyond its end, and sizes that overflow.
    let mut long = with_header("{}", 0);
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(problem(&long).starts_with("this is not a whole"));
    for (shape, offsets) in [
        ("[784,10]", "[0,31360]"),
        ("[18446744073709551615,2]", "[0,8]"),
        ("[2]", "[8,0]"),
        ("[2]", "[18446744073709551608,18446744073709551615]"),
    ] {
        let header = format!(
            "{{\"dense/kernel\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}"
        );
        assert!(problem(&with_header(&header, 8)).starts_with("this is not a whole"), "{header}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_cannot_be_a_network_is_not_written() {
    let (info, mut parameters) = network("f,d10s");
    let write = |parameters: &[f32]| {
        FileFormat::ALL.map(|(_, format)| formats::export(format, &info, parameters, None).is_ok())
    };
    assert_eq!(write(&parameters), [true; 4]);
    assert_eq!(write(&parameters[1..]), [false; 4]);
    parameters[5] = f32::NAN;
    assert_eq!(write(&parameters), [false; 4]);
}

/// What `onnx.checker` says of the whole, tests/formats asks; here are its parts.
#[wasm_bindgen_test(unsupported = test)]
fn an_onnx_model_names_what_it_needs() {
    let bytes = file(FileFormat::Onnx, "c4k4rz,p2,a2,f,d10s");
    let has = |words: &str| bytes.windows(words.len()).any(|part| part == words.as_bytes());
    for words in [
        "image",
        "probabilities",
        "conv2d/kernel",
        "dense/bias",
        "Transpose",
        "Conv",
        "Relu",
        "MaxPool",
        "AveragePool",
        "Flatten",
        "Gemm",
        "Softmax",
        "c4k4rz,p2,a2,f,d10s",
        "0.9923",
    ] {
        assert!(has(words), "{words}");
    }
    assert!(!has("Dropout"));
}

#[wasm_bindgen_test(unsupported = test)]
fn scripts_hold_a_prediction() {
    let (info, parameters) = network("f,d10s");
    let architecture: Architecture = "f,d10s".parse().expect("a network");
    let prediction =
        formats::predict(&architecture, &parameters, vec![0.25; 784]).expect("it can be read");
    let Prediction { probabilities, .. } = &prediction;
    let total: f32 = probabilities.iter().sum();
    assert!((total - 1.0).abs() < 1e-5);
    for format in [FileFormat::Keras, FileFormat::PyTorch] {
        let script = formats::export(format, &info, &parameters, Some(prediction.clone()));
        let script = String::from_utf8(script.expect("it can be written")).expect("text");
        assert!(script.contains(&format!(" {},", probabilities[9])), "{script}");
        assert_eq!(script.matches(" 0.25,").count(), 784);
        assert!(script.starts_with("\"\"\"Inkling's my “network”, epoch 3 in "));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_name_cannot_leave_its_string() {
    let (mut info, parameters) = network("f,d10s");
    info.name = String::from("\"\"\"\nimport os\\");
    for format in [FileFormat::Keras, FileFormat::PyTorch] {
        let script = formats::export(format, &info, &parameters, None).expect("it can be written");
        let script = String::from_utf8(script).expect("text");
        assert!(script.starts_with("\"\"\"Inkling's import os in "), "{script}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pytorch_code_has_the_layers() {
    let script = text(FileFormat::PyTorch, "c4k4rz,p2,a2,drop0.5,f,d7,d10s");
    let model = "model = nn.Sequential(
    Permute(0, 3, 1, 2),
    nn.Conv2d(1, 4, 4, padding=\"same\"),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.AvgPool2d(2),
    nn.Dropout(0.5),
    Permute(0, 2, 3, 1),
    nn.Flatten(),
    nn.Linear(196, 7),
    nn.Linear(7, 10),
)";
    assert!(script.contains(model), "{script}");
}
