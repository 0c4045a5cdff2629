//! The images that the trainer currently works on.

use std::ops::Range;

use crate::data::Digits;

/// Images of the data set as it stores them: whoever computes a shard makes numbers of its pixels.
#[derive(Default)]
pub(super) struct BatchBuffer {
    /// A minibatch's indices in the training set.
    pub(super) indices: Vec<u32>,
    /// `[images][pixels]`, 0 to 255.
    pub(super) pixels: Vec<u8>,
    /// Their classes.
    pub(super) labels: Vec<u8>,
}

impl BatchBuffer {
    /// Reads a minibatch.
    pub(super) fn minibatch(&mut self, digits: &Digits, indices: &[u32]) {
        self.indices.clear();
        self.indices.extend_from_slice(indices);
        let indices = indices.iter().map(|&index| index as usize);
        digits.gather_pixels(indices, &mut self.pixels, &mut self.labels);
    }

    /// Reads consecutive digits.
    pub(super) fn range(&mut self, digits: &Digits, range: Range<usize>) {
        self.indices.clear();
        digits.gather_pixels(range, &mut self.pixels, &mut self.labels);
    }
}
