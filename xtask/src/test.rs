//! `cargo xtask test`: the native suite, the core's suite in a browser, and end-to-end tests of the built
//! page.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use crate::browsers::{Browser, Choice, Engine};
use crate::wasm::Effort;
use crate::{command, dist, fingerprint, formats, nginx, npm, project, step};

/// What serves the page in the end-to-end tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// Their own server, which can simulate failures
    BuiltIn,
    /// nginx, with hosting/nginx.conf; where a test simulates a failure it asks the built-in one
    Nginx,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only the end-to-end tests whose names contain one of these, on a quick build unless the page is
    /// already built
    names: Vec<String>,
    /// Browser for the tests that need one
    #[arg(long, value_enum, default_value_t = Choice::Chromium)]
    browser: Choice,
    /// What serves the page; with nginx and hosting/nginx.conf, only the end-to-end tests run
    #[arg(long, value_enum, default_value_t = Server::BuiltIn)]
    server: Server,
    /// Only have onnxruntime, Keras and PyTorch read what the page and the command line save; their first
    /// installation takes gigabytes
    #[arg(long, conflicts_with_all = ["names", "server"])]
    formats: bool,
}

/// A suite and whether it passed.
struct Outcome {
    name: String,
    passed: bool,
    took: String,
}

/// Runs what was asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    let browsers = options
        .browser
        .engines()
        .iter()
        .map(|engine| engine.ensure())
        .collect::<Result<Vec<_>>>()?;
    if options.server == Server::Nginx {
        nginx::ensure()?;
    }
    if options.formats {
        formats::run(&browsers[0])
    } else if options.names.is_empty() {
        all(&browsers, options.server)
    } else {
        some(&options.names, &browsers, options.server)
    }
}

/// Runs every suite, even after a failure, and sums up. Chromium runs all; the other engines only if asked
/// for.
fn all(browsers: &[Browser], server: Server) -> Result<()> {
    let start = Instant::now();
    npm::ensure()?;
    let mut outcomes = match server {
        Server::BuiltIn => without_the_site(browsers)?,
        Server::Nginx => vec![],
    };
    let mut site = None;
    outcomes.push(suite("page builds", || {
        site = Some(dist::build(Effort::Release)?);
        Ok(())
    }));
    if let Some(site) = &site
        && server == Server::BuiltIn
    {
        match which::which("trunk") {
            Ok(trunk) => outcomes.push(suite("Trunk", || writes_the_same(&trunk, site))),
            Err(_) => println!("\nTests, Trunk: left out, as Trunk is not installed"),
        }
    }
    for (browser, site) in browsers.iter().zip(site.iter().cycle()) {
        outcomes.push(suite(&format!("page in {}", browser.engine.name()), || {
            command::run(&mut page_in(browser, site, server))
        }));
    }
    sum_up(&outcomes, start)
}

/// Runs the end-to-end tests with these names.
fn some(names: &[String], browsers: &[Browser], server: Server) -> Result<()> {
    let start = Instant::now();
    let effort = if dist::is_built(Effort::Release)? { Effort::Release } else { Effort::Quick };
    let site = dist::build(effort)?;
    let mut outcomes = Vec::new();
    for browser in browsers {
        for name in names {
            outcomes.push(suite(&format!("{name} in {}", browser.engine.name()), || {
                command::run(
                    page_in(browser, &site, server).args(["--quiet", "--test", "page", "--", name]),
                )
            }));
        }
    }
    sum_up(&outcomes, start)
}

fn sum_up(outcomes: &[Outcome], start: Instant) -> Result<()> {
    println!("\nTests:");
    for outcome in outcomes {
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

/// The suites that do not need the page.
fn without_the_site(browsers: &[Browser]) -> Result<Vec<Outcome>> {
    let runner = build()?;
    let mut outcomes = Vec::new();
    outcomes.push(suite("launcher", || command::run(&mut launcher())));
    outcomes.push(suite("commands", || command::run(&mut commands())));
    outcomes.push(suite("native", || command::run(&mut native())));
    for browser in browsers {
        outcomes.push(suite(&format!("core in {}", browser.engine.name()), || {
            command::run(&mut core_in(browser, &runner, project::cargo_wasm))
        }));
        // The only one of the three that has relaxed SIMD by default.
        if browser.engine == Engine::Chromium {
            outcomes.push(suite("core, relaxed SIMD", || {
                command::run(&mut core_in(browser, &runner, project::cargo_relaxed))
            }));
        }
    }
    Ok(outcomes)
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

/// Compiles all suites, so that none waits for a compiler while another could run. Returns the runner of
/// those in a browser.
fn build() -> Result<PathBuf> {
    let compile = |mut command: Command| {
        move || command::output(command.args(["--no-run", "--quiet"])).map(drop)
    };
    let runner = || {
        let arguments = ["build", "--quiet", "--profile", "tools", "--package", "wasm-runner"];
        command::output(&mut project::cargo(arguments)).map(drop)
    };
    let jobs: Vec<step::Job<'_>> = vec![
        ("native".to_owned(), Box::new(compile(native()))),
        ("core, relaxed SIMD".to_owned(), Box::new(compile(core(project::cargo_relaxed)))),
        ("core".to_owned(), Box::new(compile(core(project::cargo_wasm)))),
        ("end to end".to_owned(), Box::new(compile(page()))),
        ("commands".to_owned(), Box::new(compile(commands()))),
        ("what runs tests in a browser".to_owned(), Box::new(runner)),
    ];
    step::side_by_side("Compiling the tests, which takes minutes the first time", jobs)?;
    Ok(project::target().join("tools").join(["wasm-runner", std::env::consts::EXE_SUFFIX].concat()))
}

/// Checks that `trunk build --release` writes the same site.
fn writes_the_same(trunk: &Path, site: &Path) -> Result<()> {
    let dist = project::target().join("trunk");
    let mut build = Command::new(trunk);
    build.args(["build", "--release", "--log", "warn", "--dist"]).arg(&dist);
    command::run(build.current_dir(project::root()))?;
    // The lock that Trunk leaves there is not part of the site.
    let lock = dist.join(".trunk-lock");
    if lock.exists() {
        std::fs::remove_file(lock)?;
    }
    let same = fingerprint::of(&dist, &["."])? == fingerprint::of(site, &["."])?;
    ensure!(same, "{} is not what is in {}", dist.display(), site.display());
    println!("Trunk has written the same site");
    Ok(())
}

/// In a workspace of its own, so that an old cargo can read its manifest.
fn launcher() -> Command {
    let manifest = ["--manifest-path", "xtask/launcher/Cargo.toml"];
    let mut command = project::cargo(["test", "--quiet", "--target-dir", "target/launcher"]);
    command.args(manifest);
    command
}

/// The core, the settings, the kernels and the page without a browser.
fn native() -> Command {
    project::cargo([
        "test",
        "--package",
        "inkling",
        "--package",
        "inkling-config",
        "--package",
        "inkling-kernels",
    ])
}

/// The commands' own tests, built in the profile that runs the commands.
fn commands() -> Command {
    project::cargo(["test", "--profile", "tools", "--package", "xtask"])
}

/// The suite for both worlds, compiled to wasm32.
fn core(cargo: fn([&'static str; 7]) -> Command) -> Command {
    cargo(["test", "--target", "wasm32-unknown-unknown", "--package", "inkling", "--test", "core"])
}

/// The same in a browser, whose options are in webdriver.json.
fn core_in(browser: &Browser, runner: &Path, cargo: fn([&'static str; 7]) -> Command) -> Command {
    let mut command = core(cargo);
    command
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env("WASM_BINDGEN_USE_BROWSER", "1")
        // The default of 20 seconds is too little for a busy machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    // The runner takes the first driver that is set.
    for variable in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
        command.env_remove(variable);
    }
    browser.set_variables(&mut command);
    if browser.engine == Engine::WebKit { on_a_display(command) } else { command }
}

fn page() -> Command {
    project::cargo(["test", "--profile", "tools", "--package", "e2e"])
}

/// The end-to-end tests on the built page, served by their own server.
pub(crate) fn page_tests(browser: &Browser, site: &Path) -> Command {
    page_in(browser, site, Server::BuiltIn)
}

/// The end-to-end tests on the built page.
fn page_in(browser: &Browser, site: &Path, server: Server) -> Command {
    let mut command = page();
    command.env("INKLING_DIST", site);
    match server {
        Server::BuiltIn => command.env_remove("INKLING_SERVER"),
        Server::Nginx => command.env("INKLING_SERVER", "nginx"),
    };
    browser.set_variables(&mut command);
    command
}

/// The same command on a virtual display, for a browser that needs one.
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
