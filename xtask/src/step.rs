//! Reports each step of a command and how long it took.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs a step that prints nothing itself: `Preparing the data set ... 7.1 s`.
pub(crate) fn quiet<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    print!("{name} ... ");
    // A closed terminal is no reason to stop.
    let _ = std::io::stdout().flush();
    let start = Instant::now();
    let outcome = work();
    match &outcome {
        Ok(_) => println!("{}", seconds(start.elapsed())),
        Err(_) => println!("failed after {}", seconds(start.elapsed())),
    }
    outcome
}

/// Runs a step whose programs print: one line before, one line after.
pub(crate) fn loud<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("{name} ...");
    let start = Instant::now();
    let outcome = work();
    match &outcome {
        Ok(_) => println!("{name}: {}", seconds(start.elapsed())),
        Err(_) => println!("{name}: failed after {}", seconds(start.elapsed())),
    }
    outcome
}

/// A part of a step: its name, and its work, which prints nothing.
pub(crate) type Job<'a> = (String, Box<dyn FnOnce() -> Result<()> + Send + 'a>);

/// Runs the parts of a step, one per core at a time, and reports how long each took. After an error no
/// further part begins.
pub(crate) fn side_by_side(name: &str, jobs: Vec<Job<'_>>) -> Result<()> {
    println!("{name}:");
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let jobs = Mutex::new(VecDeque::from(jobs));
    let failed = Mutex::new(None);
    let lock_failed = || failed.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((name, work)) = job.filter(|_| lock_failed().is_none()) else { return };
            println!("  {name} ...");
            let start = Instant::now();
            let outcome = work();
            let took = seconds(start.elapsed());
            match outcome {
                Ok(()) => println!("  {name}: {took}"),
                Err(error) => {
                    println!("  {name}: failed after {took}");
                    lock_failed().get_or_insert(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// A duration as people say it: `0.2 s`, `12.3 s`, `3 min 07 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis().div_ceil(100);
    if tenths < 1000 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} min {:02} s", tenths / 600, tenths % 600 / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_and_the_first_error_ends_the_step() {
        let done = std::sync::atomic::AtomicU32::new(0);
        let count = || {
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        };
        let job = |name: &str| -> Job<'_> { (name.to_owned(), Box::new(count)) };
        assert!(side_by_side("parts", vec![job("a"), job("b"), job("c")]).is_ok());
        assert_eq!(done.load(std::sync::atomic::Ordering::Relaxed), 3);

        let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
        let fails = || -> Job<'_> { ("fails".to_owned(), Box::new(|| anyhow::bail!("no"))) };
        let mut jobs: Vec<Job<'_>> = (0..cores).map(|_| fails()).collect();
        jobs.push(job("never begun"));
        assert!(side_by_side("parts", jobs).is_err());
        assert_eq!(done.load(std::sync::atomic::Ordering::Relaxed), 3);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.4 s");
        assert_eq!(seconds(Duration::from_millis(99_900)), "99.9 s");
        assert_eq!(seconds(Duration::from_secs(187)), "3 min 07 s");
    }
}
