//! The Rust toolchain: the current one if it is new enough, otherwise a newer one beside it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{step, succeed_quietly, version};

const TARGET: &str = "wasm32-unknown-unknown";

/// What `cargo xtask check` needs beside the compiler: components and their programs.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")];

/// A toolchain that compiles the project.
pub struct Toolchain {
    /// Its name, if rustup manages it.
    name: Option<String>,
    sysroot: PathBuf,
}

impl Toolchain {
    /// Finds one and installs what it lacks; with `components`, rustfmt and clippy too.
    pub fn ensure(root: &Path, components: bool) -> Result<Self, String> {
        let manifest = fs::read_to_string(root.join("Cargo.toml"))
            .map_err(|error| format!("cannot read Cargo.toml: {}", error))?;
        let wanted = version::wanted(&manifest).ok_or("Cargo.toml names no rust-version")?;
        let toolchain = match Self::in_use(root) {
            Some((toolchain, version)) if Some(version) >= version::parse(wanted) => toolchain,
            Some((_, (major, minor))) => Self::beside(wanted, &format!("{}.{}", major, minor))?,
            None => Self::beside(wanted, "unknown")?,
        };
        toolchain.complete(components)?;
        Ok(toolchain)
    }

    /// The toolchain whose cargo runs this, and its version.
    fn in_use(root: &Path) -> Option<(Self, version::Version)> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask = |argument: &str| {
            let mut command = Command::new(&rustc);
            output(command.args(argument.split(' ')).current_dir(root))
        };
        let version = version::of_rustc(&ask("--version")?)?;
        let sysroot = PathBuf::from(ask("--print sysroot")?);
        // Set by rustup if it chose the toolchain.
        Some((Self { name: env::var("RUSTUP_TOOLCHAIN").ok(), sysroot }, version))
    }

    /// The oldest toolchain that compiles the project, installed if it is missing. The current one is left
    /// unchanged.
    fn beside(wanted: &str, found: &str) -> Result<Self, String> {
        if output(Command::new("rustup").arg("--version")).is_none() {
            return Err(format!(
                "Inkling needs Rust {} or newer, here is {}, and rustup, which could install a newer one, is \
                 missing: install it from https://rustup.rs and run the command again",
                wanted, found
            ));
        }
        let name = format!("{}.0", wanted);
        println!(
            "The Rust toolchain in use is version {}, and Inkling needs {} or newer: using toolchain {}.",
            found, wanted, name
        );
        if Self::sysroot_of(&name).is_none() {
            step::run(&format!("Installing Rust {} beside it", name), || {
                let mut rustup = Command::new("rustup");
                rustup.args([
                    "toolchain",
                    "install",
                    &name,
                    "--no-self-update",
                    "--profile",
                    "minimal",
                ]);
                succeed_quietly(
                    &mut rustup,
                    "rustup could not install it: see that there is a network, and run the command again",
                )
            })?;
        }
        let sysroot = Self::sysroot_of(&name).ok_or_else(|| {
            format!("rustup has installed toolchain {}, but it does not run", name)
        })?;
        Ok(Self { name: Some(name), sysroot })
    }

    fn sysroot_of(name: &str) -> Option<PathBuf> {
        output(Command::new("rustup").args(["run", name, "rustc", "--print", "sysroot"]))
            .map(PathBuf::from)
    }

    /// Adds the wasm32 target and the components, if they are missing.
    fn complete(&self, components: bool) -> Result<(), String> {
        if !self.sysroot.join("lib/rustlib").join(TARGET).join("lib").exists() {
            self.add("target", TARGET)?;
        }
        for (component, program) in COMPONENTS {
            let program = [program, env::consts::EXE_SUFFIX].concat();
            if components && !self.sysroot.join("bin").join(program).exists() {
                self.add("component", component)?;
            }
        }
        Ok(())
    }

    fn add(&self, kind: &str, what: &str) -> Result<(), String> {
        let mut rustup = Command::new("rustup");
        rustup.args([kind, "add", what]);
        match &self.name {
            Some(name) => rustup.args(["--toolchain", name]),
            None => {
                return Err(format!(
                    "the Rust in {} lacks the {} {}, and rustup did not install that Rust: install rustup from \
                     https://rustup.rs and run the command again",
                    self.sysroot.display(),
                    kind,
                    what
                ))
            }
        };
        step::run(&format!("Adding {} to the Rust toolchain", what), || {
            let failure = format!(
                "rustup could not add the {} {}: see that there is a network, and run the command again",
                kind, what
            );
            succeed_quietly(&mut rustup, &failure)
        })
    }

    /// `cargo` of this toolchain.
    pub fn cargo(&self) -> Command {
        let own = env::var_os("CARGO").filter(|_| self.is_the_callers());
        let mut command = match (&self.name, own) {
            (_, Some(cargo)) => Command::new(cargo),
            (Some(name), None) => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", name, "cargo"]);
                // They name the toolchain that runs this.
                rustup.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC");
                rustup
            }
            (None, None) => Command::new("cargo"),
        };
        // Cargo has set these for the launcher.
        for variable in environment_of_cargo_run() {
            command.env_remove(variable);
        }
        command
    }

    fn is_the_callers(&self) -> bool {
        self.name == env::var("RUSTUP_TOOLCHAIN").ok()
    }

    /// The target triple of its host.
    pub fn host(&self) -> Option<String> {
        let rustc = self.sysroot.join("bin").join(["rustc", env::consts::EXE_SUFFIX].concat());
        let said = output(Command::new(rustc).arg("-vV"))?;
        said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
    }
}

fn environment_of_cargo_run() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    })
}

/// A program's output, if it succeeded.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
