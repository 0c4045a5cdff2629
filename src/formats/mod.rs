//! What the page keeps as files that other programs read, and such files as networks, digits and runs.
//!
//! | module | what it writes |
//! | --- | --- |
//! | [`open`] | nothing; it reads whatever file of these it is given |
//! | [`safetensors`] | weights, which it also reads, and what is said of them as metadata |
//! | [`onnx`] | a model that many runtimes compute |
//! | [`keras`] | Keras 3: the code that Experiment shows, and a script that reads the safetensors file |
//! | [`pytorch`] | the same script for PyTorch |
//! | `python` | what the two scripts have in common |
//! | [`digits`] | labelled digits, as strokes and as images, which it also reads |
//! | [`archive`] | everything that a browser keeps, in one file, which it also reads |
//! | [`run`] | a kept run as JSON |
//! | [`bundle`] | several files in one |

pub mod archive;
pub mod bundle;
pub mod digits;
pub mod keras;
pub mod onnx;
pub mod open;
mod python;
pub mod pytorch;
pub mod run;
pub mod safetensors;

use crate::checkpoint::CheckpointError;
use crate::config::architecture::Layer;
use crate::config::{Architecture, ArchitectureError, Form, SIDE};
use crate::net::{Network, Plan};
use crate::protocol::{FileFormat, NetworkInfo};

/// An image, and the probabilities that a network gives it: what the scripts compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// 28x28, 0 to 1.
    pub image: Vec<f32>,
    /// Of the ten classes.
    pub probabilities: Vec<f32>,
}

/// Why a network cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Its layers make no network.
    #[error("This network cannot be built: {0}.")]
    Architecture(#[from] ArchitectureError),
    /// It overflowed in training.
    #[error("Its numbers have grown too large in training, so it cannot be saved.")]
    NotFinite,
    /// Its weights belong to other layers.
    #[error("The weights do not fit the network: {0}.")]
    Weights(#[from] CheckpointError),
}

/// What is wrong with a file: what it is about, what is wrong there, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {wrong}{}{wanted}", if wanted.is_empty() { "" } else { "; " })]
pub struct FileError {
    name: String,
    wrong: String,
    wanted: &'static str,
}

impl FileError {
    fn new(name: &str, wrong: impl Into<String>, wanted: &'static str) -> Self {
        Self { name: name.to_owned(), wrong: wrong.into(), wanted }
    }
}

/// The file of a network.
///
/// - `prediction`: for the scripts; without one they compare what the network makes of a vertical line.
///
/// # Errors
/// If there is no such network.
pub fn export(
    format: FileFormat,
    info: &NetworkInfo,
    parameters: &[f32],
    prediction: Option<Prediction>,
) -> Result<Vec<u8>, ExportError> {
    let (form, _) = Form::from_hash(&info.settings);
    let architecture = &form.settings.architecture;
    let plan = Plan::new(architecture)?;
    if !parameters.iter().all(|parameter| parameter.is_finite()) {
        return Err(ExportError::NotFinite);
    }
    let whole = safetensors::write(info, &plan, parameters)?;
    let prediction = || match prediction {
        Some(prediction) => Ok(prediction),
        None => predict(architecture, parameters, vertical_line()),
    };
    Ok(match format {
        FileFormat::Safetensors => whole,
        FileFormat::Onnx => onnx::write(info, architecture, &plan, parameters),
        FileFormat::Keras => keras::script(info, &form, &prediction()?).into_bytes(),
        FileFormat::PyTorch => pytorch::script(info, &form, &prediction()?).into_bytes(),
    })
}

/// What a network makes of an image.
///
/// # Errors
/// If there is no such network.
pub fn predict(
    architecture: &Architecture,
    parameters: &[f32],
    image: Vec<f32>,
) -> Result<Prediction, ExportError> {
    let mut network = Network::new(architecture)?;
    network.load(parameters);
    let probabilities = network.probabilities(&image).to_vec();
    Ok(Prediction { image, probabilities })
}

/// An image to predict if there is no other.
fn vertical_line() -> Vec<f32> {
    let ink = |pixel: usize| (4..SIDE - 4).contains(&(pixel / SIDE)) && pixel % SIDE == SIDE / 2;
    (0..SIDE * SIDE).map(|pixel| if ink(pixel) { 1.0 } else { 0.0 }).collect()
}

/// The names of the layers that have parameters.
fn names_with_parameters(architecture: &Architecture) -> Vec<String> {
    let layers = architecture.layers.iter().zip(architecture.layer_names());
    let trained =
        layers.filter(|(layer, _)| matches!(layer, Layer::Conv2D { .. } | Layer::Dense { .. }));
    trained.map(|(_, name)| name).collect()
}

/// A file's bytes as an array of a message, four to a number.
pub fn pack(bytes: &[u8]) -> Vec<f32> {
    let number = |bytes: &[u8]| {
        let mut four = [0; 4];
        four[..bytes.len()].copy_from_slice(bytes);
        f32::from_le_bytes(four)
    };
    bytes.chunks(4).map(number).collect()
}

/// The first `length` bytes of a message's array, or as many as there are.
pub fn unpack(numbers: &[f32], length: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    bytes.truncate(length as usize);
    bytes
}
