//! The images that the trainer currently works on.

use std::ops::Range;

use crate::data::Digits;

/// Images of the data set as the network reads them.
#[derive(Default)]
pub(super) struct BatchBuffer {
    /// A minibatch's indices in the training set.
    pub(super) indices: Vec<u32>,
    /// `[images][pixels]`
    pub(super) images: Vec<f32>,
    /// Their classes.
    pub(super) labels: Vec<u8>,
}

impl BatchBuffer {
    /// Reads a minibatch.
    pub(super) fn minibatch(&mut self, digits: &Digits, indices: &[u32]) {
        self.indices.clear();
        self.indices.extend_from_slice(indices);
        let indices = indices.iter().map(|&index| index as usize);
        digits.gather(indices, &mut self.images, &mut self.labels);
    }

    /// Reads consecutive digits.
    pub(super) fn range(&mut self, digits: &Digits, range: Range<usize>) {
        self.indices.clear();
        digits.gather(range, &mut self.images, &mut self.labels);
    }
}
