//! What `cargo xtask` runs first: provides a Rust toolchain that can compile the project, then starts xtask
//! with it.
//!
//! It must compile with toolchains that are too old for everything else, hence no dependency, and an edition
//! and language features from years ago.

mod disk;
mod step;
mod toolchain;
mod version;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use toolchain::Toolchain;

fn main() -> ExitCode {
    let root = root();
    match launch(&root) {
        Ok(code) => {
            if code != 0 {
                disk::warn_if_full(&root);
            }
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("\nerror: {}", error);
            disk::warn_if_full(&root);
            ExitCode::FAILURE
        }
    }
}

/// The repository's root; tests of failures set another one in `INKLING_ROOT`.
fn root() -> PathBuf {
    if let Some(root) = env::var_os("INKLING_ROOT") {
        return root.into();
    }
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR"));
    launcher.ancestors().nth(2).unwrap_or(launcher).to_owned()
}

/// Runs xtask with this program's arguments and returns its exit code.
fn launch(root: &Path) -> Result<u8, String> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let checks = arguments.first().map_or(false, |command| command == "check");
    let toolchain = Toolchain::ensure(root, checks)?;
    fetch(root, &toolchain)?;
    if !root.join("target/tools").join(format!("xtask{}", env::consts::EXE_SUFFIX)).exists() {
        step::run("Compiling the commands (xtask)", || {
            succeed(xtask(root, &toolchain, "build"), "could not compile xtask")
        })?;
    }
    let mut run = xtask(root, &toolchain, "run");
    let status = run
        .arg("--")
        .args(arguments)
        .status()
        .map_err(|error| format!("could not start cargo: {}", error))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn xtask(root: &Path, toolchain: &Toolchain, verb: &str) -> Command {
    let mut cargo = toolchain.cargo();
    cargo.args([verb, "--quiet", "--locked", "--profile", "tools", "--package", "xtask"]);
    // Wherever it is called from, xtask works on this repository.
    cargo.current_dir(root).env("CARGO_TARGET_DIR", root.join("target"));
    cargo
}

/// Downloads the crates in Cargo.lock, once for each Cargo.lock, so that nothing after it needs crates.io.
fn fetch(root: &Path, toolchain: &Toolchain) -> Result<(), String> {
    let read = |path: &Path| {
        fs::read(path).map_err(|error| format!("cannot read {}: {}", path.display(), error))
    };
    let lock = read(&root.join("Cargo.lock"))?;
    let fetched = root.join("target/launcher/fetched.lock");
    if fs::read(&fetched).map_or(false, |fetched| fetched == lock) {
        return Ok(());
    }
    step::run("Fetching the crates", || {
        let mut cargo = toolchain.cargo();
        cargo.args(["fetch", "--locked", "--quiet", "--target", "wasm32-unknown-unknown"]);
        if let Some(host) = toolchain.host() {
            cargo.args(["--target", &host]);
        }
        let failure = "crates.io could not be reached, and crates of Cargo.lock are missing here: connect to the \
                       network and run the command again";
        succeed_quietly(cargo.current_dir(root), failure)
    })?;
    fs::write(&fetched, lock)
        .map_err(|error| format!("cannot write {}: {}", fetched.display(), error))
}

/// Runs a command that prints to the terminal.
fn succeed(mut command: Command, failure: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failure.to_owned()),
        Err(error) => Err(format!("{}: {}", failure, error)),
    }
}

/// Runs a command and shows its output only if it fails, before the sentence that says what to do.
fn succeed_quietly(command: &mut Command, failure: &str) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{}\n\n{}", failure, indented(said.trim())))
        }
        Err(error) => Err(format!("{}: {}", failure, error)),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {}\n", line)).collect()
}
