//! Paths of the project, and ways to call cargo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result};

/// The repository's root; tests of failures set another one in `INKLING_ROOT`.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::env::var_os("INKLING_ROOT")
            .map_or_else(|| xtask.parent().unwrap_or(xtask).to_owned(), PathBuf::from)
    });
    &ROOT
}

/// Where builds go: ignored by git, safe to delete. The launcher sets `CARGO_TARGET_DIR` to it.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// This user's cache, where installed tools outlive a clone.
pub(crate) fn cache() -> Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) if !cache.is_empty() => PathBuf::from(cache),
        _ => std::env::home_dir()
            .context("there is no home directory to keep installed tools in")?
            .join(".cache"),
    };
    Ok(cache.join("inkling"))
}

/// `cargo` with the given arguments, in the root, from the toolchain that runs this.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(arguments);
    command
}

/// `cargo` for wasm32. `RUSTFLAGS` in the environment would silently replace those of
/// `.cargo/config.toml`, and with them SIMD.
pub(crate) fn cargo_wasm<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = cargo(arguments);
    command.env_remove("RUSTFLAGS");
    command
}

/// `cargo` for wasm32 with relaxed SIMD, with its own target folder.
pub(crate) fn cargo_relaxed<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = cargo_wasm(arguments);
    command
        .env(
            "RUSTFLAGS",
            "-C target-feature=+simd128,+relaxed-simd -C llvm-args=-pre-RA-sched=source",
        )
        .env("CARGO_TARGET_DIR", relaxed_target());
    command
}

/// [`cargo_relaxed`]'s target folder.
pub(crate) fn relaxed_target() -> PathBuf {
    target().join("relaxed")
}

/// The caller's `PATH` with these directories in front.
pub(crate) fn path_with(directories: &[PathBuf]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = directories.iter().cloned().chain(std::env::split_paths(&path));
    std::env::join_paths(all).context("a directory's name cannot stand in PATH")
}
