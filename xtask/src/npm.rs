//! Installs package.json's packages: the data set, the page's libraries, wasm-opt, axe.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::{command, project, step};

/// Where npm puts the packages' programs.
pub(crate) fn bin() -> PathBuf {
    modules().join(".bin")
}

/// Installs the packages, unless those in package-lock.json are already installed.
pub(crate) fn ensure() -> Result<()> {
    install(project::root())
}

/// The same for a folder with a package-lock.json of its own.
pub(crate) fn install(folder: &Path) -> Result<()> {
    check_node()?;
    let lock = folder.join("package-lock.json");
    let lock = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    // npm keeps no copy of the lock file that it installed from, so keep one beside the packages.
    let installed = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let Ok(npm) = which::which("npm") else {
        bail!(
            "npm is missing: install it, with Node.js from https://nodejs.org or by `apt-get install npm`, and run the \
             command again"
        );
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    step::quiet(&format!("Installing the npm packages of {name}"), || {
        let mut npm = Command::new(npm);
        // Without a network npm would wait a minute before it says so.
        npm.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--fetch-retry-mintimeout=1000",
        ]);
        npm.current_dir(folder);
        command::output(&mut npm).map(drop).map_err(explained)
    })?;
    std::fs::write(&installed, lock)
        .with_context(|| format!("cannot write {}", installed.display()))
}

/// Explains npm's failure if its output gives the reason.
fn explained(error: anyhow::Error) -> anyhow::Error {
    let said = format!("{error:#}");
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"]) {
        anyhow!(
            "npm could not reach its registry, and packages of package-lock.json are missing here: connect to the network \
             and run the command again"
        )
    } else if says(&["ENOSPC"]) {
        anyhow!("npm found no room on the disk: free some and run the command again")
    } else {
        error.context("npm could not install what package-lock.json names")
    }
}

/// Checks that Node.js is installed and as new as package.json requires.
fn check_node() -> Result<()> {
    let wanted = wanted()?;
    let Ok(node) = which::which("node") else {
        bail!(
            "Node.js, whose npm brings the data set and wasm-opt, is missing: install version {wanted} or newer from \
             https://nodejs.org and run the command again"
        );
    };
    let found = command::output(Command::new(node).arg("--version"))?;
    let found = found.trim().trim_start_matches('v');
    if numbers(found) < numbers(&wanted) {
        bail!(
            "Node.js is version {found} here, and Inkling needs {wanted} or newer: install it from https://nodejs.org and \
             run the command again"
        );
    }
    Ok(())
}

/// The oldest version that package.json allows: `20` of `"engines": {"node": ">=20"}`.
fn wanted() -> Result<String> {
    let file = project::root().join("package.json");
    let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let package: serde_json::Value = serde_json::from_slice(&text)?;
    let engine = package["engines"]["node"].as_str().and_then(|engine| engine.strip_prefix(">="));
    Ok(engine.context("package.json names no engines.node of the form >=20")?.to_owned())
}

/// A version's numbers, which compare as versions do.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|number| number.parse().ok()).collect()
}

fn modules() -> PathBuf {
    project::root().join("node_modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("9.11.0") < numbers("20"));
        assert!(numbers("20.18.3") < numbers("20.19"));
        assert!(numbers("20.19.0") >= numbers("20.19"));
        assert!(numbers("24.0.0-nightly") >= numbers("20.19"));
    }

    #[test]
    fn package_json_names_a_version() -> Result<()> {
        assert!(!numbers(&wanted()?).is_empty());
        Ok(())
    }
}
