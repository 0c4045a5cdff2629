//! How fast the built page trains and predicts in headless Chromium.
//!
//! `INKLING_DIST=dist cargo run --release --package e2e --bin bench`; also writes
//! `target/bench.json`.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Engine, Page};
use serde_json::{Value, json};

/// Minibatches that do not count: the engine compiles what is hot while they run.
const WARM_UP: u32 = 40;

fn main() -> Result<()> {
    let browser = Browser::launch(Engine::Chromium)?;
    let page = Page::of(&browser, &e2e::dist()?)?;
    let runs = [(128, 30_000), (32, 15_000)]
        .into_iter()
        .map(|(batch, images)| train(&page, batch, images))
        .collect::<Result<Vec<_>>>()?;
    let prediction = predict(&page)?;

    println!("{:<28}{:>12}{:>12}{:>14}", "training", "images/s", "page says", "tasks > 50 ms");
    for run in &runs {
        println!(
            "{:<28}{:>12.0}{:>12.0}{:>14}",
            format!("batch {}, {} {}", run.batch, run.backend, plural(run.workers)),
            run.images_per_second,
            run.shown,
            run.long_tasks
        );
    }
    println!("prediction: {prediction:.0} microseconds");

    let path = target().join("bench.json");
    let runs: Vec<Value> = runs.iter().map(Run::as_json).collect();
    let report = json!({"training": runs, "prediction_microseconds": prediction});
    std::fs::write(&path, format!("{report:#}\n"))
        .with_context(|| format!("writing {}", path.display()))
}

struct Run {
    batch: u32,
    workers: u32,
    backend: String,
    /// From the wall time between two counts of minibatches.
    images_per_second: f64,
    /// Median of what the page showed meanwhile.
    shown: f64,
    /// Tasks on the page's thread that kept it from drawing for more than 50 ms.
    long_tasks: usize,
}

impl Run {
    fn as_json(&self) -> Value {
        json!({
            "batch": self.batch, "workers": self.workers, "backend": self.backend,
            "images_per_second": self.images_per_second, "images_per_second_shown": self.shown,
            "long_tasks": self.long_tasks,
        })
    }
}

/// Measures one epoch of the reference model, with a drawing that is predicted meanwhile.
fn train(page: &Page, batch: u32, images: u32) -> Result<Run> {
    page.open(&format!("images={images}&epochs=1&batch={batch}&seed=1"))?;
    page.draw(8)?;
    page.wait_for("a prediction", 5, |status| status.prediction.is_some())?;
    page.click_when_enabled("#train", 60)?;
    let first = page.wait_for("the warm-up", 60, |status| status.step > Some(WARM_UP))?;
    page.watch_long_tasks()?;
    let mut last = first.clone();
    let mut shown = vec![];
    page.wait_until("the last minibatch", 300, || {
        let status = page.status()?;
        let over = status.state == "done" || status.step >= Some(images.div_ceil(batch));
        if status.step > last.step {
            shown.extend(status.images_per_second.filter(|&rate| rate > 0.0));
            last = status;
        }
        Ok(over.then_some(()))
    })?;
    let long_tasks = page.long_tasks()?.len();
    page.wait_for_state("done", 60)?;

    let steps = last.step.unwrap_or_default() - first.step.unwrap_or_default();
    let seconds = (last.now - first.now) / 1000.0;
    ensure!(steps > 0 && seconds > 0.0, "{first:?}, then {last:?}");
    Ok(Run {
        batch,
        workers: last.workers.unwrap_or_default(),
        backend: last.backend,
        images_per_second: f64::from(steps * batch) / seconds,
        shown: median(shown).context("the page showed no throughput")?,
        long_tasks,
    })
}

/// Microseconds of a prediction, as the page itself measures it once a second for a while.
fn predict(page: &Page) -> Result<f64> {
    page.open("")?;
    page.draw(8)?;
    page.wait_for("a prediction", 5, |status| status.prediction == Some(8))?;
    thread::sleep(Duration::from_secs(10));
    page.ask("return Number(document.body.dataset.predictionMicroseconds)", vec![])
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn plural(workers: u32) -> String {
    format!("{workers} worker{}", if workers == 1 { "" } else { "s" })
}

/// Cargo's target folder, in which this program lies two levels deep.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map(PathBuf::from).unwrap_or_default()
}
