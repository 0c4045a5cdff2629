//! `cargo xtask check`: what has to hold before anything lands.

use anyhow::Result;

use crate::browsers::Engine;
use crate::{command, project, step, test};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// Formatting, clippy and docs with warnings denied, natively and for wasm32, then all tests.
pub(crate) fn run() -> Result<()> {
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
    step::loud("Clippy, wasm32", || {
        command::run(
            project::cargo_wasm(["clippy", "--package", "inkling"])
                .args(WASM)
                .args(["--lib", "--bin", "page", "--bin", "worker", "--test", "core"])
                .args(["--", "--deny=warnings"]),
        )
    })?;
    step::loud("Docs, native", || {
        command::run(
            project::cargo(["doc", "--workspace", "--no-deps", "--document-private-items"])
                .env("RUSTDOCFLAGS", "--deny=warnings"),
        )
    })?;
    step::loud("Docs, wasm32", || {
        command::run(
            project::cargo_wasm(["doc", "--package", "inkling", "--lib", "--no-deps"])
                .args(WASM)
                .arg("--document-private-items")
                .env("RUSTDOCFLAGS", "--deny=warnings"),
        )
    })?;
    test::all(&[Engine::Chromium.ensure()?])
}
