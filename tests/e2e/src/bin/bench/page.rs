//! What a visitor waits for: the first bytes, an answer.

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Fault, Page};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// What is fetched before the first prediction.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Weight {
    /// Files with their bytes after gzip.
    pub(crate) files: Vec<(String, usize)>,
}

impl Weight {
    pub(crate) fn bytes(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Draws on the page while its trainer is held back, and weighs what was fetched until it knew the
/// digit: what the trainer consists of, and the training data, are not needed for that.
pub(crate) fn weight(page: &Page) -> Result<Weight> {
    page.site.inject("worker-start.js", Fault::Held);
    page.open("")?;
    page.draw(8)?;
    page.wait_for("a prediction", 10, |status| status.prediction.is_some())?;
    let hits = page.site.hits();
    page.site.heal("worker-start.js");
    let folder = e2e::dist()?;
    let mut files: Vec<(String, usize)> = vec![];
    for hit in hits.iter().filter(|hit| hit.path != "worker-start.js") {
        if hit.status == 200 && files.iter().all(|(path, _)| *path != hit.path) {
            let path = folder.join(&hit.path);
            let bytes =
                std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            files.push((hit.path.clone(), gzip(&bytes)?));
        }
    }
    Ok(Weight { files })
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Microseconds of a prediction, as the page itself measures it once a second for a while.
pub(crate) fn prediction(page: &Page) -> Result<f64> {
    page.open("")?;
    page.draw(8)?;
    page.wait_for("a prediction", 5, |status| status.prediction.is_some())?;
    // Undisturbed, until there are several measurements to take the median of.
    thread::sleep(Duration::from_secs(6));
    page.ask("return Number(document.body.dataset.predictionMicroseconds)", vec![])
}
