//! What a script comes to that takes its time: WebDriver waits for no promise for long.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use e2e::Browser;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How often it is asked for: seldom, because asking takes time from what is measured.
const EVERY: Duration = Duration::from_millis(250);

/// Runs the body of a function in the document and gives what its promise comes to.
pub(crate) fn of<T: DeserializeOwned>(
    browser: &Browser,
    body: &str,
    arguments: Vec<Value>,
    seconds: u64,
) -> Result<T> {
    let begin = format!(
        "globalThis.outcome = null;
         (async function () {{ {body} }}).apply(null, arguments).then(
             value => {{ globalThis.outcome = {{value}}; }},
             error => {{ globalThis.outcome = {{error: String(error?.stack ?? error)}}; }},
         );"
    );
    browser.script(&begin, arguments)?;
    let start = Instant::now();
    loop {
        thread::sleep(EVERY);
        let outcome = browser.script("return globalThis.outcome", vec![])?;
        if let Some(value) = outcome.get("value") {
            return Ok(serde_json::from_value(value.clone())?);
        }
        if let Some(error) = outcome.get("error") {
            bail!("{}", error.as_str().unwrap_or("an error without a text"));
        }
        ensure!(start.elapsed() < Duration::from_secs(seconds), "nothing came in {seconds} s");
    }
}
