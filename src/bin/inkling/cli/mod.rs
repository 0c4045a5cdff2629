//! The command line: arguments in, sentences out.

mod evaluate;
mod export;
mod mixture;
mod mnist;
mod options;
mod train;

use clap::{Parser, Subcommand};

/// Trains, evaluates and exports Inkling's network outside of a browser, with the page's own code.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train the reference model on MNIST.
    Train(train::TrainArguments),
    /// Evaluate weights on the MNIST test set or on drawn digits.
    Evaluate(evaluate::EvaluateArguments),
    /// Write a network in another format: for ONNX runtimes, Keras or PyTorch.
    Export(export::ExportArguments),
}

pub(crate) fn run() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
    }
}
