//! The learning rate over a run.

use std::f32::consts::PI;

use crate::config::Schedule;

/// Fraction of a one-cycle run in which the rate rises.
const RISE: f32 = 0.3;
/// A one-cycle run starts at its peak divided by this ...
const START_DIVISOR: f32 = 25.0;
/// ... and ends at its start divided by this.
const END_DIVISOR: f32 = 1e4;

/// The learning rate of step `step`, counted from 0, of `steps`.
///
/// Cosine: `peak (1 + cos(pi step / steps)) / 2`, Keras' CosineDecay. One-cycle: Smith and Topin 2017
/// in PyTorch's form, cosines from `peak / 25` up to `peak` and down to `peak / 250,000`.
pub fn learning_rate(schedule: Schedule, peak: f32, step: u32, steps: u32) -> f32 {
    let (step, steps) = (step as f32, steps.max(1) as f32);
    match schedule {
        Schedule::Constant => peak,
        Schedule::Cosine => between(peak, 0.0, step / steps),
        Schedule::OneCycle => {
            let start = peak / START_DIVISOR;
            let top = (RISE * steps - 1.0).max(0.0);
            let end = steps - 1.0;
            if step <= top {
                between(start, peak, step / top.max(1.0))
            } else {
                between(peak, start / END_DIVISOR, (step - top) / (end - top))
            }
        }
    }
}

/// From `a` to `b` along half a cosine, `share` from 0 to 1.
fn between(a: f32, b: f32, share: f32) -> f32 {
    b + (a - b) * 0.5 * (1.0 + (PI * share).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cycle_peaks_after_its_rise_and_ends_near_zero() {
        let rates: Vec<f32> =
            (0..100).map(|step| learning_rate(Schedule::OneCycle, 1.0, step, 100)).collect();
        let peak = rates.iter().position(|&r| r == 1.0);
        assert_eq!(peak, Some(29));
        assert!((rates[0] - 0.04).abs() < 1e-6);
        assert!(rates[99] < 1e-5);
        assert!(rates[..30].is_sorted());
        assert!(rates[29..].iter().rev().is_sorted());
    }

    #[test]
    fn every_schedule_is_finite_for_the_shortest_runs() {
        for schedule in [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle] {
            for steps in 0..5 {
                for step in 0..steps.max(1) {
                    let rate = learning_rate(schedule, 0.1, step, steps);
                    assert!(rate.is_finite() && rate >= 0.0, "{schedule:?} {step}/{steps}: {rate}");
                }
            }
        }
    }
}
