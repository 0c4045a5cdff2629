//! A classifier's metrics class by class: the confusion matrix, and precision, recall and F1.
//!
//! Definitions and conventions are scikit-learn's (`precision_recall_fscore_support` with
//! `zero_division=0`): a division by zero gives 0, and a macro mean weights every class equally,
//! however many images it has.

use super::loss::argmax;

/// The confusion matrix: how often each class was taken for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// `[label][answer]`
    counts: Vec<u32>,
}

/// One class against the others; or the mean over classes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Fraction of the images taken for the class that are of it, 0 to 1: `TP / (TP + FP)`.
    pub precision: f32,
    /// Fraction of the class's images that are taken for it, 0 to 1: `TP / (TP + FN)`.
    pub recall: f32,
    /// Harmonic mean of the two, 0 to 1: `2 TP / (2 TP + FP + FN)`.
    pub f1: f32,
}

impl Confusion {
    /// Counts each image's most likely class against its label.
    ///
    /// - `probabilities`: `[images][classes]`
    /// - `labels`: `[images]`; images with an invalid label are left out.
    pub fn of(probabilities: &[f32], labels: &[u8], classes: usize) -> Self {
        let mut counts = vec![0; classes * classes];
        for (row, &label) in probabilities.chunks_exact(classes).zip(labels) {
            let label = usize::from(label);
            if label < classes {
                counts[label * classes + argmax(row)] += 1;
            }
        }
        Self { classes, counts }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Images of class `label` taken for class `answer`.
    ///
    /// # Panics
    /// If either is no class.
    pub fn count(&self, label: usize, answer: usize) -> u32 {
        assert!(answer < self.classes, "an answer is a class");
        self.counts[label * self.classes + answer]
    }

    /// Images of a class, which scikit-learn calls its support.
    pub fn images(&self, label: usize) -> u32 {
        self.counts[label * self.classes..][..self.classes].iter().sum()
    }

    /// Images taken for a class.
    pub fn answers(&self, answer: usize) -> u32 {
        self.counts[answer..].iter().step_by(self.classes).sum()
    }

    /// Precision, recall and F1 of a class.
    pub fn score(&self, class: usize) -> ClassScore {
        let right = self.count(class, class);
        let (images, answers) = (self.images(class), self.answers(class));
        ClassScore {
            precision: share(right, answers),
            recall: share(right, images),
            // TP + FN are the images, TP + FP the answers.
            f1: share(2 * right, images + answers),
        }
    }

    /// Unweighted means over all classes.
    pub fn macro_mean(&self) -> ClassScore {
        let mut mean = ClassScore::default();
        let weight = 1.0 / self.classes as f32;
        for score in (0..self.classes).map(|class| self.score(class)) {
            mean.precision += weight * score.precision;
            mean.recall += weight * score.recall;
            mean.f1 += weight * score.f1;
        }
        mean
    }
}

fn share(part: u32, whole: u32) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}
