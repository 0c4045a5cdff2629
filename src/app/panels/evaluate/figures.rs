//! An evaluation's result, and its figures in words.

use crate::app::format::{count, loss, percent};
use crate::data::CLASSES;
use crate::net::metrics::{ClassScore, Confusion};
use crate::protocol::{Evaluation, RunId};

/// The result of an evaluation.
#[derive(Debug)]
pub(super) struct Evaluated {
    /// The weights' name when they were evaluated.
    pub(super) name: String,
    /// Whose they are; `None` for the shipped ones.
    pub(super) run: Option<RunId>,
    pub(super) evaluation: Evaluation,
    /// `[test images][CLASSES]`
    pub(super) probabilities: Vec<f32>,
}

/// An evaluation's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Accuracy, images that are right, loss.
    pub whole: [String; 3],
    /// Precision, recall, F1 and images of each class, then the macro means.
    pub scores: Vec<[String; 4]>,
    /// How many images of each class were read as which.
    pub confusion: Confusion,
}

impl Evaluated {
    pub(super) fn figures(&self, labels: &[u8]) -> Figures {
        let confusion = Confusion::of(&self.probabilities, labels, CLASSES);
        let right: u32 = (0..CLASSES).map(|class| confusion.count(class, class)).sum();
        let words = |score: ClassScore, images: u32| {
            let ClassScore { precision, recall, f1 } = score;
            [percent(precision), percent(recall), percent(f1), count(images)]
        };
        let mut scores: Vec<_> = (0..CLASSES)
            .map(|class| words(confusion.score(class), confusion.images(class)))
            .collect();
        scores.push(words(confusion.macro_mean(), labels.len() as u32));
        let of = format!("{} of {}", count(right), count(labels.len() as u32));
        let whole = [percent(self.evaluation.accuracy), of, loss(self.evaluation.loss)];
        Figures { whole, scores, confusion }
    }
}
