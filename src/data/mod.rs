//! MNIST: the list of its parts ([`manifest`]), bytes to digits ([`idx`]) and the order in which training sees them
//! ([`batches`]).

pub mod batches;
pub mod idx;
pub mod manifest;

pub use crate::config::{CLASSES, SIDE};

/// Pixels of an MNIST image.
pub const PIXELS: usize = SIDE * SIDE;

/// Images and their classes, as MNIST stores them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digits {
    /// `[digits][SIDE][SIDE]`, 0 is paper, 255 is ink.
    pub images: Vec<u8>,
    /// Each digit's class, 0 to 9.
    pub labels: Vec<u8>,
}

impl Digits {
    /// Number of digits.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no digits.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Reserves memory for `digits` in all, so that appending moves none of those already here: a
    /// WebAssembly module never gives memory back.
    pub fn reserve(&mut self, digits: usize) {
        let more = digits.saturating_sub(self.len());
        self.images.reserve_exact(more * PIXELS);
        self.labels.reserve_exact(more);
    }

    /// Appends another set's digits.
    pub fn append(&mut self, mut other: Self) {
        self.images.append(&mut other.images);
        self.labels.append(&mut other.labels);
    }

    /// Reads digits by index, as numbers from 0 to 1. Overwrites `images` and `labels` and reuses their
    /// memory.
    ///
    /// # Panics
    /// If an index is not below [`Digits::len`].
    pub fn gather(
        &self,
        indices: impl IntoIterator<Item = usize>,
        images: &mut Vec<f32>,
        labels: &mut Vec<u8>,
    ) {
        images.clear();
        labels.clear();
        for index in indices {
            images.resize(images.len() + PIXELS, 0.0);
            let at = images.len() - PIXELS;
            to_unit(self.pixels(index), &mut images[at..]);
            labels.push(self.labels[index]);
        }
    }

    /// [`Digits::gather`], but the images stay as they are stored.
    ///
    /// # Panics
    /// If an index is not below [`Digits::len`].
    pub fn gather_pixels(
        &self,
        indices: impl IntoIterator<Item = usize>,
        pixels: &mut Vec<u8>,
        labels: &mut Vec<u8>,
    ) {
        pixels.clear();
        labels.clear();
        for index in indices {
            pixels.extend_from_slice(self.pixels(index));
            labels.push(self.labels[index]);
        }
    }

    fn pixels(&self, index: usize) -> &[u8] {
        &self.images[index * PIXELS..(index + 1) * PIXELS]
    }
}

/// Pixels as the network reads them: 0 to 1.
pub fn to_unit(pixels: &[u8], numbers: &mut [f32]) {
    for (number, &pixel) in numbers.iter_mut().zip(pixels) {
        *number = f32::from(pixel) * (1.0 / 255.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_pixels_become_the_numbers_that_gather_gives() {
        let images: Vec<u8> = (0..3 * PIXELS).map(|i| (i % 256) as u8).collect();
        let digits = Digits { images, labels: vec![7, 8, 9] };
        let (mut images, mut pixels, mut labels) = (vec![], vec![], [vec![], vec![]]);
        digits.gather([2, 0], &mut images, &mut labels[0]);
        digits.gather_pixels([2, 0], &mut pixels, &mut labels[1]);
        let mut numbers = vec![f32::NAN; pixels.len()];
        to_unit(&pixels, &mut numbers);
        assert_eq!(numbers, images);
        assert_eq!(labels, [[9, 7], [9, 7]]);
        assert_eq!((pixels[PIXELS + 255], images[PIXELS + 255]), (255, 1.0));
    }
}
