//! A kept run: its settings, its results and its curves.

use crate::app::collection::{Item, Key};
use crate::app::curves::{Curves, Test};
use crate::app::run::Run;
use crate::app::sort;
use crate::config::architecture::Layer;
use crate::config::{Architecture, Field, Form, NetworkPreset, StartFrom, TrainConfig};
use crate::protocol::{Evaluation, RunId, StoredHead};

/// All that is kept of a run except its curves and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct RunMetadata {
    /// The visitor's name for it.
    pub name: String,
    /// What it computed.
    pub settings: TrainConfig,
    /// Where its first weights came from.
    pub start: StartFrom,
    /// Parameters of its network.
    pub parameters: u32,
    /// Minibatches in an epoch.
    pub steps_per_epoch: u32,
    /// The test after each epoch.
    pub epochs: Vec<Test>,
    /// Seconds that it trained; `None` if it did not finish.
    pub seconds: Option<f64>,
    /// Training images a second.
    pub images_per_second: f32,
}

impl RunMetadata {
    /// The link that repeats it.
    pub fn link(&self) -> String {
        self.form().to_hash()
    }

    pub(super) fn form(&self) -> Form {
        Form { settings: self.settings.clone(), start: self.start, ..Form::default() }
    }

    /// Some of its settings, in words: "LeNet-5, lr 0.001".
    pub fn apart(&self, fields: &[Field]) -> String {
        let form = self.form();
        let words = fields.iter().map(|&field| match field {
            Field::Architecture => self.network(),
            field => [field.key(), " ", &form.get(field)].concat(),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// Its network by name, or its layers.
    pub fn network(&self) -> String {
        let architecture = &self.settings.architecture;
        NetworkPreset::of(architecture)
            .map_or_else(|| architecture.to_string(), |network| String::from(network.name))
    }
}

/// A run's key in the browser's store.
pub type RunKey = Key;

/// A run that is kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its key in the browser's store.
    pub key: RunKey,
    /// Its id, if it is from this visit.
    pub run: Option<RunId>,
    /// All but its curves and weights.
    pub metadata: RunMetadata,
    /// Its curves.
    pub curves: Curves,
    /// Whether the chart shows it.
    pub shown: bool,
}

/// A record as it is in the browser's store: its settings as a link, and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its key.
    pub key: RunKey,
    /// Its name.
    pub name: String,
    /// The link that repeats it.
    pub link: String,
    /// Parameters, minibatches in an epoch, seconds (-1 if it did not finish) and images a second; then, for each
    /// epoch, its number, minibatches so far, loss and accuracy on the test set, and the same on the held-out images
    /// (-1 if there are none).
    pub numbers: Vec<f64>,
    /// Each minibatch's cross-entropy.
    pub losses: Vec<f32>,
    /// Share of each minibatch that was right.
    pub accuracies: Vec<f32>,
}

impl StoredRun {
    /// What crosses to the trainer.
    pub(super) fn head(&self) -> StoredHead {
        StoredHead { key: self.key, name: self.name.clone(), link: self.link.clone() }
    }

    /// The arrays beside [`StoredHead`].
    pub(super) fn arrays(self) -> [Vec<f32>; 3] {
        let halves = |number: f64| {
            let bits = number.to_bits();
            [bits as u32, (bits >> 32) as u32].map(f32::from_bits)
        };
        [self.numbers.into_iter().flat_map(halves).collect(), self.losses, self.accuracies]
    }

    /// What has crossed to the trainer.
    pub fn of_message(head: StoredHead, [numbers, losses, accuracies]: [Vec<f32>; 3]) -> Self {
        let whole = |&[low, high]: &[f32; 2]| {
            f64::from_bits(u64::from(low.to_bits()) | u64::from(high.to_bits()) << 32)
        };
        let StoredHead { key, name, link } = head;
        let numbers = numbers.as_chunks().0.iter().map(whole).collect();
        Self { key, name, link, numbers, losses, accuracies }
    }
}

/// How many numbers of the run come before those of the epochs in [`StoredRun::numbers`].
const OF_RUN: usize = 4;
const OF_EPOCH: usize = 6;

impl Item for Record {
    fn key(&self) -> Key {
        self.key
    }

    fn set_key(&mut self, key: Key) {
        self.key = key;
    }
}

/// The most characters in a name.
pub(super) const MOST_OF_NAME: usize = 40;

/// What a run is called until the visitor gives it another name: its network, and the settings in which it differs from
/// the nearer of those that the page can open with, as far as there is room: "Dense 128, lr 0.01".
fn usual_name(metadata: &RunMetadata) -> String {
    let form = metadata.form();
    let told = |field: &Field| {
        !matches!(field, Field::Architecture | Field::Seed | Field::Workers | Field::Backend)
    };
    let differs = |usual: Form| {
        let all = Field::ALL.into_iter().filter(told);
        all.filter(|&field| form.get(field) != usual.get(field)).collect::<Vec<_>>()
    };
    let fields = [Form::default(), Form::quick()].map(differs);
    let mut name = match NetworkPreset::of(&metadata.settings.architecture) {
        Some(network) => String::from(network.name),
        None => layers(&metadata.settings.architecture),
    };
    for field in fields.into_iter().min_by_key(Vec::len).unwrap_or_default() {
        let value = form.get(field);
        let words = [", ", field.key(), " ", &value].concat();
        // A setting that is of another optimizer has no value.
        if !value.is_empty() && name.len() + words.len() <= MOST_OF_NAME {
            name.push_str(&words);
        }
    }
    name.chars().take(MOST_OF_NAME).collect()
}

/// The layers that learn, but for the last, which all networks have: "Conv2D 32, Dense 128".
fn layers(architecture: &Architecture) -> String {
    let words = architecture.layers.iter().filter_map(|layer| match layer {
        Layer::Conv2D { filters, .. } => Some(format!("Conv2D {filters}")),
        Layer::Dense { units, .. } => Some(format!("Dense {units}")),
        _ => None,
    });
    let words: Vec<_> = words.collect();
    words[..words.len().saturating_sub(1).max(1).min(words.len())].join(", ")
}

/// Gives the last of some records, which has its usual name, a number if others have that name, too.
pub(super) fn number_last(records: &mut [Record]) {
    let Some((last, others)) = records.split_last_mut() else { return };
    let name = &mut last.metadata.name;
    let usual = name.clone();
    let mut number = 1;
    while others.iter().any(|other| other.metadata.name == *name) {
        number += 1;
        *name = format!("{usual} ({number})");
    }
}

impl Record {
    /// A record of a run before its first epoch.
    pub(super) fn new(key: RunKey, run: &Run, parameters: usize) -> Self {
        let mut metadata = RunMetadata {
            name: String::new(),
            settings: run.settings.clone(),
            start: run.start,
            parameters: parameters as u32,
            steps_per_epoch: 0,
            epochs: Vec::new(),
            seconds: None,
            images_per_second: 0.0,
        };
        metadata.name = usual_name(&metadata);
        Self { key, run: Some(run.id()), metadata, curves: Curves::default(), shown: true }
    }

    /// For the browser's store.
    pub fn kept(&self) -> StoredRun {
        let metadata = &self.metadata;
        let mut numbers = vec![
            f64::from(metadata.parameters),
            f64::from(metadata.steps_per_epoch),
            metadata.seconds.unwrap_or(-1.0),
            f64::from(metadata.images_per_second),
        ];
        for test in &metadata.epochs {
            let validation = test.validation.unwrap_or(Evaluation { loss: -1.0, accuracy: -1.0 });
            numbers.extend([f64::from(test.epoch), f64::from(test.step)]);
            numbers.extend(
                [test.loss, test.accuracy, validation.loss, validation.accuracy].map(f64::from),
            );
        }
        StoredRun {
            key: self.key,
            name: metadata.name.clone(),
            link: metadata.link(),
            numbers,
            losses: self.curves.loss.raw().to_vec(),
            accuracies: self.curves.accuracy.raw().to_vec(),
        }
    }

    /// From the browser's store; `None` if this page cannot read its numbers. From a link of another version it takes
    /// the settings that it knows: a run's results are worth more than each of its settings.
    pub fn read(kept: &StoredRun) -> Option<Self> {
        let (form, _) = Form::from_hash(&kept.link);
        let (&[parameters, steps_per_epoch, seconds, rate], epochs) =
            kept.numbers.split_first_chunk::<OF_RUN>()?;
        let (epochs, rest) = epochs.as_chunks::<OF_EPOCH>();
        if epochs.is_empty() || !rest.is_empty() {
            return None;
        }
        let epochs: Vec<Test> = epochs
            .iter()
            .map(|&[epoch, step, loss, accuracy, held_out_loss, held_out_accuracy]| Test {
                epoch: epoch as u32,
                step: step as u32,
                loss: loss as f32,
                accuracy: accuracy as f32,
                validation: (held_out_accuracy >= 0.0).then_some(Evaluation {
                    loss: held_out_loss as f32,
                    accuracy: held_out_accuracy as f32,
                }),
            })
            .collect();
        let mut curves = Curves::default();
        curves.extend(&kept.losses, &kept.accuracies);
        curves.tests.clone_from(&epochs);
        let metadata = RunMetadata {
            name: kept.name.clone(),
            settings: form.settings,
            start: form.start,
            parameters: parameters as u32,
            steps_per_epoch: steps_per_epoch as u32,
            epochs,
            seconds: (seconds >= 0.0).then_some(seconds),
            images_per_second: rate as f32,
        };
        Some(Self { key: kept.key, run: None, metadata, curves, shown: true })
    }
}

/// The settings in which some records differ; the network of a single one.
pub(super) fn what_differs<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Field> {
    let forms: Vec<Form> = records.into_iter().map(|record| record.metadata.form()).collect();
    let differs = |field: &Field| {
        let mut values = forms.iter().map(|form| form.get(*field));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let fields = Field::ALL.into_iter().filter(differs);
    // The network comes first, and says most.
    let fields = sort::sorted(fields, |field| u64::from(*field != Field::Architecture));
    if fields.is_empty() { vec![Field::Architecture] } else { fields }
}
