//! Puts the static site together.
//!
//! | path | what | cached |
//! | --- | --- | --- |
//! | `index.html` | the document, which names the build | never |
//! | `service-worker.js` | keeps one build in the browser: its ID, its files and their hashes are written into it | never |
//! | `build/ID/` | everything else of one build; `ID` is a hash over names and contents | for ever |
//! | `data/` | MNIST's parts, each named by its content | for ever |
//!
//! So a page cannot load a file of another build: a path that a newer build no longer has answers 404.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::document::{self, Build};
use crate::wasm::MODULES;
use crate::{data, fingerprint, licences, project};

/// Picture of the page in the manifest, which only an installation shows.
const SCREENSHOT: &str = "training.png";

/// Files of `www` that a browser loads as they are.
const FROM_WWW: &[&str] = &[
    "start.js",
    "pad.js",
    "run-store.js",
    "storage.js",
    "later.js",
    "present.js",
    "share.js",
    "tour.js",
    "charts.js",
    "map.js",
    "compare.js",
    "worker-start.js",
    "offline.js",
    "app.webmanifest",
    "icon.svg",
    "icon-192.png",
    "icon-512.png",
    "icon-maskable.png",
    "assets/weights.safetensors",
    "assets/doubt.safetensors",
    "../docs/training.png",
];

/// Files from npm, below `node_modules`, and their names on the site.
pub(crate) const FROM_NPM: &[(&str, &str)] = &[
    ("uplot/dist/uPlot.iife.min.js", "uPlot.iife.min.js"),
    ("sortablejs/Sortable.min.js", "Sortable.min.js"),
    ("idb-keyval/dist/umd.js", "idb-keyval.js"),
    // The same as a module, for our own modules.
    ("idb-keyval/dist/index.js", "idb-keyval-module.js"),
];

/// The parts of the first style sheet, in their order.
const STYLES: &[&str] = &[
    "www/style.css",
    "www/draw.css",
    "www/network.css",
    "www/hand.css",
    "www/learn.css",
    "www/run.css",
    "www/curves.css",
    "www/windows.css",
    "www/panels.css",
    "www/rail.css",
];

/// The parts of the one that comes after the first prediction: charts, open panels, the tour, presenting and printing.
const LATER_STYLES: &[&str] = &[
    "node_modules/uplot/dist/uPlot.min.css",
    "www/chart.css",
    "www/panel-experiment.css",
    "www/panel-inside.css",
    "www/panel-ask.css",
    "www/panel-evaluate.css",
    "www/panel-runs.css",
    "www/panel-fine-tune.css",
    "www/tour.css",
    "www/present.css",
];

/// Puts the site together in a new folder, from the folder with a folder for each wasm module. Returns the build's ID.
pub(crate) fn assemble(modules: &Path, site: &Path) -> Result<String> {
    let root = project::root();
    let parts = site.join("build/parts");
    for module in &MODULES {
        copy_all(&modules.join(module.name), &parts)?;
    }
    for file in FROM_WWW {
        let from = root.join("www").join(file);
        let name = from.file_name().context("a file without a name")?;
        copy(&from, &parts.join(name))?;
    }
    for entry in fs::read_dir(&parts)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            write(&path, &without_comment_lines(&read(&path)?))?;
        }
    }
    for (file, name) in FROM_NPM {
        copy(&root.join("node_modules").join(file), &parts.join(name))?;
    }
    for (name, files) in [("style.css", STYLES), ("later.css", LATER_STYLES)] {
        let styles = files.iter().map(|file| read(&root.join(file))).collect::<Result<Vec<_>>>()?;
        write(&parts.join(name), &without_comments(&styles.join("\n")))?;
    }
    write(&parts.join("licences.txt"), &licences::text()?)?;
    data::lay_out(&parts.join("manifest.json"), &site.join("data"))?;

    let id = fingerprint::of(&parts, &["."])?[..12].to_owned();
    let worker = service_worker(&read(&root.join("www/service-worker.js"))?, &id, &parts)?;
    write(&site.join("service-worker.js"), &worker)?;
    fs::rename(&parts, site.join("build").join(&id))?;
    let guard = read(&root.join("www/guard.js"))?;
    let build = Build { id: &id, guard: &guard, guard_hash: &hash(guard.as_bytes()) };
    let html = document::render(&root.join("www"), &build)?;
    write(&site.join("index.html"), &html)?;
    copy(&root.join("hosting/_headers"), &site.join("_headers"))?;
    copy(&root.join("www/card.png"), &site.join("card.png"))?;
    Ok(id)
}

/// How browsers write the hash of a file or of a script that the policy allows.
fn hash(bytes: &[u8]) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

/// The service worker of the build in a folder. What it holds differs for each build, so browsers take the new one.
fn service_worker(script: &str, id: &str, build: &Path) -> Result<String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(build).with_context(|| format!("cannot read {}", build.display()))? {
        let path = entry?.path();
        let name = path.file_name().context("a file without a name")?.to_string_lossy();
        if name != SCREENSHOT {
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name.into_owned(), hash(&bytes));
        }
    }
    let mut script = script.to_owned();
    for (empty, filled) in [
        ("const build = \"\";", format!("const build = {id:?};")),
        ("const files = {};", format!("const files = {};", serde_json::to_string_pretty(&files)?)),
    ] {
        ensure!(script.contains(empty), "service-worker.js has no {empty:?}");
        script = script.replacen(empty, &filled, 1);
    }
    Ok(script)
}

/// The script with which `trunk serve` reloads a page, the last in the document that it wrote.
pub(crate) fn reload_script(html: &str) -> Option<&str> {
    let script = html[..html.rfind("</script>")?].rfind("<script nonce=")?;
    html[script..].split_inclusive("</script>").next()
}

/// Adds that script to a document and its nonce to the policy; `trunk serve` replaces placeholders in both.
pub(crate) fn add_script(document: &Path, script: &str) -> Result<()> {
    let nonce = script.split('"').nth(1).context("a script without a nonce")?;
    let html = read(document)?
        .replacen("script-src 'self'", &format!("script-src 'self' 'nonce-{nonce}'"), 1)
        .replacen("</body>", &format!("{script}</body>"), 1);
    write(document, &html)
}

/// A style sheet without its comments and indentation, a quarter of its size after gzip.
fn without_comments(styles: &str) -> String {
    let mut kept = String::new();
    for (i, part) in styles.split("/*").enumerate() {
        let after = if i == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) };
        kept.push_str(after);
    }
    let lines = kept.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// A script without indentation and the lines that are comments; as it is where a template literal may go over several
/// lines, as a blank means something there.
fn without_comment_lines(script: &str) -> String {
    if script.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return script.to_owned();
    }
    let lines = script.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Tells those who show links with a picture where the picture will be: they read whole addresses only.
pub(crate) fn set_address(document: &Path, address: &str) -> Result<()> {
    let card = [address.trim_end_matches('/'), "/card.png"].concat();
    write(document, &read(document)?.replacen("./card.png", &card, 1))
}

/// Copies a folder with everything in it.
pub(crate) fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_all(&from, &to)? } else { copy(&from, &to)? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_of_scripts_stay_here_unless_they_may_mean_something() {
        let script = "// One.\nif (a) {\n  b(`c`); // two\n  // three\n}\n";
        assert_eq!(without_comment_lines(script), "if (a) {\nb(`c`); // two\n}\n");
        let literal = "a(`\n  // b\n`);\n";
        assert_eq!(without_comment_lines(literal), literal);
    }

    #[test]
    fn comments_and_indentation_stay_here() {
        let styles = "/* One. */\n.a {\n  b: c; /* two */\n}\n\n/* three\n lines */\n.d {}\n";
        assert_eq!(without_comments(styles), ".a {\nb: c;\n}\n.d {}");
    }

    #[test]
    fn trunks_script_is_added_with_its_nonce() -> Result<()> {
        let trunks = "<script>a</script><body><script nonce=\"{{N}}\">reload</script></body>";
        let script = reload_script(trunks).context("there is one")?;
        assert_eq!(script, "<script nonce=\"{{N}}\">reload</script>");
        assert_eq!(reload_script("<body><script>a</script></body>"), None);

        let folder = tempfile::tempdir()?;
        let document = folder.path().join("index.html");
        write(&document, "<meta content=\"script-src 'self'\"><body></body>")?;
        add_script(&document, script)?;
        assert_eq!(
            read(&document)?,
            format!("<meta content=\"script-src 'self' 'nonce-{{{{N}}}}'\"><body>{script}</body>")
        );
        Ok(())
    }

    #[test]
    fn the_service_worker_names_its_build_and_what_it_keeps() -> Result<()> {
        let folder = tempfile::tempdir()?;
        write(&folder.path().join("start.js"), "alert(1)")?;
        write(&folder.path().join(SCREENSHOT), "")?;
        let script = read(&project::root().join("www/service-worker.js"))?;
        let script = service_worker(&script, "abc", folder.path())?;
        assert!(script.contains("const build = \"abc\";"), "{script}");
        let file = "\"start.js\": \"sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=\"\n}";
        assert!(script.contains(file) && !script.contains(SCREENSHOT), "{script}");
        Ok(())
    }

    /// Browsers do not show a picture of another size than the manifest says.
    #[test]
    fn the_manifests_pictures_have_the_sizes_that_it_says() -> Result<()> {
        let www = project::root().join("www");
        let manifest: serde_json::Value =
            serde_json::from_str(&read(&www.join("app.webmanifest"))?)?;
        let pictures = ["icons", "screenshots"].map(|list| manifest[list].as_array());
        for picture in pictures.into_iter().flatten().flatten() {
            let name = picture["src"].as_str().context("a picture has an address")?;
            let file =
                FROM_WWW.iter().find(|file| file.ends_with(name)).context("not on the site")?;
            let png = fs::read(www.join(file))?;
            let side =
                |at: usize| png[at..at + 4].iter().fold(0, |sum, &b| sum * 256 + u32::from(b));
            assert_eq!(picture["sizes"], format!("{}x{}", side(16), side(20)), "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_script_is_allowed_by_its_hash() {
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert_eq!(hash(b"alert(1)"), "sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=");
    }
}
