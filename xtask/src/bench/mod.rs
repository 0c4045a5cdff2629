//! `cargo xtask bench`: how fast the built page is in headless Chromium, and how fast other libraries are. It
//! is built with the feature `bench`, which measures the page from within and is not in the visitors' build.

mod peers;
mod tables;

use std::path::PathBuf;

use anyhow::Result;

use crate::browsers::Engine;
use crate::wasm::Effort;
use crate::{command, dist, project, step};

/// The program that drives the browser; only the page is measured.
const IN_BROWSER: [&str; 4] = ["--profile", "tools", "--package", "bench-page"];

/// What to measure, and where the results go.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure other libraries too: native Keras, Burn, TensorFlow.js, jax-js and onnxruntime-web, which are
    /// installed for it
    #[arg(long)]
    peers: bool,
    /// Watts that a busy core draws, for what an epoch costs
    #[arg(long, default_value_t = 10.0)]
    watts: f64,
    /// Write the tables into docs/BENCHMARKS.md, between its marks
    #[arg(long, conflicts_with = "quick")]
    write: bool,
    /// Only train, alternating with another build: a copy of its folder target/site/bench
    #[arg(long, value_name = "SITE", conflicts_with_all = ["peers", "write"])]
    against: Option<PathBuf>,
    /// One short run of everything, to see that it all works
    #[arg(long)]
    quick: bool,
}

impl Options {
    /// The command line that was used.
    fn command(&self) -> String {
        let flags = [("peers", self.peers), ("quick", self.quick)];
        let flags =
            flags.iter().filter(|(_, given)| *given).map(|(name, _)| [" --", name].concat());
        ["cargo xtask bench".to_owned()].into_iter().chain(flags).collect()
    }
}

/// Measures, and writes the figures to target/bench.json and, as tables, to target/bench.md.
pub(crate) fn run(options: &Options) -> Result<()> {
    let browser = Engine::Chromium.ensure()?;
    // The visitors' own site is used to measure downloads.
    let visitors = dist::build(Effort::Release)?;
    let site = dist::build(Effort::Bench)?;
    let python = if options.peers { Some(peers::ensure()?) } else { None };
    // Built before anything is measured, so that no compiler runs at the same time.
    step::loud("Building the benchmark", || {
        command::run(project::cargo(["build"]).args(IN_BROWSER))
    })?;
    let mut bench = project::cargo(["run", "--quiet"]);
    bench.args(IN_BROWSER).arg("--").arg("--to").arg(project::target());
    bench.args(["--command", &options.command()]).arg("--visitors").arg(visitors);
    bench.arg("--watts").arg(options.watts.to_string()).env("INKLING_DIST", &site);
    if options.quick {
        bench.arg("--quick");
    }
    if let Some(python) = python {
        bench.arg("--peers").arg(python);
    }
    browser.set_variables(&mut bench);
    if let Some(other) = &options.against {
        bench.arg("--against").arg(other);
        return step::loud("Measuring", || command::run(&mut bench));
    }
    step::loud("Measuring", || command::run(&mut bench))?;
    let measured = project::target().join("bench.md");
    println!("The tables are in {}", measured.display());
    if options.write {
        tables::write(&tables::document(), &measured)?;
        println!("and in {}", tables::document().display());
    }
    Ok(())
}
