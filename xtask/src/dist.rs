//! `cargo xtask dist`: the static site.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::wasm::{Effort, MODULES};
use crate::{data, fingerprint, npm, project, site, step};

/// What the wasm modules are made of.
const CODE: [&str; 4] = [".cargo", "Cargo.lock", "Cargo.toml", "src"];

/// What else the site is made of; what npm brings is named by its lock file.
const REST: [&str; 4] = ["hosting", "package-lock.json", "www", "xtask/src"];

/// Builds the site that visitors get and returns its folder.
pub(crate) fn run() -> Result<PathBuf> {
    build(Effort::Release)
}

/// Builds the site, unless it is there already, and returns its folder.
pub(crate) fn build(effort: Effort) -> Result<PathBuf> {
    let start = Instant::now();
    npm::ensure()?;
    let folder = match effort {
        Effort::Release => project::dist(),
        Effort::Quick => project::target().join("quick-site"),
    };
    let stamp = project::target().join(match effort {
        Effort::Release => "dist.stamp",
        Effort::Quick => "quick-site.stamp",
    });
    // Taken before the build: what changes while it runs is for the next one.
    let revision = fingerprint::of(project::root(), &CODE)?[..12].to_owned();
    let made_of = [revision.clone(), fingerprint::of(project::root(), &REST)?].join(" ");
    let stamp_now = || anyhow::Ok(format!("{made_of} {}", fingerprint::of(&folder, &["."])?));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp_now().is_ok_and(|now| now == stamp)) {
        println!("The site in {} is up to date", folder.display());
        return Ok(folder);
    }
    let next = project::target().join("next");
    remove(&next)?;
    let modules = next.join("modules");
    fs::create_dir_all(&modules).with_context(|| format!("cannot create {}", modules.display()))?;
    let mut jobs: Vec<step::Job<'_>> = vec![("the data set".to_owned(), Box::new(data::ensure))];
    for module in &MODULES {
        let make = || module.make(effort, &revision, &modules);
        jobs.push((format!("{}.wasm", module.name), Box::new(make)));
    }
    step::side_by_side("Building the site, which takes minutes the first time", jobs)?;
    let id = site::assemble(&modules, &next.join("site"))?;
    // The old site goes only when the new one is whole.
    remove(&folder)?;
    fs::rename(next.join("site"), &folder)
        .with_context(|| format!("cannot write {}", folder.display()))?;
    fs::write(&stamp, stamp_now()?).with_context(|| format!("cannot write {}", stamp.display()))?;
    println!("Build {id} is in {}: {}", folder.display(), step::seconds(start.elapsed()));
    Ok(folder)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_made_of_what_is_there() -> Result<()> {
        fingerprint::of(project::root(), &CODE)?;
        fingerprint::of(project::root(), &REST)?;
        Ok(())
    }
}
