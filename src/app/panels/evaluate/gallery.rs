//! Test images, and how the current weights read each.

use super::reading::Reading;
use crate::app::sort;
use crate::data::{CLASSES, PIXELS};
use crate::net::loss::argmax;

/// How many images are shown at first, and how many more on each request.
pub const PAGE: usize = 60;

/// Which images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first few of each class, whatever weights read them.
    #[default]
    Sample,
    /// All that were read wrong, those first of which the network was surest.
    Mistakes,
    /// A cell of the confusion matrix: images of class `label` that were read as `answer`.
    Cell {
        /// Their class.
        label: u8,
        /// The class they were read as.
        answer: u8,
    },
}

/// A test image that is shown.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Its index in the test set.
    pub index: u32,
    /// Its class.
    pub label: u8,
    /// 28x28, 0 is paper and 1 is ink; `None` until it arrives.
    pub picture: Option<Box<[f32; PIXELS]>>,
    /// How it is read, at first by the weights that were evaluated.
    pub reading: Option<Reading>,
    /// Revision of the weights that read it.
    pub read_at: Option<u32>,
}

/// The images that are shown. They stay the same while the network learns, so that they can be watched.
#[derive(Debug, Default)]
pub struct Gallery {
    /// Which images were asked for.
    pub choice: Choice,
    /// The images that are shown.
    pub exhibits: Vec<Exhibit>,
    /// All chosen images, by their index in the test set.
    order: Vec<u32>,
    /// Counts choices, and images that were added or have arrived.
    pub revision: u32,
}

impl Gallery {
    /// How many images were chosen, shown or not.
    pub fn total(&self) -> usize {
        self.order.len()
    }

    /// Shows other images.
    ///
    /// - `probabilities`: `[images][CLASSES]` of the weights that were evaluated; empty if none were.
    pub(super) fn choose(&mut self, choice: Choice, labels: &[u8], probabilities: &[f32]) {
        self.choice = choice;
        self.order = order(choice, labels, probabilities);
        self.exhibits.clear();
        self.more(labels, probabilities);
    }

    pub(super) fn more(&mut self, labels: &[u8], probabilities: &[f32]) {
        let shown = self.exhibits.len();
        let rows = probabilities.as_chunks::<CLASSES>().0;
        let next = self.order.iter().skip(shown).take(PAGE);
        self.exhibits.extend(next.filter_map(|&index| {
            Some(Exhibit {
                index,
                label: *labels.get(index as usize)?,
                picture: None,
                reading: rows.get(index as usize).and_then(Reading::of),
                read_at: None,
            })
        }));
        self.revision = self.revision.wrapping_add(1);
    }

    /// Takes pictures that have arrived. Those of images that are no longer shown are dropped.
    pub(in crate::app) fn hang(&mut self, indices: &[f32], pictures: &[f32]) {
        for (&index, picture) in indices.iter().zip(pictures.as_chunks::<PIXELS>().0) {
            let on_show = self.exhibits.iter_mut().find(|exhibit| exhibit.index == index as u32);
            if let Some(exhibit) = on_show {
                exhibit.picture = Some(Box::new(*picture));
            }
        }
        self.revision = self.revision.wrapping_add(1);
    }

    /// The shown images whose pictures are missing, for a request.
    pub(super) fn missing(&self) -> Vec<f32> {
        let missing = self.exhibits.iter().filter(|exhibit| exhibit.picture.is_none());
        missing.map(|exhibit| exhibit.index as f32).collect()
    }

    /// How many of the shown images are read right, in words.
    pub fn tally(&self) -> String {
        let read = self.exhibits.iter().filter_map(|e| Some(e.reading?.digit == e.label));
        let (all, right) = read.fold((0, 0), |(all, right), is| (all + 1, right + u32::from(is)));
        if all == 0 { String::new() } else { format!("{right} of {all} correct") }
    }

    /// What the images are, in words.
    pub fn title(&self) -> String {
        let total = self.total();
        match self.choice {
            Choice::Sample => format!("{} test images of each digit", total / CLASSES),
            Choice::Mistakes if total == 0 => String::from("No mistakes"),
            Choice::Mistakes => format!("{}, most confident first", many(total, "mistake")),
            Choice::Cell { label, answer } if total == 0 => {
                format!("No {label} was predicted as {answer}")
            }
            Choice::Cell { label, answer } => {
                let order = if label == answer { "least" } else { "most" };
                let images = many(total, "image");
                format!("{label} predicted as {answer}: {images}, {order} confident first")
            }
        }
    }
}

fn many(number: usize, what: &str) -> String {
    crate::app::format::of(number as u32, what, &[what, "s"].concat())
}

/// The indices of the chosen images, in the order in which they are shown.
fn order(choice: Choice, labels: &[u8], probabilities: &[f32]) -> Vec<u32> {
    if choice == Choice::Sample {
        return (0..CLASSES as u8)
            .flat_map(|class| {
                let of_class = (0u32..).zip(labels).filter(move |(_, label)| **label == class);
                of_class.map(|(index, _)| index).take(PAGE / CLASSES)
            })
            .collect();
    }
    let rows = probabilities.as_chunks::<CLASSES>().0;
    let chosen = (0u32..).zip(rows.iter().zip(labels)).filter_map(|(index, (row, &of))| {
        let read = argmax(row) as u8;
        let wanted = match choice {
            Choice::Cell { label, answer } => (of, read) == (label, answer),
            Choice::Sample | Choice::Mistakes => of != read,
        };
        wanted.then(|| (index, row[usize::from(read)]))
    });
    // The surest mistakes are the worst; among right answers the least sure are worth a look.
    let right = matches!(choice, Choice::Cell { label, answer } if label == answer);
    let key = if right { sort::ascending } else { sort::descending };
    sort::sorted(chosen, |&(_, sure)| key(sure)).into_iter().map(|(index, _)| index).collect()
}
