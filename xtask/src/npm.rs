//! What package.json names: the data set, the chart library, wasm-opt.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, project, step};

/// Where npm puts the packages' programs.
pub(crate) fn bin() -> PathBuf {
    modules().join(".bin")
}

/// Installs the packages, unless those of this package-lock.json are installed already.
pub(crate) fn ensure() -> Result<()> {
    if which::which("node").is_err() {
        bail!(
            "Node.js is missing; npm brings the data set and wasm-opt: see https://nodejs.org, or \
             `apt-get install nodejs npm`"
        );
    }
    let lock = std::fs::read(project::root().join("package-lock.json"))
        .context("cannot read package-lock.json")?;
    // npm keeps no copy of the lock file that it installed from, so keep one beside the packages.
    let installed = modules().join(".installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let Ok(npm) = which::which("npm") else {
        bail!("npm is missing; it comes with https://nodejs.org, or by `apt-get install npm`");
    };
    step::quiet("Installing the npm packages", || {
        command::output(
            Command::new(npm)
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(project::root()),
        )
        .context("npm could not install what package-lock.json names; is there a network?")
    })?;
    std::fs::write(&installed, lock)
        .with_context(|| format!("cannot write {}", installed.display()))
}

fn modules() -> PathBuf {
    project::root().join("node_modules")
}
