//! `cargo xtask check`: everything that can be checked without running it.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{command, npm, project, step};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// The scripts of tests/lint/package.json.
const LINTS: [(&str, &str); 3] =
    [("js", "JavaScript"), ("css", "Style sheets"), ("links", "Links in the documents")];

/// Unfinished merges, formatting, clippy and docs with warnings denied, natively and for wasm32; JavaScript, style sheets and links.
pub(crate) fn run() -> Result<()> {
    step::quiet("Merges are finished", merged)?;
    step::loud("Formatting", || command::run(&mut project::cargo(["fmt", "--all", "--check"])))?;
    step::loud("Clippy, native", || {
        command::run(&mut project::cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny=warnings",
        ]))
    })?;
    for (name, features) in [("", &[][..]), (", benchmark", &["--features", "bench"])] {
        step::loud(&format!("Clippy, wasm32{name}"), || {
            command::run(
                project::cargo_wasm(["clippy", "--package", "inkling"])
                    .args(WASM)
                    .args(["--lib", "--bin", "page", "--bin", "worker", "--test", "core"])
                    .args(features)
                    .args(["--", "--deny=warnings"]),
            )
        })?;
    }
    step::loud("Docs, native", || command::run(&mut docs()))?;
    step::loud("Docs, wasm32", || {
        command::run(
            project::cargo_wasm(["doc", "--package", "inkling", "--lib", "--no-deps"])
                .args(["--features", "bench"])
                .args(WASM)
                .arg("--document-private-items")
                .env("RUSTDOCFLAGS", "--deny=warnings"),
        )
    })?;
    let lint = project::root().join("tests/lint");
    npm::install(&lint)?;
    for (script, name) in LINTS {
        step::quiet(name, || {
            command::output(
                Command::new("npm").args(["run", "--silent", script]).current_dir(&lint),
            )
        })?;
    }
    Ok(())
}

/// Fails where git's marks of a conflict were committed.
fn merged() -> Result<()> {
    let mut grep = Command::new("git");
    grep.args(["grep", "-nE", "^(<{7}|>{7}) "]).current_dir(project::root());
    let found = grep.output().context("running git")?;
    let found = String::from_utf8_lossy(&found.stdout);
    ensure!(found.is_empty(), "conflicts of a merge are still marked:\n{found}");
    Ok(())
}

/// Writes the documentation of all crates, private items included, to target/doc.
fn docs() -> Command {
    let mut cargo = project::cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    cargo.env("RUSTDOCFLAGS", "--deny=warnings");
    cargo
}
