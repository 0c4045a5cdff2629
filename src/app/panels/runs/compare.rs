//! Two kept runs side by side, on the same test images, too: code that only the workers' program contains. The page's
//! `compare.js` shows what this serializes.

use serde::Serialize;

use super::Measure;
use super::record::{Record, what_differs};
use crate::app::format::{count, duration, loss, percent, rate};
use crate::config::Field;
use crate::data::CLASSES;
use crate::net::loss::{self as classes, Score};

/// The most images of each group that are shown.
const SHOWN: usize = 12;

/// Two runs, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRuns {
    /// Their keys, by which the page knows their colours; as text, because they are long.
    pub keys: [String; 2],
    /// Their names.
    pub names: [String; 2],
    /// The settings in which they differ.
    pub settings: Vec<ComparedRow>,
    /// Their figures.
    pub figures: Vec<ComparedRow>,
    /// Their curves by measure, epochs and values.
    pub curves: Vec<ComparedCurves>,
    /// The test images that they read differently, in three groups.
    pub groups: Vec<ImageGroup>,
}

/// What both are in one respect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRow {
    /// In which.
    pub name: String,
    /// What the two are.
    pub values: [String; 2],
}

/// The curves of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedCurves {
    /// The measure's name.
    pub name: &'static str,
    /// Whether it is an accuracy.
    pub accuracy: bool,
    /// Epochs and values of each.
    pub lines: [[Vec<f64>; 2]; 2],
}

/// Test images of which the same holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageGroup {
    /// What.
    pub title: String,
    /// How many images.
    pub count: u32,
    /// Some of them.
    pub images: Vec<ComparedImage>,
}

/// How both read a test image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedImage {
    /// Its index in the test set.
    pub index: u32,
    /// What it is.
    pub label: u8,
    /// As what they read it.
    pub read: [u8; 2],
    /// How sure each is.
    pub sure: [String; 2],
}

/// Compares two runs.
///
/// - `probabilities`: what each makes of the test images, `[images][classes]`.
/// - `scores`: of those.
/// - `labels`: what the images are.
pub fn compare(
    records: [&Record; 2],
    scores: [Score; 2],
    probabilities: [&[f32]; 2],
    labels: &[u8],
) -> ComparedRuns {
    let name = |record: &Record| record.metadata.name.clone();
    ComparedRuns {
        keys: records.map(|record| record.key.to_string()),
        names: records.map(name),
        settings: settings(records),
        figures: figures(records, scores),
        curves: curves(records),
        groups: groups(records.map(name), probabilities, labels),
    }
}

fn settings(records: [&Record; 2]) -> Vec<ComparedRow> {
    let fields = what_differs(records).into_iter().map(|field| {
        let value = |record: &Record| match field {
            Field::Architecture => record.metadata.network(),
            field => match record.metadata.form().get(field) {
                empty if empty.is_empty() => String::from("–"),
                value => value,
            },
        };
        ComparedRow { name: field.label().to_owned(), values: records.map(value) }
    });
    fields.filter(|row| row.values[0] != row.values[1]).collect()
}

fn figures(records: [&Record; 2], scores: [Score; 2]) -> Vec<ComparedRow> {
    let row = |name: &str, values| ComparedRow { name: name.to_owned(), values };
    let metadata = records.map(|record| &record.metadata);
    vec![
        row("Test accuracy", scores.map(|score| percent(score.accuracy()))),
        row("Test loss", scores.map(|score| loss(score.mean_loss()))),
        row("Epochs", metadata.map(|run| count(run.epochs.len() as u32))),
        row("Time", metadata.map(|run| run.seconds.map_or_else(|| String::from("–"), duration))),
        row("Parameters", metadata.map(|run| count(run.parameters))),
        row("Images/s", metadata.map(|run| rate(run.images_per_second))),
    ]
}

fn curves(records: [&Record; 2]) -> Vec<ComparedCurves> {
    [("Test accuracy", Measure::TestAccuracy), ("Training loss", Measure::TrainingLoss)]
        .map(|(name, measure)| ComparedCurves {
            name,
            accuracy: measure.is_accuracy(),
            lines: records.map(|record| {
                let (epochs, values) = measure.points(record).into_iter().unzip();
                [epochs, values]
            }),
        })
        .into()
}

fn groups(names: [String; 2], probabilities: [&[f32]; 2], labels: &[u8]) -> Vec<ImageGroup> {
    let rows = probabilities.map(|shares| shares.as_chunks::<CLASSES>().0);
    let [first, second] = names;
    let mut groups = [
        (format!("Only {first} is right"), Vec::new()),
        (format!("Only {second} is right"), Vec::new()),
        (String::from("Both are wrong, in different ways"), Vec::new()),
    ];
    for (index, ((&label, a), b)) in labels.iter().zip(rows[0]).zip(rows[1]).enumerate() {
        let read = [a, b].map(|shares| classes::argmax(shares) as u8);
        if read[0] == read[1] {
            continue;
        }
        let group = read.iter().position(|&digit| digit == label).unwrap_or(2);
        let share = [a[usize::from(read[0])], b[usize::from(read[1])]];
        let image = ComparedImage { index: index as u32, label, read, sure: share.map(percent) };
        groups[group].1.push((share[0] + share[1], image));
    }
    groups
        .map(|(title, mut images)| {
            images.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            let count = images.len() as u32;
            let images = images.into_iter().take(SHOWN).map(|(_, image)| image).collect();
            ImageGroup { title, count, images }
        })
        .into()
}
