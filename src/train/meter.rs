//! How fast a run goes and how long it will take, from times that its driver measured.

/// Seconds over which the throughput is averaged.
const WINDOW: f64 = 1.0;

/// Throughput of a run.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// Seconds and images of training, decaying over [`WINDOW`].
    recent_seconds: f64,
    recent_images: f64,
    /// Seconds in all, and those on the test images scored so far.
    training_seconds: f64,
    evaluation_seconds: f64,
    evaluated: f64,
}

impl Meter {
    /// A meter of a run that has trained for `seconds` before.
    pub fn after(seconds: f64) -> Self {
        Self { training_seconds: seconds, ..Self::default() }
    }

    /// Records that training on `images` took `seconds`.
    pub fn trained(&mut self, images: usize, seconds: f64) {
        self.training_seconds += seconds;
        let fade = (-seconds / WINDOW).exp();
        self.recent_seconds = fade * self.recent_seconds + seconds;
        self.recent_images = fade * self.recent_images + images as f64;
    }

    /// Records that evaluating `images` took `seconds`.
    pub fn evaluated(&mut self, images: usize, seconds: f64) {
        self.evaluation_seconds += seconds;
        self.evaluated += images as f64;
    }

    /// Current training images a second; 0 before the first.
    pub fn images_per_second(&self) -> f64 {
        if self.recent_seconds > 0.0 { self.recent_images / self.recent_seconds } else { 0.0 }
    }

    /// Expected seconds for the given images. Before the first evaluation a test image, which
    /// needs no backward pass, is assumed to cost half a training image.
    pub fn seconds_for(&self, train_images: usize, test_images: usize) -> f64 {
        let rate = self.images_per_second();
        if rate == 0.0 {
            return 0.0;
        }
        let each = if self.evaluated > 0.0 {
            self.evaluation_seconds / self.evaluated
        } else {
            0.5 / rate
        };
        train_images as f64 / rate + test_images as f64 * each
    }

    /// Seconds spent training and evaluating.
    pub fn seconds(&self) -> f64 {
        self.training_seconds + self.evaluation_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_run_is_measured_exactly() {
        let mut meter = Meter::default();
        assert_eq!(meter.images_per_second(), 0.0);
        assert_eq!(meter.seconds_for(100, 100), 0.0);
        for _ in 0..50 {
            meter.trained(32, 0.01);
        }
        assert!((meter.images_per_second() - 3200.0).abs() < 1e-6);
        assert!((meter.seconds_for(3200, 6400) - 2.0).abs() < 1e-9);
        meter.evaluated(100, 1.0);
        assert!((meter.seconds_for(0, 10) - 0.1).abs() < 1e-9);
        assert!((meter.seconds() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_change_of_speed_shows_within_seconds() {
        let mut meter = Meter::default();
        for _ in 0..1000 {
            meter.trained(10, 0.01);
        }
        for _ in 0..400 {
            meter.trained(20, 0.01);
        }
        assert!((meter.images_per_second() - 2000.0).abs() < 40.0);
    }
}
