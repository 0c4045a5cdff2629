//! What `cargo xtask` says and does on machines that lack something, simulated with fake programs. Without
//! crates, like the launcher itself.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A repository of two files, and a `PATH` with a test's fake programs.
struct Machine {
    root: PathBuf,
}

const OLD_RUSTC: &str = "echo 'rustc 1.63.0'";

/// A rustup that records its arguments, and has a toolchain 1.88.0 once that is installed.
const RUSTUP: &str = r#"
echo "$*" >>"$INKLING_ROOT/asked"
sysroot="$INKLING_ROOT/sysroot"
case "$*" in
"run 1.88.0 rustc --print sysroot") [ -f "$INKLING_ROOT/installed" ] && echo "$sysroot" ;;
"toolchain install"*) : >"$INKLING_ROOT/installed" ;;
esac
"#;

impl Machine {
    fn new(name: &str) -> Self {
        let folder = format!("inkling-launcher-{}-{}", name, std::process::id());
        let root = std::env::temp_dir().join(folder);
        fs::create_dir_all(root.join("programs")).expect("a temporary folder");
        fs::create_dir_all(root.join("target/launcher")).expect("a temporary folder");
        fs::write(root.join("Cargo.toml"), "rust-version = \"1.88\"\n").expect("a file");
        fs::write(root.join("Cargo.lock"), "").expect("a file");
        Self { root }
    }

    fn has(&self, program: &str, script: &str) {
        let path = self.root.join("programs").join(program);
        fs::write(&path, format!("#!/bin/sh\n{}\n", script)).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn run(&self) -> Output {
        let mut launcher = Command::new(env!("CARGO_BIN_EXE_launcher"));
        for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
            launcher.env_remove(variable);
        }
        launcher
            .arg("dist")
            .env("INKLING_ROOT", &self.root)
            .env("PATH", self.root.join("programs"))
            .output()
            .expect("the launcher runs")
    }

    /// The error of a run that must fail.
    fn error(&self) -> String {
        let output = self.run();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        assert!(said.starts_with("error: "), "{}", said);
        said
    }

    /// The fake programs' calls since the last time.
    fn asked(&self) -> Vec<String> {
        let file = self.root.join("asked");
        let asked = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        asked.lines().map(str::to_owned).collect()
    }

    /// Adds the target to the toolchain, as rustup does.
    fn has_the_target(&self) {
        let target = self.root.join("sysroot/lib/rustlib/wasm32-unknown-unknown/lib");
        fs::create_dir_all(target).expect("a folder");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn contains(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{:?} is not in {}", part, said);
    }
}

#[test]
fn a_debian_without_rustup() {
    let machine = Machine::new("debian");
    machine.has("rustc", OLD_RUSTC);
    let said = machine.error();
    assert_eq!(said.lines().count(), 1, "{}", said);
    contains(&said, &["needs Rust 1.88", "here is 1.63", "https://rustup.rs"]);
}

#[test]
fn a_toolchain_that_is_too_old_gets_a_newer_one_beside_it() {
    let machine = Machine::new("old");
    machine.has("rustc", OLD_RUSTC);
    machine.has("rustup", RUSTUP);
    let output = machine.run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = machine.asked();
    let install = "toolchain install 1.88.0 --no-self-update --profile minimal";
    let target = "target add wasm32-unknown-unknown --toolchain 1.88.0";
    let order = [install, target, "run 1.88.0 cargo fetch", "run 1.88.0 cargo run"];
    let places: Vec<_> =
        order.iter().map(|start| asked.iter().position(|line| line.starts_with(start))).collect();
    assert!(
        places.iter().all(Option::is_some) && places.windows(2).all(|p| p[0] < p[1]),
        "{:?}",
        asked
    );

    // The next run finds everything, and needs no network.
    machine.has_the_target();
    assert!(machine.run().status.success());
    let asked = machine.asked();
    let wants = ["install", "add", "fetch"];
    assert!(!asked.iter().any(|line| wants.iter().any(|word| line.contains(word))), "{:?}", asked);
}

#[test]
fn rustup_without_a_network() {
    let machine = Machine::new("offline");
    machine.has("rustc", OLD_RUSTC);
    machine.has(
        "rustup",
        "[ \"$1\" = --version ] || { echo 'error: could not download' >&2; exit 1; }",
    );
    contains(&machine.error(), &["rustup could not install", "network", "run the command again"]);
}

#[test]
fn crates_without_a_network() {
    let machine = Machine::new("crates");
    machine.has_the_target();
    let sysroot = machine.root.join("sysroot");
    machine.has(
        "rustc",
        &format!(
            "case \"$1\" in --print) echo {} ;; *) echo 'rustc 1.90.0' ;; esac",
            sysroot.display()
        ),
    );
    machine.has("cargo", "echo 'Could not resolve host: index.crates.io' >&2; exit 101");
    let said = machine.error();
    contains(&said, &["crates.io could not be reached", "connect to the network", "resolve host"]);
}
