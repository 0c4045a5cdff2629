//! How fast the built page trains and predicts in headless Chromium, and how fast other libraries do.
//!
//! | module | what it measures |
//! | --- | --- |
//! | [`against`] | two builds of the page, alternately |
//! | [`bench_worker`] | what the processor can do, and where a training step's time goes |
//! | [`training`] | a run on the page: images a second, long tasks, memory |
//! | [`cost`] | core-seconds and watt-hours of an epoch, and what bounds more workers |
//! | [`prediction`] | a prediction on the page |
//! | [`pen`] | how soon the bars follow the pen |
//! | [`panels`] | what an open panel costs a run |
//! | [`peers`] | native Keras, and other libraries in a browser |
//! | [`outcome`], [`mnist`] | helpers: the result of a slow script; images to train on |
//! | [`machine`] | what it all ran on |
//! | [`report`], [`table`] | the figures, as JSON and as Markdown |
//!
//! Everything that is compared is measured alternately, in several rounds, in one session of one
//! browser. `cargo xtask bench` prepares what this program needs and runs it.

mod against;
mod bench_worker;
mod cost;
mod machine;
mod mnist;
mod outcome;
mod panels;
mod peers;
mod pen;
mod prediction;
mod report;
mod table;
mod training;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use e2e::{Browser, Engine, Host, Page, Weight};

use bench_worker::BUILDS;
use peers::Peers;
use report::Report;
use training::Subject;

/// Arguments from `cargo xtask bench`.
#[derive(Parser)]
struct Arguments {
    /// Folder for bench.json and bench.md
    #[arg(long)]
    to: PathBuf,
    /// One short round: shows that everything works; not for quoting figures
    #[arg(long)]
    quick: bool,
    /// Measure the peers too, the native one with this Python
    #[arg(long, value_name = "PYTHON")]
    peers: Option<PathBuf>,
    /// Folder of the visitors' site, to measure its size; `INKLING_DIST` names the site to time
    #[arg(long)]
    visitors: PathBuf,
    /// Only train, alternating with the site in this folder, which an earlier `cargo xtask bench` built
    #[arg(long, value_name = "SITE")]
    against: Option<PathBuf>,
    /// Watts that a busy core draws
    #[arg(long, default_value_t = 10.0)]
    watts: f64,
    /// The command to name in the table
    #[arg(long)]
    command: String,
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    /// How often everything is measured.
    rounds: usize,
    /// Images of a training run.
    images: u32,
    /// The least seconds of training of a peer in a browser, after its warm-up.
    peer_seconds: f64,
    /// Digits drawn while the page trains.
    digits: usize,
    /// Milliseconds of each measurement by the bench worker.
    bench_worker: f64,
}

const FULL: Effort =
    Effort { rounds: 5, images: 60_000, peer_seconds: 6.0, digits: 12, bench_worker: 2000.0 };
const QUICK: Effort =
    Effort { rounds: 1, images: 15_000, peer_seconds: 2.0, digits: 4, bench_worker: 500.0 };

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let effort = if arguments.quick { QUICK } else { FULL };
    let browser = Browser::launch(Engine::Chromium)?;
    if let Some(other) = &arguments.against {
        return against::run(&browser, &e2e::dist()?, other, effort);
    }
    // First, while nothing is stored yet.
    let weight = Weight::of(&Page::of(&browser, &arguments.visitors)?)?;
    let mut page = Page::of(&browser, &e2e::dist()?)?;
    let mut plain = Page::of(&browser, &e2e::dist()?)?;
    plain.change_host(&e2e::dist()?, Host::Plain)?;
    plain.refuse_service_worker();
    let mut peers = arguments.peers.as_deref().map(Peers::start).transpose()?;

    let mut subjects = Subject::all();
    let mut calibrations = BUILDS.map(bench_worker::Calibration::new);
    let mut predictions = vec![];
    for round in 1..=effort.rounds {
        println!("round {round} of {}", effort.rounds);
        for calibration in &mut calibrations {
            calibration.measure(&page, effort.bench_worker)?;
        }
        for subject in &mut subjects {
            let page = if subject.shared { &page } else { &plain };
            subject.measure(page, effort.images)?;
        }
        predictions.push(prediction::measure(&page)?);
        if let Some(peers) = &mut peers {
            peers.measure(&browser, effort)?;
        }
    }
    let shares = BUILDS
        .into_iter()
        .map(|build| bench_worker::shares(&page, build, effort.bench_worker))
        .collect::<Result<Vec<_>>>()?;
    let reaction = pen::reaction(effort.digits)?;
    let memory = training::memory(&mut page)?;
    let panels = panels::measure(&page, effort.rounds)?;

    let report = Report {
        machine: machine::describe(&browser)?,
        command: arguments.command,
        quick: arguments.quick,
        rounds: effort.rounds,
        watts: arguments.watts,
        calibrations: calibrations.into(),
        shares,
        training: subjects,
        prediction: predictions.into(),
        reaction,
        memory,
        panels,
        weight,
        peers: peers.map(Peers::finish).unwrap_or_default(),
    };
    let markdown = table::markdown(&report)?;
    println!("\n{markdown}");
    let json = serde_json::to_string_pretty(&report)?;
    for (name, text) in [("bench.json", json + "\n"), ("bench.md", markdown)] {
        let path = arguments.to.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
