//! Softmax and sparse categorical cross-entropy, from logits.

use serde::{Deserialize, Serialize};

/// `probabilities[i] = exp(logits[i]) / sum over j of exp(logits[j])`, in place. The largest logit is
/// subtracted first, so that nothing overflows. Returns the logarithm of the sum without that subtraction.
pub fn softmax(logits: &mut [f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in logits.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in logits.iter_mut() {
        *value /= sum;
    }
    largest + sum.ln()
}

/// Index of the largest value, the first of equals.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Sums over images; divide by their number for means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sum of the cross-entropies, natural logarithm.
    pub loss: f32,
    /// Images whose largest logit is the right class.
    pub correct: u32,
    /// Images.
    pub images: u32,
}

impl Score {
    /// Mean cross-entropy.
    pub fn mean_loss(&self) -> f32 {
        self.loss / self.images as f32
    }

    /// Fraction that is right, 0 to 1.
    pub fn accuracy(&self) -> f32 {
        self.correct as f32 / self.images as f32
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.correct += other.correct;
        self.images += other.images;
    }
}

/// Cross-entropy of one image, `log(sum over j of exp(logits[j])) - logits[label]`. Replaces the logits by
/// their gradient, `scale * (softmax(logits) - target)`.
///
/// - `smoothing`: fraction of the target spread evenly over all classes, `target = (1 - smoothing) one_hot(label) +
///   smoothing / classes`, as in Keras' `label_smoothing` (Szegedy et al. 2016, section 7). The score ignores it.
pub fn cross_entropy_gradient(
    logits: &mut [f32],
    label: usize,
    smoothing: f32,
    scale: f32,
) -> Score {
    let score = cross_entropy(logits, label);
    let each = smoothing / logits.len() as f32;
    logits[label] -= 1.0 - smoothing;
    for value in logits {
        *value = (*value - each) * scale;
    }
    score
}

/// Cross-entropy of one image. Replaces the logits by the probabilities.
pub fn cross_entropy(logits: &mut [f32], label: usize) -> Score {
    let correct = u32::from(argmax(logits) == label);
    let of_label = logits[label];
    Score { loss: softmax(logits) - of_label, correct, images: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_the_smoothed_cross_entropy() {
        let logits = [0.3, -1.2, 2.0, 0.1];
        let (label, smoothing, scale) = (1, 0.2, 0.5);
        let loss = |logits: &[f32]| {
            let of = |class| f64::from(cross_entropy(&mut logits.to_vec(), class).loss);
            let all: f64 = (0..logits.len()).map(of).sum();
            0.8 * of(label) + 0.2 / logits.len() as f64 * all
        };
        let mut gradient = logits;
        let score = cross_entropy_gradient(&mut gradient, label, smoothing, scale);
        assert_eq!(score, cross_entropy(&mut logits.clone(), label));
        for (i, by_logit) in gradient.into_iter().enumerate() {
            let at = |step: f32| {
                let mut moved = logits;
                moved[i] += step;
                loss(&moved)
            };
            let slope = f64::from(scale) * (at(0.01) - at(-0.01)) / 0.02;
            assert!((f64::from(by_logit) - slope).abs() < 1e-4, "{i}: {by_logit}, not {slope}");
        }
    }
}
