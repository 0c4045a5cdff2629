//! A run's curves so far: every minibatch, smoothed, and the tests between epochs.

use super::sort;
use crate::protocol::{Evaluation, OF_EPOCH};

/// How many minibatches the smoothed curves average over, roughly.
const MEMORY: f32 = 50.0;

/// The most points in a plotted line; more would take time and nobody would see them.
const POINTS: usize = 600;

/// The most points in a sparkline.
const SPARKLINE_POINTS: usize = 60;

/// An evaluation on the whole test set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Epochs finished.
    pub epoch: u32,
    /// Minibatches finished.
    pub step: u32,
    /// On the test set.
    pub loss: f32,
    /// On the test set, 0 to 1.
    pub accuracy: f32,
    /// On the validation images, if there are any.
    pub validation: Option<Evaluation>,
}

impl Test {
    /// From the numbers of an epoch in a reply.
    pub fn of(&[epoch, step, loss, accuracy, v_loss, v_accuracy]: &[f32; OF_EPOCH]) -> Self {
        let validation = Evaluation { loss: v_loss, accuracy: v_accuracy };
        let validation = (v_accuracy >= 0.0).then_some(validation);
        Self { epoch: epoch as u32, step: step as u32, loss, accuracy, validation }
    }
}

/// One measure over all minibatches.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    raw: Vec<f32>,
    smooth: Vec<f32>,
    average: f32,
}

impl Curve {
    /// Adds a minibatch to the raw curve and to the exponential moving average, `a <- a + (value - a) / memory`. The
    /// memory grows with the run, because at first the curve falls too fast for a long one.
    fn push(&mut self, value: f32) {
        let memory = (1.0 + self.raw.len() as f32 / 5.0).min(MEMORY);
        self.raw.push(value);
        if value.is_finite() {
            self.average += (value - self.average) / memory;
        }
        self.smooth.push(self.average);
    }

    /// Every minibatch's value.
    pub fn raw(&self) -> &[f32] {
        &self.raw
    }

    /// The smoothed value after minibatch `step`, counted from 1.
    pub fn smooth_at(&self, step: u32) -> Option<f32> {
        self.smooth.get((step as usize).checked_sub(1)?).copied()
    }

    /// The latest smoothed value.
    pub fn latest(&self) -> Option<f32> {
        self.smooth.last().copied()
    }
}

/// A run's curves.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// Cross-entropy of each minibatch.
    pub loss: Curve,
    /// Share of each minibatch that was right, 0 to 1.
    pub accuracy: Curve,
    /// After each epoch.
    pub tests: Vec<Test>,
}

/// Points to plot; all four lists are equally long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Minibatches finished.
    pub x: Vec<f64>,
    /// Single minibatches.
    pub thin: Vec<f64>,
    /// Their moving average.
    pub smooth: Vec<f64>,
    /// The test set, where there was a test.
    pub test: Vec<Option<f64>>,
}

impl Curves {
    /// Minibatches so far.
    pub fn len(&self) -> usize {
        self.loss.raw.len()
    }

    /// Whether there is nothing to plot.
    pub fn is_empty(&self) -> bool {
        self.loss.raw.is_empty()
    }

    /// Adds minibatches, their losses and accuracies side by side.
    pub fn extend(&mut self, losses: &[f32], accuracies: &[f32]) {
        for (&loss, &accuracy) in losses.iter().zip(accuracies) {
            self.loss.push(loss);
            self.accuracy.push(accuracy);
        }
    }

    /// The smoothed accuracy of a few minibatches, evenly spaced, for a line of the size of a word.
    pub fn sparkline(&self) -> Vec<f32> {
        let smooth = &self.accuracy.smooth;
        let stride = smooth.len().div_ceil(SPARKLINE_POINTS).max(1);
        smooth.iter().step_by(stride).copied().collect()
    }

    /// The loss curve, thinned out for plotting.
    pub fn loss_plot(&self) -> Plot {
        self.plot(&self.loss, |test| test.loss)
    }

    /// The accuracy curve, thinned out for plotting.
    pub fn accuracy_plot(&self) -> Plot {
        self.plot(&self.accuracy, |test| test.accuracy)
    }

    /// Every 2^k-th minibatch, so that points stay where they are while the curve grows, with the
    /// latest one and those at which a test was taken.
    fn plot(&self, curve: &Curve, measure: impl Fn(&Test) -> f32) -> Plot {
        let stride = curve.raw.len().div_ceil(POINTS).next_power_of_two();
        let mut steps: Vec<usize> = (1..=curve.raw.len()).step_by(stride).collect();
        steps.extend(curve.raw.len().checked_sub(1).map(|last| last + 1));
        steps.extend(self.tests.iter().map(|test| test.step as usize));
        steps.retain(|step| (1..=curve.raw.len()).contains(step));
        let mut steps = sort::sorted(steps, |&step| step as u64);
        steps.dedup();
        let mut plot = Plot::default();
        for step in steps {
            let test = self.tests.iter().find(|test| test.step as usize == step);
            plot.x.push(step as f64);
            plot.thin.push(f64::from(curve.raw[step - 1]));
            plot.smooth.push(f64::from(curve.smooth[step - 1]));
            plot.test.push(test.map(|test| f64::from(measure(test))));
        }
        plot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_follows() {
        let mut curves = Curves::default();
        curves.extend(&[2.0], &[0.1]);
        assert!((curves.loss.latest().unwrap_or(0.0) - 2.0).abs() < 1e-5);
        curves.extend(&vec![1.0; 1000], &vec![0.9; 1000]);
        assert!((curves.loss.latest().unwrap_or(0.0) - 1.0).abs() < 1e-3);
        assert!((curves.accuracy.latest().unwrap_or(0.0) - 0.9).abs() < 1e-3);
    }

    #[test]
    fn one_bad_number_does_not_spoil_the_average() {
        let mut curves = Curves::default();
        curves.extend(&[1.0, f32::NAN, 1.0], &[0.5, 0.5, 0.5]);
        assert!(curves.loss.latest().is_some_and(f32::is_finite));
    }

    #[test]
    fn long_runs_are_thinned_and_keep_their_tests_and_end() {
        let mut curves = Curves::default();
        let steps = 18_751;
        curves.extend(&vec![1.0; steps], &vec![0.5; steps]);
        curves.tests.push(Test {
            epoch: 1,
            step: 1875,
            loss: 0.3,
            accuracy: 0.9,
            validation: None,
        });
        let plot = curves.accuracy_plot();
        assert!(plot.x.len() <= POINTS + 2);
        assert_eq!(plot.x.last(), Some(&(steps as f64)));
        let at = plot.x.iter().position(|&x| x == 1875.0);
        assert_eq!(at.map(|i| plot.test[i].map(|a| a as f32)), Some(Some(0.9)));
        assert_eq!(plot.test.iter().flatten().count(), 1);
        assert!(plot.x.is_sorted());
    }

    #[test]
    fn a_test_of_a_minibatch_not_yet_received_waits() {
        let mut curves = Curves::default();
        curves.extend(&[1.0], &[0.5]);
        curves.tests.push(Test { epoch: 1, step: 2, loss: 0.3, accuracy: 0.9, validation: None });
        assert_eq!(curves.loss_plot().test, vec![None]);
    }
}
