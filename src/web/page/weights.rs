//! Fetches the shipped weights and those of the network that doubts, safetensors files.
//!
//! The file is read with the browser's JSON parser instead of [`checkpoint`](crate::checkpoint), whose
//! parser would be a tenth of the page's code.

use super::assets;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;
use crate::config::Architecture;
use crate::net::doubt;
use crate::net::plan::ParameterView;
use crate::net::plan::Plan;
use half::f16;
use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;

/// Fetches the shipped weights; dispatches an event at the end.
pub(super) fn fetch() {
    spawn_local(async {
        let weights = load("weights.safetensors", &Architecture::default()).await;
        dispatch(Event::Shipped(weights.map_err(|error| error.to_string())));
    });
}

/// Fetches the weights of the network that doubts; all else works without them.
pub(super) fn fetch_doubt() {
    spawn_local(async {
        if let Ok(architecture) = doubt::ARCHITECTURE.parse()
            && let Ok(weights) = load("doubt.safetensors", &architecture).await
        {
            dispatch(Event::Doubt(weights));
        }
    });
}

async fn load(file: &str, architecture: &Architecture) -> Result<Vec<f32>, DomError> {
    let response: Response = JsFuture::from(dom::window()?.fetch_with_str(&assets::url(file)?))
        .await?
        .dyn_into()
        .map_err(|_| DomError::Refused("the browser gave no response".into()))?;
    if !response.ok() {
        return Err(DomError::Refused(format!(
            "the server answered with status {}",
            response.status()
        )));
    }
    let bytes = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?).to_vec();
    let refused = |error: &dyn std::error::Error| DomError::Refused(error.to_string());
    let plan = Plan::new(architecture).map_err(|error| refused(&error))?;
    read(&bytes, &plan).map_err(|error| refused(&error))
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
enum WeightsError {
    #[error("this is not a whole safetensors file")]
    Damaged,
    #[error("the file belongs to another model")]
    Foreign,
    #[error("tensor {0} holds something else than finite F16 or F32 numbers")]
    Numbers(String),
}

impl From<JsValue> for WeightsError {
    fn from(_: JsValue) -> Self {
        Self::Damaged
    }
}

/// Reads a file's parameters, in the plan's order.
fn read(bytes: &[u8], plan: &Plan) -> Result<Vec<f32>, WeightsError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(WeightsError::Damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| WeightsError::Damaged)?;
    let (header, data) = rest.split_at_checked(length).ok_or(WeightsError::Damaged)?;
    let header: Object = JSON::parse(&String::from_utf8_lossy(header))?
        .dyn_into()
        .map_err(|_| WeightsError::Damaged)?;
    let names = Object::keys(&header).iter().filter(|name| *name != "__metadata__").count();
    if names != plan.parameters().len() {
        return Err(WeightsError::Foreign);
    }
    let mut parameters = Vec::with_capacity(plan.parameter_count());
    for view in plan.parameters() {
        let tensor = Reflect::get(&header, &view.name.as_str().into())?;
        if !tensor.is_object() {
            return Err(WeightsError::Foreign);
        }
        tensor_numbers(&tensor, data, view, &mut parameters)?;
    }
    Ok(parameters)
}

/// Appends a tensor's numbers.
fn tensor_numbers(
    tensor: &JsValue,
    data: &[u8],
    view: &ParameterView,
    parameters: &mut Vec<f32>,
) -> Result<(), WeightsError> {
    let list = |key: &str| -> Result<Vec<usize>, WeightsError> {
        let list: Array =
            Reflect::get(tensor, &key.into())?.dyn_into().map_err(|_| WeightsError::Damaged)?;
        Ok(list.iter().filter_map(|number| number.as_f64()).map(|number| number as usize).collect())
    };
    if list("shape")? != view.shape {
        return Err(WeightsError::Foreign);
    }
    let &[begin, end] = &list("data_offsets")?[..] else { return Err(WeightsError::Damaged) };
    let data = data.get(begin..end).ok_or(WeightsError::Damaged)?;
    let start = parameters.len();
    match Reflect::get(tensor, &"dtype".into())?.as_string().as_deref() {
        Some("F16") => {
            let numbers = data.as_chunks().0.iter();
            parameters.extend(numbers.map(|&bytes| f16::from_le_bytes(bytes).to_f32()));
        }
        Some("F32") => {
            let numbers = data.as_chunks().0.iter();
            parameters.extend(numbers.map(|&bytes| f32::from_le_bytes(bytes)));
        }
        _ => {}
    }
    let numbers = &parameters[start..];
    if numbers.len() == view.range.len() && numbers.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(WeightsError::Numbers(view.name.clone()))
    }
}
