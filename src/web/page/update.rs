//! Checks whether the site has been updated since this page was opened.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event as DomEvent, RequestCache, RequestInit, Response};

use super::assets::BUILD;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;

/// Listens for word of a newer build, from offline.js.
pub(super) fn listen() -> Result<(), DomError> {
    dom::on(dom::document()?.as_ref(), "update", |_: DomEvent| check())
}

/// Fetches the document again and dispatches an event if it names another build. Offline nothing happens.
pub(super) fn check() {
    spawn_local(async {
        if matches!(is_updated().await, Ok(true)) {
            dispatch(Event::Updated);
        }
    });
}

async fn is_updated() -> Result<bool, DomError> {
    let own = dom::document()?.body().and_then(|body| body.get_attribute(BUILD));
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    let address = dom::window()?.location().pathname()?;
    let response: Response =
        JsFuture::from(dom::window()?.fetch_with_str_and_init(&address, &options))
            .await?
            .unchecked_into();
    let html = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    let newest = build_of(&html);
    Ok(response.ok() && newest.is_some() && newest != own.as_deref())
}

/// The ID of the build that a document names.
fn build_of(html: &str) -> Option<&str> {
    let (_, rest) = html.split_once(BUILD)?;
    rest.strip_prefix("=\"")?.split('"').next()
}
