//! The commands' messages where something is missing: one sentence that says what to do. Fake programs
//! simulate other machines.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// A repository with npm's files, and a `PATH` with a test's fake programs.
struct Machine {
    directory: TempDir,
}

impl Machine {
    fn new() -> Result<Self> {
        let machine = Self { directory: tempfile::tempdir()? };
        fs::create_dir_all(machine.programs())?;
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for file in ["package.json", "package-lock.json"] {
            fs::copy(real.join(file), machine.directory.path().join(file))?;
        }
        Ok(machine)
    }

    fn programs(&self) -> PathBuf {
        self.directory.path().join("programs")
    }

    fn has(&self, program: &str, script: &str) -> Result<()> {
        let path = self.programs().join(program);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .env("INKLING_ROOT", self.directory.path())
            .env("PATH", self.programs())
            .env_remove("RUST_BACKTRACE")
            .output()?)
    }

    /// The error of a command that must fail; one line.
    fn error(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        ensure!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(said.starts_with("error: ") && said.lines().count() == 1, "no sentence: {said}");
        Ok(said)
    }
}

fn contains(said: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(said.contains(part), "{part:?} is not in {said}");
    }
    Ok(())
}

const NODE: &str = "echo v22.1.0";

#[test]
fn no_node() -> Result<()> {
    let said = Machine::new()?.error(&["dist"])?;
    contains(&said, &["Node.js", "is missing", "version 20", "https://nodejs.org"])
}

/// Debian's of 2023.
#[test]
fn a_node_that_is_too_old() -> Result<()> {
    let machine = Machine::new()?;
    machine.has("node", "echo v18.19.0")?;
    contains(&machine.error(&["dist"])?, &["18.19.0", "needs 20", "https://nodejs.org"])
}

#[test]
fn no_npm() -> Result<()> {
    let machine = Machine::new()?;
    machine.has("node", NODE)?;
    contains(&machine.error(&["dist"])?, &["npm is missing", "apt-get install npm"])
}

#[test]
fn no_network_at_the_first_run() -> Result<()> {
    for code in ["ENOTFOUND", "EAI_AGAIN"] {
        let machine = Machine::new()?;
        machine.has("node", NODE)?;
        let npm = format!(
            "echo 'npm error code {code}' >&2
            echo 'npm error request to https://registry.npmjs.org/uplot failed, reason: getaddrinfo {code}' >&2
            exit 1"
        );
        machine.has("npm", &npm)?;
        contains(&machine.error(&["dist"])?, &["npm could not reach", "connect to the network"])?;
    }
    Ok(())
}

#[test]
fn npm_on_a_full_disk() -> Result<()> {
    let machine = Machine::new()?;
    machine.has("node", NODE)?;
    machine.has("npm", "echo 'npm error code ENOSPC' >&2; exit 228")?;
    contains(&machine.error(&["dist"])?, &["no room on the disk", "free some"])
}

/// Any other failure is reported in npm's own words.
#[test]
fn npm_fails_otherwise() -> Result<()> {
    let machine = Machine::new()?;
    machine.has("node", NODE)?;
    machine.has("npm", "echo 'npm error code EINTEGRITY' >&2; exit 1")?;
    let output = machine.run(&["dist"])?;
    contains(&String::from_utf8_lossy(&output.stderr), &["could not install", "EINTEGRITY"])
}

/// Later runs need no network; after a failure npm runs again.
#[test]
fn npm_is_asked_until_it_has_installed_and_not_again() -> Result<()> {
    let machine = Machine::new()?;
    machine.has("node", NODE)?;
    let asked = machine.directory.path().join("asked");
    let times = || fs::read_to_string(&asked).unwrap_or_default().lines().count();
    let log = format!("echo once >>{}", asked.display());

    machine.has("npm", &format!("{log}; exit 1"))?;
    ensure!(!machine.run(&["dist"])?.status.success() && times() == 1);
    machine.has("npm", &format!("{log}; /bin/mkdir node_modules"))?;
    for _ in 0..2 {
        // There is no source to build a site from, which is noticed after npm.
        contains(&machine.error(&["dist"])?, &["No such file"])?;
        ensure!(times() == 2, "asked {} times", times());
    }
    Ok(())
}

#[test]
fn a_port_that_is_taken() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let said = Machine::new()?.error(&["serve", "--port", &port])?;
    contains(&said, &[&port, "of 127.0.0.1 is in use", "cargo xtask serve --port"])
}

/// As on a system other than Debian, or for a user who may not install packages.
#[test]
fn no_browser() -> Result<()> {
    let machine = Machine::new()?;
    contains(&machine.error(&["test"])?, &["Chromium", "is missing", "PATH"])?;
    machine.has("apt-get", "exit 1")?;
    contains(&machine.error(&["test"])?, &["needs root", "sudo apt-get install"])
}
