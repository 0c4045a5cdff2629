//! `inkling export`: a network in a file of another format.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use inkling::formats::{self, safetensors};
use inkling::protocol::FileFormat;

#[derive(clap::Args)]
pub(crate) struct ExportArguments {
    /// The network, as safetensors: from the page, or from `inkling train --out`
    #[arg(value_name = "FILE.safetensors")]
    network: PathBuf,
    /// The format to write
    #[arg(long, value_parser = format_parser())]
    format: FileFormat,
    /// Where to write it; in the same folder, with the page's name for such a file, unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads the page's words for the formats.
fn format_parser() -> impl TypedValueParser<Value = FileFormat> {
    PossibleValuesParser::new(FileFormat::ALL.map(|(word, _)| word)).map(|given| {
        let found = FileFormat::ALL.into_iter().find(|(word, _)| *word == given);
        found.map_or(FileFormat::Safetensors, |(_, format)| format)
    })
}

pub(crate) fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let from = &arguments.network;
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let (info, parameters) =
        safetensors::read(&bytes).with_context(|| format!("cannot use {}", from.display()))?;
    let file = formats::export(arguments.format, &info, &parameters, None)?;
    let beside = || from.with_file_name(arguments.format.file_name());
    let to = arguments.out.clone().unwrap_or_else(beside);
    std::fs::write(&to, file).with_context(|| format!("cannot write {}", to.display()))?;
    println!("{}", to.display());
    Ok(())
}
