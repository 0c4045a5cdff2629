//! Who computes which shards of the work in hand, and what has come of it: a state machine.
//!
//! The work is a minibatch's gradient or the score on some images, cut into [`SHARDS`] either way. Each
//! helper is lent some shards; what is not lent, the trainer computes itself. A helper that is behind can
//! be relieved of some, and one that is lost gives all of its shards back, so that losing it costs time and
//! nothing else. What comes of older work, or from a helper whose shards were given back, is dropped. No
//! clock, no messages: times are passed in.

use std::ops::Range;

use super::gradient::SHARDS;
use crate::net::loss::Score;

/// A helper, counted up; never used twice.
pub type HelperId = u32;

/// Shards in a helper's hands.
#[derive(Clone, Debug, PartialEq)]
pub struct Loan {
    /// Whose hands.
    pub helper: HelperId,
    /// Which shards.
    pub shards: Range<usize>,
    /// When it was lent, in milliseconds.
    since: f64,
}

/// The work in hand.
#[derive(Clone, Debug, Default)]
pub struct Dispatch {
    /// Counts the works.
    ticket: u32,
    /// What has come of each shard.
    scores: [Option<Score>; SHARDS],
    loans: Vec<Loan>,
}

impl Dispatch {
    /// Begins new work at a time in milliseconds: equal parts for the trainer, who keeps the first,
    /// and each helper. Returns the work's ticket.
    ///
    /// - `ahead`: shards that the trainer keeps less than its part, to [`Dispatch::relieve`] helpers of as
    ///   many as it then has time for; it always keeps one.
    pub fn begin(&mut self, helpers: &[HelperId], ahead: usize, now: f64) -> u32 {
        self.ticket = self.ticket.wrapping_add(1);
        self.scores = [None; SHARDS];
        self.loans.clear();
        let hands = helpers.len() + 1;
        let own = (SHARDS / hands).saturating_sub(ahead).max(1);
        let lent = SHARDS - own;
        for (index, &helper) in helpers.iter().enumerate() {
            let part = |index: usize| own + lent * index / helpers.len();
            let shards = part(index)..part(index + 1);
            if !shards.is_empty() {
                self.loans.push(Loan { helper, shards, since: now });
            }
        }
        self.ticket
    }

    /// Takes the first of a helper's shards back; it has agreed not to compute it.
    pub fn relieve(&mut self, helper: HelperId) {
        for loan in self.loans.iter_mut().filter(|loan| loan.helper == helper) {
            loan.shards.start = loan.shards.end.min(loan.shards.start + 1);
        }
    }

    /// What is lent.
    pub fn loans(&self) -> &[Loan] {
        &self.loans
    }

    /// The next shard that the trainer is to compute itself.
    pub fn next_own(&self) -> Option<usize> {
        let lent = |shard: &usize| self.loans.iter().any(|loan| loan.shards.contains(shard));
        (0..SHARDS).find(|shard| self.scores[*shard].is_none() && !lent(shard))
    }

    /// Takes what the trainer has computed itself.
    pub fn take_own(&mut self, shard: usize, score: Score) {
        self.scores[shard] = Some(score);
    }

    /// Takes what a helper has computed, and returns which shards these are; `None` if it is of no use:
    /// of older work, of shards that were given back, or not as many as were lent.
    pub fn take(
        &mut self,
        helper: HelperId,
        ticket: u32,
        scores: &[Score],
    ) -> Option<Range<usize>> {
        let lent = |loan: &Loan| loan.helper == helper && loan.shards.len() == scores.len();
        let at = self.loans.iter().position(lent).filter(|_| ticket == self.ticket)?;
        let shards = self.loans.swap_remove(at).shards;
        for (slot, score) in self.scores[shards.clone()].iter_mut().zip(scores) {
            *slot = Some(*score);
        }
        Some(shards)
    }

    /// A helper is lost; the shards that it held are the trainer's now.
    pub fn lose(&mut self, helper: HelperId) {
        self.loans.retain(|loan| loan.helper != helper);
    }

    /// A helper that has kept its shards for more than so many milliseconds.
    pub fn overdue(&self, now: f64, patience: f64) -> Option<HelperId> {
        self.loans.iter().find(|loan| now - loan.since > patience).map(|loan| loan.helper)
    }

    /// The score on all images once it is complete, added up in the order of the shards.
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

    /// What a single helper is lent.
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
    fn compute(dispatch: &mut Dispatch) {
        while let Some(shard) = dispatch.next_own() {
            dispatch.take_own(shard, score(shard));
        }
    }

    #[test]
    fn shares_are_as_equal_as_they_can_be() {
        for hands in 1..=12 {
            let mut dispatch = Dispatch::default();
            let helpers: Vec<HelperId> = (1..hands).collect();
            for ahead in 0..3 {
                dispatch.begin(&helpers, ahead, 0.0);
                let lent: Vec<usize> =
                    dispatch.loans().iter().map(|loan| loan.shards.len()).collect();
                let own = SHARDS - lent.iter().sum::<usize>();
                let fair = (SHARDS + ahead).div_ceil(hands as usize);
                let more = if hands == 2 { ahead } else { ahead.div_ceil(2) };
                assert!(lent.iter().all(|&shards| shards <= fair + more), "{own} {lent:?}");
                assert!(own > 0 && (hands == 1 || own <= fair), "{own} {lent:?}");
            }
        }
    }

    #[test]
    fn a_helper_that_is_behind_can_be_relieved_of_shards() {
        let mut dispatch = Dispatch::default();
        let ticket = dispatch.begin(&[7], 2, 0.0);
        let lent = dispatch.loans()[0].shards.clone();
        compute(&mut dispatch);
        dispatch.relieve(7);
        assert_eq!(dispatch.next_own(), Some(lent.start));
        assert_eq!(dispatch.take(7, ticket, &scores(&lent)), None, "one is the trainer's now");
        compute(&mut dispatch);
        let left = lent.start + 1..lent.end;
        assert_eq!(dispatch.take(7, ticket, &scores(&left)), Some(left));
        assert_eq!(dispatch.score(), Some(all()));
    }

    #[test]
    fn a_helper_that_hangs_is_overdue_and_a_late_answer_of_it_is_dropped() {
        let mut dispatch = Dispatch::default();
        let ticket = dispatch.begin(&[7], 0, 1000.0);
        compute(&mut dispatch);
        assert_eq!(dispatch.score(), None);
        assert_eq!(dispatch.overdue(1100.0, 100.0), None);
        assert_eq!(dispatch.overdue(1101.0, 100.0), Some(7));
        dispatch.lose(7);
        assert_eq!(dispatch.overdue(2000.0, 100.0), None);
        assert_eq!(dispatch.take(7, ticket, &scores(&HALF)), None, "it is the trainer's now");
        compute(&mut dispatch);
        assert_eq!(dispatch.score(), Some(all()));
    }

    #[test]
    fn what_comes_of_older_work_is_dropped() {
        let mut dispatch = Dispatch::default();
        let old = dispatch.begin(&[1], 0, 0.0);
        let new = dispatch.begin(&[1], 0, 0.0);
        assert_eq!(dispatch.take(1, old, &scores(&HALF)), None);
        assert_eq!(
            dispatch.take(1, new, &scores(&(SHARDS / 2..SHARDS - 1))),
            None,
            "one is missing"
        );
        assert_eq!(dispatch.take(2, new, &scores(&HALF)), None, "lent to another");
        assert_eq!(dispatch.take(1, new, &scores(&HALF)), Some(HALF));
        assert_eq!(dispatch.take(1, new, &scores(&HALF)), None, "once is enough");
    }

    proptest! {
        /// Whoever dies, hangs or answers late, every shard is computed by exactly one whose answer
        /// counts, and the score has the same bits.
        #[test]
        fn losing_helpers_costs_no_shard(
            helpers in 0_u32..9,
            ahead in 0_usize..4,
            fates in prop::collection::vec((0_u8..5, any::<prop::sample::Index>()), 0..20),
        ) {
            let mut dispatch = Dispatch::default();
            let helpers: Vec<HelperId> = (0..helpers).collect();
            let stale = dispatch.begin(&helpers, ahead, 0.0);
            let ticket = dispatch.begin(&helpers, ahead, 0.0);
            let lent = dispatch.loans().to_vec();
            let mut counted = Vec::new();
            for (fate, who) in fates {
                if lent.is_empty() {
                    break;
                }
                let loan = &lent[who.index(lent.len())];
                match fate {
                    0 => dispatch.lose(loan.helper),
                    1 => prop_assert_eq!(dispatch.take(loan.helper, stale, &scores(&loan.shards)), None),
                    2 => dispatch.relieve(loan.helper),
                    3 => while let Some(shard) = dispatch.next_own() {
                        dispatch.take_own(shard, score(shard));
                        counted.push(shard);
                    },
                    _ => {
                        let held = dispatch.loans().iter().find(|held| held.helper == loan.helper);
                        if let Some(Loan { helper, shards, .. }) = held.cloned() {
                            counted.extend(
                                dispatch.take(helper, ticket, &scores(&shards)).into_iter().flatten(),
                            );
                        }
                    }
                }
            }
            while let Some(helper) = dispatch.overdue(1.0, 0.0) {
                dispatch.lose(helper);
            }
            while let Some(shard) = dispatch.next_own() {
                dispatch.take_own(shard, score(shard));
                counted.push(shard);
            }
            counted.sort_unstable();
            prop_assert_eq!(counted, (0..SHARDS).collect::<Vec<_>>());
            prop_assert_eq!(dispatch.score().map(|s| s.loss.to_bits()), Some(all().loss.to_bits()));
        }
    }
}
