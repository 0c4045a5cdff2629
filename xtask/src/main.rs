//! `cargo xtask`: the project's commands, started by `xtask/launcher`.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`npm`], [`tools`], [`browsers`], [`nginx`], [`apt`] | find what a command needs, or install it; the Rust toolchain is the launcher's |
//! | [`data`], [`wasm`], [`document`], [`site`] | MNIST's parts, the wasm modules, the HTML, and the site made of them |
//! | [`dist`], [`serve`], [`check`], [`mod@test`], [`formats`], [`audit`], [`mod@bench`] | the commands |
//! | [`step`], [`command`], [`project`], [`fingerprint`] | report progress, run programs, know paths, detect changes |

mod apt;
mod audit;
mod bench;
mod browsers;
mod check;
mod command;
mod data;
mod dist;
mod document;
mod fingerprint;
mod formats;
mod licences;
mod nginx;
mod npm;
mod project;
mod serve;
mod site;
mod step;
mod test;
mod tools;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, serves, tests and measures Inkling; installs what it needs for that.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and serve it on this machine, to this machine or with --host to others
    Serve(serve::Options),
    /// Write the static site to dist/, for any file server and under any path
    Dist(dist::Options),
    /// What Trunk.toml makes Trunk call
    #[command(hide = true)]
    Trunk,
    /// Run all tests: native, in a browser, and end to end on the built page
    Test(test::Options),
    /// Formatting, clippy and docs with warnings denied, linters for JavaScript, style sheets and links
    Check,
    /// Run Lighthouse on the built page: accessibility, best practices, and speed on a slow phone
    Audit(audit::Options),
    /// Measure training, prediction and everything else that should be fast, in Chromium; and other libraries
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Task::Serve(options) => serve::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Trunk => dist::for_trunk(),
        Task::Test(options) => test::run(&options),
        Task::Check => check::run(),
        Task::Audit(options) => audit::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
