//! Parameters as safetensors, under Keras-like names (`conv2d/kernel`), little-endian `f32`, or `f16`
//! for a file of half the size.

use std::collections::HashMap;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView, serialize};

use crate::net::Plan;

/// How many values a compact file's weights have on either side of zero.
const LEVELS: f32 = 64.0;

/// Why a file's parameters cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not a safetensors file, or cut short.
    #[error("this is not a whole safetensors file: {0}")]
    Format(#[from] SafeTensorError),
    /// A parameter of the model that is not in the file.
    #[error("the file has no tensor {0:?}, which this model needs")]
    Missing(String),
    /// A tensor that the model does not have.
    #[error("the file's tensor {0:?} is not part of this model")]
    Foreign(String),
    /// A tensor of another type than `f32` and `f16`.
    #[error("tensor {name:?} holds {dtype:?}, not F32 or F16")]
    Type {
        /// The tensor.
        name: String,
        /// What it holds.
        dtype: Dtype,
    },
    /// A tensor of the wrong shape.
    #[error("tensor {name:?} has shape {found:?}, this model needs {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The model's shape.
        expected: Vec<usize>,
    },
    /// A number that is infinite or not a number.
    #[error("tensor {0:?} holds a number that is not finite")]
    NotFinite(String),
}

/// Prefix of tensors that only training needs; they are not read here.
const TRAINING: &str = "training/";

/// What training goes on from.
#[derive(Clone, Copy, Debug)]
pub struct TrainingState<'a> {
    /// Minibatches so far.
    pub steps: u32,
    /// Lists of a number for each parameter, by name: the optimizer's memory, and `parameters` if the file's are an
    /// average.
    pub lists: &'a [(&'static str, &'a [f32])],
}

/// Reads a file's parameters, in the plan's order.
///
/// # Errors
/// If the file is damaged or belongs to another model.
pub fn load(bytes: &[u8], plan: &Plan) -> Result<Vec<f32>, CheckpointError> {
    let tensors = SafeTensors::deserialize(bytes)?;
    let known = |name: &str| {
        name.starts_with(TRAINING) || plan.parameters().iter().any(|view| view.name == name)
    };
    if let Some(name) = tensors.names().into_iter().find(|name| !known(name)) {
        return Err(CheckpointError::Foreign(name.to_owned()));
    }
    let mut parameters = Vec::with_capacity(plan.parameter_count());
    for view in plan.parameters() {
        let name = || view.name.clone();
        let tensor =
            tensors.tensor(&view.name).map_err(|_| CheckpointError::Missing(view.name.clone()))?;
        if tensor.shape() != view.shape {
            let (found, expected) = (tensor.shape().to_vec(), view.shape.clone());
            return Err(CheckpointError::Shape { name: name(), found, expected });
        }
        let (data, start) = (tensor.data(), parameters.len());
        match tensor.dtype() {
            Dtype::F32 => {
                let numbers = data.as_chunks().0.iter();
                parameters.extend(numbers.map(|&bytes| f32::from_le_bytes(bytes)));
            }
            Dtype::F16 => {
                let numbers = data.as_chunks().0.iter();
                parameters.extend(numbers.map(|&bytes| f16::from_le_bytes(bytes).to_f32()));
            }
            dtype => return Err(CheckpointError::Type { name: name(), dtype }),
        }
        if !parameters[start..].iter().all(|x| x.is_finite()) {
            return Err(CheckpointError::NotFinite(name()));
        }
    }
    Ok(parameters)
}

/// Writes a plan's parameters, bit for bit.
///
/// # Errors
/// If their number is not the plan's.
pub fn save(plan: &Plan, parameters: &[f32]) -> Result<Vec<u8>, CheckpointError> {
    save_with(plan, parameters, None, None)
}

/// As [`save`], with metadata, and what training goes on from.
///
/// # Errors
/// As [`save`], or if a list of the state has another length.
pub fn save_with(
    plan: &Plan,
    parameters: &[f32],
    metadata: Option<HashMap<String, String>>,
    state: Option<TrainingState<'_>>,
) -> Result<Vec<u8>, CheckpointError> {
    let bytes =
        |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let parameters = bytes(parameters);
    let mut lists = vec![(String::new(), parameters)];
    let mut steps = None;
    if let Some(state) = state {
        let of_state = state.lists.iter();
        lists.extend(of_state.map(|(name, list)| ([TRAINING, name, "/"].concat(), bytes(list))));
        steps = Some(bytes(&[state.steps as f32]));
    }
    write(plan, Dtype::F32, &lists, steps.as_deref(), metadata)
}

/// A file's metadata.
///
/// # Errors
/// If the file is damaged.
pub fn metadata(bytes: &[u8]) -> Result<HashMap<String, String>, CheckpointError> {
    // Checks the whole header, offsets and lengths included.
    SafeTensors::deserialize(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// Writes a small file for the web: `f16`, with each kernel's weights rounded to one of 64 evenly spaced values on
/// either side of zero. So few different numbers compress well: gzip shrinks the reference model to 35 KB, and `f16`
/// alone only to 65 KB.
///
/// # Errors
/// As [`save`].
pub fn save_compact(plan: &Plan, parameters: &[f32]) -> Result<Vec<u8>, CheckpointError> {
    let mut parameters = parameters.to_vec();
    for view in plan.parameters().iter().filter(|view| view.shape.len() > 1) {
        let kernel = parameters.get_mut(view.range.clone()).unwrap_or_default();
        let spacing = kernel.iter().fold(0.0, |most: f32, x| most.max(x.abs())) / LEVELS;
        if spacing > 0.0 {
            kernel.iter_mut().for_each(|x| *x = (*x / spacing).round() * spacing);
        }
    }
    let bytes: Vec<u8> = parameters.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
    write(plan, Dtype::F16, &[(String::new(), bytes)], None, None)
}

/// - `lists`: each has a number for each of the plan's parameters; the prefix of its tensors' names, and its bytes.
fn write(
    plan: &Plan,
    dtype: Dtype,
    lists: &[(String, Vec<u8>)],
    steps: Option<&[u8]>,
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, CheckpointError> {
    let size = dtype.bitsize() / 8;
    let mut tensors = Vec::new();
    for (prefix, bytes) in lists {
        for view in plan.parameters() {
            let range = size * view.range.start..size * view.range.end;
            let data = bytes.get(range).unwrap_or_default();
            let name = [prefix, view.name.as_str()].concat();
            tensors.push((name, TensorView::new(dtype, view.shape.clone(), data)?));
        }
    }
    if let Some(steps) = steps {
        tensors.push(([TRAINING, "steps"].concat(), TensorView::new(dtype, vec![1], steps)?));
    }
    Ok(serialize(tensors, metadata)?)
}
