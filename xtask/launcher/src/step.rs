//! Says what takes long, before and after.

use std::io::Write;
use std::time::Instant;

/// Runs a step: `Fetching the crates ... 9.8 s`.
pub fn run<T>(name: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    print!("{} ... ", name);
    // Without a terminal to read it the step is done all the same.
    let _ = std::io::stdout().flush();
    let start = Instant::now();
    let outcome = work();
    let verb = if outcome.is_ok() { "" } else { "failed after " };
    println!("{}{:.1} s", verb, start.elapsed().as_secs_f64());
    outcome
}
