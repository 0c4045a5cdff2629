//! `cargo xtask dist`: the static site.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tools::Tool;
use crate::{command, data, npm, project, step, toolchain};

/// Builds the site and returns its directory.
pub(crate) fn run() -> Result<PathBuf> {
    let start = Instant::now();
    toolchain::ensure()?;
    let path = project::path_with(&[
        npm::bin(),
        Tool::trunk().directory()?,
        Tool::wasm_bindgen()?.directory()?,
    ])?;
    npm::ensure()?;
    data::ensure()?;
    step::loud("Building the page", || {
        command::run(
            Command::new("trunk")
                // It would warn that no module has the type "main".
                .args(["build", "--log", "error"])
                .current_dir(project::root())
                .env("PATH", path)
                // What failed has said so itself; where Trunk noticed it is no help.
                .env("RUST_BACKTRACE", "0")
                // See `project::cargo_wasm`.
                .env_remove("RUSTFLAGS"),
        )
    })?;
    let dist = project::dist();
    // Trunk's lock between its own runs, no part of the site.
    let _ = fs::remove_file(dist.join(".trunk-lock"));
    let html = dist.join("index.html");
    let html =
        fs::read_to_string(&html).with_context(|| format!("cannot read {}", html.display()))?;
    if let Some(script) = inline_script(&html) {
        bail!("the page's policy forbids inline script, but index.html holds {script}");
    }
    println!("The site is in {}: {}", dist.display(), step::seconds(start.elapsed()));
    Ok(dist)
}

/// The first script element that has no `src`, as Trunk writes one for a "main" module or for
/// reloading.
fn inline_script(html: &str) -> Option<&str> {
    html.match_indices("<script")
        .filter_map(|(at, _)| html[at..].split_inclusive('>').next())
        .find(|tag| !tag.contains(" src="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_script_is_found() {
        let loaded = "<script defer src=\"./uPlot.js\"></script><body>";
        assert_eq!(inline_script(loaded), None);
        let both = format!("{loaded}<script type=\"module\">import init</script>");
        assert_eq!(inline_script(&both), Some("<script type=\"module\">"));
    }
}
