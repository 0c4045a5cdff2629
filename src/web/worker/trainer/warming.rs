//! The trainer warms up.

use super::{Trainer, slice};
use crate::protocol::Reply;

/// Milliseconds of a slice, short, as the page may be about to move something.
const SLICE: f64 = 8.0;

impl Trainer {
    /// A slice of the warm-up, which is over once a run is on.
    pub(super) fn warm_up(&mut self) {
        let left = self.warm_up.as_mut().filter(|_| self.run.is_none());
        if left.is_none_or(|left| slice(&self.clock, SLICE, || left.advance())) {
            self.warm_up = None;
        } else {
            self.send(&Reply::Cold, &[]);
        }
    }
}
