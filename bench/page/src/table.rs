//! The figures as Markdown, for the terminal and docs/BENCHMARKS.md.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::bench_worker::Shares;
use crate::peers::{BATCHES, Peer};
use crate::report::{Report, Samples};
use crate::training::Subject;
use crate::{cost, panels};

/// Images of an epoch.
pub(crate) const EPOCH: f64 = 60_000.0;

/// What the figures are compared with.
struct Limits {
    /// Multiply-adds a second of one core, in the build that can do most.
    peak: f64,
    /// Microseconds of one image's dense forward pass on one core at that rate.
    forward: f64,
    /// The same for its training step.
    training: f64,
}

impl Limits {
    fn of(report: &Report) -> Result<Self> {
        let peaks = report.calibrations.iter().filter_map(|calibration| calibration.alone.median());
        let peak = peaks.max_by(f64::total_cmp).context("nothing was calibrated")?;
        let shares = report.shares.first().context("no step was measured")?;
        let microseconds = |multiply_adds: f64| 1e6 * multiply_adds / peak;
        Ok(Self {
            peak,
            forward: microseconds(shares.forward_multiply_adds),
            training: microseconds(shares.training_multiply_adds),
        })
    }

    /// Seconds of an epoch.
    fn epoch(&self, workers: u32) -> f64 {
        EPOCH * self.training / 1e6 / f64::from(workers)
    }
}

/// All tables.
pub(crate) fn markdown(report: &Report) -> Result<String> {
    let limits = Limits::of(report)?;
    let mut text = String::new();
    introduce(&mut text, report)?;
    training(&mut text, report, &limits)?;
    if !report.peers.is_empty() {
        peers(&mut text, report)?;
    }
    page(&mut text, report, &limits)?;
    text += &panels::markdown(&report.panels);
    for shares in &report.shares {
        kernels(&mut text, shares)?;
    }
    Ok(text)
}

fn introduce(text: &mut String, report: &Report) -> Result<()> {
    let machine = &report.machine;
    if report.quick {
        writeln!(text, "**A quick run, to see that all works: no figures to quote.**\n")?;
    }
    writeln!(
        text,
        "`{}` on {}, {} cores of {}, {}; medians of {}, everything in turn.\n",
        report.command,
        machine.date,
        machine.cores,
        machine.processor,
        machine.browser,
        plural(report.rounds, "run"),
    )?;
    Ok(())
}

fn training(text: &mut String, report: &Report, limits: &Limits) -> Result<()> {
    writeln!(
        text,
        "Training in the tab, an epoch of 60,000 images, the second of a run; *dense* is its time over that of"
    )?;
    writeln!(
        text,
        "a dense training step at the multiply-add peak of as many cores. Workers share memory where the page is"
    )?;
    writeln!(
        text,
        "cross-origin isolated, as `cargo xtask serve` has it; elsewhere they send each other messages.\n"
    )?;
    header(text, &["build", "workers", "batch 128", "dense", "batch 32", "dense"])?;
    for subject in report.training.iter().filter(|subject| subject.batch == BATCHES[0]) {
        let by = if subject.shared { "" } else { ", by messages" };
        let mut cells = vec![subject.build.to_owned(), format!("{}{by}", subject.workers)];
        for batch in BATCHES {
            let twin = |s: &&Subject| {
                (s.build, s.workers, s.shared, s.batch)
                    == (subject.build, subject.workers, subject.shared, batch)
            };
            let rate = report.training.iter().find(twin).map(|s| &s.images_per_second);
            let seconds = rate.and_then(epoch);
            cells.push(match (rate.and_then(Samples::median), seconds) {
                (Some(rate), Some(seconds)) => format!("{seconds:.2} s ({rate:.0} images/s)"),
                _ => String::new(),
            });
            cells.push(seconds.map_or_else(String::new, |seconds| {
                format!("{:.2}", seconds / limits.epoch(subject.workers))
            }));
        }
        row(text, &cells)?;
    }
    let gains: Vec<String> = BATCHES
        .into_iter()
        .filter_map(|batch| Some((batch, ours(report, 1, batch)? / ours(report, 2, batch)?)))
        .map(|(batch, gain)| format!("{gain:.2} at batch {batch}"))
        .collect();
    writeln!(text, "\nImages a second of two workers over those of one: {}.\n", gains.join(", "))?;
    cost::write(text, report)
}

/// Seconds of an epoch.
pub(crate) fn epoch(images_per_second: &Samples) -> Option<f64> {
    images_per_second.median().map(|rate| EPOCH / rate)
}

/// Our seconds of an epoch with this many workers, in the faster build.
fn ours(report: &Report, workers: u32, batch: u32) -> Option<f64> {
    let runs = report.training.iter().filter(|s| s.workers == workers && s.batch == batch);
    runs.filter_map(|s| epoch(&s.images_per_second)).min_by(f64::total_cmp)
}

fn peers(text: &mut String, report: &Report) -> Result<()> {
    writeln!(
        text,
        "The same model by others, and how many times as long as two of our workers they take, and as one.\n"
    )?;
    let mut columns = vec!["", "threads"];
    for batch in ["batch 128", "batch 32"] {
        columns.extend([batch, "by two", "by one"]);
    }
    columns.extend(["one prediction", "by ours"]);
    header(text, &columns)?;
    let mut notes = vec![];
    for peer in &report.peers {
        row(text, &peer_cells(peer, report, &mut notes))?;
    }
    for (workers, name) in [(2, "**Inkling**"), (1, "**Inkling**")] {
        let mut cells = vec![name.to_owned(), workers.to_string()];
        for batch in BATCHES {
            let seconds = ours(report, workers, batch);
            cells.push(seconds.map_or_else(String::new, |s| format!("{s:.2} s")));
            cells.extend([String::new(), String::new()]);
        }
        cells.push(report.prediction.median().map_or_else(String::new, microseconds));
        cells.push(String::new());
        row(text, &cells)?;
    }
    writeln!(text)?;
    for note in notes {
        writeln!(text, "{note}\n")?;
    }
    Ok(())
}

fn peer_cells(peer: &Peer, report: &Report, notes: &mut Vec<String>) -> Vec<String> {
    // A native program uses all cores.
    let threads = peer.threads.map_or_else(|| "all".to_owned(), |threads| threads.to_string());
    let mut cells = vec![peer.name.to_owned(), threads];
    for batch in BATCHES {
        let training = peer.training.iter().find(|training| training.batch == batch);
        let seconds = training.and_then(|training| epoch(&training.images_per_second));
        let part = training.filter(|training| training.images < EPOCH && seconds.is_some());
        if let Some(part) = part {
            let images = part.images;
            notes.push(format!(
                "{}, batch {batch}: an epoch as the last {images:.0} images of each run say it would be.",
                peer.name
            ));
        }
        cells.push(seconds.map_or_else(String::new, |seconds| format!("{seconds:.1} s")));
        cells.extend([2, 1].map(|workers| times(seconds, ours(report, workers, batch))));
    }
    let prediction = peer.prediction.median();
    cells.push(prediction.map_or_else(String::new, microseconds));
    cells.push(times(prediction, report.prediction.median()));
    if let Some(failed) = &peer.failed {
        notes.push(format!("{}: {}", peer.name, failed.lines().next().unwrap_or_default()));
    }
    cells
}

fn times(theirs: Option<f64>, ours: Option<f64>) -> String {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => format!("{:.1} x", theirs / ours),
        _ => String::new(),
    }
}

fn page(text: &mut String, report: &Report, limits: &Limits) -> Result<()> {
    header(text, &["on the page", ""])?;
    for calibration in &report.calibrations {
        let billions = |samples: &Samples| samples.median().unwrap_or(f64::NAN) / 1e9;
        let name = format!("multiply-adds a second and core, {}", calibration.build);
        let (alone, both) = (billions(&calibration.alone), billions(&calibration.two_at_once));
        row(text, &[name, format!("{alone:.1} billion; with two at once {both:.1}")])?;
    }
    let dense = format!("{:.2} s on one core, {:.2} s on two", limits.epoch(1), limits.epoch(2));
    let name = format!("a dense epoch at {:.1} billion", limits.peak / 1e9);
    row(text, &[name, dense])?;
    let prediction = report.prediction.median().unwrap_or(f64::NAN);
    let dense = prediction / limits.forward;
    let cell = format!("{}, {dense:.2} times its dense time at the peak", microseconds(prediction));
    row(text, &["one prediction".into(), cell])?;
    let reaction = &report.reaction;
    let cell = format!(
        "{:.1} ms for 99 % of {} events, {:.1} ms for half; {:.1} ms with the wait for the frame",
        reaction.p99, reaction.events, reaction.median, reaction.p99_with_wait
    );
    row(text, &["from the pen's event to repainted bars, while training".into(), cell])?;
    let runs = report.training.iter().flat_map(|subject| &subject.long_tasks);
    let long_tasks = runs.chain(&reaction.long_tasks).count();
    let count: usize =
        report.training.iter().map(|subject| subject.images_per_second.count()).sum();
    // One more run while the pen was measured.
    let cell = format!("{long_tasks} in {}", plural(count + 1, "training run"));
    row(text, &["tasks over 50 ms on the page's thread".into(), cell])?;
    let kilobytes = report.weight.bytes() as f64 / 1024.0;
    let cell = format!("{kilobytes:.0} KB in {}", plural(report.weight.files.len(), "file"));
    row(text, &["before the first prediction, gzip, weights included".into(), cell])?;
    let megabytes = |bytes: f64| bytes / 1024.0 / 1024.0;
    let held: f64 = report.memory.workers.iter().sum();
    let cell = format!(
        "{:.0} MB above the data set's {:.0} MB",
        megabytes(held - report.memory.data_set),
        megabytes(report.memory.data_set)
    );
    row(text, &["memory of two workers".into(), cell])?;
    writeln!(text)?;
    Ok(())
}

fn kernels(text: &mut String, shares: &Shares) -> Result<()> {
    let total = shares.total();
    let title = format!("one worker, {}, batch {}", shares.build, shares.batch);
    header(text, &[&title, "microseconds an image", "share"])?;
    for (part, microseconds) in &shares.parts {
        let share = format!("{:.1} %", 100.0 * microseconds / total);
        row(text, &[part.clone(), format!("{microseconds:.1}"), share])?;
    }
    row(text, &["all".into(), format!("{total:.1}"), "100 %".into()])?;
    writeln!(text)?;
    Ok(())
}

pub(crate) fn header(text: &mut String, columns: &[&str]) -> Result<()> {
    let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    row(text, &columns)?;
    writeln!(text, "|{}", " --- |".repeat(columns.len()))?;
    Ok(())
}

pub(crate) fn row(text: &mut String, cells: &[String]) -> Result<()> {
    writeln!(text, "| {} |", cells.join(" | "))?;
    Ok(())
}

fn microseconds(time: f64) -> String {
    format!("{time:.0} µs")
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
