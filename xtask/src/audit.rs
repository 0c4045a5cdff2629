//! `cargo xtask audit`: Lighthouse's scores of the built page with its mobile profile, a slow phone on a slow
//! network as Lighthouse simulates them.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::browsers::Engine;
use crate::wasm::Effort;
use crate::{command, dist, npm, project, step};

/// Lighthouse's categories and the lowest score allowed for each.
const LIMITS: [(&str, u32); 3] =
    [("accessibility", 100), ("best-practices", 100), ("performance", 95)];

/// Chromium without a display, also as root, and without traffic of its own.
const CHROMIUM: &str = "--headless --no-sandbox --disable-quic --no-first-run \
     --disable-background-networking --disable-component-update --disable-sync";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Number of runs; the medians count, as a single run depends on what else the machine does
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
}

/// Builds the page, runs Lighthouse, which is installed for it, and fails below [`LIMITS`].
pub(crate) fn run(options: &Options) -> Result<()> {
    Engine::Chromium.ensure()?;
    let site = dist::build(Effort::Release)?;
    npm::install(&folder())?;
    let reports = project::target().join("lighthouse");
    fs::create_dir_all(&reports).with_context(|| format!("cannot create {}", reports.display()))?;
    let host = Host::start(&site)?;
    let runs = (1..=options.runs)
        .map(|run| {
            step::quiet(&format!("Lighthouse, run {run} of {}", options.runs), || {
                ask(&host.url, &reports.join(format!("{run}.json")))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    drop(host);
    println!("\n{}", summary(&runs)?);
    println!("The reports are in {}", reports.display());
    let low: Vec<&str> = LIMITS
        .into_iter()
        .filter(|(category, limit)| median(&runs, category).is_none_or(|score| score < *limit))
        .map(|(category, _)| category)
        .collect();
    if !low.is_empty() {
        bail!("below its limit: {}", low.join(", "));
    }
    Ok(())
}

/// The folder whose package.json names Lighthouse and the server for the site.
fn folder() -> PathBuf {
    project::root().join("tests/lighthouse")
}

/// Serves the site compressed, as a static host does, until dropped.
struct Host {
    server: Child,
    url: String,
}

impl Host {
    fn start(site: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let server = Command::new("node")
            .arg(folder().join("node_modules/serve/build/main.js"))
            .args(["--no-request-logging", "--no-clipboard", "--no-port-switching", "--listen"])
            .arg(format!("tcp://127.0.0.1:{port}"))
            .arg(site)
            .stdout(Stdio::null())
            .spawn()
            .context("could not start node")?;
        let mut host = Self { server, url: format!("http://127.0.0.1:{port}/") };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = host.server.try_wait()? {
                bail!("the server of the site ended at once ({status})");
            }
            if start.elapsed() > Duration::from_secs(20) {
                bail!("the server of the site does not listen");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(host)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Runs Lighthouse on the address and reads its report.
fn ask(url: &str, report: &Path) -> Result<Report> {
    let mut lighthouse = Command::new("node");
    lighthouse
        .arg(folder().join("node_modules/lighthouse/cli/index.js"))
        .arg(url)
        .args(["--quiet", "--no-enable-error-reporting", "--output", "json", "--output-path"])
        .arg(report)
        .args(["--only-categories", &LIMITS.map(|(category, _)| category).join(",")])
        .arg(["--chrome-flags=", CHROMIUM].concat());
    if let Some(chromium) = Engine::Chromium.program() {
        lighthouse.env("CHROME_PATH", chromium);
    }
    command::output(&mut lighthouse)?;
    let text =
        fs::read_to_string(report).with_context(|| format!("cannot read {}", report.display()))?;
    let report: Report = serde_json::from_str(&text).context("this is no report of Lighthouse")?;
    match &report.runtime_error {
        Some(error) => bail!("Lighthouse could not judge the page: {}", error.message),
        None => Ok(report),
    }
}

/// The parts of a report that are used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    categories: BTreeMap<String, Category>,
    audits: BTreeMap<String, Audit>,
    runtime_error: Option<RuntimeError>,
}

#[derive(Deserialize)]
struct RuntimeError {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    /// 0 to 1.
    score: Option<f64>,
    audit_refs: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
    weight: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    title: String,
    /// 0 to 1; `None` if it does not apply.
    score: Option<f64>,
    display_value: Option<String>,
}

impl Report {
    /// Out of a hundred.
    fn score(&self, category: &str) -> Option<u32> {
        let score = self.categories.get(category)?.score?;
        Some((100.0 * score).round() as u32)
    }

    /// The audits that lower a category's score.
    fn faults(&self, category: &str) -> impl Iterator<Item = &Audit> {
        let references = self.categories.get(category).into_iter().flat_map(|c| &c.audit_refs);
        let counted = references.filter(|reference| reference.weight > 0.0);
        counted
            .filter_map(|reference| self.audits.get(&reference.id))
            .filter(|audit| audit.score.is_some_and(|score| score < 1.0))
    }
}

/// The median of the runs' scores; of two, the lower.
fn median(runs: &[Report], category: &str) -> Option<u32> {
    let mut scores = runs.iter().map(|run| run.score(category)).collect::<Option<Vec<u32>>>()?;
    scores.sort_unstable();
    scores.get(scores.len().checked_sub(1)? / 2).copied()
}

/// The medians, all scores, and the faults of the median run.
fn summary(runs: &[Report]) -> Result<String> {
    let mut lines = vec![];
    for (category, limit) in LIMITS {
        let median = median(runs, category).with_context(|| format!("no score: {category}"))?;
        let scores = runs.iter().filter_map(|run| run.score(category));
        let all: Vec<String> = scores.map(|score| score.to_string()).collect();
        lines.push(format!("{category:<14} {median:>3} of {limit:>3} ({})", all.join(", ")));
        let middle = runs.iter().find(|run| run.score(category) == Some(median));
        for fault in middle.into_iter().flat_map(|run| run.faults(category)) {
            let score = 100.0 * fault.score.unwrap_or_default();
            let value = fault.display_value.as_deref().unwrap_or_default();
            lines.push(format!("  {score:>3.0}  {} {value}", fault.title).trim_end().to_owned());
        }
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(performance: f64) -> Report {
        let text = format!(
            r#"{{"categories": {{
                "performance": {{"score": {performance}, "auditRefs": [
                    {{"id": "speed-index", "weight": 10}}, {{"id": "advice", "weight": 0}}]}},
                "accessibility": {{"score": 1, "auditRefs": []}},
                "best-practices": {{"score": null, "auditRefs": []}}}},
            "audits": {{
                "speed-index": {{"title": "Speed Index", "score": 0.5, "displayValue": "4 s"}},
                "advice": {{"title": "Advice", "score": 0}}}}}}"#
        );
        serde_json::from_str(&text).expect("a report")
    }

    #[test]
    fn the_run_in_the_middle_counts() {
        let runs = [report(0.99), report(0.2), report(0.945)];
        assert_eq!(median(&runs, "performance"), Some(95));
        assert_eq!(median(&runs[..2], "performance"), Some(20));
        assert_eq!(median(&runs, "accessibility"), Some(100));
        assert_eq!(median(&runs, "best-practices"), None, "a score that is missing is no 100");
        assert_eq!(median(&[], "performance"), None);
    }

    #[test]
    fn only_what_counts_is_a_fault() {
        let report = report(0.9);
        let faults: Vec<&str> =
            report.faults("performance").map(|audit| audit.title.as_str()).collect();
        assert_eq!(faults, ["Speed Index"]);
    }

    #[test]
    fn a_summary_needs_every_score() {
        assert!(summary(&[report(0.9)]).is_err());
    }
}
