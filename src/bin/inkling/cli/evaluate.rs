//! `inkling evaluate`: the accuracy of weights on real digits.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;
use inkling::config::Form;
use inkling::formats::safetensors;
use inkling::ink::{self, Drawing, Point};
use inkling::net::Network;
use inkling::net::loss::{self, Score};
use serde::Deserialize;

use super::mnist::MnistSource;

/// Units to which the longer side of a digit in a stroke file is scaled.
const STROKE_UNITS: f32 = 1000.0;

#[derive(clap::Args)]
pub(crate) struct EvaluateArguments {
    #[command(flatten)]
    source: MnistSource,
    /// Weights to evaluate, as safetensors
    #[arg(long, value_name = "FILE", default_value = "www/assets/weights.safetensors")]
    weights: PathBuf,
    /// Evaluate on drawn digits instead of MNIST: a JSON object a line, {"label": 5, "strokes": [[[x, y],
    /// ...], ...]}
    #[arg(long, value_name = "FILE.jsonl[.gz]")]
    strokes: Option<PathBuf>,
    /// Print each drawn digit that is misread
    #[arg(long, requires = "strokes")]
    mistakes: bool,
}

pub(crate) fn run(arguments: &EvaluateArguments) -> anyhow::Result<()> {
    let path = &arguments.weights;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (info, parameters) =
        safetensors::read(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    let mut network = Network::new(&Form::from_hash(&info.settings).0.settings.architecture)?;
    network.load(&parameters);
    match &arguments.strokes {
        Some(path) => drawn(&mut network, path, arguments.mistakes),
        None => mnist(&mut network, &arguments.source),
    }
}

fn mnist(network: &mut Network, source: &MnistSource) -> anyhow::Result<()> {
    let test = source.test()?;
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut score = Score::default();
    for start in (0..test.len()).step_by(100) {
        test.gather(start..test.len().min(start + 100), &mut images, &mut labels);
        score += network.evaluate(&images, &labels, &mut Vec::new());
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

#[derive(Deserialize)]
struct DrawnDigit {
    label: usize,
    strokes: Vec<Vec<[f32; 2]>>,
}

fn drawn(network: &mut Network, path: &Path, mistakes: bool) -> anyhow::Result<()> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let (mut right, mut all) = (0, 0);
    let mut ink_in_all = 0.0;
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let digit: DrawnDigit =
            serde_json::from_str(&line.with_context(place)?).with_context(place)?;
        let Some(picture) = ink::picture(&drawing(&digit)) else { continue };
        let answer = loss::argmax(network.probabilities(&picture));
        all += 1;
        ink_in_all += f64::from(picture.iter().sum::<f32>());
        if answer == digit.label {
            right += 1;
        } else if mistakes {
            println!("line {}: a {} read as {answer}", index + 1, digit.label);
        }
    }
    anyhow::ensure!(all > 0, "{} holds no drawing", path.display());
    let share = 100.0 * f64::from(right) / f64::from(all);
    println!(
        "{}: {right} of {all} right, {share:.2} %, mean ink {:.1}",
        path.display(),
        ink_in_all / f64::from(all)
    );
    Ok(())
}

/// Strokes as if drawn over the whole pad.
fn drawing(digit: &DrawnDigit) -> Drawing {
    let mut drawing = Drawing::default();
    for stroke in &digit.strokes {
        let mut points =
            stroke.iter().map(|[x, y]| Point { x: x / STROKE_UNITS, y: y / STROKE_UNITS });
        if let Some(first) = points.next() {
            drawing.begin(first);
        }
        points.for_each(|point| drawing.extend(point));
    }
    drawing
}
