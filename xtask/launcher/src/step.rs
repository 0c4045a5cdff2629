//! Reports slow steps, before and after.

use std::io::Write;
use std::time::Instant;

/// Runs a step: `Fetching the crates ... 9.8 s`.
pub fn run<T>(name: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    print!("{} ... ", name);
    // A closed terminal is no reason to stop.
    let _ = std::io::stdout().flush();
    let start = Instant::now();
    let outcome = work();
    let verb = if outcome.is_ok() { "" } else { "failed after " };
    println!("{}{:.1} s", verb, start.elapsed().as_secs_f64());
    outcome
}
