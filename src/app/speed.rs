//! How long training will take.

/// How fast training is here: what a run has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Training images a second.
    pub images_per_second: f32,
    /// Multiply-adds of one image's forward pass in that run's network.
    pub multiply_adds: usize,
}

impl Speed {
    /// Seconds for as many images whose forward pass takes so many multiply-adds. An estimate: layers
    /// differ in how well they keep the processor busy.
    pub(super) fn seconds(self, images: usize, multiply_adds: usize) -> f64 {
        let rate = f64::from(self.images_per_second) * self.multiply_adds as f64;
        images as f64 * multiply_adds as f64 / rate
    }
}
