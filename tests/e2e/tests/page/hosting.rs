//! The headers of nginx, with the configuration that the project provides.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] =
    &[("hosting::nginx_says_what_browsers_should_know", nginx_says_what_browsers_should_know)];

/// Status and headers of an answer, bypassing the browser's cache.
type Answer = (u16, HashMap<String, String>);

fn nginx_says_what_browsers_should_know(page: &mut Page) -> Result<()> {
    const ASK: &str = "
        return fetch(arguments[0], {cache: 'no-store'})
            .then(answer => [answer.status, Object.fromEntries(answer.headers)]);";
    page.expect_on_console("gone.js");
    page.open("")?;
    let ask = |path: &str| page.ask::<Answer>(ASK, vec![json!(path)]);

    let document = ask("./")?;
    says(&document, "cache-control", "no-cache")?;
    says(&document, "content-type", "text/html; charset=utf-8")?;
    says(&document, "content-encoding", "gzip")?;
    says(
        &document,
        "content-security-policy",
        "frame-ancestors 'self'; base-uri 'none'; object-src 'none'",
    )?;
    ensure!(!document.1.contains_key("etag"), "two builds' documents can have one: {document:?}");

    for (name, media_type) in [
        ("worker.js", "text/javascript; charset=utf-8"),
        ("worker_bg.wasm", "application/wasm"),
        ("style.css", "text/css; charset=utf-8"),
        ("manifest.json", "application/json"),
    ] {
        let answer = ask(&e2e::built(name)?)?;
        says(&answer, "content-type", media_type)?;
        says(&answer, "content-encoding", "gzip")?;
        is_kept(&answer)?;
        is_held_to_the_workers_policy(&answer)?;
    }
    let worker = ask("service-worker.js")?;
    says(&worker, "cache-control", "no-cache")?;
    says(&worker, "content-type", "text/javascript; charset=utf-8")?;
    is_held_to_the_workers_policy(&worker)?;
    ensure!(!worker.1.contains_key("etag"), "two builds' can have one: {worker:?}");
    let manifest = ask(&e2e::built("app.webmanifest")?)?;
    says(&manifest, "content-type", "application/manifest+json")?;
    let icon = ask(&e2e::built("icon-192.png")?)?;
    says(&icon, "content-type", "image/png")?;

    let part = ask(&crate::parts()?[0])?;
    is_kept(&part)?;
    ensure!(!part.1.contains_key("content-encoding"), "packed twice: {part:?}");

    let gone = ask(&e2e::built("gone.js")?)?;
    ensure!(gone.0 == 404);
    says(&gone, "cache-control", "no-cache")?;
    is_held_to_the_workers_policy(&gone)?;

    for answer in [document, worker, part, gone] {
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "camera=()"),
        ] {
            says(&answer, name, value)?;
        }
    }
    Ok(())
}

fn says(answer: &Answer, name: &str, part: &str) -> Result<()> {
    let value = answer.1.get(name).with_context(|| format!("no {name}: {answer:?}"))?;
    ensure!(value.contains(part), "{name}: {value}");
    Ok(())
}

fn is_kept(answer: &Answer) -> Result<()> {
    says(answer, "cache-control", "public, max-age=31536000, immutable")
}

fn is_held_to_the_workers_policy(answer: &Answer) -> Result<()> {
    says(
        answer,
        "content-security-policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';",
    )
}
