//! How a picture is read, and how sure of its right answer the network has been over time.

use crate::data::CLASSES;
use crate::net::loss::argmax;

/// The most values that a history keeps.
const LENGTH: usize = 120;

/// How a picture is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The likeliest digit.
    pub digit: u8,
    /// Its probability.
    pub share: f32,
}

impl Reading {
    /// The likeliest class; none if the weights have overflowed.
    pub fn of(probabilities: &[f32; CLASSES]) -> Option<Self> {
        let digit = argmax(probabilities);
        let finite = probabilities.iter().all(|p| p.is_finite());
        finite.then_some(Self { digit: digit as u8, share: probabilities[digit] })
    }
}

/// A probability over time; the longer the history, the coarser it is.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    values: Vec<f32>,
    /// One reading in `every` is kept.
    every: u32,
    /// Readings since the last one kept.
    since: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { values: Vec::new(), every: 1, since: 0 }
    }
}

impl History {
    /// Takes the newest value, 0 to 1.
    pub fn push(&mut self, value: f32) {
        self.since += 1;
        if self.since < self.every {
            return;
        }
        self.since = 0;
        if self.values.len() == LENGTH {
            // Every other one is kept, the newest included.
            let mut at = 0;
            self.values.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.every *= 2;
        }
        self.values.push(value);
    }

    /// The values, oldest first.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
