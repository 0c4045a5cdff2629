//! Whether a drawing is held for a digit at all.
//!
//! Networks that learn digits only are as sure of a letter as of a digit, so a small network of its own is asked, whichever
//! answers: it has learnt to tell digits from letters, pictures and scribbles.

use super::network::Network;
use crate::config::Architecture;

/// The layers of the network that doubts. Of its ten classes it knows two: [`DIGIT`] and [`NO_DIGIT`].
pub const ARCHITECTURE: &str = "c12k3r,p2,c24k3r,p2,c32k3r,f,d10s";

/// The class of any digit.
pub const DIGIT: u8 = 0;

/// The class of whatever is none.
pub const NO_DIGIT: u8 = 1;

/// From this probability of [`NO_DIGIT`] on a drawing is doubted; docs/BENCHMARKS.md says how it was chosen.
const ENOUGH: f32 = 0.4;

/// The network that doubts.
#[derive(Debug)]
pub struct Doubt(Network);

impl Doubt {
    /// With its trained weights; `None` if they are another network's.
    pub fn new(weights: &[f32]) -> Option<Self> {
        let mut network = Network::new(&ARCHITECTURE.parse::<Architecture>().ok()?).ok()?;
        (weights.len() == network.plan().parameter_count()).then(|| network.load(weights))?;
        Some(Self(network))
    }

    /// How likely an image, `[SIDE][SIDE]`, is no digit, 0 to 1.
    pub fn of(&mut self, image: &[f32]) -> f32 {
        self.0.probabilities(image)[usize::from(NO_DIGIT)]
    }

    /// Whether an image does not look like a digit.
    pub fn is_raised_by(&mut self, image: &[f32]) -> bool {
        self.of(image) >= ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CLASSES, SIDE};

    #[test]
    fn the_class_of_no_digit_raises_a_doubt() {
        let architecture: Architecture = ARCHITECTURE.parse().expect("it can be written so");
        let mut weights = vec![0.0; architecture.parameter_count().expect("it can be built")];
        assert!(Doubt::new(&weights[1..]).is_none());
        let biases = weights.len() - CLASSES;
        for (class, raised) in [(DIGIT, false), (NO_DIGIT, true)] {
            weights[biases..].fill(0.0);
            weights[biases + usize::from(class)] = 9.0;
            let mut doubt = Doubt::new(&weights).expect("as many as it has");
            assert_eq!(doubt.is_raised_by(&[0.0; SIDE * SIDE]), raised);
        }
    }
}
