//! What an epoch costs, and what more workers would bring.

use std::fmt::Write as _;

use anyhow::Result;

use crate::peers::BATCHES;
use crate::report::{Report, Samples};
use crate::table::{EPOCH, epoch, header, row};
use crate::training::Subject;

/// Workers that were not measured.
const MORE_WORKERS: [f64; 3] = [4.0, 8.0, 16.0];

/// The table of it.
pub(crate) fn write(text: &mut String, report: &Report) -> Result<()> {
    let Some(build) = report.training.first().map(|subject| subject.build) else { return Ok(()) };
    let of = |workers: u32, batch: u32| {
        let same =
            |s: &&Subject| (s.build, s.workers, s.shared, s.batch) == (build, workers, true, batch);
        report.training.iter().find(same)
    };
    let seconds = |workers, batch| of(workers, batch).and_then(|s| epoch(&s.images_per_second));
    writeln!(
        text,
        "What an epoch costs: a worker keeps a core busy, which is taken to draw {} W (`--watts` changes that). The part",
        report.watts
    )?;
    writeln!(
        text,
        "of a minibatch that one thread does alone is Karp and Flatt's, from one and two workers; what it leaves of 4, 8 and"
    )?;
    writeln!(text, "16 workers is Amdahl's law.\n")?;
    header(text, &[build, "batch 128", "batch 32"])?;
    let mut line = |name: &str, cell: &dyn Fn(u32) -> Option<String>| {
        let mut cells = vec![name.to_owned()];
        cells.extend(BATCHES.map(|batch| cell(batch).unwrap_or_default()));
        row(text, &cells)
    };
    for (workers, name) in [(1, "one worker"), (2, "two workers")] {
        line(&format!("first epoch's time over the second's, {name}"), &|batch| {
            let subject = of(workers, batch)?;
            let first = subject.first_epoch.median()?;
            Some(format!("{:.2}", subject.images_per_second.median()? / first))
        })?;
        line(&format!("core-seconds, {name}"), &|batch| {
            Some(format!("{:.2}", f64::from(workers) * seconds(workers, batch)?))
        })?;
        line(&format!("watt-hours, {name}"), &|batch| {
            let busy = f64::from(workers) * seconds(workers, batch)?;
            Some(format!("{:.3}", busy * report.watts / 3600.0))
        })?;
    }
    let alone = |batch| Some(alone([seconds(1, batch)?, seconds(2, batch)?]));
    line("alone, of a minibatch with one worker", &|batch| {
        let minibatch = seconds(1, batch)? * f64::from(batch) / EPOCH;
        let part = alone(batch)?;
        Some(format!("{:.1} %, {:.0} µs", 100.0 * part, 1e6 * part * minibatch))
    })?;
    line("4, 8, 16 workers over one, at most", &|batch| {
        let part = alone(batch)?;
        let gains = MORE_WORKERS.map(|workers| format!("{:.1}", gain(part, workers)));
        Some(gains.join(", "))
    })?;
    writeln!(text)?;
    Ok(())
}

/// The part of the work that does not divide, from the times of one worker and two: `(1 / speed-up - 1 / 2) / (1 - 1 / 2)`.
fn alone([one, two]: [f64; 2]) -> f64 {
    (2.0 * two / one - 1.0).max(0.0)
}

/// Amdahl's law.
fn gain(alone: f64, workers: f64) -> f64 {
    1.0 / (alone + (1.0 - alone) / workers)
}

/// Images a second in an epoch of a run, counted from 0, from its first minibatch that the page shows to the last one.
///
/// - `steps`: when the page showed how many minibatches, in milliseconds.
pub(crate) fn rate(steps: &[(f64, u32)], batch: u32, images: u32, epoch: u32) -> Option<f64> {
    let length = images.div_ceil(batch);
    let (before, end) = (epoch * length, (epoch + 1) * length);
    let mut shown = steps.iter().filter(|(_, step)| (before + 1..=end).contains(step));
    let &(from, first) = shown.next()?;
    let &(to, last) = shown.next_back()?;
    let trained = ((last - before) * batch).min(images) - (first - before) * batch;
    (to > from).then(|| 1000.0 * f64::from(trained) / (to - from))
}

/// A pair of samples: the first epoch's images a second, and the second's.
pub(crate) fn push(
    [first, second]: [&mut Samples; 2],
    steps: &[(f64, u32)],
    batch: u32,
    images: u32,
) -> Option<()> {
    second.push(rate(steps, batch, images, 1)?);
    first.push(rate(steps, batch, images, 0)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_workers_leave_undivided_bounds_more_of_them() {
        assert_eq!(alone([2.0, 1.0]), 0.0);
        assert_eq!(gain(0.0, 16.0), 16.0);
        let tenth = alone([1.0, 0.55]);
        assert!((tenth - 0.1).abs() < 1e-9);
        assert!((gain(tenth, 2.0) - 1.0 / 0.55).abs() < 1e-9);
    }

    #[test]
    fn each_epoch_has_its_own_rate() {
        // Ten minibatches of 10 images an epoch, the last of 5.
        let steps = [(0.0, 1), (500.0, 10), (900.0, 12), (1000.0, 20)];
        assert_eq!(rate(&steps, 10, 95, 0), Some(170.0));
        assert_eq!(rate(&steps, 10, 95, 1), Some(750.0));
        assert_eq!(rate(&steps, 10, 95, 2), None);
    }
}
