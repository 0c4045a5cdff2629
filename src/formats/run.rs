//! A kept run as JSON.

use serde::{Deserialize, Serialize, Serializer};

/// A run in a JSON file. What is not a number is null there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedRun {
    /// Its name.
    pub name: String,
    /// The link that repeats it.
    pub link: String,
    /// Its settings, by their keys in the link, for other programs: this page reads the link.
    #[serde(serialize_with = "as_object", skip_deserializing)]
    pub settings: Vec<(&'static str, Setting)>,
    /// Parameters of its network.
    pub parameters: u32,
    /// Minibatches in an epoch.
    pub minibatches_per_epoch: u32,
    /// Seconds that it trained; `None` if it did not finish.
    pub seconds: Option<f64>,
    /// Training images a second.
    pub images_per_second: f32,
    /// The test after each epoch.
    pub epochs: Vec<SavedEpoch>,
    /// Of each minibatch.
    pub losses: Vec<Option<f32>>,
    /// Of each minibatch.
    pub accuracies: Vec<Option<f32>>,
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// Anything else.
    Word(String),
}

/// The test after an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedEpoch {
    /// Epochs so far.
    pub epoch: u32,
    /// Minibatches so far.
    pub minibatch: u32,
    /// Mean cross-entropy on the test set.
    pub test_loss: Option<f32>,
    /// Share of the test images that is right, 0 to 1.
    pub test_accuracy: Option<f32>,
    /// The same on the held-out images, if there are any.
    pub validation_loss: Option<f32>,
    /// The same on the held-out images, if there are any.
    pub validation_accuracy: Option<f32>,
}

fn as_object<S: Serializer>(
    settings: &[(&'static str, Setting)],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(settings.iter().map(|(key, value)| (key, value)))
}

/// Runs as the text of a JSON file.
pub fn to_json(runs: &[SavedRun]) -> String {
    // Numbers, words and lists can always be written.
    serde_json::to_string(runs).unwrap_or_default()
}
