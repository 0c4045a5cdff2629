//! `inkling evaluate`: the accuracy of weights on real digits.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;
use inkling::checkpoint;
use inkling::config::Form;
use inkling::formats::safetensors;
use inkling::ink::{self, Drawing, Point};
use inkling::net::Network;
use inkling::net::doubt::{self, Doubt};
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
    /// Evaluate on drawings instead of MNIST: a JSON object a line, {"label": 5, "strokes": [[[x, y], ...],
    /// ...]}; a label that is a letter, {"label": "a", ...}, is a drawing that should be doubted
    #[arg(long, value_name = "FILE.jsonl[.gz]")]
    strokes: Option<PathBuf>,
    /// Weights of the network that doubts drawings
    #[arg(long, value_name = "FILE", default_value = "www/assets/doubt.safetensors")]
    doubt: PathBuf,
    /// Print each drawn digit that is misread
    #[arg(long, requires = "strokes")]
    mistakes: bool,
}

pub(crate) fn run(arguments: &EvaluateArguments) -> anyhow::Result<()> {
    let mut network = network(&arguments.weights)?;
    match &arguments.strokes {
        Some(path) => drawn(&mut network, &mut doubt(&arguments.doubt)?, path, arguments.mistakes),
        None => mnist(&mut network, &arguments.source),
    }
}

fn doubt(path: &Path) -> anyhow::Result<Doubt> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let network = Network::new(&doubt::ARCHITECTURE.parse()?)?;
    let weights = checkpoint::load(&bytes, network.plan())
        .with_context(|| format!("cannot use {}", path.display()))?;
    Doubt::new(&weights).context("the network that doubts cannot be built")
}

fn network(path: &Path) -> anyhow::Result<Network> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (info, parameters) =
        safetensors::read(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    let mut network = Network::new(&Form::from_hash(&info.settings).0.settings.architecture)?;
    network.load(&parameters);
    Ok(network)
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
struct LabelledStrokes {
    label: Label,
    strokes: Vec<Vec<[f32; 2]>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Digit(usize),
    Other(String),
}

/// Drawings of one kind, and how many of them are doubted.
#[derive(Clone, Copy, Default)]
struct Doubts {
    doubted: u32,
    all: u32,
}

impl Doubts {
    fn add(&mut self, doubted: bool) {
        self.doubted += u32::from(doubted);
        self.all += 1;
    }

    fn print(self, what: &str) {
        if self.all > 0 {
            let share = 100.0 * f64::from(self.doubted) / f64::from(self.all);
            println!("{what}: doubted {} of {}, {share:.2} %", self.doubted, self.all);
        }
    }
}

fn drawn(
    network: &mut Network,
    doubt: &mut Doubt,
    path: &Path,
    mistakes: bool,
) -> anyhow::Result<()> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let (mut digits, mut others) = (Doubts::default(), Doubts::default());
    let mut right = 0;
    let mut ink_in_all = 0.0;
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let LabelledStrokes { label, strokes } =
            serde_json::from_str(&line.with_context(place)?).with_context(place)?;
        let Some(picture) = ink::picture(&drawing(&strokes)) else { continue };
        let answer = loss::argmax(network.probabilities(&picture));
        let doubted = doubt.is_raised_by(&picture);
        let label = match label {
            Label::Digit(digit) => digit,
            Label::Other(letter) => {
                others.add(doubted);
                if mistakes && !doubted {
                    println!("line {}: {letter} taken for a {answer}", index + 1);
                }
                continue;
            }
        };
        digits.add(doubted);
        ink_in_all += f64::from(picture.iter().sum::<f32>());
        if answer == label {
            right += 1;
        } else if mistakes {
            println!("line {}: a {label} read as {answer}", index + 1);
        }
    }
    let all = digits.all;
    anyhow::ensure!(all + others.all > 0, "{} holds no drawing", path.display());
    if all > 0 {
        let share = 100.0 * f64::from(right) / f64::from(all);
        println!(
            "{}: {right} of {all} right, {share:.2} %, mean ink {:.1}",
            path.display(),
            ink_in_all / f64::from(all)
        );
    }
    digits.print("digits");
    others.print("other drawings");
    Ok(())
}

/// Strokes as if drawn over the whole pad.
fn drawing(strokes: &[Vec<[f32; 2]>]) -> Drawing {
    let mut drawing = Drawing::default();
    for stroke in strokes {
        let mut points =
            stroke.iter().map(|[x, y]| Point { x: x / STROKE_UNITS, y: y / STROKE_UNITS });
        if let Some(first) = points.next() {
            drawing.begin(first);
        }
        points.for_each(|point| drawing.extend(point));
    }
    drawing
}
