//! Whether a drawing is held for a digit at all.
//!
//! The shipped network was trained on letters, pictures and scribbles too, and is asked to find no class likelier than
//! another for them (Hendrycks, Mazeika and Dietterich 2019, "Deep anomaly detection with outlier exposure").

/// The least probability of the likeliest class of a digit: docs/BENCHMARKS.md says how it was chosen.
const LEAST: f32 = 0.5;

/// Whether an image with these probabilities, by the shipped network, does not look like a digit.
pub fn is_doubted(probabilities: &[f32]) -> bool {
    probabilities.iter().all(|&probability| probability < LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_likely_class_is_enough() {
        assert!(is_doubted(&[0.1; 10]));
        let mut likely = [0.02; 10];
        likely[3] = 0.8;
        assert!(!is_doubted(&likely));
        assert!(!is_doubted(&[f32::NAN; 10]), "an overflow is no drawing's fault");
    }
}
