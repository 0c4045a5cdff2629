//! Random numbers by the names that sketches use.

/// A random number generator.
#[derive(Debug)]
pub(super) struct Chance(pub(super) fastrand::Rng);

impl Chance {
    /// Uniform between two numbers.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.f32()
    }

    /// Uniform between minus and plus a number.
    pub(super) fn about(&mut self, most: f32) -> f32 {
        self.between(-most, most)
    }

    /// Roughly normal, with this standard deviation.
    pub(super) fn normal(&mut self, deviation: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.0.f32() - 0.5).sum();
        sum * deviation * 1.732
    }

    /// True in this share of the cases.
    pub(super) fn often(&mut self, share: f32) -> bool {
        self.0.f32() < share
    }

    /// An index, each as often as its share says; the shares add up to 1.
    pub(super) fn pick(&mut self, shares: &[f32]) -> usize {
        let mut left = self.0.f32();
        for (index, share) in shares.iter().enumerate() {
            if left < *share {
                return index;
            }
            left -= share;
        }
        shares.len() - 1
    }
}
