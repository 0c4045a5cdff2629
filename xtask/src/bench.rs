//! `cargo xtask bench`: how fast it is, natively and in headless Chromium on the built page.

use anyhow::Result;

use crate::browsers::Engine;
use crate::{command, dist, project, step};

/// Prints training images/s and microseconds a prediction for both.
pub(crate) fn run() -> Result<()> {
    let browser = Engine::Chromium.ensure()?;
    let site = dist::run()?;
    // Optimised is what is measured; what drives the browser is the build that the tests use.
    let mut native = project::cargo(["run", "--quiet", "--release", "--bin", "inkling"]);
    let mut in_browser = project::cargo([
        "run",
        "--quiet",
        "--profile",
        "test",
        "--package",
        "e2e",
        "--bin",
        "bench",
    ]);
    in_browser.env("INKLING_DIST", &site);
    browser.tell(&mut in_browser);
    // Built before anything is measured, so that no compiler runs beside it.
    step::loud("Building the benchmarks", || {
        command::run(&mut project::cargo(["build", "--release", "--bin", "inkling"]))?;
        command::run(&mut project::cargo([
            "build",
            "--profile",
            "test",
            "--package",
            "e2e",
            "--bin",
            "bench",
        ]))
    })?;

    println!("\nNative, one thread:");
    command::run(native.arg("--").arg("bench"))?;
    println!("\nHeadless Chromium, on the built page:");
    command::run(&mut in_browser)
}
