//! The clock that timeouts for helpers are measured by. It leaves out time in which the whole machine slept
//! or stood still, which is not a helper's fault.

/// The most that the time between two looks counts, in milliseconds: more than a trainer that waits for
/// messages leaves between two looks, less than any helper's timeout.
const LONGEST: f64 = 1500.0;

/// A clock that stands still between looks that are far apart.
#[derive(Clone, Copy, Debug)]
pub struct AwakeClock {
    last: f64,
    watched: f64,
}

impl AwakeClock {
    /// Starts at `now`, in milliseconds, so that it is never ahead of the time, nor of an older clock.
    pub fn new(now: f64) -> Self {
        Self { last: now, watched: now }
    }

    /// What it shows at `now`, in milliseconds.
    pub fn look(&mut self, now: f64) -> f64 {
        self.watched += (now - self.last).clamp(0.0, LONGEST);
        self.last = now;
        self.watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_nobody_watched_counts_little() {
        let mut clock = AwakeClock::new(100.0);
        assert_eq!(clock.look(150.0), 150.0);
        assert_eq!(clock.look(1150.0), 1150.0, "a trainer that waits looks once a second");
        assert_eq!(clock.look(61_150.0), 1150.0 + LONGEST, "a minute asleep");
        assert_eq!(clock.look(61_160.0), 1160.0 + LONGEST);
    }
}
