//! What package.json names: the data set, what the page loads, wasm-opt, axe.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, project, step};

/// Where npm puts the packages' programs.
pub(crate) fn bin() -> PathBuf {
    modules().join(".bin")
}

/// Installs the packages, unless those of this package-lock.json are installed already.
pub(crate) fn ensure() -> Result<()> {
    install(project::root())
}

/// The same for a folder with a package-lock.json of its own.
pub(crate) fn install(folder: &Path) -> Result<()> {
    if which::which("node").is_err() {
        bail!(
            "Node.js is missing; npm brings the data set and wasm-opt: see https://nodejs.org, or \
             `apt-get install nodejs npm`"
        );
    }
    let lock = folder.join("package-lock.json");
    let lock = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    // npm keeps no copy of the lock file that it installed from, so keep one beside the packages.
    let installed = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let Ok(npm) = which::which("npm") else {
        bail!("npm is missing; it comes with https://nodejs.org, or by `apt-get install npm`");
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    step::quiet(&format!("Installing the npm packages of {name}"), || {
        command::output(
            Command::new(npm)
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(folder),
        )
        .context("npm could not install what package-lock.json names; is there a network?")
    })?;
    std::fs::write(&installed, lock)
        .with_context(|| format!("cannot write {}", installed.display()))
}

fn modules() -> PathBuf {
    project::root().join("node_modules")
}
