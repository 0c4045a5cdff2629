//! Workers that die in every possible way, and browsers that lack features.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Fault, Host, Page, Status};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("failure::a_worker_that_closes_is_replaced", a_worker_that_closes_is_replaced),
    ("failure::a_worker_that_throws_is_replaced", a_worker_that_throws_is_replaced),
    ("failure::a_worker_that_hangs_is_replaced", a_worker_that_hangs_is_replaced),
    (
        "failure::an_exception_inside_the_trainer_is_reported",
        an_exception_inside_the_trainer_is_reported,
    ),
    ("failure::a_trap_inside_the_trainer_is_reported", a_trap_inside_the_trainer_is_reported),
    ("failure::an_exception_inside_the_page_is_reported", an_exception_inside_the_page_is_reported),
    ("failure::a_truncated_worker_is_reported", a_truncated_worker_is_reported),
    ("failure::a_missing_worker_is_reported", a_missing_worker_is_reported),
    (
        "failure::damaged_weights_are_reported_and_fetched_again",
        damaged_weights_are_reported_and_fetched_again,
    ),
    ("failure::without_storage_it_still_works", without_storage_it_still_works),
    ("failure::without_its_charts_it_still_trains", without_its_charts_it_still_trains),
    (
        "failure::charts_that_do_not_work_cost_nothing_else",
        charts_that_do_not_work_cost_nothing_else,
    ),
    (
        "failure::charts_that_break_later_cost_nothing_else",
        charts_that_break_later_cost_nothing_else,
    ),
];

const RUN: &str = "images=2000&epochs=50&batch=32&seed=2";

/// Makes `fate()` happen to the trainer once it has reported a minibatch.
macro_rules! after_a_minibatch {
    ($fate:literal) => {
        concat!(
            "const {postMessage} = self;
            self.postMessage = (data, ...rest) => {
                postMessage.call(self, data, ...rest);
                if (data.message?.Progress?.step > 0) setTimeout(fate);
            };
            const fate = () => ",
            $fate,
            ";"
        )
    };
}

/// It disappears without a word.
const CLOSES: &str = after_a_minibatch!("close()");
const THROWS: &str = after_a_minibatch!("{ throw new Error('worker killed by the test'); }");
const HANGS: &str = after_a_minibatch!("{ for (;;); }");

fn a_worker_that_closes_is_replaced(page: &mut Page) -> Result<()> {
    dies_and_is_replaced(page, CLOSES)
}

fn a_worker_that_throws_is_replaced(page: &mut Page) -> Result<()> {
    dies_and_is_replaced(page, THROWS)
}

fn a_worker_that_hangs_is_replaced(page: &mut Page) -> Result<()> {
    dies_and_is_replaced(page, HANGS)
}

/// The page reports the death, still draws, and starts a new worker that trains, without a reload.
fn dies_and_is_replaced(page: &mut Page, script: &'static str) -> Result<()> {
    page.expect_on_console("worker");
    page.site.inject("worker-start.js", Fault::Prefixed(script));
    page.train(RUN)?;
    let status = page.wait_for_state("error", 40)?;
    ensure!(!status.error.is_empty(), "{status:?}");
    ensure!(
        page.text()?.contains(&status.error),
        "the reason cannot be read on the page: {status:?}"
    );
    page.draw(3)?;
    page.wait_for("an answer all the same", 5, |status| status.prediction.is_some())?;
    restart_and_train(page)
}

/// Something that the trainer calls throws in its third second or so.
const THROWS_INSIDE: &str = "
const {now} = Performance.prototype;
let start;
addEventListener('message', ({data}) => { if (data.message?.Start) start = now.call(performance); });
Performance.prototype.now = function () {
    const time = now.call(this);
    if (self.name === 'trainer' && time > start + 3000) throw new Error('unreachable, says the test');
    return time;
};
";

const TRAPS_INSIDE: &str = "
const {now} = Performance.prototype;
let start;
addEventListener('message', ({data}) => { if (data.message?.Start) start = now.call(performance); });
Performance.prototype.now = function () {
    const time = now.call(this);
    if (self.name === 'trainer' && time > start + 3000)
        throw new WebAssembly.RuntimeError('unreachable, says the test');
    return time;
};
";

fn an_exception_inside_the_trainer_is_reported(page: &mut Page) -> Result<()> {
    goes_wrong_inside(page, THROWS_INSIDE)
}

fn a_trap_inside_the_trainer_is_reported(page: &mut Page) -> Result<()> {
    goes_wrong_inside(page, TRAPS_INSIDE)
}

/// One plain sentence, even after later calls of the trainer; and no second error on the console.
fn goes_wrong_inside(page: &mut Page, script: &'static str) -> Result<()> {
    page.expect_on_console("says the test");
    page.site.inject("worker-start.js", Fault::Prefixed(script));
    page.train(&format!("{RUN}&workers=2"))?;
    page.wait_for_state("error", 40)?;
    thread::sleep(Duration::from_secs(1));
    let status = page.status()?;
    let epoch = status.step.unwrap_or_default().div_ceil(63).max(1);
    let expected = format!(
        "The trainer stopped because of an error in this browser. What was learnt up to epoch {epoch} is \
         kept. To go on, restart the trainer and choose “Start from: my network”."
    );
    ensure!(status.error == expected, "{status:?}");
    ensure!(page.text()?.contains(&expected), "the sentence cannot be read: {status:?}");
    page.draw(3)?;
    page.wait_for("an answer all the same", 5, |status| status.prediction.is_some())?;
    restart_and_train(page)
}

/// Without a way to draw the page cannot go on, and says so once, in plain words.
fn an_exception_inside_the_page_is_reported(page: &mut Page) -> Result<()> {
    const BREAKS: &str = "
        addEventListener('e2e-break', () => {
            CanvasRenderingContext2D.prototype.clearRect = () => { throw new Error('unreachable, says the test'); };
        });\n";
    page.expect_on_console("says the test");
    page.site.inject("start.js", Fault::Prefixed(BREAKS));
    page.train(RUN)?;
    page.browser.script("window.dispatchEvent(new Event('e2e-break'))", vec![])?;
    page.draw(3)?;
    let status = page.wait_for_state("error", 10)?;
    // Nothing is shown from now on.
    page.draw(5)?;
    thread::sleep(Duration::from_secs(2));
    let later = page.status()?;
    ensure!(
        later.error.starts_with("The page stopped because of an error in this browser. ")
            && later.error.ends_with(" Reload it to continue."),
        "{later:?}"
    );
    ensure!(later.state == "error" && later.error == status.error, "{status:?}, then {later:?}");
    ensure!(page.text()?.contains(&later.error), "the sentence cannot be read: {later:?}");
    page.open("")?;
    page.draw(3)?;
    page.wait_for("a 3", 5, |status| status.prediction == Some(3))?;
    Ok(())
}

fn restart_and_train(page: &Page) -> Result<()> {
    page.site.heal("worker-start.js");
    page.site.heal("worker_bg.wasm");
    page.site.heal("worker-relaxed_bg.wasm");
    page.click_when_enabled("#problem-action", 5)?;
    page.wait_for("the error to go", 20, |status| {
        status.error.is_empty() && status.state != "error"
    })?;
    // The new run replaces the one that died, so its step count starts again.
    page.click_when_enabled("#train", 30)?;
    page.agree()?;
    let early = |status: &Status| status.state == "training" && status.epoch == Some(0);
    let begun = page.wait_for("a new run", 20, early)?;
    page.wait_for("its minibatches", 20, |status| status.step > begun.step)?;
    Ok(())
}

fn a_truncated_worker_is_reported(page: &mut Page) -> Result<()> {
    // Whichever of the two this browser uses.
    page.site.inject("worker-relaxed_bg.wasm", Fault::Truncated);
    fails_to_load_and_is_replaced(page, "worker_bg.wasm", Fault::Truncated)
}

fn a_missing_worker_is_reported(page: &mut Page) -> Result<()> {
    fails_to_load_and_is_replaced(page, "worker-start.js", Fault::Missing)
}

fn fails_to_load_and_is_replaced(page: &mut Page, file: &str, fault: Fault) -> Result<()> {
    // Engines name the file, the module or the instantiation.
    page.expect_on_console("worker");
    page.expect_on_console("WebAssembly");
    page.site.inject(file, fault);
    page.load(RUN)?;
    let status = page.wait_for_state("error", 40)?;
    ensure!(!status.error.is_empty(), "{status:?}");
    page.draw(7)?;
    page.wait_for("an answer all the same", 5, |status| status.prediction == Some(7))?;
    restart_and_train(page)
}

/// Without the Cache API each visit downloads again, and nothing else changes.
fn without_storage_it_still_works(page: &mut Page) -> Result<()> {
    const NO_STORE: &str = "Object.defineProperty(globalThis, 'caches', {value: undefined});\n";
    page.site.inject("start.js", Fault::Prefixed(NO_STORE));
    page.site.inject("worker-start.js", Fault::Prefixed(NO_STORE));
    page.train("images=2000&epochs=1&batch=100")?;
    // Runs are kept all the same.
    ensure!(page.text()?.contains("This browser cannot save the training images at this address"));
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.error.is_empty() && done.test_accuracy.is_some(), "{done:?}");
    Ok(())
}

/// Half a file, then a script in front of it; the page trains without, and tries again on a click.
fn damaged_weights_are_reported_and_fetched_again(page: &mut Page) -> Result<()> {
    for fault in [Fault::Truncated, Fault::Prefixed("<!doctype html>")] {
        // A new origin each time: where hosts allow it, the browser keeps complete files for good.
        page.change_host(&e2e::dist()?, Host::Isolated)?;
        page.site.inject("weights.safetensors", fault);
        page.load("images=500&epochs=1")?;
        let status = page.wait_for_state("error", 30)?;
        ensure!(status.error.contains("not a whole safetensors file"), "{status:?}");
        page.site.heal("weights.safetensors");
        page.click("#problem-action")?;
        page.wait_for_state("ready", 30)?;
        page.draw(0)?;
        page.wait_for("a 0", 5, |status| status.prediction == Some(0))?;
    }
    Ok(())
}

/// A library that comes and does not work costs its charts, which say so in their place; the run goes on.
fn charts_that_do_not_work_cost_nothing_else(page: &mut Page) -> Result<()> {
    page.expect_on_console("uPlot");
    page.site.inject("uPlot.iife.min.js", Fault::Prefixed("throw new Error('uPlot is broken');\n"));
    page.train("images=500&epochs=1")?;
    page.wait_for_state("done", 60)?;
    page.click("#open-runs")?;
    for chart in ["#loss", "#accuracy", "#runs-chart"] {
        page.wait_until("the reason in its place", 10, || {
            let words: String = page.ask(
                "return document.querySelector(arguments[0]).textContent",
                vec![json!(chart)],
            )?;
            Ok(words.contains("This browser cannot draw the chart").then_some(()))
        })?;
    }
    page.draw(1)?;
    page.wait_for("an answer", 5, |status| status.prediction.is_some())?;
    Ok(())
}

/// So does one that works at first.
fn charts_that_break_later_cost_nothing_else(page: &mut Page) -> Result<()> {
    const BREAKS: &str = "
        const Plot = window.uPlot;
        window.uPlot = function (...given) {
            const plot = new Plot(...given);
            plot.setData = () => { throw new Error('uPlot is broken'); };
            return plot;
        };";
    page.expect_on_console("uPlot");
    page.open("images=1000&epochs=4&batch=32")?;
    page.wait_until("the library", 10, || {
        Ok(page.ask::<bool>("return 'uPlot' in window", vec![])?.then_some(()))
    })?;
    page.browser.script(BREAKS, vec![])?;
    page.train_now()?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.epoch == Some(4) && done.error.is_empty(), "{done:?}");
    let words: String = page.ask("return document.querySelector('#loss').textContent", vec![])?;
    ensure!(words.contains("This browser cannot draw the chart"), "{words}");
    page.draw(1)?;
    page.wait_for("an answer", 5, |status| status.prediction.is_some())?;
    Ok(())
}

/// The charts' library is fetched before there is a run, so that is when its absence is reported.
fn without_its_charts_it_still_trains(page: &mut Page) -> Result<()> {
    page.expect_on_console("uPlot");
    page.site.inject("uPlot.iife.min.js", Fault::Missing);
    page.open("images=500&epochs=1")?;
    page.wait_until("the reason", 10, || {
        Ok(page.text()?.contains("The curves cannot be drawn").then_some(()))
    })?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    let epochs = page.epochs()?;
    ensure!(epochs.len() == 1, "the table has the figures: {epochs:?}");
    Ok(())
}
