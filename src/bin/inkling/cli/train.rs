//! `inkling train`: the page's training, natively and on all cores.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use inkling::checkpoint;
use inkling::checkpoint::TrainingState;
use inkling::config::{Form, TrainConfig};
use inkling::data::Digits;
use inkling::formats::safetensors;
use inkling::net::loss::Score;
use inkling::net::{Network, init};
use inkling::protocol::NetworkInfo;
use inkling::train::gradient::{self, MinibatchPart, SHARDS, Sums};
use inkling::train::session::{Available, EpochEvaluation, Session, Set, Task};

use super::mixture::Mixture;
use super::mnist::MnistSource;
use super::options::SettingsArguments;

#[derive(clap::Args)]
pub(crate) struct TrainArguments {
    #[command(flatten)]
    source: MnistSource,
    #[command(flatten)]
    settings: SettingsArguments,
    /// One run for each seed; the mean test accuracy sums up several
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u32>,
    /// Threads; the result does not depend on their number
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// Write the last run's weights to this file, as safetensors
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Round the weights so that the file compresses well, as the page's own is
    #[arg(long, requires = "out")]
    compact: bool,
    #[command(flatten)]
    mixture: Mixture,
}

pub(crate) fn run(arguments: &TrainArguments) -> anyhow::Result<()> {
    ensure!(arguments.threads > 0, "--threads must be at least 1");
    let (train, test) = (arguments.source.train()?, arguments.source.test()?);
    let mut settings = arguments.settings.0.clone();
    if let Some(architecture) = arguments.mixture.architecture() {
        settings.architecture = architecture;
    }
    println!("{}", settings.architecture.summary()?);
    let mut accuracies = Vec::new();
    for &seed in &arguments.seeds {
        println!("\nseed {seed}");
        let settings = TrainConfig { seed, ..settings.clone() };
        let mut trainer = CommandLineTrainer::new(settings, arguments.threads, &train)?;
        trainer.mixture = arguments.mixture;
        accuracies.push(trainer.run(&train, &test)?);
        if let Some(path) = &arguments.out {
            let (plan, parameters) = (trainer.networks[0].plan(), trainer.session.averaged());
            let bytes = if arguments.compact {
                checkpoint::save_compact(plan, parameters)?
            } else {
                let info = NetworkInfo {
                    name: String::from("network trained on the command line"),
                    settings: Form::of(trainer.session.settings()).to_hash(),
                    test_accuracy: trainer.test_accuracy,
                    ..NetworkInfo::default()
                };
                {
                    let (session, lists) = (&trainer.session, trainer.session.training_state());
                    let state = TrainingState { steps: session.step(), lists: &lists };
                    safetensors::write_run(&info, plan, parameters, Some(state))?
                }
            };
            std::fs::write(path, bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
            println!("weights in {}", path.display());
        }
    }
    if accuracies.len() > 1 {
        let mean = accuracies.iter().sum::<f32>() / accuracies.len() as f32;
        let of = if arguments.settings.0.validation > 0 { "validation" } else { "test" };
        println!("\nmean {of} accuracy of {} seeds: {:.3} %", accuracies.len(), 100.0 * mean);
    }
    Ok(())
}

/// A session, and a network for each thread.
struct CommandLineTrainer {
    session: Session,
    mixture: Mixture,
    networks: Vec<Network>,
    /// One for each thread.
    sums: Vec<Sums>,
    /// After the last epoch.
    test_accuracy: Option<f32>,
}

impl CommandLineTrainer {
    fn new(settings: TrainConfig, threads: usize, train: &Digits) -> anyhow::Result<Self> {
        let networks = (0..threads.min(SHARDS))
            .map(|_| Network::new(&settings.architecture))
            .collect::<Result<Vec<_>, _>>()?;
        let parameters = init::glorot_uniform(networks[0].plan(), settings.seed.into());
        Ok(Self {
            sums: networks.iter().map(|_| Sums::new(parameters.len())).collect(),
            session: Session::new(settings, train.len(), parameters),
            mixture: Mixture::default(),
            networks,
            test_accuracy: None,
        })
    }

    /// Trains to the end; returns the last accuracy, on the validation images if there are any, else on the
    /// test set.
    fn run(&mut self, train: &Digits, test: &Digits) -> anyhow::Result<f32> {
        let available = Available { train: train.len(), test: Some(test.len()) };
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        let (mut seen, mut accuracy) = (Score::default(), 0.0);
        let mut start = Instant::now();
        loop {
            match self.session.next(available) {
                Task::Minibatch(indices) => {
                    let indices = indices.iter().map(|&index| index as usize);
                    train.gather(indices, &mut images, &mut labels);
                    let (settings, rng_seed) =
                        (self.session.settings(), self.session.minibatch_seed());
                    let threads = self.networks.len();
                    self.mixture.prepare(settings, rng_seed, threads, &mut images, &mut labels);
                    seen += self.learn(&images, &labels);
                }
                Task::Evaluate(set, range) => {
                    let digits = if set == Set::Test { test } else { train };
                    digits.gather(range, &mut images, &mut labels);
                    self.mixture.classify(&mut labels);
                    let network = &mut self.networks[0];
                    network.load(self.session.averaged());
                    let score = network.evaluate(&images, &labels, &mut Vec::new());
                    if let Some(EpochEvaluation { test, validation }) =
                        self.session.take_score(score, available)
                    {
                        let (score, name) = match validation {
                            Some(score) => (score, "validation"),
                            None => (test, "test"),
                        };
                        accuracy = score.accuracy();
                        self.test_accuracy = Some(test.accuracy());
                        println!(
                            "epoch {:>3}  loss {:.4}  accuracy {:.2} %   {name} loss {:.4}  {name} accuracy {:.2} %  {:.1} s",
                            self.session.epoch(),
                            seen.mean_loss(),
                            100.0 * seen.accuracy(),
                            score.mean_loss(),
                            100.0 * accuracy,
                            start.elapsed().as_secs_f64(),
                        );
                        (seen, start) = (Score::default(), Instant::now());
                    }
                }
                Task::Finished => return Ok(accuracy),
                Task::Wait | Task::Paused => anyhow::bail!("the run stopped before its end"),
            }
        }
    }

    /// One optimizer step, with the shards spread over the threads.
    fn learn(&mut self, images: &[f32], labels: &[u8]) -> Score {
        let parameters = self.session.parameters();
        let minibatch = MinibatchPart {
            label_smoothing: self.session.settings().label_smoothing,
            ..MinibatchPart::whole(images, labels, self.session.minibatch_seed())
        };
        let threads = self.networks.len();
        let mut scores = [Score::default(); SHARDS];
        let mut rest = scores.as_mut_slice();
        // A panic in a thread continues here.
        std::thread::scope(|scope| {
            for (thread, (network, sums)) in
                self.networks.iter_mut().zip(&mut self.sums).enumerate()
            {
                let shards = shards_of(thread, threads);
                let (scores, others) = std::mem::take(&mut rest).split_at_mut(shards.len());
                rest = others;
                let minibatch = &minibatch;
                scope.spawn(move || {
                    network.load(parameters);
                    sums.begin(labels.len());
                    for (score, shard) in scores.iter_mut().zip(shards) {
                        *score = minibatch.gradient(network, shard, sums);
                    }
                });
            }
        });
        let (all, others) = self.sums.split_at_mut(1);
        for (thread, sums) in (1..).zip(others) {
            let subtrees = gradient::sums(&shards_of(thread, threads), labels.len());
            for (subtree, sum) in subtrees.into_iter().zip(sums.complete()) {
                all[0].add(subtree, |to| to.copy_from_slice(sum));
            }
        }
        self.session.learn(all[0].total());
        scores.into_iter().fold(Score::default(), |mut sum, score| {
            sum += score;
            sum
        })
    }
}

/// A thread's part of a minibatch.
fn shards_of(thread: usize, threads: usize) -> Range<usize> {
    SHARDS * thread / threads..SHARDS * (thread + 1) / threads
}
