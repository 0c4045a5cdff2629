//! `cargo xtask test`: the native suite, the core's suite in a browser, and the built page end to end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::browsers::{Browser, Choice, Engine};
use crate::{command, dist, npm, project, step};

/// A suite and whether it passed.
struct Outcome {
    name: String,
    passed: bool,
    took: String,
}

/// Runs every suite, also after one has failed, and sums up.
pub(crate) fn run(choice: Choice) -> Result<()> {
    let start = Instant::now();
    let browsers =
        choice.engines().iter().map(|engine| engine.ensure()).collect::<Result<Vec<_>>>()?;
    npm::ensure()?;
    let runner = runner()?;

    let mut outcomes = Vec::new();
    outcomes.push(suite("native", || command::run(&mut native())));
    for browser in &browsers {
        outcomes.push(suite(&format!("core in {}", browser.engine.name()), || {
            command::run(&mut core_in(browser, &runner, project::cargo_wasm))
        }));
        // The only one of the three that has relaxed SIMD without being asked for it.
        if browser.engine == Engine::Chromium {
            outcomes.push(suite("core, relaxed SIMD", || {
                command::run(&mut core_in(browser, &runner, project::cargo_relaxed))
            }));
        }
    }
    let mut site = None;
    outcomes.push(suite("page builds", || {
        site = Some(dist::run()?);
        Ok(())
    }));
    for (browser, site) in browsers.iter().zip(site.iter().cycle()) {
        outcomes.push(suite(&format!("page in {}", browser.engine.name()), || {
            command::run(&mut page_in(browser, site))
        }));
    }

    println!("\nTests:");
    for outcome in &outcomes {
        let result = if outcome.passed { "passed" } else { "FAILED" };
        println!("  {:<18} {result} {:>12}", outcome.name, outcome.took);
    }
    println!("  in all {:>31}", step::seconds(start.elapsed()));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    if failed > 0 {
        bail!("{failed} of {} test suites failed", outcomes.len());
    }
    Ok(())
}

fn suite(name: &str, work: impl FnOnce() -> Result<()>) -> Outcome {
    println!("\nTests, {name}:");
    let start = Instant::now();
    let outcome = work();
    if let Err(error) = &outcome {
        println!("{error:#}");
    }
    Outcome { name: name.to_owned(), passed: outcome.is_ok(), took: step::seconds(start.elapsed()) }
}

/// wasm-bindgen's test runner.
fn runner() -> Result<PathBuf> {
    step::loud("Building the runner of browser tests", || {
        command::run(&mut project::cargo([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "xtask",
            "--package",
            "wasm-runner",
        ]))
    })?;
    Ok(project::target().join("xtask").join(["wasm-runner", std::env::consts::EXE_SUFFIX].concat()))
}

fn native() -> Command {
    project::cargo(["test", "--workspace", "--exclude", "e2e"])
}

/// The suite that is written for both worlds, compiled to wasm32 and run by the browser; what the
/// browser is started with stands in webdriver.json.
fn core_in(browser: &Browser, runner: &Path, cargo: fn([&'static str; 7]) -> Command) -> Command {
    let arguments =
        ["test", "--target", "wasm32-unknown-unknown", "--package", "inkling", "--test", "core"];
    let mut command = cargo(arguments);
    command
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env("WASM_BINDGEN_USE_BROWSER", "1")
        // Its own 20 seconds are little for a busy machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    // The runner takes the first driver that it finds named.
    for variable in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
        command.env_remove(variable);
    }
    browser.tell(&mut command);
    if browser.engine == Engine::WebKit { on_a_display(command) } else { command }
}

/// The end-to-end tests on the built page.
fn page_in(browser: &Browser, site: &Path) -> Command {
    let mut command = project::cargo(["test", "--package", "e2e"]);
    command.env("INKLING_DIST", site);
    browser.tell(&mut command);
    command
}

/// The same command on a virtual display, for a browser that cannot do without one.
fn on_a_display(command: Command) -> Command {
    let mut wrapped = Command::new("xvfb-run");
    wrapped.arg("--auto-servernum").arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}
