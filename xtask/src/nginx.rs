//! nginx, which can serve the end-to-end tests.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::apt;

/// Finds nginx; on Debian-like systems, installs it if it is missing.
pub(crate) fn ensure() -> Result<()> {
    if find().is_none() {
        println!(
            "The tests start an nginx of their own. Debian's package also starts one, on port 80: \
             `systemctl disable --now nginx` ends that."
        );
        apt::install("nginx", &["nginx"])?;
    }
    if find().is_none() {
        bail!("nginx is missing: install it, put it on PATH and run the command again");
    }
    Ok(())
}

/// Debian installs it where only root's `PATH` looks.
fn find() -> Option<PathBuf> {
    let elsewhere = || which::which_in("nginx", Some("/usr/sbin:/usr/local/sbin"), "/");
    which::which("nginx").or_else(|_| elsewhere()).ok()
}
