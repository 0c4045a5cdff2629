//! Training runs on the page.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Fault, Page};
use serde::Serialize;

use crate::gauge::BUILDS;
use crate::outcome;
use crate::report::Samples;

/// Minibatches that do not count: the engine compiles what is hot while they run.
const WARM_UP: u32 = 40;

/// How often the page is asked whether it is done. Each question takes time from the workers.
const EVERY: Duration = Duration::from_millis(250);

/// Ways of training that are compared.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Subject {
    pub(crate) build: &'static str,
    pub(crate) workers: u32,
    pub(crate) batch: u32,
    pub(crate) images_per_second: Samples,
    /// Milliseconds of each task on the page's thread, of all runs, that took more than 50.
    pub(crate) long_tasks: Vec<f64>,
}

impl Subject {
    /// Both builds with one worker and two, batch 128 and 32.
    pub(crate) fn all() -> Vec<Self> {
        let mut subjects = vec![];
        for build in BUILDS {
            for workers in [1, 2] {
                for batch in [128, 32] {
                    let (images_per_second, long_tasks) = (Samples::default(), vec![]);
                    let subject = Self { build, workers, batch, images_per_second, long_tasks };
                    subjects.push(subject);
                }
            }
        }
        subjects
    }

    /// Trains the default model for an epoch of so many images.
    pub(crate) fn measure(&mut self, page: &Page, images: u32) -> Result<()> {
        let Self { build, workers, batch, .. } = self;
        page.open(&format!(
            "images={images}&epochs=1&batch={batch}&seed=1&workers={workers}&backend={build}"
        ))?;
        page.watch_long_tasks()?;
        watch_steps(page)?;
        page.click_when_enabled("#train", 60)?;
        let last = images.div_ceil(*batch);
        let status = loop {
            let status = page.status()?;
            ensure!(status.error.is_empty(), "{status:?}");
            if status.state == "done" || status.step >= Some(last) {
                break status;
            }
            thread::sleep(EVERY);
        };
        ensure!(status.backend == *build, "{build} was asked for, not {}", status.backend);
        ensure!(status.workers == Some(*workers), "{workers} were asked for: {status:?}");
        let steps: Vec<(f64, u32)> = page.ask("return steps", vec![])?;
        self.images_per_second.push(rate(&steps, *batch, images).context("no minibatch was seen")?);
        self.long_tasks.extend(page.long_tasks()?);
        println!(
            "  {build}, {workers} workers, batch {batch}: {:.0} images/s",
            self.images_per_second.last()
        );
        Ok(())
    }
}

/// Notes from now on when the page shows how many minibatches are done, in milliseconds.
fn watch_steps(page: &Page) -> Result<()> {
    const WATCH: &str = "
        globalThis.steps = [];
        const {dataset} = document.body;
        const note = () => steps.push([performance.now(), Number(dataset.step)]);
        new MutationObserver(note).observe(document.body, {attributeFilter: ['data-step']});";
    page.browser.script(WATCH, vec![])?;
    Ok(())
}

/// Images a second between the end of the warm-up and the last minibatch, of the last run of steps.
fn rate(steps: &[(f64, u32)], batch: u32, images: u32) -> Option<f64> {
    let &(from, first) = steps.iter().find(|(_, step)| *step > WARM_UP)?;
    let &(to, last) = steps.iter().rev().find(|(_, step)| *step > first)?;
    let trained = (last * batch).min(images) - first * batch;
    (to > from).then(|| 1000.0 * f64::from(trained) / (to - from))
}

/// What the workers hold in WebAssembly's memory after a training run with two of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Memory {
    /// Of each worker, in bytes.
    pub(crate) workers: Vec<f64>,
    /// The data set in it, in bytes.
    pub(crate) data_set: f64,
}

/// MNIST as the trainer keeps it: a byte for each pixel and each label.
const DATA_SET: f64 = 70_000.0 * (28.0 * 28.0 + 1.0);

/// Before a worker's own script: tells the page about the memory that its module has.
const TELL: &str = "{
    const memories = [];
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const original = WebAssembly[name];
        WebAssembly[name] = async (...parts) => {
            const made = await original.apply(WebAssembly, parts);
            memories.push((made.instance ?? made).exports.memory);
            return made;
        };
    }
    const asked = new BroadcastChannel('memory');
    asked.onmessage = ({data}) => {
        if (data === 'how much?') asked.postMessage(memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0));
    };
}
";

/// Asks all workers and listens for a while.
const ASK: &str = "
    const asked = new BroadcastChannel('memory');
    const told = [];
    asked.onmessage = ({data}) => told.push(data);
    asked.postMessage('how much?');
    await new Promise(resolve => setTimeout(resolve, 1000));
    return told;
";

/// Trains with two workers for a while and asks for their memory, which never shrinks.
pub(crate) fn memory(page: &mut Page) -> Result<Memory> {
    page.site.inject("worker-start.js", Fault::Prefixed(TELL));
    page.open("epochs=1&batch=128&seed=1&workers=2")?;
    page.click_when_enabled("#train", 60)?;
    page.wait_for_state("done", 120)?;
    let workers: Vec<f64> = outcome::of(page.browser, ASK, vec![], 10)?;
    page.site.heal("worker-start.js");
    ensure!(workers.len() == 2, "two workers were asked for: {workers:?}");
    Ok(Memory { workers, data_set: DATA_SET })
}
