//! Installs the libraries that Inkling is compared with, each in a folder of bench/peers as its own
//! documentation says. Their files go to node_modules there and to target/peers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, npm, project, step, wasm};

/// Peers that come from npm.
const FROM_NPM: [&str; 3] = ["tfjs", "jax-js", "onnxruntime-web"];

/// Installs and builds all of them; returns the Python that runs Keras.
pub(super) fn ensure() -> Result<PathBuf> {
    let python = keras()?;
    for peer in FROM_NPM {
        npm::install(&folder().join(peer))?;
    }
    model(&python)?;
    burn()?;
    Ok(python)
}

fn folder() -> PathBuf {
    project::root().join("bench/peers")
}

/// Where their builds go.
fn made() -> PathBuf {
    project::target().join("peers")
}

/// A virtual environment with TensorFlow, made once for these requirements.
fn keras() -> Result<PathBuf> {
    let environment = made().join("python");
    let python = environment.join("bin/python");
    let requirements = folder().join("requirements.txt");
    let wanted = fs::read(&requirements).context("cannot read bench/peers/requirements.txt")?;
    let installed = environment.join("installed-requirements.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    step::quiet("Installing TensorFlow", || {
        command::output(Command::new("python3").args(["-m", "venv"]).arg(&environment))
            .context("Python 3 with venv is needed for native Keras")?;
        command::output(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--requirement"])
                .arg(&requirements),
        )
    })?;
    fs::write(&installed, wanted)
        .with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// Writes the shipped weights as ONNX, for onnxruntime-web.
fn model(python: &Path) -> Result<()> {
    step::quiet("Exporting the model as ONNX", || {
        command::output(
            Command::new(python)
                .arg(folder().join("onnxruntime-web/export.py"))
                .arg(project::root().join("www/assets/weights.safetensors"))
                .arg(made().join("model.onnx")),
        )
    })?;
    Ok(())
}

/// Builds Burn's program and its JavaScript side.
fn burn() -> Result<()> {
    let target = made().join("burn");
    step::loud("Building Burn for wasm32", || {
        let manifest = folder().join("burn/Cargo.toml");
        command::run(
            project::cargo_wasm(["build", "--release", "--locked", "--quiet"])
                .args(["--target", "wasm32-unknown-unknown", "--manifest-path"])
                .arg(manifest)
                .arg("--target-dir")
                .arg(&target),
        )?;
        wasm::bind(
            &target.join("wasm32-unknown-unknown/release/burn_peer.wasm"),
            "burn_peer",
            &target.join("web"),
        )
    })
}
