//! Says each step of a command and how long it took.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs a step that prints nothing itself: `Preparing the data set ... 7.1 s`.
pub(crate) fn quiet<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    print!("{name} ... ");
    // The line is an aid to the reader: a terminal that is gone is no reason to stop.
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

/// A duration as a person would say it: `0.2 s`, `12.3 s`, `3 min 07 s`.
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
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.4 s");
        assert_eq!(seconds(Duration::from_millis(99_900)), "99.9 s");
        assert_eq!(seconds(Duration::from_secs(187)), "3 min 07 s");
    }
}
