//! Kept runs as files, and such files as kept runs: code that only the workers' program contains.

use super::record::{Record, RunKey, StoredRun, what_differs};
use crate::config::{Field, number};
use crate::formats::run::{SavedEpoch, SavedRun, Setting};
use crate::protocol::Evaluation;

impl Record {
    /// For a file of runs.
    pub fn saved(&self) -> SavedRun {
        let metadata = &self.metadata;
        let form = metadata.form();
        let settings = Field::ALL.into_iter().map(|field| (field.key(), form.get(field)));
        let setting =
            |value: String| number::parse(&value).map_or(Setting::Word(value), Setting::Number);
        let finite = |number: f32| Some(number).filter(|number| number.is_finite());
        let epochs = metadata.epochs.iter().map(|test| SavedEpoch {
            epoch: test.epoch,
            minibatch: test.step,
            test_loss: finite(test.loss),
            test_accuracy: finite(test.accuracy),
            validation_loss: test.validation.and_then(|validation| finite(validation.loss)),
            validation_accuracy: test.validation.and_then(|validation| finite(validation.accuracy)),
        });
        let list = |numbers: &[f32]| numbers.iter().copied().map(finite).collect();
        SavedRun {
            name: metadata.name.clone(),
            link: metadata.link(),
            settings: settings
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key, setting(value)))
                .collect(),
            parameters: metadata.parameters,
            minibatches_per_epoch: metadata.steps_per_epoch,
            seconds: metadata.seconds,
            images_per_second: metadata.images_per_second,
            epochs: epochs.collect(),
            losses: list(self.curves.loss.raw()),
            accuracies: list(self.curves.accuracy.raw()),
        }
    }
}

impl StoredRun {
    /// A run from a file, for the browser's store.
    pub fn of_saved(key: RunKey, saved: SavedRun) -> Self {
        let number = |number: Option<f32>| number.unwrap_or(f32::NAN);
        let mut numbers = vec![
            f64::from(saved.parameters),
            f64::from(saved.minibatches_per_epoch),
            saved.seconds.unwrap_or(-1.0),
            f64::from(saved.images_per_second),
        ];
        for test in saved.epochs {
            let validation = test
                .validation_accuracy
                .map(|accuracy| Evaluation { loss: number(test.validation_loss), accuracy });
            let Evaluation { loss, accuracy } =
                validation.unwrap_or(Evaluation { loss: -1.0, accuracy: -1.0 });
            let tested = [number(test.test_loss), number(test.test_accuracy), loss, accuracy];
            numbers.extend([f64::from(test.epoch), f64::from(test.minibatch)]);
            numbers.extend(tested.map(f64::from));
        }
        Self {
            key,
            name: saved.name,
            link: saved.link,
            numbers,
            losses: saved.losses.into_iter().map(number).collect(),
            accuracies: saved.accuracies.into_iter().map(number).collect(),
        }
    }

    /// Whether both are the same run after the same epochs, whatever it is called.
    pub fn is_same_run(&self, other: &Self) -> bool {
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        self.link == other.link
            && self.numbers.len() == other.numbers.len()
            && bits(&self.losses) == bits(&other.losses)
    }
}

/// Settings that a kept run does not have: they change nothing that it computes.
const NOT_KEPT: [Field; 3] = [Field::Workers, Field::Backend, Field::Speed];

/// Records, oldest first, as a table (RFC 4180) of the newest first, with a line for each epoch. The mark at the start
/// tells Excel that it is UTF-8.
///
/// - `address`: the page's, before the hash of a link.
pub fn to_csv(records: &[Record], address: &str) -> String {
    let mut csv = String::from(
        "\u{feff}run,network,parameters,epoch,minibatch,training_loss,training_accuracy,validation_loss,\
         validation_accuracy,test_loss,test_accuracy,seconds,images_per_second,link,network_name,differs_in",
    );
    let fields: Vec<Field> = Field::ALL
        .into_iter()
        .filter(|field| *field != Field::Architecture && !NOT_KEPT.contains(field))
        .collect();
    for field in &fields {
        csv.push(',');
        csv.push_str(field.name());
    }
    csv.push_str("\r\n");
    let apart = what_differs(records);
    for record in records.iter().rev() {
        let metadata = &record.metadata;
        let form = metadata.form();
        let shares = |share: Option<f32>| rounded(share.map(f64::from), 4);
        let losses = |loss: Option<f32>| rounded(loss.map(f64::from), 6);
        for test in &metadata.epochs {
            let mut cells = vec![
                quoted(&metadata.name),
                quoted(&metadata.settings.architecture.to_string()),
                metadata.parameters.to_string(),
                test.epoch.to_string(),
                test.step.to_string(),
                losses(record.curves.loss.smooth_at(test.step)),
                shares(record.curves.accuracy.smooth_at(test.step)),
                losses(test.validation.map(|v| v.loss)),
                shares(test.validation.map(|v| v.accuracy)),
                losses(Some(test.loss)),
                shares(Some(test.accuracy)),
                rounded(metadata.seconds, 2),
                rounded(Some(metadata.images_per_second.into()), 0),
                quoted(&[address, &metadata.link()].concat()),
                quoted(&metadata.network()),
                quoted(&metadata.apart(&apart)),
            ];
            cells.extend(fields.iter().map(|&field| quoted(&form.get(field))));
            csv.push_str(&cells.join(","));
            csv.push_str("\r\n");
        }
    }
    csv
}

/// A number with no more decimals than it means, or an empty cell.
fn rounded(number: Option<f64>, decimals: i32) -> String {
    let unit = 10_f64.powi(decimals);
    number.map_or_else(String::new, |number| ((number * unit).round() / unit).to_string())
}

fn quoted(text: &str) -> String {
    // To a spreadsheet, a cell that begins like this is a formula.
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula { ["'", text].concat() } else { text.into() };
    if text.contains([',', '"', '\n', '\r']) {
        ["\"", &text.replace('"', "\"\""), "\""].concat()
    } else {
        text
    }
}
