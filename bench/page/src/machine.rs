//! What a benchmark ran on, and when.

use std::fs;

use anyhow::Result;
use e2e::Browser;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// Name of the processor.
    pub(crate) processor: String,
    /// Cores that this program may use.
    pub(crate) cores: usize,
    /// Name and version.
    pub(crate) browser: String,
    /// Today, `2026-11-24`, in UTC.
    pub(crate) date: String,
    /// Processes ready to run at the end, averaged over a minute; on a quiet machine about as many
    /// as the benchmark uses.
    pub(crate) load: Option<f64>,
}

pub(crate) fn describe(browser: &Browser) -> Result<Machine> {
    const ABOUT: &str = "
        const version = navigator.userAgent.match(/Chrom(?:e|ium)\\/(\\d+)/);
        return [`Chromium ${version?.[1] ?? ''}`, new Date().toISOString().slice(0, 10)];";
    let (browser, date) = serde_json::from_value(browser.script(ABOUT, vec![])?)?;
    Ok(Machine { processor: processor(), cores: cores(), browser, date, load: load() })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// On Linux its model name, elsewhere its architecture.
fn processor() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
