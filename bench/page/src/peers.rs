//! Other libraries that train or predict: native Keras as a child process, the others as pages of their
//! own in the same browser.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use e2e::{Browser, Host, Site};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::report::Samples;
use crate::{Effort, mnist, outcome};

/// Batch sizes that are compared.
pub(crate) const BATCHES: [u32; 2] = [128, 32];

/// Seconds of prediction in a round.
const PREDICT: f64 = 1.0;

/// Seconds after which a peer's page is given up.
const LIMIT: u64 = 180;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) threads: Option<u32>,
    /// For each of [`BATCHES`]; empty if it cannot train.
    pub(crate) training: Vec<Training>,
    /// Microseconds for one image; empty if not measured.
    pub(crate) prediction: Samples,
    /// Why it was not measured, or not to the end.
    pub(crate) failed: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Training {
    pub(crate) batch: u32,
    pub(crate) images_per_second: Samples,
    /// Images of each run, from which an epoch's time is extrapolated.
    pub(crate) images: f64,
}

/// A peer's page.
struct PeerPage {
    peer: Peer,
    /// Path below bench/peers.
    address: &'static str,
    trains: bool,
}

/// All peers, ready to be measured.
pub(crate) struct Peers {
    site: Site,
    keras: Keras,
    native: Peer,
    pages: Vec<PeerPage>,
}

const PAGES: [(&str, &str, bool); 4] = [
    ("Burn 0.22 (flex backend), wasm32 with simd128", "burn/", true),
    ("TensorFlow.js 4.22, wasm", "tfjs/?backend=wasm", true),
    ("jax-js 0.1.25, wasm", "jax-js/", true),
    ("onnxruntime-web 1.30, wasm", "onnxruntime-web/", false),
];

impl Peer {
    fn new(name: &'static str, trains: bool) -> Self {
        let batches: &[u32] = if trains { &BATCHES } else { &[] };
        let training = batches.iter().map(|&batch| {
            let images_per_second = Samples::default();
            Training { batch, images_per_second, images: 0.0 }
        });
        let training = training.collect();
        Self { name, threads: None, training, prediction: Samples::default(), failed: None }
    }
}

impl Peers {
    /// Starts native Keras with this Python, and a site for the others.
    pub(crate) fn start(python: &Path) -> Result<Self> {
        let pages = PAGES.map(|(name, address, trains)| PeerPage {
            peer: Peer::new(name, trains),
            address,
            trains,
        });
        Ok(Self {
            site: Site::serve(mnist::root(), Host::Lenient)?,
            keras: Keras::start(python)?,
            native: Peer::new("TensorFlow 2.21, Keras, native", true),
            pages: pages.into(),
        })
    }

    /// Measures each of them once more. One that fails is left out from then on, and the report says so.
    pub(crate) fn measure(&mut self, browser: &Browser, effort: Effort) -> Result<()> {
        // A page that trains in the background would disturb the measurement.
        browser.leave()?;
        for training in &mut self.native.training {
            let images = effort.images;
            let seconds = self.keras.train(training.batch, images)?;
            training.images = f64::from(images);
            training.images_per_second.push(f64::from(images) / seconds);
            tell(self.native.name, training);
        }
        for page in self.pages.iter_mut().filter(|page| page.peer.failed.is_none()) {
            let measured = page.measure(browser, &self.site, effort);
            // Removes its document and with it its threads.
            browser.leave()?;
            if let Err(error) = measured {
                println!("  {}: {error:#}", page.peer.name);
                page.peer.failed = Some(format!("{error:#}"));
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Peer> {
        let pages = self.pages.into_iter().map(|page| page.peer);
        std::iter::once(self.native).chain(pages).collect()
    }
}

fn tell(name: &str, training: &Training) {
    let rate = training.images_per_second.last();
    println!("  {name}, batch {}: {rate:.0} images/s", training.batch);
}

/// A page's report of a training run.
#[derive(Deserialize)]
struct Trained {
    images: f64,
    seconds: f64,
    loss: f64,
    threads: u32,
}

/// A page's report of its predictions.
#[derive(Deserialize)]
struct Predicted {
    microseconds: f64,
    probabilities: Vec<f64>,
    threads: u32,
}

impl PeerPage {
    fn measure(&mut self, browser: &Browser, site: &Site, effort: Effort) -> Result<()> {
        let Self { peer, address, trains } = self;
        let open = || {
            let separator = if address.contains('?') { "&" } else { "?" };
            browser.leave()?;
            browser.open(&format!("{}bench/peers/{address}{separator}", site.url()))
        };
        for training in peer.training.iter_mut().filter(|_| *trains) {
            open()?;
            let options = json!({"batch": training.batch, "seconds": effort.peer_seconds});
            let train = "return globalThis.train(arguments[0])";
            let trained: Trained = outcome::of(browser, train, vec![options], LIMIT)?;
            if !trained.loss.is_finite() {
                bail!("its loss is {}", trained.loss);
            }
            training.images = trained.images;
            training.images_per_second.push(trained.images / trained.seconds);
            peer.threads = Some(trained.threads);
            tell(peer.name, training);
        }
        open()?;
        let options = json!({"seconds": PREDICT});
        let predict = "return globalThis.predict(arguments[0])";
        let predicted: Predicted = outcome::of(browser, predict, vec![options], LIMIT)?;
        let sum: f64 = predicted.probabilities.iter().sum();
        if (sum - 1.0).abs() > 1e-3 {
            bail!("its probabilities are {:?}", predicted.probabilities);
        }
        peer.prediction.push(predicted.microseconds);
        peer.threads = Some(predicted.threads);
        println!("  {}: {:.0} microseconds a prediction", peer.name, predicted.microseconds);
        Ok(())
    }
}

/// Native Keras, which trains on command; ended when dropped.
struct Keras {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Keras {
    fn start(python: &Path) -> Result<Self> {
        let script = mnist::root().join("bench/peers/keras/train.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", python.display()))?;
        let ask = process.stdin.take().context("it was asked for")?;
        let answers = BufReader::new(process.stdout.take().context("it was asked for")?);
        let mut keras = Self { process, ask, answers };
        keras.answer().context("Keras does not start")?;
        Ok(keras)
    }

    /// Seconds of an epoch of `images` images.
    fn train(&mut self, batch: u32, images: u32) -> Result<f64> {
        writeln!(self.ask, "{batch} {images}")?;
        let answer = self.answer()?;
        let seconds = answer.split_whitespace().nth(1).and_then(|text| text.parse().ok());
        seconds.with_context(|| format!("Keras says {answer:?}"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("Keras has ended");
        }
        Ok(line)
    }
}

impl Drop for Keras {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
