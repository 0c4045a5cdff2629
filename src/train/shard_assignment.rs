//! Who computes which shards of the current job, and with what result: a state machine.
//!
//! A job is a minibatch's gradient or the score on some images, cut into [`SHARDS`]. Each helper is assigned
//! some shards; the trainer computes the others. Shards can be stolen back from a helper that falls behind,
//! and a lost helper's all return to the trainer, so that losing it costs only time. Results of older jobs,
//! or from a helper whose shards were given back, are dropped. No clock, no messages: times are arguments.

use std::ops::Range;

use super::gradient::SHARDS;
use crate::net::loss::Score;

/// Number of a helper, counted up and never reused.
pub type HelperId = u32;

/// Shards assigned to a helper.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The helper.
    pub helper: HelperId,
    /// Consecutive indices.
    pub shards: Range<usize>,
    /// When they were assigned, in milliseconds.
    since: f64,
}

/// The current job and who computes which of its shards.
#[derive(Clone, Debug, Default)]
pub struct ShardAssignment {
    /// Counts jobs.
    job_id: u32,
    /// Each shard's score, once computed.
    scores: [Option<Score>; SHARDS],
    assignments: Vec<Assignment>,
}

impl ShardAssignment {
    /// Begins a job at `now`, in milliseconds: equal parts for the trainer, which gets the first one, and
    /// each helper. Returns the job's id.
    ///
    /// - `ahead`: how many shards less than its part the trainer starts with, though at least one. It can
    ///   [`ShardAssignment::steal_back`] as many as it then has time for.
    pub fn begin(&mut self, helpers: &[HelperId], ahead: usize, now: f64) -> u32 {
        self.job_id = self.job_id.wrapping_add(1);
        self.scores = [None; SHARDS];
        self.assignments.clear();
        let workers = helpers.len() + 1;
        let own = (SHARDS / workers).saturating_sub(ahead).max(1);
        let assigned = SHARDS - own;
        for (index, &helper) in helpers.iter().enumerate() {
            let part = |index: usize| own + assigned * index / helpers.len();
            let shards = part(index)..part(index + 1);
            if !shards.is_empty() {
                self.assignments.push(Assignment { helper, shards, since: now });
            }
        }
        self.job_id
    }

    /// Takes the first of a helper's shards back, which the helper has agreed not to compute.
    pub fn steal_back(&mut self, helper: HelperId) {
        for assignment in
            self.assignments.iter_mut().filter(|assignment| assignment.helper == helper)
        {
            assignment.shards.start = assignment.shards.end.min(assignment.shards.start + 1);
        }
    }

    /// The assignments of the current job.
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The next shard for the trainer to compute.
    pub fn next_own(&self) -> Option<usize> {
        let assigned = |shard: &usize| {
            self.assignments.iter().any(|assignment| assignment.shards.contains(shard))
        };
        (0..SHARDS).find(|shard| self.scores[*shard].is_none() && !assigned(shard))
    }

    /// Records the score of a shard that the trainer computed.
    pub fn take_own(&mut self, shard: usize, score: Score) {
        self.scores[shard] = Some(score);
    }

    /// Records a helper's scores and returns their shards. `None` if the scores are of an older job, of
    /// shards that were given back, or not as many as were assigned.
    pub fn take(
        &mut self,
        helper: HelperId,
        job_id: u32,
        scores: &[Score],
    ) -> Option<Range<usize>> {
        let assigned = |assignment: &Assignment| {
            assignment.helper == helper && assignment.shards.len() == scores.len()
        };
        let at = self.assignments.iter().position(assigned).filter(|_| job_id == self.job_id)?;
        let shards = self.assignments.swap_remove(at).shards;
        for (slot, score) in self.scores[shards.clone()].iter_mut().zip(scores) {
            *slot = Some(*score);
        }
        Some(shards)
    }

    /// Gives a lost helper's shards to the trainer.
    pub fn lose(&mut self, helper: HelperId) {
        self.assignments.retain(|assignment| assignment.helper != helper);
    }

    /// A helper that has had its shards for more than `timeout` milliseconds.
    pub fn overdue(&self, now: f64, timeout: f64) -> Option<HelperId> {
        self.assignments
            .iter()
            .find(|assignment| now - assignment.since > timeout)
            .map(|assignment| assignment.helper)
    }

    /// The score on all images once complete, added in the order of the shards.
    pub fn score(&self) -> Option<Score> {
        self.scores.iter().try_fold(Score::default(), |mut sum, score| {
            sum += (*score)?;
            Some(sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The part of a single helper.
    const HALF: Range<usize> = SHARDS / 2..SHARDS;

    fn score(shard: usize) -> Score {
        Score { loss: [1e8, 3.0, -1e8, 5.0][shard % 4], correct: shard as u32, images: 1 }
    }

    fn scores(shards: &Range<usize>) -> Vec<Score> {
        shards.clone().map(score).collect()
    }

    fn all() -> Score {
        scores(&(0..SHARDS)).into_iter().fold(Score::default(), |mut sum, score| {
            sum += score;
            sum
        })
    }

    /// The trainer computes all that it may.
    fn compute(shard_assignment: &mut ShardAssignment) {
        while let Some(shard) = shard_assignment.next_own() {
            shard_assignment.take_own(shard, score(shard));
        }
    }

    #[test]
    fn shares_are_as_equal_as_they_can_be() {
        for workers in 1..=12 {
            let mut shard_assignment = ShardAssignment::default();
            let helpers: Vec<HelperId> = (1..workers).collect();
            for ahead in 0..3 {
                shard_assignment.begin(&helpers, ahead, 0.0);
                let assigned: Vec<usize> = shard_assignment
                    .assignments()
                    .iter()
                    .map(|assignment| assignment.shards.len())
                    .collect();
                let own = SHARDS - assigned.iter().sum::<usize>();
                let fair = (SHARDS + ahead).div_ceil(workers as usize);
                let more = if workers == 2 { ahead } else { ahead.div_ceil(2) };
                assert!(assigned.iter().all(|&shards| shards <= fair + more), "{own} {assigned:?}");
                assert!(own > 0 && (workers == 1 || own <= fair), "{own} {assigned:?}");
            }
        }
    }

    #[test]
    fn a_helper_that_is_behind_can_be_relieved_of_shards() {
        let mut shard_assignment = ShardAssignment::default();
        let job_id = shard_assignment.begin(&[7], 2, 0.0);
        let assigned = shard_assignment.assignments()[0].shards.clone();
        compute(&mut shard_assignment);
        shard_assignment.steal_back(7);
        assert_eq!(shard_assignment.next_own(), Some(assigned.start));
        assert_eq!(
            shard_assignment.take(7, job_id, &scores(&assigned)),
            None,
            "one is the trainer's now"
        );
        compute(&mut shard_assignment);
        let left = assigned.start + 1..assigned.end;
        assert_eq!(shard_assignment.take(7, job_id, &scores(&left)), Some(left));
        assert_eq!(shard_assignment.score(), Some(all()));
    }

    #[test]
    fn a_helper_that_hangs_is_overdue_and_a_late_answer_of_it_is_dropped() {
        let mut shard_assignment = ShardAssignment::default();
        let job_id = shard_assignment.begin(&[7], 0, 1000.0);
        compute(&mut shard_assignment);
        assert_eq!(shard_assignment.score(), None);
        assert_eq!(shard_assignment.overdue(1100.0, 100.0), None);
        assert_eq!(shard_assignment.overdue(1101.0, 100.0), Some(7));
        shard_assignment.lose(7);
        assert_eq!(shard_assignment.overdue(2000.0, 100.0), None);
        assert_eq!(
            shard_assignment.take(7, job_id, &scores(&HALF)),
            None,
            "it is the trainer's now"
        );
        compute(&mut shard_assignment);
        assert_eq!(shard_assignment.score(), Some(all()));
    }

    #[test]
    fn what_comes_of_older_work_is_dropped() {
        let mut shard_assignment = ShardAssignment::default();
        let old = shard_assignment.begin(&[1], 0, 0.0);
        let new = shard_assignment.begin(&[1], 0, 0.0);
        assert_eq!(shard_assignment.take(1, old, &scores(&HALF)), None);
        assert_eq!(
            shard_assignment.take(1, new, &scores(&(SHARDS / 2..SHARDS - 1))),
            None,
            "one is missing"
        );
        assert_eq!(shard_assignment.take(2, new, &scores(&HALF)), None, "assigned to another");
        assert_eq!(shard_assignment.take(1, new, &scores(&HALF)), Some(HALF));
        assert_eq!(shard_assignment.take(1, new, &scores(&HALF)), None, "once is enough");
    }

    proptest! {
        /// Whichever helpers die, hang or answer late, exactly one result counts for every shard, and the
        /// score has the same bits.
        #[test]
        fn losing_helpers_costs_no_shard(
            helpers in 0_u32..9,
            ahead in 0_usize..4,
            fates in prop::collection::vec((0_u8..5, any::<prop::sample::Index>()), 0..20),
        ) {
            let mut shard_assignment = ShardAssignment::default();
            let helpers: Vec<HelperId> = (0..helpers).collect();
            let stale = shard_assignment.begin(&helpers, ahead, 0.0);
            let job_id = shard_assignment.begin(&helpers, ahead, 0.0);
            let assigned = shard_assignment.assignments().to_vec();
            let mut counted = Vec::new();
            for (fate, who) in fates {
                if assigned.is_empty() {
                    break;
                }
                let assignment = &assigned[who.index(assigned.len())];
                match fate {
                    0 => shard_assignment.lose(assignment.helper),
                    1 => prop_assert_eq!(shard_assignment.take(assignment.helper, stale, &scores(&assignment.shards)), None),
                    2 => shard_assignment.steal_back(assignment.helper),
                    3 => while let Some(shard) = shard_assignment.next_own() {
                        shard_assignment.take_own(shard, score(shard));
                        counted.push(shard);
                    },
                    _ => {
                        let held = shard_assignment.assignments().iter().find(|held| held.helper == assignment.helper);
                        if let Some(Assignment { helper, shards, .. }) = held.cloned() {
                            counted.extend(
                                shard_assignment.take(helper, job_id, &scores(&shards)).into_iter().flatten(),
                            );
                        }
                    }
                }
            }
            while let Some(helper) = shard_assignment.overdue(1.0, 0.0) {
                shard_assignment.lose(helper);
            }
            while let Some(shard) = shard_assignment.next_own() {
                shard_assignment.take_own(shard, score(shard));
                counted.push(shard);
            }
            counted.sort_unstable();
            prop_assert_eq!(counted, (0..SHARDS).collect::<Vec<_>>());
            prop_assert_eq!(shard_assignment.score().map(|s| s.loss.to_bits()), Some(all().loss.to_bits()));
        }
    }
}
