//! Training runs on the page.

use anyhow::{Context, Result, ensure};
use e2e::{Fault, Host, Page};
use serde::Serialize;
use serde_json::json;

use crate::bench_worker::BUILDS;
use crate::report::Samples;
use crate::{cost, outcome};

/// Seconds after which a run is given up.
const LIMIT: u64 = 600;

/// A way of training to compare.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Subject {
    pub(crate) build: &'static str,
    pub(crate) workers: u32,
    /// Whether the workers share memory.
    pub(crate) shared: bool,
    pub(crate) batch: u32,
    /// In the second epoch.
    pub(crate) images_per_second: Samples,
    pub(crate) first_epoch: Samples,
    /// Milliseconds of each task of more than 50 on the page's thread, in all runs.
    pub(crate) long_tasks: Vec<f64>,
}

impl Subject {
    /// Both builds with one worker and two, batch 128 and 32; the faster build also without shared memory.
    pub(crate) fn all() -> Vec<Self> {
        let mut subjects = vec![];
        for (build, workers, shared) in [
            (BUILDS[0], 1, true),
            (BUILDS[0], 2, true),
            (BUILDS[0], 2, false),
            (BUILDS[1], 1, true),
            (BUILDS[1], 2, true),
        ] {
            for batch in [128, 32] {
                let (images_per_second, long_tasks) = (Samples::default(), vec![]);
                let first_epoch = Samples::default();
                subjects.push(Self {
                    build,
                    workers,
                    shared,
                    batch,
                    images_per_second,
                    first_epoch,
                    long_tasks,
                });
            }
        }
        subjects
    }

    /// Trains the default model for two epochs of `images` images and measures the second: during the first,
    /// the engine compiles hot code.
    ///
    /// - `page`: from a host that isolates it if memory is to be shared.
    pub(crate) fn measure(&mut self, page: &Page, images: u32) -> Result<()> {
        let Self { build, workers, shared, batch, .. } = self;
        page.open(&format!(
            "images={images}&epochs=2&batch={batch}&seed=1&workers={workers}&backend={build}"
        ))?;
        page.watch_long_tasks()?;
        page.click_when_enabled("#train", 60)?;
        let epoch = images.div_ceil(*batch);
        let steps: Vec<(f64, u32)> =
            outcome::of(page.browser, STEPS, vec![json!(2 * epoch)], LIMIT)?;
        let status = page.status()?;
        ensure!(status.error.is_empty(), "{status:?}");
        ensure!(status.backend == *build, "{build} was asked for, not {}", status.backend);
        ensure!(status.workers == Some(*workers), "{workers} were asked for: {status:?}");
        let rates = [&mut self.first_epoch, &mut self.images_per_second];
        cost::push(rates, &steps, *batch, images).context("no minibatch was seen")?;
        let isolated: bool = page.ask("return crossOriginIsolated", vec![])?;
        ensure!(isolated == *shared, "the page is isolated: {isolated}");
        let long_tasks = page.long_tasks()?;
        println!(
            "  {build}, {workers} workers, {}, batch {batch}: {:.0} images/s, before {:.0}, tasks over 50 ms: {long_tasks:?}",
            if *shared { "shared memory" } else { "messages" },
            self.images_per_second.last(),
            self.first_epoch.last()
        );
        self.long_tasks.extend(long_tasks);
        Ok(())
    }
}

/// Records when the page shows how many minibatches are done, in milliseconds, until it shows a given number
/// or an error. Nobody asks meanwhile, because each question takes time from the workers.
const STEPS: &str = "
    const [end] = arguments;
    const {dataset} = document.body;
    const steps = [];
    return new Promise(resolve => {
        const note = () => {
            steps.push([performance.now(), Number(dataset.step)]);
            if (dataset.step >= end || dataset.error) resolve(steps);
        };
        new MutationObserver(note).observe(document.body, {attributeFilter: ['data-step', 'data-error']});
    });
";

/// What the workers hold after a training run with two of them: WebAssembly memories, and shared memory.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Memory {
    /// Of each worker, in bytes.
    pub(crate) workers: Vec<f64>,
    /// The part of it that is the data set, in bytes.
    pub(crate) data_set: f64,
}

/// MNIST as the trainer stores it: a byte for each pixel and each label.
const DATA_SET: f64 = 70_000.0 * (28.0 * 28.0 + 1.0);

/// Runs before a worker's own script: reports its module's memory and the shared memory that it made to the
/// page.
const TELL: &str = "{
    const memories = [];
    let shared = 0;
    self.SharedArrayBuffer = class extends SharedArrayBuffer {
        constructor(...parts) {
            super(...parts);
            shared += this.byteLength;
        }
    };
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
        if (data === 'how much?') asked.postMessage(memories.reduce((sum, memory) => sum + memory.buffer.byteLength, shared));
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
    // A new origin, as the browser keeps the worker's script of the one before.
    page.change_host(&e2e::dist()?, Host::Isolated)?;
    page.site.inject("worker-start.js", Fault::Prefixed(TELL));
    page.open("epochs=1&batch=128&seed=1&workers=2")?;
    page.click_when_enabled("#train", 60)?;
    page.wait_for_state("done", 120)?;
    let workers: Vec<f64> = outcome::of(page.browser, ASK, vec![], 10)?;
    page.site.heal("worker-start.js");
    ensure!(workers.len() == 2, "two workers were asked for: {workers:?}");
    Ok(Memory { workers, data_set: DATA_SET })
}
