//! Runs kept in this browser's IndexedDB.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::app::panels::runs::record::{RunKey, StoredRun};
use crate::app::panels::runs::{Event, RunsRequest, StoredRuns};
use crate::app::{self, panels};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::DomError;
use crate::web::stored::{self, MOMENTS, RUN, WEIGHTS};

/// Carries out a request, and dispatches its result.
pub(in crate::web::page) fn ask(request: RunsRequest) {
    super::in_order(async move {
        match request {
            RunsRequest::Read => {
                let read = read().await.map_err(|error| error.to_string());
                let session_salt = (js_sys::Math::random() * f64::from(u16::MAX)) as u16;
                happen(Event::Read(read.map(|kept| StoredRuns { kept, session_salt })));
            }
            RunsRequest::Keep(kept, weights) => {
                written(kept.key, keep(&kept, weights.as_deref()).await);
            }
            RunsRequest::KeepMoments(key, bytes) => {
                let moments = Uint8Array::from(bytes.as_slice()).into();
                if let Err(error) = super::write(&[(&name(MOMENTS, key), &moments)]).await {
                    dispatch(app::Event::Notice(format!(
                        "The run is saved, but one cannot go back in it later: its moments were refused ({error})."
                    )));
                }
            }
            RunsRequest::Forget(key) => {
                written(key, forget(key).await);
            }
            RunsRequest::Weights(key) => {
                let weights = match weights(key).await {
                    Ok(Some(weights)) => weights
                        .dyn_into::<Float32Array>()
                        .map(|weights| weights.to_vec())
                        .map_err(|_| String::from("they are damaged")),
                    Ok(None) => Err(String::from("they were not saved")),
                    Err(error) => Err(error.to_string()),
                };
                // Without them one cannot go back; that is all.
                let moments = super::read(&name(MOMENTS, key)).await.ok().flatten();
                let moments = moments.and_then(|moments| moments.dyn_into::<Uint8Array>().ok());
                let moments = moments.map_or_else(Vec::new, |moments| moments.to_vec());
                happen(Event::Weights(key, weights.map(|weights| (weights, moments))));
            }
        }
    });
}

fn name(prefix: &str, key: RunKey) -> String {
    [prefix, &key.to_string()].concat()
}

async fn keep(kept: &StoredRun, weights: Option<&[f32]>) -> Result<(), DomError> {
    let value = stored::value_of(kept)?;
    let run = name(RUN, kept.key);
    if FORGOTTEN.get() == Some(kept.key) {
        FORGOTTEN.set(None);
        if let Some(moments) = FORGOTTEN_MOMENTS.take() {
            // There was room for them just now.
            let _ = super::write(&[(&name(MOMENTS, kept.key), &moments)]).await;
        }
    }
    if let Some(weights) = weights {
        let weights = Float32Array::from(weights).into();
        UNSTORED.with_borrow_mut(|unstored| unstored.insert(kept.key, weights));
    }
    let Some(weights) = unstored(kept.key) else { return super::write(&[(&run, &value)]).await };
    let both = super::write(&[(&run, &value), (&name(WEIGHTS, kept.key), &weights)]).await;
    if both.is_ok() {
        UNSTORED.with_borrow_mut(|unstored| unstored.remove(&kept.key));
    } else {
        // The figures may find room where the weights do not.
        super::write(&[(&run, &value)]).await?;
    }
    both
}

thread_local! {
    /// Weights that the store does not have: it refused them, or their run was forgotten last. [`keep`] stores them.
    static UNSTORED: RefCell<BTreeMap<RunKey, JsValue>> = const { RefCell::new(BTreeMap::new()) };
    /// The run forgotten last, for as long as that can be undone.
    static FORGOTTEN: Cell<Option<RunKey>> = const { Cell::new(None) };
    /// Its moments.
    static FORGOTTEN_MOMENTS: Cell<Option<JsValue>> = const { Cell::new(None) };
}

fn unstored(key: RunKey) -> Option<JsValue> {
    UNSTORED.with_borrow(|unstored| unstored.get(&key).cloned())
}

async fn weights(key: RunKey) -> Result<Option<JsValue>, DomError> {
    match unstored(key) {
        Some(weights) => Ok(Some(weights)),
        None => super::read(&name(WEIGHTS, key)).await,
    }
}

/// Forgets a run, its weights and its moments, which makes room at once. [`keep`] without weights brings those back.
async fn forget(key: RunKey) -> Result<(), DomError> {
    let weights = weights(key).await?;
    let moments = super::read(&name(MOMENTS, key)).await?;
    super::remove(&[RUN, WEIGHTS, MOMENTS].map(|prefix| name(prefix, key))).await?;
    FORGOTTEN_MOMENTS.set(moments);
    let before = FORGOTTEN.replace(Some(key));
    UNSTORED.with_borrow_mut(|unstored| {
        before.map(|before| unstored.remove(&before));
        weights.map(|weights| unstored.insert(key, weights));
    });
    Ok(())
}

/// All stored runs. Deletes weights and moments whose run is gone.
async fn read() -> Result<Vec<StoredRun>, DomError> {
    let names = super::find(RUN).await?;
    let values = super::read_all(&names).await?;
    let keys = names.iter().map(|name| name[RUN.len()..].parse().unwrap_or(0));
    let kept: Vec<StoredRun> =
        keys.zip(values).map(|(key, value)| stored::run_of(key, &value)).collect();
    for prefix in [WEIGHTS, MOMENTS] {
        for found in super::find(prefix).await? {
            let key: RunKey = found[prefix.len()..].parse().unwrap_or(0);
            if kept.iter().all(|kept| kept.key != key) {
                super::remove(&[found]).await?;
            }
        }
    }
    Ok(kept)
}

fn written(key: RunKey, result: Result<(), DomError>) {
    happen(Event::Written(key, result.map_err(|error| error.to_string())));
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Runs(event)));
}
