//! `cargo xtask dist`: the static site.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tools::Tool;
use crate::{command, data, fingerprint, npm, project, step, toolchain};

/// All that the site is made of; what npm brings is named by its lock file.
const INPUTS: [&str; 9] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "package-lock.json",
    "rust-toolchain.toml",
    "src",
    "www",
    "xtask/src",
];

/// What wasm-opt may make use of. All that it knows would be too much: some of it no browser has yet.
const WASM_FEATURES: [&str; 8] = [
    "simd",
    "relaxed-simd",
    "bulk-memory",
    "nontrapping-float-to-int",
    "sign-ext",
    "mutable-globals",
    "multivalue",
    "reference-types",
];

/// Where the programs that a build takes are.
pub(crate) struct Tools {
    trunk: PathBuf,
    pub(crate) wasm_bindgen: PathBuf,
}

/// Builds the site and returns its directory.
pub(crate) fn run() -> Result<PathBuf> {
    let start = Instant::now();
    let tools = prepare()?;
    let dist = project::dist();
    let stamp = project::target().join("dist.stamp");
    // Taken before the build: what changes while it runs is for the next one.
    let made_of = fingerprint::of(project::root(), &INPUTS)?;
    let stamp_now = || anyhow::Ok(format!("{made_of} {}", fingerprint::of(&dist, &["."])?));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp_now().is_ok_and(|now| now == stamp)) {
        println!("The site in {} is up to date", dist.display());
        return Ok(dist);
    }
    step::loud("Building the page", || build(&tools))?;
    step::loud("Building the trainer with relaxed SIMD", || relaxed_worker(&tools, &dist))?;
    check(&dist)?;
    fs::write(&stamp, stamp_now()?).with_context(|| format!("cannot write {}", stamp.display()))?;
    println!("The site is in {}: {}", dist.display(), step::seconds(start.elapsed()));
    Ok(dist)
}

/// Finds or installs all that a build takes: first what a user may have to see to, then what may take
/// minutes.
pub(crate) fn prepare() -> Result<Tools> {
    toolchain::ensure()?;
    npm::ensure()?;
    let tools = Tools {
        trunk: Tool::trunk().directory()?,
        wasm_bindgen: Tool::wasm_bindgen()?.directory()?,
    };
    data::ensure()?;
    Ok(tools)
}

fn build(tools: &Tools) -> Result<()> {
    let path = [npm::bin(), tools.trunk.clone(), tools.wasm_bindgen.clone()];
    command::run(
        Command::new("trunk")
            // It would warn that no module has the type "main".
            .args(["build", "--log", "error"])
            .current_dir(project::root())
            .env("PATH", project::path_with(&path)?)
            // What failed has said so itself; where Trunk noticed it is no help.
            .env("RUST_BACKTRACE", "0")
            // See `project::cargo_wasm`.
            .env_remove("RUSTFLAGS"),
    )
}

/// Builds the worker a second time, for browsers with relaxed SIMD; Trunk builds a program only once.
fn relaxed_worker(tools: &Tools, dist: &Path) -> Result<()> {
    const NAME: &str = "worker-relaxed";
    command::run(&mut project::cargo_relaxed([
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--target",
        "wasm32-unknown-unknown",
        "--bin",
        "worker",
    ]))?;
    let built = project::relaxed_target().join("wasm32-unknown-unknown/release/worker.wasm");
    command::run(
        Command::new(tools.wasm_bindgen.join("wasm-bindgen"))
            .args(["--target", "web", "--no-typescript", "--out-name", NAME, "--out-dir"])
            .arg(dist)
            .arg(built),
    )?;
    let module = dist.join(format!("{NAME}_bg.wasm"));
    command::run(
        Command::new(npm::bin().join("wasm-opt"))
            .arg("-O3")
            .args(WASM_FEATURES.map(|feature| ["--enable-", feature].concat()))
            .arg("--output")
            .args([&module, &module]),
    )
}

/// Holds the built site to its Content-Security-Policy.
fn check(dist: &Path) -> Result<()> {
    // Trunk's lock between its own runs, no part of the site.
    let _ = fs::remove_file(dist.join(".trunk-lock"));
    let html = dist.join("index.html");
    let html =
        fs::read_to_string(&html).with_context(|| format!("cannot read {}", html.display()))?;
    if let Some(script) = inline_script(&html) {
        bail!("the page's policy forbids inline script, but index.html holds {script}");
    }
    Ok(())
}

/// The first script element that has no `src`, as Trunk writes one for a "main" module or for
/// reloading.
fn inline_script(html: &str) -> Option<&str> {
    html.match_indices("<script")
        .filter_map(|(at, _)| html[at..].split_inclusive('>').next())
        .find(|tag| !tag.contains(" src="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_script_is_found() {
        let loaded = "<script defer src=\"./uPlot.js\"></script><body>";
        assert_eq!(inline_script(loaded), None);
        let both = format!("{loaded}<script type=\"module\">import init</script>");
        assert_eq!(inline_script(&both), Some("<script type=\"module\">"));
    }

    #[test]
    fn the_site_is_made_of_what_is_there() -> Result<()> {
        fingerprint::of(project::root(), &INPUTS)?;
        Ok(())
    }
}
