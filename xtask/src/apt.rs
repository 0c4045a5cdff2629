//! Installs Debian packages where that needs no password.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, step};

const INSTALL: [&str; 3] = ["install", "-y", "--no-install-recommends"];

/// Installs packages because `missing` is missing. Where that is not possible, the error says what to do.
pub(crate) fn install(missing: &str, packages: &[&str]) -> Result<()> {
    if which::which("apt-get").is_err() {
        bail!(
            "{missing} is missing, and this is no Debian-like system: install what Debian calls {} and put it on PATH",
            packages.join(" and ")
        );
    }
    let packages_line = packages.join(" ");
    let Some(prefix) = as_root() else {
        bail!(
            "{missing} is missing, and installing it needs root; run: \
             sudo apt-get install --no-install-recommends {packages_line}"
        );
    };
    println!(
        "{missing} is missing, so this runs: apt-get update, apt-get {} {packages_line}",
        INSTALL.join(" ")
    );
    step::quiet(&format!("Installing {packages_line}"), || {
        // A fresh machine's or container's lists are old or absent.
        command::output(&mut apt_get(prefix, &["update"]))
            .and_then(|_| command::output(apt_get(prefix, &INSTALL).args(packages)))
            .with_context(|| {
                format!(
                    "apt-get could not install {packages_line}: see that there is a network, and run the command again"
                )
            })
    })?;
    Ok(())
}

/// The words before a command that runs as root without a password: none as root, `None` if there is no way.
fn as_root() -> Option<&'static [&'static str]> {
    let says = |program: &str, arguments: &[&str]| {
        command::output(Command::new(program).args(arguments)).ok()
    };
    if says("id", &["-u"])?.trim() == "0" {
        return Some(&[]);
    }
    says("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    let words: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"])
        .chain(arguments.iter().copied())
        .collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(Path::new("/"));
    command
}
