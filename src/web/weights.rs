//! Fetches the shipped weights.

use super::dom::{self, DomError};
use super::page::dispatch;
use crate::app::Event;
use crate::checkpoint;
use crate::net::architecture::Architecture;
use crate::net::plan::Plan;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;

/// Where they lie.
const ADDRESS: &str = "./weights.safetensors";

/// Fetches them; the page hears of the end.
pub(super) fn fetch() {
    spawn_local(async {
        let weights = load().await.map_err(|error| error.to_string());
        dispatch(Event::Shipped(weights));
    });
}

async fn load() -> Result<Vec<f32>, DomError> {
    let response: Response = JsFuture::from(dom::window()?.fetch_with_str(ADDRESS))
        .await?
        .dyn_into()
        .map_err(|_| DomError::Refused("the browser gave no response".into()))?;
    if !response.ok() {
        return Err(DomError::Refused(format!("the server answered {}", response.status())));
    }
    let bytes = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?).to_vec();
    let refused = |error: &dyn std::error::Error| DomError::Refused(error.to_string());
    let plan = Plan::new(&Architecture::default()).map_err(|error| refused(&error))?;
    checkpoint::load(&bytes, &plan).map_err(|error| refused(&error))
}
