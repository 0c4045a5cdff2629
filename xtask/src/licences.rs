//! The licences of everything on the site: crates in the WebAssembly, npm packages and data.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::command::output;
use crate::project;

/// The npm packages that are on the site, wholly or in part.
const FROM_NPM: [&str; 3] = ["uplot", "sortablejs", "idb-keyval"];

/// The data set's licence, which is not a software licence.
const DATA: &str = "MNIST, by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, is under the Creative Commons\n\
    Attribution-Share Alike 3.0 licence. Its images and labels are on this site as they were, in parts.\n";

/// The part of `cargo metadata`'s output that is used here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    root: Option<String>,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// `None` for a dependency that is linked, else "dev" or "build".
    kind: Option<String>,
}

/// The text of the site's `licences.txt`.
pub(crate) fn text() -> Result<String> {
    let mut ask = project::cargo(["metadata", "--format-version=1", "--locked"]);
    let metadata = output(ask.args(["--filter-platform", "wasm32-unknown-unknown"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("reading cargo metadata")?;
    // Works with the same text share one copy of it.
    let mut works: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in linked(&metadata)? {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let licence = package.license.as_deref().unwrap_or("see below");
        let work = format!("{} {} ({licence})", package.name, package.version);
        let text = licence_text(folder)?.unwrap_or_else(|| format!("Licence: {licence}\n"));
        works.entry(text).or_default().insert(work);
    }
    for name in FROM_NPM {
        let folder = project::root().join("node_modules").join(name);
        let text = licence_text(&folder)?.with_context(|| format!("{name} has no licence"))?;
        works.entry(text).or_default().insert(name.to_owned());
    }
    let mut all = String::from(
        "Inkling is under the MIT licence or the Apache licence 2.0, at your option.\n\
         It is compiled with Rust's standard library, which is under the same two, and contains the works below.\n",
    ) + DATA;
    for (text, works) in works {
        let works: Vec<String> = works.into_iter().collect();
        all += &format!("\n{}\n\n{}\n\n{}\n", "-".repeat(80), works.join("\n"), text.trim());
    }
    Ok(all)
}

/// Other people's packages that are linked into the page or a worker.
fn linked(metadata: &Metadata) -> Result<Vec<&Package>> {
    let nodes: HashMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let packages: HashMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let root = metadata.resolve.root.as_deref().context("cargo metadata names no root")?;
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![root]);
    while let Some(id) = ahead.pop() {
        let package = packages.get(id).context("a package without a description")?;
        let is_macro = package.targets.iter().any(|t| t.kind.iter().any(|k| k == "proc-macro"));
        if is_macro || !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        let linked = dependencies.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind.is_none()));
        ahead.extend(linked.map(|dependency| dependency.pkg.as_str()));
    }
    let linked: Vec<&Package> = seen
        .into_iter()
        .map(|id| packages[id])
        .filter(|package| package.source.is_some())
        .collect();
    ensure!(!linked.is_empty(), "no crate is linked, which cannot be");
    Ok(linked)
}

/// The text of a package's licence, the MIT one if there is a choice.
fn licence_text(folder: &Path) -> Result<Option<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && (name.starts_with("LICENSE") || name.starts_with("LICENCE")) {
            files.push((!name.contains("MIT"), name, path));
        }
    }
    files.sort();
    let Some((_, _, file)) = files.first() else { return Ok(None) };
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Some(text.replace("\r\n", "\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_on_the_site_is_named_with_its_licence() -> Result<()> {
        let text = text()?;
        for work in FROM_NPM.iter().chain(&["MNIST", "wasm-bindgen 0.", "serde 1.", "png 0."]) {
            assert!(text.contains(work), "{work}");
        }
        assert!(!text.contains("(see below)") && !text.contains("Licence: see below"));
        // What is taken from npm says so in one place.
        for (file, _) in crate::site::FROM_NPM {
            assert!(file.split('/').next().is_some_and(|name| FROM_NPM.contains(&name)), "{file}");
        }
        Ok(())
    }
}
