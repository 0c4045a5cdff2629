//! The result of a script that takes long: WebDriver does not wait long for a promise.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use e2e::Browser;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Milliseconds for which WebDriver waits before it is asked again: rarely, because asking takes time from
/// what is measured, but well within the half minute after which WebDriver aborts a script.
const AT_A_TIME: u32 = 20_000;

/// Runs the body of a function in the document and returns what its promise resolves to.
pub(crate) fn of<T: DeserializeOwned>(
    browser: &Browser,
    body: &str,
    arguments: Vec<Value>,
    seconds: u64,
) -> Result<T> {
    let begin = format!(
        "globalThis.outcome = (async function () {{ {body} }}).apply(null, arguments).then(
             value => ({{value}}),
             error => ({{error: String(error?.stack ?? error)}}),
         );"
    );
    browser.script(&begin, arguments)?;
    let wait = format!(
        "const later = new Promise(resolve => setTimeout(resolve, {AT_A_TIME}, {{}}));
         return Promise.race([globalThis.outcome, later]);"
    );
    let start = Instant::now();
    loop {
        let outcome = browser.script(&wait, vec![])?;
        if let Some(value) = outcome.get("value") {
            return Ok(serde_json::from_value(value.clone())?);
        }
        if let Some(error) = outcome.get("error") {
            bail!("{}", error.as_str().unwrap_or("an error without a text"));
        }
        ensure!(start.elapsed() < Duration::from_secs(seconds), "nothing came in {seconds} s");
    }
}
