//! The drawing, the weights that can read it, and what the chosen ones make of it.

use crate::config::{Architecture, ArchitectureError};
use crate::data::{CLASSES, PIXELS};
use crate::ink::{self, Drawing};
use crate::net::doubt::Doubt;
use crate::net::init::glorot_uniform;
use crate::net::network::Network;

/// Whose weights answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Those that the page came with.
    #[default]
    Shipped,
    /// The run's, as new as the page has them.
    Run,
    /// Those fine-tuned on My digits.
    Tuned,
}

/// The weights that the page comes with.
#[derive(Clone, Debug, PartialEq)]
enum Shipped {
    Loading,
    Here(Vec<f32>),
    Failed(String),
}

/// A drawing and how it is read.
#[derive(Debug)]
pub struct Answer {
    drawing: Drawing,
    /// Counts changes of the drawing.
    revision: u32,
    /// Which test image is on the pad instead.
    test_image: Option<u32>,
    picture: Option<[f32; PIXELS]>,
    /// Of the shipped weights.
    architecture: Architecture,
    network: Network,
    shipped: Shipped,
    trained: Option<Trained>,
    tuned: Option<Trained>,
    source: Source,
    probabilities: Option<[f32; CLASSES]>,
    /// What doubts drawings, once it has arrived.
    doubt: Option<Doubt>,
    /// Whether the drawing is doubted.
    doubted: bool,
    /// Counts changes of the weights that answer.
    weights_revision: u32,
}

/// A network that was trained here, perhaps of another architecture, and its weights.
#[derive(Debug)]
struct Trained {
    architecture: Architecture,
    network: Network,
    weights: Vec<f32>,
    /// The weights that training started from.
    initial: Vec<f32>,
    /// Those of an earlier moment, which answer instead, and the minibatch after which they were so.
    moment: Option<(u32, Vec<f32>)>,
}

impl Trained {
    /// The weights that answer.
    fn answering(&self) -> &[f32] {
        self.moment.as_ref().map_or(&self.weights, |(_, weights)| weights)
    }

    /// Hands them to the network.
    fn load(&mut self) {
        let Self { network, weights, moment, .. } = self;
        network.load(moment.as_ref().map_or(weights, |(_, weights)| weights));
    }
}

/// A network and the weights that answer.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// The network's layers.
    pub architecture: &'a Architecture,
    /// Flat, in the order of its plan.
    pub weights: &'a [f32],
    /// The weights before training; `None` for the shipped ones, whose training is over.
    pub initial: Option<&'a [f32]>,
}

impl Answer {
    /// An empty pad, before the shipped weights have arrived.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        Ok(Self {
            drawing: Drawing::default(),
            revision: 0,
            test_image: None,
            picture: None,
            architecture: architecture.clone(),
            network: Network::new(architecture)?,
            shipped: Shipped::Loading,
            trained: None,
            tuned: None,
            source: Source::Shipped,
            probabilities: None,
            doubt: None,
            doubted: false,
            weights_revision: 0,
        })
    }

    /// The drawing.
    pub fn drawing(&self) -> &Drawing {
        &self.drawing
    }

    /// The test image that is on the pad instead of a drawing: its index in the test set.
    pub fn test_image(&self) -> Option<u32> {
        self.test_image
    }

    /// Whether nothing is on the pad.
    pub fn is_blank(&self) -> bool {
        self.drawing.is_empty() && self.test_image.is_none()
    }

    /// A number that changes whenever the drawing does.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// What the network sees, 28x28, 0 is paper and 1 is ink; `None` if nothing is drawn.
    pub fn picture(&self) -> Option<&[f32; PIXELS]> {
        self.picture.as_ref()
    }

    /// Whose weights answer.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The shipped weights, if they have arrived.
    pub fn shipped(&self) -> Option<&[f32]> {
        match &self.shipped {
            Shipped::Here(weights) => Some(weights),
            _ => None,
        }
    }

    /// Why there are no shipped weights.
    pub fn shipped_failure(&self) -> Option<&str> {
        match &self.shipped {
            Shipped::Failed(reason) => Some(reason),
            _ => None,
        }
    }

    /// The minibatch whose weights answer, if they are not the newest of their run.
    pub fn moment(&self) -> Option<u32> {
        let trained = self.trained.as_ref().filter(|_| self.source == Source::Run)?;
        trained.moment.as_ref().map(|&(step, _)| step)
    }

    /// The run's newest weights, if there is a run.
    pub fn trained(&self) -> Option<&[f32]> {
        self.trained.as_ref().map(|trained| trained.weights.as_slice())
    }

    /// Whether there are fine-tuned weights.
    pub fn is_tuned(&self) -> bool {
        self.tuned.is_some()
    }

    /// What was trained here and answers; `None` if the shipped weights do.
    fn learnt(&self) -> Option<&Trained> {
        match self.source {
            Source::Shipped => None,
            Source::Run => self.trained.as_ref(),
            Source::Tuned => self.tuned.as_ref(),
        }
    }

    /// What answers, if it has arrived.
    pub fn model(&self) -> Option<Model<'_>> {
        match self.learnt() {
            Some(learnt) => Some(Model {
                architecture: &learnt.architecture,
                weights: learnt.answering(),
                initial: Some(&learnt.initial),
            }),
            None => Some(Model {
                architecture: &self.architecture,
                weights: self.shipped()?,
                initial: None,
            }),
        }
    }

    /// The architecture of what answers, whether or not its weights have arrived.
    pub fn architecture(&self) -> &Architecture {
        self.learnt().map_or(&self.architecture, |learnt| &learnt.architecture)
    }

    /// A number that changes whenever the weights that answer do.
    pub fn weights_revision(&self) -> u32 {
        self.weights_revision
    }

    /// The network that answers, with the chosen weights if they have arrived.
    pub fn network(&mut self) -> &mut Network {
        let learnt = match self.source {
            Source::Shipped => None,
            Source::Run => self.trained.as_mut(),
            Source::Tuned => self.tuned.as_mut(),
        };
        learnt.map_or(&mut self.network, |learnt| &mut learnt.network)
    }

    /// What the chosen weights make of the drawing; `None` if nothing is drawn or there are no weights.
    pub fn probabilities(&self) -> Option<&[f32; CLASSES]> {
        self.probabilities.as_ref()
    }

    /// The likeliest digit and its probability. `None` as above, and for weights that overflowed in training.
    pub fn digit(&self) -> Option<(usize, f32)> {
        let probabilities = self.probabilities.filter(|p| p.iter().all(|p| p.is_finite()))?;
        probabilities.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whether the drawing does not look like a digit, whichever weights answer; not asked while the pen is down.
    pub fn is_doubted(&self) -> bool {
        self.doubted
    }

    pub(super) fn draw(&mut self, change: impl FnOnce(&mut Drawing)) {
        change(&mut self.drawing);
        self.test_image = None;
        self.put(ink::picture(&self.drawing));
    }

    /// Puts a test image on the pad in place of the drawing.
    pub(super) fn show_test_image(&mut self, index: u32, picture: [f32; PIXELS]) {
        self.drawing.clear();
        self.test_image = Some(index);
        self.put(Some(picture));
    }

    fn put(&mut self, picture: Option<[f32; PIXELS]>) {
        self.revision = self.revision.wrapping_add(1);
        self.picture = picture;
        self.read();
        self.look_for_doubt();
    }

    pub(super) fn lift_pen(&mut self) {
        self.drawing.pen_up();
        self.look_for_doubt();
    }

    /// Takes the weights of the network that doubts; those of another one are dropped.
    pub(super) fn set_doubt(&mut self, weights: &[f32]) {
        self.doubt = Doubt::new(weights);
        self.look_for_doubt();
    }

    /// Whether the weights of the network that doubts have arrived.
    pub(super) fn can_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    fn look_for_doubt(&mut self) {
        // What is not finished may still become a digit, and a test image is one.
        let picture =
            self.picture.filter(|_| !self.drawing.pen_is_down() && !self.drawing.is_empty());
        let doubt = self.doubt.as_mut();
        self.doubted = doubt.zip(picture).is_some_and(|(doubt, image)| doubt.is_raised_by(&image));
    }

    pub(super) fn answer_from(&mut self, source: Source) {
        let there = match source {
            Source::Shipped => self.shipped().is_some() || self.trained.is_none(),
            Source::Run => self.trained.is_some(),
            Source::Tuned => self.tuned.is_some(),
        };
        if there && source != self.source {
            self.source = source;
            self.load();
        }
    }

    pub(super) fn set_shipped(&mut self, weights: Result<Vec<f32>, String>) {
        self.shipped = match weights {
            Ok(weights) if weights.len() == self.network.plan().parameter_count() => {
                Shipped::Here(weights)
            }
            Ok(weights) => Shipped::Failed(format!(
                "they hold {} numbers, the network has {}",
                weights.len(),
                self.network.plan().parameter_count()
            )),
            Err(reason) => Shipped::Failed(reason),
        };
        if self.source == Source::Shipped {
            self.load();
        }
    }

    pub(super) fn expect_shipped(&mut self) {
        self.shipped = Shipped::Loading;
    }

    /// Makes a network with these weights the run's. Without weights it gets fresh random ones, the same that the
    /// trainer draws from the seed.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub(super) fn begin_run(
        &mut self,
        architecture: &Architecture,
        weights: Option<Vec<f32>>,
        seed: u32,
    ) -> Result<(), ArchitectureError> {
        let network = Network::new(architecture)?;
        let weights = weights.unwrap_or_else(|| glorot_uniform(network.plan(), u64::from(seed)));
        let architecture = architecture.clone();
        let initial = weights.clone();
        self.trained =
            Some(Trained { architecture, network, weights: Vec::new(), initial, moment: None });
        self.source = Source::Run;
        self.set_trained(weights);
        Ok(())
    }

    /// Takes the run's newest weights; those of another model are dropped.
    pub(super) fn set_trained(&mut self, weights: Vec<f32>) {
        let Some(trained) = &mut self.trained else { return };
        if weights.len() != trained.network.plan().parameter_count() {
            return;
        }
        trained.weights = weights;
        if self.source == Source::Run && trained.moment.is_none() {
            self.load();
        }
    }

    /// Lets the run's weights after a minibatch answer; `None` for the newest. Those of another model are dropped.
    pub(super) fn set_moment(&mut self, moment: Option<(u32, Vec<f32>)>) {
        let Some(trained) = &mut self.trained else { return };
        let count = trained.network.plan().parameter_count();
        let moment = moment.filter(|(_, weights)| weights.len() == count);
        if moment.is_some() || trained.moment.is_some() {
            trained.moment = moment;
            self.source = Source::Run;
            self.load();
        }
    }

    pub(super) fn forget_trained(&mut self) {
        self.trained = None;
        if self.source == Source::Run {
            self.source = Source::Shipped;
            self.load();
        }
    }

    /// Lets fine-tuned weights answer; those of another model are dropped.
    ///
    /// - `before`: the weights that they came from.
    pub(super) fn set_tuned(
        &mut self,
        architecture: Architecture,
        before: Vec<f32>,
        weights: Vec<f32>,
    ) {
        let Ok(network) = Network::new(&architecture) else { return };
        if weights.len() != network.plan().parameter_count() {
            return;
        }
        self.tuned =
            Some(Trained { architecture, network, weights, initial: before, moment: None });
        self.source = Source::Tuned;
        self.load();
    }

    /// Hands the chosen weights to their network and reads the drawing again.
    fn load(&mut self) {
        match (self.source, &mut self.trained, &mut self.tuned, &self.shipped) {
            (Source::Run, Some(learnt), ..) | (Source::Tuned, _, Some(learnt), _) => {
                learnt.load();
            }
            (Source::Shipped, .., Shipped::Here(weights)) => self.network.load(weights),
            _ => {}
        }
        self.weights_revision = self.weights_revision.wrapping_add(1);
        self.read();
    }

    fn read(&mut self) {
        let there = self.model().is_some();
        self.probabilities = self.picture.filter(|_| there).and_then(|picture| {
            self.network().probabilities(&picture).first_chunk::<CLASSES>().copied()
        });
    }

    /// Reads the drawing once more, for measuring; returns whether there was anything to read.
    #[cfg(feature = "bench")]
    pub fn read_again(&mut self) -> bool {
        self.picture.is_some_and(|picture| {
            let classes = self.network().probabilities(&picture);
            classes.iter().all(|p| p.is_finite())
        })
    }
}
