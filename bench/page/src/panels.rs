//! What an open panel costs a training run: images a second with it open and with all closed.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::Page;
use serde::Serialize;

use crate::report::Samples;

/// Ids of the panels' buttons without `open-`, and their labels.
const PANELS: [(&str, &str); 6] = [
    ("inside", "Look inside"),
    ("ask", "Ask it"),
    ("judge", "Test"),
    ("yours", "Make it yours"),
    ("experiment", "Experiment"),
    ("runs", "Runs"),
];

const WORKERS: u32 = 2;
const BATCH: u32 = 128;

/// Minibatches that are not measured: the engine compiles hot code while they run.
const WARM_UP: u32 = 40;

/// How long to wait after opening or closing a panel, and how long to measure then.
const SETTLE: Duration = Duration::from_millis(500);
const SPELL: Duration = Duration::from_secs(5);

/// A panel's cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PanelCost {
    name: &'static str,
    /// Images a second with all panels closed.
    closed: Samples,
    /// Images a second with this one open.
    open: Samples,
    /// Milliseconds of each task of more than 50 on the page's thread while it was open.
    long_tasks: Vec<f64>,
}

/// For each panel, a run with two workers in which it is closed and open alternately, `rounds` times each.
pub(crate) fn measure(page: &Page, rounds: usize) -> Result<Vec<PanelCost>> {
    PANELS.into_iter().map(|(id, name)| panel(page, id, name, rounds)).collect()
}

fn panel(page: &Page, id: &str, name: &'static str, rounds: usize) -> Result<PanelCost> {
    let mut panel = PanelCost {
        name,
        closed: Samples::default(),
        open: Samples::default(),
        long_tasks: vec![],
    };
    page.open(&format!("epochs=100&batch={BATCH}&seed=1&workers={WORKERS}"))?;
    page.draw(8)?;
    page.train_now()?;
    page.wait_for("the end of the warm-up", 60, |status| status.step > Some(WARM_UP))?;
    watch_progress(page)?;
    page.watch_long_tasks()?;
    let button = format!("#open-{id}");
    // Both orders equally often, so that a machine that slows down or warms up favours neither.
    for round in 0..rounds {
        for open in [round % 2 == 1, round % 2 == 0] {
            if open {
                page.click(&button)?;
                let sight = format!("document.querySelector('{button}').scrollIntoView()");
                page.browser.script(&sight, vec![])?;
                if id == "ask" {
                    page.click("[data-ask=typical]")?;
                }
            }
            // The cost of opening or closing itself is not measured.
            thread::sleep(SETTLE);
            let rate = spell(page)?;
            if open {
                panel.open.push(rate);
                panel.long_tasks.extend(page.long_tasks()?);
                page.click(&button)?;
            } else {
                panel.closed.push(rate);
            }
        }
    }
    let status = page.status()?;
    ensure!(status.error.is_empty() && status.workers == Some(WORKERS), "{status:?}");
    let (closed, open) = (panel.closed.last(), panel.open.last());
    println!("  {name}: {closed:.0} images/s closed, {open:.0} open");
    Ok(panel)
}

/// From now on records when the page shows which epoch and minibatch it is at, in milliseconds.
fn watch_progress(page: &Page) -> Result<()> {
    const WATCH: &str = "
        globalThis.progress = [];
        const {dataset} = document.body;
        const note = () => progress.push([performance.now(), Number(dataset.epoch), Number(dataset.step)]);
        new MutationObserver(note)
            .observe(document.body, {attributeFilter: ['data-step', 'data-epoch']});";
    page.browser.script(WATCH, vec![])?;
    Ok(())
}

/// Images a second of the next few seconds, undisturbed by questions.
fn spell(page: &Page) -> Result<f64> {
    page.browser.script("progress.length = 0; longTasks.length = 0;", vec![])?;
    thread::sleep(SPELL);
    let notes: Vec<(f64, u32, u32)> = page.ask("return progress", vec![])?;
    rate(&notes).context("no minibatch was seen")
}

/// Over all intervals within one epoch; between two epochs is the test.
fn rate(notes: &[(f64, u32, u32)]) -> Option<f64> {
    let (mut milliseconds, mut images) = (0.0, 0);
    for (&(from, before, first), &(to, epoch, last)) in notes.iter().zip(notes.iter().skip(1)) {
        if epoch == before {
            milliseconds += to - from;
            images += (last - first) * BATCH;
        }
    }
    (milliseconds > 0.0 && images > 0).then(|| 1000.0 * f64::from(images) / milliseconds)
}

/// The costs as Markdown.
pub(crate) fn markdown(panels: &[PanelCost]) -> String {
    let mut text = String::from(
        "Images a second while a panel is open and while all are closed, in turn within \
         one run.\n\n| open panel | closed | open | open over closed | tasks over 50 ms |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for panel in panels {
        let of = |samples: &Samples| samples.median().unwrap_or(f64::NAN);
        let (closed, open) = (of(&panel.closed), of(&panel.open));
        let (share, tasks) = (100.0 * open / closed, panel.long_tasks.len());
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| {} | {closed:.0} | {open:.0} | {share:.1} % | {tasks} |", panel.name);
    }
    text + "\n"
}
