//! The message where the browser does not start: one sentence that helps. `screenshots` stands for all
//! programs that start one.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use e2e::Engine;

/// The error of a program that starts Chromium, with this driver and only this browser on `PATH`.
fn said(directory: &Path, driver: &Path) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_screenshots"))
        .arg(directory.join("pictures"))
        .env("CHROMEDRIVER", driver)
        .env("PATH", directory)
        .env_remove("RUST_BACKTRACE")
        .output()?;
    ensure!(!output.status.success());
    Ok(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

fn program(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn is_one_sentence_with(said: &str, parts: &[&str]) -> Result<()> {
    ensure!(said.lines().count() == 1, "{said}");
    for part in parts {
        ensure!(said.contains(part), "{part:?} is not in {said}");
    }
    Ok(())
}

#[test]
fn a_driver_that_ends_at_once() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let driver = directory.path().join("chromedriver");
    program(&driver, "#!/bin/sh\necho 'a library is missing' >&2\nexit 3\n")?;
    let said = said(directory.path(), &driver)?;
    is_one_sentence_with(&said, &["chromedriver ended at once", "a library is missing", "install"])
}

#[test]
fn a_driver_that_is_not_there() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let said = said(directory.path(), &directory.path().join("chromedriver"))?;
    is_one_sentence_with(&said, &["chromedriver does not start", "install"])
}

/// With the real driver, if there is one: Firefox or WebKit may be tested without.
#[test]
fn a_browser_that_ends_at_once() -> Result<()> {
    let Ok(driver) = Engine::Chromium.driver() else {
        eprintln!("left out: there is no chromedriver");
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    program(&directory.path().join("chromium"), "#!/bin/sh\nexit 1\n")?;
    let said = said(directory.path(), &driver)?;
    is_one_sentence_with(&said, &["chromium does not start", "install"])
}
