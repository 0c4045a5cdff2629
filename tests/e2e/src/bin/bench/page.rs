//! What a visitor waits for: the first bytes, an answer, the bars that follow the pen.

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Fault, Page};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::report::Samples;

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

/// How soon the bars follow the pen while the page trains with two workers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reaction {
    /// Events measured.
    pub(crate) events: usize,
    /// Milliseconds from the event's dispatch to the end of the frame that shows its answer: median and
    /// the 99th percentile.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    /// The same from when the browser received the event, which it hands on only with the next frame.
    pub(crate) p99_with_wait: f64,
    /// Milliseconds of each task on the page's thread meanwhile that took more than 50.
    pub(crate) long_tasks: Vec<f64>,
}

/// Notes for every movement of the pen when it was received, when it was handed on, and when the frame
/// after it had been drawn: the first task behind the frame's callbacks runs after that.
const WATCH: &str = "
    globalThis.reactions = [];
    const {port1, port2} = new MessageChannel();
    const drawn = [];
    port1.onmessage = () => {
        const now = performance.now();
        for (const [received, handed] of drawn.splice(0)) reactions.push([now - received, now - handed]);
    };
    addEventListener('pointermove', event => {
        const handed = performance.now();
        requestAnimationFrame(() => {
            drawn.push([event.timeStamp, handed]);
            port2.postMessage(null);
        });
    }, {capture: true});
";

/// Draws digits while the page trains.
pub(crate) fn reaction(page: &Page, digits: usize) -> Result<Reaction> {
    page.open("epochs=20&batch=128&seed=1&workers=2")?;
    page.draw(8)?;
    page.train_now()?;
    page.watch_long_tasks()?;
    page.browser.script(WATCH, vec![])?;
    for digit in 0..digits {
        page.draw((digit % 10) as u8)?;
        page.click_when_enabled("#clear", 5)?;
    }
    let reactions: Vec<(f64, f64)> = page.ask("return reactions", vec![])?;
    let long_tasks = page.long_tasks()?;
    let (with_wait, from_dispatch): (Vec<f64>, Vec<f64>) = reactions.into_iter().unzip();
    let (with_wait, from_dispatch) = (Samples::from(with_wait), Samples::from(from_dispatch));
    let of = |samples: &Samples, share| samples.share(share).context("no event was seen");
    Ok(Reaction {
        events: from_dispatch.count(),
        median: of(&from_dispatch, 0.5)?,
        p99: of(&from_dispatch, 0.99)?,
        p99_with_wait: of(&with_wait, 0.99)?,
        long_tasks,
    })
}
