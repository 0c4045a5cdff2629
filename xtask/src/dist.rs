//! The static site: built once for its sources, then served, tested, or written to dist/.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::wasm::{Effort, MODULES};
use crate::{data, fingerprint, npm, project, site, step};

/// Sources of the wasm modules.
const CODE: [&str; 4] = [".cargo", "Cargo.lock", "Cargo.toml", "src"];

/// Other sources of the site; npm's packages are represented by their lock file.
const REST: [&str; 5] = ["docs/training.png", "hosting", "package-lock.json", "www", "xtask/src"];

#[derive(Args)]
pub(crate) struct Options {
    /// Where the site will be, with https: links to it are then shown with a picture
    #[arg(long, value_name = "URL")]
    address: Option<String>,
}

/// `cargo xtask dist`: writes the site to dist/.
pub(crate) fn run(options: &Options) -> Result<()> {
    let built = build(Effort::Release)?;
    let dist = project::root().join("dist");
    remove(&dist)?;
    site::copy_all(&built, &dist)?;
    if let Some(address) = &options.address {
        site::set_address(&dist.join("index.html"), address)?;
    }
    println!("The site is in {}", dist.display());
    Ok(())
}

/// What Trunk's hook calls, for those who use Trunk: writes the site to the folder that Trunk will move to
/// dist/, in place of the document there.
pub(crate) fn for_trunk() -> Result<()> {
    let variable = |name: &str| {
        std::env::var(name)
            .with_context(|| format!("{name} is not set: Trunk calls this, see Trunk.toml"))
    };
    let stage = PathBuf::from(variable("TRUNK_STAGING_DIR")?);
    let effort = match variable("TRUNK_PROFILE")?.as_str() {
        "release" => Effort::Release,
        _ => Effort::Quick,
    };
    let document = stage.join("index.html");
    let trunks = fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    site::copy_all(&build(effort)?, &stage)?;
    if let Some(script) = site::reload_script(&trunks) {
        site::add_script(&document, script)?;
    }
    Ok(())
}

/// A site's folder and the fingerprint of its sources.
struct Site {
    folder: PathBuf,
    /// Fingerprint of the code; the wasm modules contain it.
    revision: String,
    made_of: String,
}

impl Site {
    fn new(effort: Effort) -> Result<Self> {
        let folder = project::target().join("site").join(match effort {
            Effort::Release => "release",
            Effort::Bench => "bench",
            Effort::Quick => "quick",
        });
        let revision = fingerprint::of(project::root(), &CODE)?[..12].to_owned();
        let made_of = [revision.clone(), fingerprint::of(project::root(), &REST)?].join(" ");
        Ok(Self { folder, revision, made_of })
    }

    /// The file that names its sources and its files, written last.
    fn stamp(&self) -> PathBuf {
        self.folder.with_extension("stamp")
    }

    fn stamp_now(&self) -> Result<String> {
        Ok(format!("{} {}", self.made_of, fingerprint::of(&self.folder, &["."])?))
    }

    /// The folder for the wasm modules of this code, each in a folder of its own once it is whole. A change of the page's
    /// document or style makes none of them anew. Those of other code are removed.
    fn modules(&self) -> Result<PathBuf> {
        let all = self.folder.with_extension("modules");
        let tools = fingerprint::of(project::root(), &["package-lock.json", "xtask/src/wasm.rs"])?;
        let these = all.join([&self.revision, "-", &tools[..12]].concat());
        if !these.exists() {
            remove(&all)?;
        }
        fs::create_dir_all(&these).with_context(|| format!("cannot create {}", these.display()))?;
        Ok(these)
    }

    fn is_built(&self) -> bool {
        fs::read_to_string(self.stamp())
            .is_ok_and(|stamp| self.stamp_now().is_ok_and(|now| now == stamp))
    }
}

/// Whether the site is already built from the current sources.
pub(crate) fn is_built(effort: Effort) -> Result<bool> {
    Ok(Site::new(effort)?.is_built())
}

/// Builds the site, unless it is already built, and returns its folder.
pub(crate) fn build(effort: Effort) -> Result<PathBuf> {
    let start = Instant::now();
    npm::ensure()?;
    // Fingerprinted first: what changes during the build is for the next one.
    let site = Site::new(effort)?;
    if site.is_built() {
        println!("The site is up to date");
        return Ok(site.folder);
    }
    let next = site.folder.with_extension("next");
    remove(&next)?;
    let modules = site.modules()?;
    let mut jobs: Vec<step::Job<'_>> = vec![("the data set".to_owned(), Box::new(data::ensure))];
    for module in &MODULES {
        let folder = modules.join(module.name);
        if folder.exists() {
            continue;
        }
        let revision = &site.revision;
        let make = move || {
            let next = folder.with_extension("next");
            remove(&next)?;
            fs::create_dir_all(&next)
                .with_context(|| format!("cannot create {}", next.display()))?;
            module.make(effort, revision, &next)?;
            fs::rename(&next, &folder).with_context(|| format!("cannot write {}", folder.display()))
        };
        jobs.push((format!("{}.wasm", module.name), Box::new(make)));
    }
    step::side_by_side("Building the site, which takes minutes the first time", jobs)?;
    let id = site::assemble(&modules, &next.join("site"))?;
    // The old site is removed only when the new one is complete.
    remove(&site.folder)?;
    fs::rename(next.join("site"), &site.folder)
        .with_context(|| format!("cannot write {}", site.folder.display()))?;
    let stamp = site.stamp();
    fs::write(&stamp, site.stamp_now()?)
        .with_context(|| format!("cannot write {}", stamp.display()))?;
    println!("Build {id}: {}", step::seconds(start.elapsed()));
    Ok(site.folder)
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
