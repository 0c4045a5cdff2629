//! `cargo xtask bench`: how fast it is, natively and in headless Chromium on the built page.

use anyhow::Result;

use crate::browsers::Engine;
use crate::{command, dist, project, step};

/// Prints training images/s and microseconds a prediction for both.
pub(crate) fn run() -> Result<()> {
    let browser = Engine::Chromium.ensure()?;
    let site = dist::run()?;
    // Built before either is measured, so that no compiler runs beside them.
    step::loud("Building the benchmarks", || {
        command::run(&mut project::cargo([
            "build",
            "--release",
            "--package",
            "inkling",
            "--bin",
            "inkling",
            "--package",
            "e2e",
            "--bin",
            "bench",
        ]))
    })?;

    println!("\nNative:");
    command::run(&mut project::cargo([
        "run",
        "--quiet",
        "--release",
        "--bin",
        "inkling",
        "--",
        "bench",
    ]))?;

    println!("\nHeadless Chromium, on the built page:");
    let mut bench =
        project::cargo(["run", "--quiet", "--release", "--package", "e2e", "--bin", "bench"]);
    bench.env("INKLING_DIST", &site);
    browser.tell(&mut bench);
    command::run(&mut bench)
}
