//! 'same' padding: zeros around a map, before a convolution that only supports 'valid'.

/// A map in the middle of a larger one of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaddingGeometry {
    /// Rows of the small map.
    pub height: usize,
    /// Columns of the small map.
    pub width: usize,
    /// Channels of both, rounded up.
    pub channels: usize,
    /// Rows and columns of zeros above and to the left.
    pub before: usize,
    /// Columns of the large map.
    pub padded_width: usize,
}

impl PaddingGeometry {
    /// Offset in the large map of the small map's row `y`.
    fn row(&self, y: usize) -> usize {
        ((y + self.before) * self.padded_width + self.before) * self.channels
    }
}

/// Copies the small map into the large one. Does not write the zeros around it: they must be there.
pub fn pad(p: &PaddingGeometry, small: &[f32], large: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, from) in small.chunks_exact(row).enumerate() {
        large[p.row(y)..][..row].copy_from_slice(from);
    }
}

/// Copies the small map out of the large one: the gradient of [`pad`].
pub fn crop(p: &PaddingGeometry, large: &[f32], small: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, to) in small.chunks_exact_mut(row).enumerate() {
        to.copy_from_slice(&large[p.row(y)..][..row]);
    }
}
