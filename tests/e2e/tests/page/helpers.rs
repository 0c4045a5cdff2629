//! The workers that train together: how many, and what happens to a run that loses one.

use std::sync::OnceLock;

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Host, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("helpers::any_number_gives_the_same_figures", any_number_gives_the_same_figures),
    ("helpers::isolated_without_shared_memory", isolated_without_shared_memory),
    ("helpers::one_that_throws_costs_nothing_but_time", one_that_throws_costs_nothing_but_time),
    ("helpers::one_that_hangs_costs_nothing_but_time", one_that_hangs_costs_nothing_but_time),
    ("helpers::without_shared_memory_one_that_closes", without_shared_memory_one_that_closes),
    ("helpers::without_shared_memory_one_that_throws", without_shared_memory_one_that_throws),
    ("helpers::without_shared_memory_one_that_hangs", without_shared_memory_one_that_hangs),
];

/// Long enough for helpers to take part before it ends.
const RUN: &str = "images=8000&epochs=2&batch=32&seed=7";

// The helpers end after some jobs, when the page already shows them; so do their replacements. With shared
// memory when a helper writes its result, otherwise when it receives a job.

const THROWS: &str = "
let jobs = 0;
const {set} = Float32Array.prototype;
Float32Array.prototype.set = function (...parts) {
    const shared = self.name === 'helper' && this.buffer instanceof SharedArrayBuffer;
    if (shared && ++jobs > 100) throw new Error('helper killed by the test');
    return set.apply(this, parts);
};
";

const HANGS: &str = "
let jobs = 0;
const {set} = Float32Array.prototype;
Float32Array.prototype.set = function (...parts) {
    const shared = self.name === 'helper' && this.buffer instanceof SharedArrayBuffer;
    while (shared && jobs >= 100);
    jobs += shared;
    return set.apply(this, parts);
};
";

const CLOSES_UNSHARED: &str = "
let jobs = 0;
addEventListener('message', ({data}) => {
    if (data.message?.Compute && ++jobs === 100) close();
});
";

const THROWS_UNSHARED: &str = "
let jobs = 0;
addEventListener('message', ({data}) => {
    if (data.message?.Compute && ++jobs === 100) throw new Error('helper killed by the test');
});
";

const HANGS_UNSHARED: &str = "
let jobs = 0;
addEventListener('message', ({data}) => {
    if (data.message?.Compute && ++jobs === 100) for (;;);
});
";

// The parts of shared memory that an isolated page may lack. WebKitGTK 2.50 lacks all of them.

const NO_SHARED_MEMORY: [&str; 5] = [
    "delete globalThis.SharedArrayBuffer;\n",
    "globalThis.SharedArrayBuffer = class {
        constructor() { throw new RangeError('no memory is shared in this test'); }
    };\n",
    // Enough for the feature test, but none when it is needed.
    "if (globalThis.SharedArrayBuffer) globalThis.SharedArrayBuffer = class extends SharedArrayBuffer {
        constructor(bytes) {
            if (bytes > 1000) throw new RangeError('no memory is shared in this test');
            super(bytes);
        }
    };\n",
    "Atomics.wait = () => { throw new TypeError('nobody waits in this test'); };\n",
    "const {postMessage} = MessagePort.prototype;
    MessagePort.prototype.postMessage = function (message, ...rest) {
        if (globalThis.SharedArrayBuffer && message instanceof SharedArrayBuffer)
            throw new DOMException('no memory is sent in this test', 'DataCloneError');
        return postMessage.call(this, message, ...rest);
    };\n",
];

/// A run's table of epochs: losses and accuracies to the last digit shown.
fn trained(page: &mut Page, workers: u32) -> Result<Vec<Vec<String>>> {
    page.train(&format!("{RUN}&workers={workers}"))?;
    take_part(page, workers)?;
    let done = page.wait_for_state("done", 120)?;
    ensure!(done.error.is_empty(), "{done:?}");
    without_times(page)
}

/// The same of one worker; it is trained once for all tests.
fn alone(page: &mut Page) -> Result<&'static Vec<Vec<String>>> {
    static ALONE: OnceLock<Vec<Vec<String>>> = OnceLock::new();
    match ALONE.get() {
        Some(alone) => Ok(alone),
        None => {
            let alone = trained(page, 1)?;
            Ok(ALONE.get_or_init(|| alone))
        }
    }
}

fn take_part(page: &Page, workers: u32) -> Result<()> {
    page.wait_for("all workers to take part", 30, |status| {
        status.state == "training" && status.workers == Some(workers)
    })?;
    Ok(())
}

fn without_times(page: &Page) -> Result<Vec<Vec<String>>> {
    let mut epochs = page.epochs()?;
    ensure!(epochs.len() == 2, "{epochs:?}");
    for row in &mut epochs {
        // The last column is the duration.
        row.pop();
    }
    Ok(epochs)
}

/// Whether workers share memory on an isolated page. WebKitGTK's do not.
fn shares_memory(page: &Page) -> Result<bool> {
    page.open("")?;
    let isolated: bool = page.ask("return crossOriginIsolated", vec![])?;
    let shares = page.ask("return typeof SharedArrayBuffer === 'function'", vec![])?;
    ensure!(
        isolated && (shares || page.browser.engine() == Engine::WebKit),
        "{isolated}, {shares}"
    );
    Ok(shares)
}

fn any_number_gives_the_same_figures(page: &mut Page) -> Result<()> {
    let alone = alone(page)?;
    for host in [Host::Isolated, Host::Plain] {
        page.change_host(&e2e::dist()?, host)?;
        page.refuse_service_worker();
        for workers in [2, 4] {
            let together = trained(page, workers)?;
            let shares: bool = page.ask("return crossOriginIsolated", vec![])?;
            ensure!(shares == (host == Host::Isolated), "{host:?}: {shares}");
            ensure!(together == *alone, "{host:?}, {workers}: {together:?}; one: {alone:?}");
        }
    }
    Ok(())
}

fn isolated_without_shared_memory(page: &mut Page) -> Result<()> {
    let alone = alone(page)?;
    for script in NO_SHARED_MEMORY {
        // A new origin each time: where hosts allow it, the browser keeps the scripts for good.
        page.change_host(&e2e::dist()?, Host::Isolated)?;
        for file in ["start.js", "worker-start.js"] {
            page.site.inject(file, Fault::Prefixed(script));
        }
        let together = trained(page, 2)?;
        let isolated: bool = page.ask("return crossOriginIsolated", vec![])?;
        ensure!(isolated, "{script}");
        ensure!(together == *alone, "{script}: {together:?}; one: {alone:?}");
    }
    Ok(())
}

fn one_that_throws_costs_nothing_but_time(page: &mut Page) -> Result<()> {
    let script = if shares_memory(page)? { THROWS } else { THROWS_UNSHARED };
    dies_and_the_run_goes_on(page, Host::Isolated, script)
}

fn one_that_hangs_costs_nothing_but_time(page: &mut Page) -> Result<()> {
    let script = if shares_memory(page)? { HANGS } else { HANGS_UNSHARED };
    dies_and_the_run_goes_on(page, Host::Isolated, script)
}

fn without_shared_memory_one_that_closes(page: &mut Page) -> Result<()> {
    dies_and_the_run_goes_on(page, Host::Plain, CLOSES_UNSHARED)
}

fn without_shared_memory_one_that_throws(page: &mut Page) -> Result<()> {
    dies_and_the_run_goes_on(page, Host::Plain, THROWS_UNSHARED)
}

fn without_shared_memory_one_that_hangs(page: &mut Page) -> Result<()> {
    dies_and_the_run_goes_on(page, Host::Plain, HANGS_UNSHARED)
}

fn dies_and_the_run_goes_on(page: &mut Page, host: Host, script: &'static str) -> Result<()> {
    let whole = alone(page)?;
    // A new origin: where hosts allow it, the browser keeps the worker's script for good.
    page.change_host(&e2e::dist()?, host)?;
    page.expect_on_console("a helper is lost");
    page.expect_on_console("helper killed by the test");
    page.site.inject("worker-start.js", Fault::Prefixed(script));
    page.train(&format!("{RUN}&workers=2"))?;
    take_part(page, 2)?;
    take_part(page, 1)?;
    let done = page.wait_for_state("done", 120)?;
    ensure!(done.error.is_empty(), "{done:?}");
    let epochs = without_times(page)?;
    ensure!(epochs == *whole, "with losses {epochs:?}, without {whole:?}");
    Ok(())
}
