//! Predictions on the page.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use e2e::Page;

/// Microseconds of a prediction, as the page itself measures it once a second for a while.
pub(crate) fn measure(page: &Page) -> Result<f64> {
    page.open("")?;
    page.draw(8)?;
    page.wait_for("a prediction", 5, |status| status.prediction.is_some())?;
    // Undisturbed, until there are several measurements to take the median of.
    thread::sleep(Duration::from_secs(6));
    page.ask("return Number(document.body.dataset.predictionMicroseconds)", vec![])
}
