//! `cargo xtask bench`: how fast it is, natively and in headless Chromium on the built page.

use anyhow::Result;

use crate::browsers::Engine;
use crate::{command, dist, project, step};

/// The program that drives the browser: the build that the tests use, as only the page is measured.
const IN_BROWSER: [&str; 6] = ["--profile", "test", "--package", "e2e", "--bin", "bench"];

/// Prints training images/s and microseconds a prediction for both.
pub(crate) fn run() -> Result<()> {
    let browser = Engine::Chromium.ensure()?;
    let site = dist::run()?;
    let mut native = project::cargo(["run", "--quiet", "--release", "--bin", "inkling"]);
    let mut in_browser = project::cargo(["run", "--quiet"]);
    in_browser.args(IN_BROWSER);
    in_browser.env("INKLING_DIST", &site);
    browser.tell(&mut in_browser);
    // Built before anything is measured, so that no compiler runs beside it.
    step::loud("Building the benchmarks", || {
        command::run(&mut project::cargo(["build", "--release", "--bin", "inkling"]))?;
        command::run(project::cargo(["build"]).args(IN_BROWSER))
    })?;

    println!("\nNative, one thread:");
    command::run(native.arg("--").arg("bench"))?;
    println!("\nHeadless Chromium, on the built page:");
    command::run(&mut in_browser)
}
