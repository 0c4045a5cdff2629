//! Where things are, and which version of what the lock file names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The built site.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// What a build may leave behind: ignored by git, never needed twice. Trunk.toml and index.html name
/// it, so it does not move with `CARGO_TARGET_DIR`.
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

/// `cargo` with the given arguments, in the root, by the toolchain that runs this.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(arguments);
    command
}

/// `cargo` for wasm32. An environment's `RUSTFLAGS` would silently replace those of
/// `.cargo/config.toml`, and with them SIMD.
pub(crate) fn cargo_wasm<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = cargo(arguments);
    command.env_remove("RUSTFLAGS");
    command
}

/// `cargo` for wasm32 with relaxed SIMD, built in a place of its own.
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

/// Where [`cargo_relaxed`] builds.
pub(crate) fn relaxed_target() -> PathBuf {
    target().join("relaxed")
}

/// The caller's `PATH` with these directories before it.
pub(crate) fn path_with(directories: &[PathBuf]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = directories.iter().cloned().chain(std::env::split_paths(&path));
    std::env::join_paths(all).context("a directory's name cannot stand in PATH")
}

/// The version of a package that Cargo.lock names.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let lock =
        std::fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    version_in(&lock, package)
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock names no {package}"))
}

/// Cargo writes each package as a `[[package]]` table whose first two keys are name and version.
fn version_in<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in(lock, "bindgen"), None);
    }

    #[test]
    fn this_lock_file_names_wasm_bindgen() {
        let version = locked_version("wasm-bindgen").expect("a locked version");
        assert!(version.starts_with("0.2."), "{version}");
    }
}
