//! The time in which somebody watched, by which helpers are late: a machine that sleeps or stands still is no fault of
//! theirs.

/// The longest that the time between two looks may count, in milliseconds: more than there is between two looks of a trainer
/// that waits for messages, less than any helper has.
const LONGEST: f64 = 1500.0;

/// A clock that stands still while nobody looks at it for long.
#[derive(Clone, Copy, Debug)]
pub struct AwakeClock {
    last: f64,
    watched: f64,
}

impl AwakeClock {
    /// From a time in milliseconds on, which it shows at first: so it is never ahead of the time, nor of an older clock.
    pub fn new(now: f64) -> Self {
        Self { last: now, watched: now }
    }

    /// What it shows at a time in milliseconds.
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
