//! Libraries that the first prediction does not need: fetched after it, or when a panel that needs one
//! opens.

use std::cell::RefCell;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlScriptElement;

use super::assets;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;

thread_local! {
    /// Scripts that have been requested, and when they are ready.
    static LOADED: RefCell<Vec<(&'static str, Promise)>> = const { RefCell::new(Vec::new()) };
}

/// Loads a script of this build, once. It has run when this returns.
///
/// # Errors
/// If the script cannot be loaded; the next call then tries again.
pub(super) async fn load(file: &'static str) -> Result<(), DomError> {
    load_as(file, "text/javascript").await
}

/// As [`load`], a script that is a module.
pub(super) async fn load_module(file: &'static str) -> Result<(), DomError> {
    load_as(file, "module").await
}

async fn load_as(file: &'static str, kind: &str) -> Result<(), DomError> {
    let known = LOADED.with_borrow(|loaded| {
        loaded.iter().find(|(known, _)| *known == file).map(|(_, promise)| promise.clone())
    });
    let promise = match known {
        Some(promise) => promise,
        None => {
            let promise = begin(file, kind)?;
            LOADED.with_borrow_mut(|loaded| loaded.push((file, promise.clone())));
            promise
        }
    };
    let result = JsFuture::from(promise).await;
    if result.is_err() {
        LOADED.with_borrow_mut(|loaded| loaded.retain(|(known, _)| *known != file));
        dispatch(Event::FileMissing);
        return Err(DomError::Refused([file, " could not be loaded"].concat()));
    }
    Ok(())
}

fn begin(file: &str, kind: &str) -> Result<Promise, DomError> {
    let document = dom::document()?;
    let script: HtmlScriptElement = document
        .create_element("script")?
        .dyn_into()
        .map_err(|_| DomError::WrongElement("script".into()))?;
    script.set_type(kind);
    script.set_src(&assets::url(file)?);
    let promise = Promise::new(&mut |resolve, reject| {
        script.set_onload(Some(&resolve));
        script.set_onerror(Some(&reject));
    });
    document.body().ok_or(DomError::NoDocument)?.append_child(&script)?;
    Ok(promise)
}
