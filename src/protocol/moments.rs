//! A run's weights at some sixty moments, so that one can go back to each of them.

use half::f16;

/// The most moments of a run.
const MOST: usize = 60;

/// Whether a run of `steps` minibatches has a moment after minibatch `step`. Sixty of them, or all of a shorter run, are
/// evenly spaced by the logarithm of `step`, so most are where the run is young and learns most.
pub fn is_moment(step: u32, steps: u32) -> bool {
    let place = |step: u32| {
        let share = place(step) / place(steps.max(1));
        (share * (MOST - 1) as f32) as u32
    };
    step == 0 || place(step) != place(step - 1)
}

/// The logarithm of a minibatch's number, from 0.
fn place(step: u32) -> f32 {
    (step as f32 / EVEN).ln_1p()
}

/// The most bytes that a run's moments take; a network of more than 50,000 parameters has fewer moments.
const MOST_BYTES: usize = 6 << 20;

/// Up to this minibatch moments are evenly spaced, more or less.
const EVEN: f32 = 10.0;

/// A run's weights after one of its minibatches, rounded to half floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Minibatches finished.
    pub step: u32,
    weights: Vec<f16>,
}

impl Moment {
    /// Its weights.
    pub fn weights(&self) -> Vec<f32> {
        self.weights.iter().map(|weight| weight.to_f32()).collect()
    }
}

/// A run's moments, the earliest first.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    kept: Vec<Moment>,
}

impl Moments {
    /// Moments as [`Moments::bytes`] has written them; none if those are of another network or were cut short.
    ///
    /// - `parameters`: how many the network has.
    pub fn read(bytes: &[u8], parameters: usize) -> Self {
        let (each, rest) = (bytes.chunks_exact(4 + 2 * parameters), bytes.len());
        if rest % (4 + 2 * parameters) != 0 {
            return Self::default();
        }
        let read = |bytes: &[u8]| {
            let (step, weights) = bytes.split_first_chunk()?;
            let weights = weights.as_chunks().0.iter().map(|&half| f16::from_le_bytes(half));
            Some(Moment { step: u32::from_le_bytes(*step), weights: weights.collect() })
        };
        let kept: Vec<Moment> = each.filter_map(read).collect();
        let sound = kept.is_sorted_by(|a, b| a.step < b.step)
            && kept.iter().flat_map(|moment| &moment.weights).all(|weight| weight.is_finite());
        Self { kept: if sound { kept } else { Vec::new() } }
    }

    /// All of them as bytes: for each its minibatch, 32 bits, and its weights, 16 bits each; little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let size = |moment: &Moment| 4 + 2 * moment.weights.len();
        let mut bytes = Vec::with_capacity(self.kept.iter().map(size).sum());
        for Moment { step, weights } in &self.kept {
            bytes.extend(step.to_le_bytes());
            bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        }
        bytes
    }

    /// All of them.
    pub fn all(&self) -> &[Moment] {
        &self.kept
    }

    /// Adds the newest moment. If there are then too many, the one that leaves the smallest gap is dropped; the first and
    /// the newest stay. Weights that do not fit into half floats, as those of a run that diverges, are left out.
    pub fn record(&mut self, step: u32, weights: &[f32]) {
        let weights: Vec<f16> = weights.iter().map(|&weight| f16::from_f32(weight)).collect();
        let newer = self.kept.last().is_none_or(|last| last.step < step);
        if !newer || !weights.iter().all(|weight| weight.is_finite()) {
            return;
        }
        let room = (MOST_BYTES / size_of_val(&weights[..]).max(1)).clamp(2, MOST);
        self.kept.push(Moment { step, weights });
        if self.kept.len() > room
            && let Some(dropped) = self.least_missed()
        {
            self.kept.remove(dropped);
        }
    }

    /// The inner moment whose neighbours are closest to each other, by the logarithm of their minibatches.
    fn least_missed(&self) -> Option<usize> {
        let gaps = self.kept.windows(3).map(|of| place(of[2].step) - place(of[0].step)).enumerate();
        gaps.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(before, _)| before + 1)
    }

    /// The index of the moment closest to a minibatch; `None` if there is none or the newest weights are closer.
    ///
    /// - `newest`: minibatches that the run has finished.
    pub fn closest(&self, step: u32, newest: u32) -> Option<usize> {
        let moments = self.kept.iter().map(|moment| moment.step).enumerate();
        let (index, distance) = moments
            .map(|(index, kept)| (index, kept.abs_diff(step)))
            .min_by_key(|&(_, distance)| distance)?;
        (distance < newest.abs_diff(step)).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(moments: &Moments) -> Vec<u32> {
        moments.all().iter().map(|moment| moment.step).collect()
    }

    #[test]
    fn a_run_has_sixty_moments_most_of_them_early() {
        let steps: Vec<u32> = (0..=4690).filter(|&step| is_moment(step, 4690)).collect();
        assert!((55..=60).contains(&steps.len()), "{}", steps.len());
        assert_eq!((steps.first(), steps.last()), (Some(&0), Some(&4690)));
        let early = steps.iter().filter(|&&step| step < 469).count();
        assert!(early > 30, "{early} in the first tenth: {steps:?}");
        // No hole: after any moment the next one comes soon, for the age of the run.
        for pair in steps.windows(2) {
            assert!(pair[1] - pair[0] <= 2 + pair[0] / 5, "{pair:?}");
        }
    }

    #[test]
    fn a_short_run_has_each_minibatch() {
        assert!((0..=10).all(|step| is_moment(step, 10)));
        assert!(is_moment(0, 0));
    }

    #[test]
    fn of_too_many_moments_the_later_half_is_thinned_out() {
        let mut moments = Moments::default();
        for step in 0..=4690 {
            moments.record(step, &[step as f32]);
        }
        let steps = steps(&moments);
        assert_eq!((steps.len(), steps[0], steps[59]), (60, 0, 4690));
        assert!(steps.iter().filter(|&&step| step < 469).count() > 30, "{steps:?}");
    }

    #[test]
    fn large_networks_have_fewer_moments() {
        let mut moments = Moments::default();
        let weights = vec![0.5; 500_000];
        for step in 0..10 {
            moments.record(step, &weights);
        }
        assert_eq!(moments.all().len(), 6);
        assert_eq!(steps(&moments).last(), Some(&9));
    }

    #[test]
    fn weights_come_back_to_three_digits() {
        let mut moments = Moments::default();
        moments.record(1, &[0.1, -2.5, 0.0]);
        assert_eq!(moments.all()[0].weights(), [0.099_975_586, -2.5, 0.0]);
    }

    #[test]
    fn what_is_no_new_moment_is_left_out() {
        let mut moments = Moments::default();
        moments.record(3, &[1.0]);
        moments.record(3, &[2.0]);
        moments.record(2, &[2.0]);
        moments.record(4, &[1e6]);
        moments.record(5, &[f32::NAN]);
        assert_eq!(steps(&moments), [3]);
    }

    #[test]
    fn moments_are_bytes_and_come_back() {
        let mut moments = Moments::default();
        for step in [0, 3, 70_000] {
            moments.record(step, &[step as f32 / 100_000.0, -2.5]);
        }
        let bytes = moments.bytes();
        assert_eq!(bytes.len(), 3 * 8);
        assert_eq!(Moments::read(&bytes, 2).all(), moments.all());
        assert!(Moments::read(&bytes, 3).all().is_empty(), "they are another network’s");
        assert!(Moments::read(&bytes[1..], 2).all().is_empty(), "they were cut short");
        assert!(Moments::read(&[], 2).all().is_empty());
        let twice = [&bytes[..], &bytes].concat();
        assert!(Moments::read(&twice, 2).all().is_empty(), "they are out of order");
        let overflowed = [&bytes[..22], &f16::INFINITY.to_le_bytes()].concat();
        assert!(Moments::read(&overflowed, 2).all().is_empty());
    }

    #[test]
    fn the_closest_moment_is_found_unless_the_newest_weights_are_closer() {
        let mut moments = Moments::default();
        assert_eq!(moments.closest(5, 100), None);
        moments.record(0, &[1.0]);
        moments.record(10, &[1.0]);
        assert_eq!(moments.closest(4, 100), Some(0));
        assert_eq!(moments.closest(6, 100), Some(1));
        assert_eq!(moments.closest(50, 100), Some(1));
        assert_eq!(moments.closest(60, 100), None);
        assert_eq!(moments.closest(10, 10), None);
    }
}
