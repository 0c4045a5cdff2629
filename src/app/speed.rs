//! How long training will take.

/// How fast training is here, as measured by a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Training images a second.
    pub images_per_second: f32,
    /// Multiply-adds of one image's forward pass in that run's network.
    pub multiply_adds: usize,
}

impl Speed {
    /// Estimated seconds to train on this many images with this many multiply-adds in the forward pass. Only an
    /// estimate, because layers differ in how well they keep the processor busy.
    pub(super) fn seconds(self, images: usize, multiply_adds: usize) -> f64 {
        let rate = f64::from(self.images_per_second) * self.multiply_adds as f64;
        images as f64 * multiply_adds as f64 / rate
    }
}
