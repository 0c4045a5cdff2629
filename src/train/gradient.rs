//! A minibatch's gradient as the sum of its shards' gradients.
//!
//! The number of shards and the order of the sum are fixed, so the result has the same bits however many
//! workers computed the shards and whichever finished first.

use std::ops::Range;

use crate::config::MOST_WORKERS;
use crate::kernels::pointwise;
use crate::net::Network;
use crate::net::buffer::{Buffer, filled};
use crate::net::loss::Score;
use crate::net::network::Shard;

/// Shards of a minibatch, a power of two: several for each worker, so that some can be taken from one that
/// falls behind.
pub const SHARDS: usize = 2 * MOST_WORKERS as usize;

/// Shards begin at multiples of this many images, the images in a tile of the kernels. Some shards of a
/// small minibatch are empty.
const GRAIN: usize = 4;

/// Range of a minibatch's images that consecutive shards cover.
pub fn images_of(minibatch: usize, shards: &Range<usize>) -> Range<usize> {
    let begin =
        |shard: usize| (minibatch * shard).div_ceil(SHARDS).next_multiple_of(GRAIN).min(minibatch);
    begin(shards.start)..begin(shards.end)
}

/// Consecutive shards of a minibatch, with their images: all shards, or one worker's.
#[derive(Clone, Debug)]
pub struct MinibatchPart<'a> {
    /// Indices of the shards.
    pub shards: Range<usize>,
    /// Images in the whole minibatch.
    pub minibatch: usize,
    /// The shards' images, `[images][pixels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// RNG seed of this minibatch.
    pub rng_seed: u64,
    /// As [`TrainConfig::label_smoothing`](crate::config::TrainConfig::label_smoothing).
    pub label_smoothing: f32,
}

impl<'a> MinibatchPart<'a> {
    /// A whole minibatch, without label smoothing.
    pub fn whole(images: &'a [f32], labels: &'a [u8], rng_seed: u64) -> Self {
        let label_smoothing = 0.0;
        Self {
            shards: 0..SHARDS,
            minibatch: labels.len(),
            images,
            labels,
            rng_seed,
            label_smoothing,
        }
    }

    /// Images and labels of one shard.
    fn shard(&self, index: usize) -> (&'a [f32], &'a [u8]) {
        let first = images_of(self.minibatch, &self.shards).start;
        let Range { start, end } = images_of(self.minibatch, &(index..index + 1));
        let (start, end) = (start - first, end - first);
        let pixels = self.images.len() / self.labels.len().max(1);
        (&self.images[start * pixels..end * pixels], &self.labels[start..end])
    }

    /// Computes one shard's part of the mean loss's gradient and adds it to `sums`, unless the shard is
    /// empty.
    pub fn gradient(&self, network: &mut Network, index: usize, sums: &mut Sums) -> Score {
        let (images, labels) = self.shard(index);
        if labels.is_empty() {
            return Score::default();
        }
        let scale = 1.0 / self.minibatch as f32;
        let rng_seed = self.rng_seed.wrapping_add(index as u64);
        let shard =
            Shard { images, labels, scale, rng_seed, label_smoothing: self.label_smoothing };
        sums.add(index..index + 1, |leaf| network.gradient(shard, leaf))
    }
}

/// The sum of shards' gradients in a fixed binary tree: neighbours first, then neighbouring pairs. Complete
/// pairs are added at once, while they are still in the cache, and their memory is reused.
#[derive(Debug)]
pub struct Sums {
    /// Length of a gradient.
    size: usize,
    /// Images in the whole minibatch.
    minibatch: usize,
    /// Sums of the largest complete subtrees.
    complete: Vec<(Range<usize>, Buffer)>,
    /// Unused buffers.
    free: Vec<Buffer>,
}

impl Sums {
    /// For gradients of `size` numbers; the minibatch is empty.
    pub fn new(size: usize) -> Self {
        let complete = Vec::with_capacity(SHARDS);
        Self { size, minibatch: 0, complete, free: Vec::with_capacity(SHARDS) }
    }

    /// Begins the sum for a minibatch of `minibatch` images.
    pub fn begin(&mut self, minibatch: usize) {
        self.minibatch = minibatch;
        self.free.extend(self.complete.drain(..).map(|(_, sum)| sum));
    }

    /// Adds the sum of a subtree that is not empty: of one shard, or one that [`Sums::complete`] gave
    /// elsewhere.
    ///
    /// - `write`: must overwrite the whole gradient; the numbers in it before are arbitrary.
    pub fn add<T>(&mut self, subtree: Range<usize>, write: impl FnOnce(&mut [f32]) -> T) -> T {
        let mut sum = self.free.pop().unwrap_or_else(|| filled(0.0, self.size));
        let written = write(&mut sum);
        complete(&mut self.complete, (subtree, sum), self.minibatch, |sum, other| {
            pointwise::add(sum, &other);
            self.free.push(other);
        });
        written
    }

    /// The sums of the largest complete subtrees in the order of their shards, which is all that another
    /// worker needs. [`sums`] says which subtrees these are.
    pub fn complete(&mut self) -> impl Iterator<Item = &[f32]> {
        self.complete.sort_unstable_by_key(|(subtree, _)| subtree.start);
        self.complete.iter().map(|(_, sum)| sum.as_slice())
    }

    /// The minibatch's gradient, once all shards that are not empty have been added.
    ///
    /// # Panics
    /// If one is missing.
    pub fn total(&self) -> &[f32] {
        match self.complete.as_slice() {
            [(all, sum)] if *all == (0..SHARDS) => sum,
            _ => panic!("shards are missing: there are {:?}", self.complete.iter().map(|(s, _)| s)),
        }
    }
}

/// The largest subtrees that consecutive shards complete.
///
/// - `minibatch`: images in the whole minibatch. Empty subtrees count as complete and are left out.
pub fn sums(shards: &Range<usize>, minibatch: usize) -> Vec<Range<usize>> {
    let mut subtrees = Vec::new();
    for shard in shards.clone().map(|shard| shard..shard + 1) {
        if !images_of(minibatch, &shard).is_empty() {
            complete(&mut subtrees, (shard, ()), minibatch, |(), ()| {});
        }
    }
    subtrees.sort_unstable_by_key(|(subtree, ())| subtree.start);
    subtrees.into_iter().map(|(subtree, ())| subtree).collect()
}

/// Adds a complete subtree, and merges it with its neighbour as long as that is complete.
fn complete<T>(
    subtrees: &mut Vec<(Range<usize>, T)>,
    (mut subtree, mut sum): (Range<usize>, T),
    minibatch: usize,
    mut add: impl FnMut(&mut T, T),
) {
    while subtree.len() < SHARDS {
        let (first, size) = (subtree.start, subtree.len());
        let parent = first / (2 * size) * (2 * size);
        let neighbour = if first == parent { first + size } else { parent };
        let neighbour = neighbour..neighbour + size;
        if !images_of(minibatch, &neighbour).is_empty() {
            let Some(at) = subtrees.iter().position(|(other, _)| *other == neighbour) else {
                break;
            };
            add(&mut sum, subtrees.swap_remove(at).1);
        }
        subtree = parent..parent + 2 * size;
    }
    subtrees.push((subtree, sum));
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    #[test]
    fn shards_cover_a_minibatch_of_any_size_in_order() {
        for minibatch in 0..70 {
            let all: Vec<usize> =
                (0..SHARDS).flat_map(|i| images_of(minibatch, &(i..i + 1))).collect();
            assert_eq!(all, (0..minibatch).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_large_minibatchs_shards_are_as_equal_as_whole_tiles_can_be() {
        for minibatch in (64..520).step_by(7) {
            let sizes = (0..SHARDS).map(|i| images_of(minibatch, &(i..i + 1)).len());
            let fair = minibatch.div_ceil(SHARDS);
            assert!(sizes.into_iter().all(|size| size < fair + GRAIN), "{minibatch}");
        }
        assert!((0..SHARDS).all(|i| images_of(128, &(i..i + 1)).len() == 128 / SHARDS));
    }

    #[test]
    fn sums_cover_shards_in_order_and_belong_to_the_tree() {
        for start in 0..SHARDS {
            for end in start..=SHARDS {
                let parts = sums(&(start..end), FULL);
                assert_eq!(
                    parts.iter().cloned().flatten().collect::<Vec<_>>(),
                    (start..end).collect::<Vec<_>>()
                );
                for part in parts {
                    assert!(part.len().is_power_of_two() && part.start.is_multiple_of(part.len()));
                }
            }
        }
        assert_eq!(sums(&(1..8), FULL), [1..2, 2..4, 4..8]);
        for minibatch in 1..FULL {
            assert_eq!(sums(&(0..SHARDS), minibatch), iter::once(0..SHARDS).collect::<Vec<_>>());
        }
    }

    /// With rounding this coarse, only the tree's order gives the expected bits.
    fn coarse() -> Vec<f32> {
        (0..SHARDS).map(|i| [1e8, 3.0, -1e8, 5.0][i % 4]).collect()
    }

    /// A minibatch in which no shard is empty.
    const FULL: usize = SHARDS * GRAIN;

    /// The tree's sum, written independently.
    fn expected(leaves: &[f32]) -> f32 {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len() / 2);
                expected(left) + expected(right)
            }
        }
    }

    /// Adds some shards' gradients; empty shards are skipped.
    fn add(to: &mut Sums, leaves: &[f32], shards: impl Iterator<Item = usize>) {
        let minibatch = to.minibatch;
        for shard in shards.filter(|&shard| !images_of(minibatch, &(shard..shard + 1)).is_empty()) {
            to.add(shard..shard + 1, |to| to.fill(leaves[shard]));
        }
    }

    #[test]
    fn the_sum_follows_the_tree_in_whatever_order_shards_come() {
        let leaves = coarse();
        let mut all = Sums::new(1);
        for step in (1..SHARDS).step_by(2) {
            all.begin(FULL);
            add(&mut all, &leaves, (0..SHARDS).map(|i| i * step % SHARDS));
            assert_eq!(all.total(), [expected(&leaves)]);
        }
        assert_ne!(leaves.iter().sum::<f32>(), expected(&leaves));
    }

    #[test]
    fn leaves_of_empty_shards_do_not_count() {
        let (leaves, mut all) = (coarse(), Sums::new(1));
        for minibatch in 1..FULL {
            let mut zeros = leaves.clone();
            for (shard, leaf) in zeros.iter_mut().enumerate() {
                if images_of(minibatch, &(shard..shard + 1)).is_empty() {
                    *leaf = 0.0;
                }
            }
            all.begin(minibatch);
            add(&mut all, &leaves, 0..SHARDS);
            assert_eq!(all.total(), [expected(&zeros)], "{minibatch}");
        }
    }

    #[test]
    fn sums_of_subtrees_made_elsewhere_give_the_same_bits() {
        let leaves = coarse();
        let (mut here, mut there) = (Sums::new(1), Sums::new(1));
        for minibatch in [FULL, FULL / 2, FULL / 3, 5] {
            here.begin(minibatch);
            add(&mut here, &leaves, 0..SHARDS);
            let whole = here.total()[0].to_bits();
            for start in 0..SHARDS {
                for end in start..=SHARDS {
                    there.begin(minibatch);
                    add(&mut there, &leaves, (start..end).rev());
                    here.begin(minibatch);
                    add(&mut here, &leaves, (0..start).chain(end..SHARDS));
                    let subtrees = sums(&(start..end), minibatch);
                    assert_eq!(subtrees.len(), there.complete().count());
                    for (subtree, sum) in subtrees.into_iter().zip(there.complete()) {
                        here.add(subtree, |to| to.copy_from_slice(sum));
                    }
                    assert_eq!(here.total()[0].to_bits(), whole, "{start}..{end} of {minibatch}");
                }
            }
        }
    }
}
