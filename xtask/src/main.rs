//! `cargo xtask`: the project's commands, started by `xtask/launcher`.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`npm`], [`tools`], [`browsers`], [`nginx`], [`apt`] | find what a command needs, or install it; the Rust toolchain is the launcher's |
//! | [`data`], [`wasm`], [`site`] | MNIST's parts, the wasm modules, and the site that they become |
//! | [`dist`], [`serve`], [`check`], [`mod@test`], [`audit`], [`mod@bench`] | the commands |
//! | [`step`], [`command`], [`project`], [`fingerprint`] | say what happens, start programs, know where things are, and whether they changed |

mod apt;
mod audit;
mod bench;
mod browsers;
mod check;
mod command;
mod data;
mod dist;
mod fingerprint;
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

/// Builds, serves, tests and measures Inkling; installs what is missing for it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and serve it on this machine, for this machine or with --host for others
    Serve(serve::Options),
    /// Write the static site to dist/, for any file server and under any path
    Dist,
    /// What Trunk.toml has Trunk call
    #[command(hide = true)]
    Trunk,
    /// Run all tests: native, in a browser, and end to end on the built page
    Test(test::Options),
    /// Formatting, clippy and docs with warnings denied, linters for JavaScript, style sheets and links
    Check,
    /// Ask Lighthouse how accessible, sound and quick the built page is on a slow phone
    Audit(audit::Options),
    /// Measure training, prediction and all else that shall be fast, in Chromium; the same of others
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Task::Serve(options) => serve::run(&options),
        Task::Dist => dist::run(),
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
