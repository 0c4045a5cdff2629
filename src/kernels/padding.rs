//! 'same' padding: zeros around a map, before a convolution that knows 'valid' only.

/// A map in the middle of a larger one of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaddingGeometry {
    /// Rows of the small map.
    pub height: usize,
    /// Columns of the small map.
    pub width: usize,
    /// Channels of both as they lie in memory.
    pub channels: usize,
    /// Rows and columns of zeros above and to the left.
    pub before: usize,
    /// Columns of the large map.
    pub padded_width: usize,
}

impl PaddingGeometry {
    /// Where row `y` of the small map starts in the large one.
    fn row(&self, y: usize) -> usize {
        ((y + self.before) * self.padded_width + self.before) * self.channels
    }
}

/// Small map to large map. The zeros around must be there already: they are not written.
pub fn pad(p: &PaddingGeometry, small: &[f32], large: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, from) in small.chunks_exact(row).enumerate() {
        large[p.row(y)..][..row].copy_from_slice(from);
    }
}

/// Large map to small map: the gradient of [`pad`].
pub fn crop(p: &PaddingGeometry, large: &[f32], small: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, to) in small.chunks_exact_mut(row).enumerate() {
        to.copy_from_slice(&large[p.row(y)..][..row]);
    }
}
