//! Times predictions: `data-prediction-microseconds`.

use super::dom::{self, DomError};
use crate::app::App;
use std::cell::{Cell, RefCell};

/// Milliseconds between two measurements.
pub(super) const EVERY: i32 = 1000;

/// Forward passes per measurement, enough for a coarse clock.
const PASSES: u32 = 16;

/// Measurements in the median.
const KEPT: usize = 15;

thread_local! {
    static MEASURED: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    static REVISION: Cell<u32> = const { Cell::new(0) };
}

/// Times the forward pass of the drawing, unless there is none or it has been timed often enough.
pub(super) fn prediction(app: &mut App) -> Result<(), DomError> {
    let revision = app.cx.answer.revision();
    if REVISION.replace(revision) != revision {
        MEASURED.with_borrow_mut(Vec::clear);
    }
    if MEASURED.with_borrow(|times| times.len() >= KEPT) || !app.cx.answer.read_again() {
        return Ok(());
    }
    let begin = dom::now();
    for _ in 0..PASSES {
        app.cx.answer.read_again();
    }
    let microseconds = (dom::now() - begin) * 1000.0 / f64::from(PASSES);
    let median = MEASURED.with_borrow_mut(|times| {
        times.push(microseconds);
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let body = dom::document()?.body().ok_or(DomError::NoDocument)?;
    body.set_attribute("data-prediction-microseconds", &format!("{median:.1}"))?;
    Ok(())
}
