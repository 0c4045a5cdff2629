//! The bytes that a visitor waits for.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::page::Page;
use crate::site::Fault;

/// What is downloaded before the first prediction.
#[derive(Clone, Debug, Serialize)]
pub struct Weight {
    /// Files with their sizes after gzip.
    pub files: Vec<(String, usize)>,
}

impl Weight {
    /// Draws on the page, which must be the built one, while its trainer is held back, and adds up what was
    /// downloaded until it recognised the digit: neither the trainer's files nor the training data are needed
    /// for that.
    pub fn of(page: &Page) -> Result<Self> {
        page.site.inject("worker-start.js", Fault::Held);
        page.open("")?;
        page.draw(8)?;
        page.wait_for("a prediction", 10, |status| status.prediction.is_some())?;
        let hits = page.site.hits();
        page.site.heal("worker-start.js");
        let folder = page.site.folder();
        let mut files: Vec<(String, usize)> = vec![];
        for hit in hits.iter().filter(|hit| hit.name != "worker-start.js") {
            if hit.status == 200 && files.iter().all(|(name, _)| *name != hit.name) {
                let path = folder.join(&hit.path);
                let bytes =
                    std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                files.push((hit.name.clone(), gzip(&bytes)?));
            }
        }
        Ok(Self { files })
    }

    /// Total of all files.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
