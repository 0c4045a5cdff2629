//! The Rust toolchain that rust-toolchain.toml names.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, project, step};

/// What `rust-toolchain.toml` asks for beside the compiler, as paths in the toolchain's directory.
const PARTS: [&str; 3] =
    ["lib/rustlib/wasm32-unknown-unknown/lib", "bin/cargo-fmt", "bin/cargo-clippy"];

/// Installs the wasm32 target and the components, if something is missing.
pub(crate) fn ensure() -> Result<()> {
    if is_complete(&sysroot()?) {
        return Ok(());
    }
    if which::which("rustup").is_err() {
        bail!(
            "rustup is missing; it installs the Rust toolchain that rust-toolchain.toml names: \
             see https://rustup.rs"
        );
    }
    step::loud("Installing the Rust toolchain", || {
        command::run(
            Command::new("rustup")
                .args(["toolchain", "install", "--no-self-update"])
                .current_dir(project::root())
                // Set by the rustup that runs this; it would hide rust-toolchain.toml.
                .env_remove("RUSTUP_TOOLCHAIN"),
        )
        .context("rustup could not install the toolchain; is there a network?")
    })?;
    if !is_complete(&sysroot()?) {
        bail!(
            "the Rust toolchain in use lacks what rust-toolchain.toml names; an override may \
             choose another one: see `rustup show`"
        );
    }
    Ok(())
}

fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = command::output(
        Command::new(rustc).args(["--print", "sysroot"]).current_dir(project::root()),
    )?;
    Ok(PathBuf::from(sysroot.trim_end()))
}

fn is_complete(sysroot: &Path) -> bool {
    PARTS.iter().all(|part| {
        let path = sysroot.join(part);
        path.exists() || path.with_extension(std::env::consts::EXE_EXTENSION).exists()
    })
}
