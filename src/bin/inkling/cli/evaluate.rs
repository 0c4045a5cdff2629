//! `inkling evaluate`: the accuracy of weights on real digits.

use std::path::PathBuf;

use anyhow::Context as _;
use inkling::checkpoint;
use inkling::net::loss::Score;
use inkling::net::{Architecture, Network};

use super::mnist::Source;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Weights to judge, as safetensors
    #[arg(long, value_name = "FILE", default_value = "www/assets/weights.safetensors")]
    weights: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut network = Network::new(&Architecture::default())?;
    let path = &arguments.weights;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parameters = checkpoint::load(&bytes, network.plan())
        .with_context(|| format!("cannot use {}", path.display()))?;
    network.load(&parameters);
    let test = arguments.source.test()?;
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut score = Score::default();
    for start in (0..test.len()).step_by(100) {
        test.gather(start..test.len().min(start + 100), &mut images, &mut labels);
        score += network.evaluate(&images, &labels);
    }
    println!(
        "MNIST test set: {} of {} right, {:.2} %, loss {:.4}",
        score.correct,
        score.images,
        100.0 * score.accuracy(),
        score.mean_loss()
    );
    Ok(())
}
