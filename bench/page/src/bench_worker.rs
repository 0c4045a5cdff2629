//! The bench worker: a worker of the trainer's own program that measures instead of training.

use anyhow::{Context, Result};
use e2e::Page;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::report::Samples;
use crate::{mnist, outcome};

/// The trainer's builds, by their names in the hash and in `data-backend`.
pub(crate) const BUILDS: [&str; 2] = ["relaxed-simd", "simd128"];

/// The most multiply-adds a second, of single numbers, that a build can do in registers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Calibration {
    pub(crate) build: &'static str,
    /// One thread alone.
    pub(crate) alone: Samples,
    /// Each of two threads at the same time.
    pub(crate) two_at_once: Samples,
}

impl Calibration {
    pub(crate) fn new(build: &'static str) -> Self {
        Self { build, alone: Samples::default(), two_at_once: Samples::default() }
    }

    /// Measures once more, `milliseconds` each.
    pub(crate) fn measure(&mut self, page: &Page, milliseconds: f64) -> Result<()> {
        let ask = json!({"Peak": {"milliseconds": milliseconds}});
        for (threads, samples) in [(1, &mut self.alone), (2, &mut self.two_at_once)] {
            let answers = ask_workers(page, self.build, threads, &ask, None)?;
            let peaks = answers.iter().filter_map(|answer| answer.message.peak.as_ref());
            let sum: f64 = peaks.map(|peak| peak.multiply_adds_per_second).sum();
            samples.push(sum / f64::from(threads));
        }
        Ok(())
    }
}

/// Where the time of training with one worker goes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shares {
    pub(crate) build: &'static str,
    pub(crate) batch: usize,
    /// Of one image's dense forward pass.
    pub(crate) forward_multiply_adds: f64,
    /// Of one image's dense training step.
    pub(crate) training_multiply_adds: f64,
    /// Names of the parts and microseconds for one image, in order.
    pub(crate) parts: Vec<(String, f64)>,
}

impl Shares {
    /// Microseconds for one image.
    pub(crate) fn total(&self) -> f64 {
        self.parts.iter().map(|(_, microseconds)| microseconds).sum()
    }
}

/// Images sent to the bench worker, which cuts them into minibatches.
const IMAGES: usize = 1280;

/// Measures where a training step's time goes.
pub(crate) fn shares(page: &Page, build: &'static str, milliseconds: f64) -> Result<Shares> {
    let batch = 128;
    let ask = json!({"Steps": {"milliseconds": milliseconds, "batch_size": batch}});
    let answer = ask_workers(page, build, 1, &ask, Some(IMAGES))?.pop();
    let answer = answer.context("the bench worker says nothing")?;
    let steps = answer.message.steps.context("the bench worker says something else")?;
    let times = answer.arrays.into_iter().next().unwrap_or_default();
    Ok(Shares {
        build,
        batch,
        forward_multiply_adds: steps.forward_multiply_adds,
        training_multiply_adds: steps.training_multiply_adds,
        parts: steps.parts.into_iter().zip(times).collect(),
    })
}

/// A bench worker's answer, with its arrays.
#[derive(Deserialize)]
struct Answer {
    message: Message,
    arrays: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    peak: Option<Peak>,
    steps: Option<Steps>,
}

#[derive(Deserialize)]
struct Peak {
    multiply_adds_per_second: f64,
}

#[derive(Deserialize)]
struct Steps {
    parts: Vec<String>,
    forward_multiply_adds: f64,
    training_multiply_adds: f64,
}

/// Starts bench workers and asks all of them at once when all are ready; with or without test images to train
/// on.
const ASK: &str = "
    const [build, threads, message, images] = arguments;
    // Every host's policy asks for it, and here is no start.js.
    trustedTypes.createPolicy('default', {createScriptURL: url => url});
    const start = () => new Promise((resolve, reject) => {
        const worker = new Worker(`worker-start.js?${build}`, {type: 'module', name: 'bench-worker'});
        worker.onerror = event => reject(new Error(event.message || 'a bench worker does not start'));
        worker.onmessage = ({data: {revision}}) => resolve({worker, revision});
    });
    const digits = () => {
        if (!images) return [];
        const pixels = new Float32Array(images.pixels.length);
        images.pixels.forEach((pixel, i) => { pixels[i] = pixel / 255; });
        return [pixels, Float32Array.from(images.labels)];
    };
    const ask = ({worker, revision}) => new Promise((resolve, reject) => {
        worker.onerror = event => reject(new Error(event.message || 'a bench worker died'));
        worker.onmessage = ({data: {message, arrays}}) => {
            worker.terminate();
            resolve({message, arrays: arrays.map(array => Array.from(array))});
        };
        const arrays = digits();
        worker.postMessage({revision, message, arrays}, arrays.map(array => array.buffer));
    });
    return Promise.all(Array.from({length: threads}, start)).then(workers => Promise.all(workers.map(ask)));
";

fn ask_workers(
    page: &Page,
    build: &str,
    threads: u32,
    message: &Value,
    images: Option<usize>,
) -> Result<Vec<Answer>> {
    // Replaces the page and its trainer by a document that does nothing, in the worker's folder.
    page.browser.open(&format!("{}{}", page.site.url(), e2e::built("manifest.json")?))?;
    let images = images.map(mnist::train).transpose()?;
    let arguments = vec![json!(build), json!(threads), message.clone(), json!(images)];
    outcome::of(page.browser, ASK, arguments, 60).context("asking the bench worker")
}
