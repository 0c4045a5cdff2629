//! A run as it is kept: what it was, what came of it, and its curves.

use serde::{Deserialize, Serialize};

use crate::app::curves::{Curves, Test};
use crate::app::rooms::experiment::presets::Network;
use crate::app::settings::{Form, StartFrom};
use crate::protocol::{RunId, Settings};

/// All that is kept of a run beside its curves and weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The visitor's name for it.
    pub name: String,
    /// What it computed.
    pub settings: Settings,
    /// Where its first weights came from.
    pub start: StartFrom,
    /// Parameters of its network.
    pub parameters: u32,
    /// Minibatches in an epoch.
    pub steps_per_epoch: u32,
    /// What each epoch came to.
    pub epochs: Vec<Test>,
    /// Seconds that it trained; `None` if it did not come to its end.
    pub seconds: Option<f64>,
    /// Training images a second.
    pub images_per_second: f32,
}

impl About {
    /// The link that repeats it.
    pub fn link(&self) -> String {
        let form = Form { settings: self.settings.clone(), start: self.start, ..Form::default() };
        form.to_hash()
    }

    /// Its network by name, or its layers.
    pub fn network(&self) -> String {
        let architecture = &self.settings.architecture;
        Network::of(architecture)
            .map_or_else(|| architecture.to_string(), |network| String::from(network.name))
    }
}

/// A run's key in the browser's store: its number, counted from 1, above 16 bits of chance.
pub type Key = u64;

/// The key of a run.
pub(super) fn key(number: u64, salt: u16) -> Key {
    number << 16 | u64::from(salt)
}

/// A run that is kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its key in the browser's store.
    pub key: Key,
    /// Its id, if it is of this visit.
    pub run: Option<RunId>,
    /// All but its curves and weights.
    pub about: About,
    /// Its curves.
    pub curves: Curves,
    /// Whether the chart shows it.
    pub shown: bool,
}

/// A record as the browser's store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its key.
    pub key: Key,
    /// [`About`] as JSON.
    pub about: String,
    /// Each minibatch's cross-entropy.
    pub losses: Vec<f32>,
    /// Share of each minibatch that was right.
    pub accuracies: Vec<f32>,
}

impl Record {
    /// Its number, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.key >> 16
    }

    /// For the browser's store.
    pub fn kept(&self) -> Kept {
        Kept {
            key: self.key,
            about: json(&self.about),
            losses: self.curves.loss.raw().to_vec(),
            accuracies: self.curves.accuracy.raw().to_vec(),
        }
    }

    /// From the browser's store; `None` if this page cannot read it.
    pub fn read(kept: &Kept) -> Option<Self> {
        let about: About = serde_json::from_str(&kept.about).ok()?;
        let mut curves = Curves::default();
        curves.extend(&kept.losses, &kept.accuracies);
        curves.tests.clone_from(&about.epochs);
        Some(Self { key: kept.key, run: None, about, curves, shown: true })
    }
}

/// Records as a JSON list, each with its link and its minibatches.
pub fn to_json<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    #[derive(Serialize)]
    struct Exported<'a> {
        #[serde(flatten)]
        about: &'a About,
        link: String,
        losses: &'a [f32],
        accuracies: &'a [f32],
    }
    let exported: Vec<Exported<'_>> = records
        .map(|record| Exported {
            about: &record.about,
            link: record.about.link(),
            losses: record.curves.loss.raw(),
            accuracies: record.curves.accuracy.raw(),
        })
        .collect();
    json(&exported)
}

/// What is written here has nothing that JSON could not say.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Records as a table, RFC 4180: a line an epoch, with what it belongs to.
pub fn to_csv<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let mut csv = String::from(
        "run,network,parameters,epoch,minibatch,training_loss,training_accuracy,validation_loss,\
         validation_accuracy,test_loss,test_accuracy,seconds,images_per_second,link\r\n",
    );
    for record in records {
        let about = &record.about;
        for test in &about.epochs {
            let or_empty = |number: Option<f32>| number.map_or_else(String::new, |n| n.to_string());
            let cells = [
                quoted(&about.name),
                quoted(&about.settings.architecture.to_string()),
                about.parameters.to_string(),
                test.epoch.to_string(),
                test.step.to_string(),
                or_empty(record.curves.loss.smooth_at(test.step)),
                or_empty(record.curves.accuracy.smooth_at(test.step)),
                or_empty(test.validation.map(|v| v.loss)),
                or_empty(test.validation.map(|v| v.accuracy)),
                test.loss.to_string(),
                test.accuracy.to_string(),
                about.seconds.map_or_else(String::new, |seconds| seconds.to_string()),
                about.images_per_second.to_string(),
                quoted(&about.link()),
            ];
            csv.push_str(&cells.join(","));
            csv.push_str("\r\n");
        }
    }
    csv
}

fn quoted(text: &str) -> String {
    // A cell that begins so is a formula to a spreadsheet.
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula { ["'", text].concat() } else { text.into() };
    if text.contains([',', '"', '\n', '\r']) {
        ["\"", &text.replace('"', "\"\""), "\""].concat()
    } else {
        text
    }
}
