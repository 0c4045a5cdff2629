//! A minibatch's gradient as the sum of its shards' gradients.
//!
//! The number of shards and the order of the sum are fixed, so that the result has the same bits
//! however many workers or threads computed the shards, and whichever finished first.

use std::ops::Range;

use crate::kernels::pointwise;
use crate::net::Network;
use crate::net::loss::Score;
use crate::net::network::Shard;
use crate::protocol::MOST_WORKERS;

/// Shards of a minibatch, a power of two: some for each worker, so that one that falls behind can be
/// relieved of some of them.
pub const SHARDS: usize = 2 * MOST_WORKERS as usize;

/// Shards begin at multiples of so many images, as many as a tile of the kernels has; of a small
/// minibatch some are empty.
const GRAIN: usize = 4;

/// Images of a minibatch that belong to consecutive shards.
pub fn images_of(minibatch: usize, shards: &Range<usize>) -> Range<usize> {
    let begin =
        |shard: usize| (minibatch * shard).div_ceil(SHARDS).next_multiple_of(GRAIN).min(minibatch);
    begin(shards.start)..begin(shards.end)
}

/// Consecutive shards of a minibatch, with their images: all of them, or what one worker computes.
#[derive(Clone, Debug)]
pub struct Share<'a> {
    /// Which shards.
    pub shards: Range<usize>,
    /// Images in the whole minibatch.
    pub minibatch: usize,
    /// Those of these shards: `[images][pixels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// Seed of what is random about this minibatch.
    pub noise: u64,
}

impl<'a> Share<'a> {
    /// A whole minibatch.
    pub fn whole(images: &'a [f32], labels: &'a [u8], noise: u64) -> Self {
        Self { shards: 0..SHARDS, minibatch: labels.len(), images, labels, noise }
    }

    /// Images and labels of one of the shards.
    fn shard(&self, index: usize) -> (&'a [f32], &'a [u8]) {
        let first = images_of(self.minibatch, &self.shards).start;
        let Range { start, end } = images_of(self.minibatch, &(index..index + 1));
        let (start, end) = (start - first, end - first);
        let pixels = self.images.len() / self.labels.len().max(1);
        (&self.images[start * pixels..end * pixels], &self.labels[start..end])
    }

    /// Computes what one of the shards adds to the mean loss' gradient into `leaf`, as long as the
    /// parameters; an empty one adds nothing and leaves it as it is.
    pub fn gradient(&self, network: &mut Network, index: usize, leaf: &mut [f32]) -> Score {
        let (images, labels) = self.shard(index);
        if labels.is_empty() {
            return Score::default();
        }
        let scale = 1.0 / self.minibatch as f32;
        let noise = self.noise.wrapping_add(index as u64);
        network.gradient(Shard { images, labels, scale, noise }, leaf)
    }

    /// Loss and accuracy on the images of one of the shards, whose probabilities are appended,
    /// `[images][classes]`.
    pub fn evaluate(
        &self,
        network: &mut Network,
        index: usize,
        probabilities: &mut Vec<f32>,
    ) -> Score {
        let (images, labels) = self.shard(index);
        if labels.is_empty() {
            return Score::default();
        }
        network.evaluate(images, labels, probabilities)
    }
}

/// The fewest whole subtrees of the tree of shards that consecutive shards consist of.
fn subtrees(shards: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let Range { mut start, end } = *shards;
    std::iter::from_fn(move || {
        let aligned = 1_usize << start.trailing_zeros().min(SHARDS.ilog2());
        let fitting = 1_usize << (end - start).checked_ilog2()?;
        let subtree = start..start + aligned.min(fitting);
        start = subtree.end;
        Some(subtree)
    })
}

/// Of consecutive shards the fewest whole subtrees of the tree that have images: their sums are all that the whole
/// gradient needs of them.
pub fn sums(shards: &Range<usize>, minibatch: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    subtrees(shards).filter(move |subtree| !images_of(minibatch, subtree).is_empty())
}

/// Adds up the leaves of a subtree, `[leaves][parameters]`: neighbours first, then neighbouring pairs.
/// The sum ends in the first leaf; the others hold partial sums. Leaves of empty shards are not read.
///
/// - `leaves`: those of the subtree only.
/// - `subtree`: which shards these are.
/// - `minibatch`: images in the whole minibatch.
/// - `summed`: subtrees whose sum stands in their first leaf already.
pub fn sum(leaves: &mut [f32], subtree: &Range<usize>, minibatch: usize, summed: &[Range<usize>]) {
    if subtree.len() == 1 || summed.contains(subtree) {
        return;
    }
    let middle = subtree.start + subtree.len() / 2;
    let (left, right) = leaves.split_at_mut(leaves.len() / 2);
    let size = 2 * left.len() / subtree.len();
    let [left_half, right_half] = [subtree.start..middle, middle..subtree.end];
    let empty = |half| images_of(minibatch, half).is_empty();
    sum(left, &left_half, minibatch, summed);
    if empty(&right_half) {
        return;
    }
    sum(right, &right_half, minibatch, summed);
    if empty(&left_half) {
        left[..size].copy_from_slice(&right[..size]);
    } else {
        pointwise::add(&mut left[..size], &right[..size]);
    }
}

/// The gradient of a minibatch of so many images: the sum of all leaves, `[SHARDS][parameters]`, which
/// ends in the first.
///
/// # Panics
/// If `leaves` cannot be cut into [`SHARDS`] equal parts.
pub fn total<'a>(leaves: &'a mut [f32], minibatch: usize, summed: &[Range<usize>]) -> &'a [f32] {
    assert!(leaves.len().is_multiple_of(SHARDS), "a whole number of leaves");
    sum(leaves, &(0..SHARDS), minibatch, summed);
    &leaves[..leaves.len() / SHARDS]
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
    fn subtrees_cover_shards_in_order_and_belong_to_the_tree() {
        for start in 0..SHARDS {
            for end in start..=SHARDS {
                let parts: Vec<Range<usize>> = subtrees(&(start..end)).collect();
                assert_eq!(
                    parts.iter().cloned().flatten().collect::<Vec<_>>(),
                    (start..end).collect::<Vec<_>>()
                );
                for part in parts {
                    assert!(part.len().is_power_of_two() && part.start.is_multiple_of(part.len()));
                }
            }
        }
        assert_eq!(subtrees(&(1..8)).collect::<Vec<_>>(), [1..2, 2..4, 4..8]);
        assert!(subtrees(&(0..SHARDS)).eq(iter::once(0..SHARDS)));
    }

    /// With rounding this coarse, only the tree's own order gives its bits.
    fn coarse() -> Vec<f32> {
        (0..SHARDS).map(|i| [1e8, 3.0, -1e8, 5.0][i % 4]).collect()
    }

    /// Of a minibatch in which no shard is empty.
    const FULL: usize = SHARDS * GRAIN;

    /// The tree's sum, written down once more.
    fn expected(leaves: &[f32]) -> f32 {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len() / 2);
                expected(left) + expected(right)
            }
        }
    }

    #[test]
    fn the_sum_follows_the_tree() {
        let leaves = coarse();
        assert_eq!(total(&mut leaves.clone(), FULL, &[]), [expected(&leaves)]);
        assert_ne!(leaves.iter().sum::<f32>(), expected(&leaves));
    }

    #[test]
    fn leaves_of_empty_shards_do_not_count() {
        for minibatch in 1..FULL {
            let (mut leaves, mut zeros) = (coarse(), coarse());
            for shard in 0..SHARDS {
                if images_of(minibatch, &(shard..shard + 1)).is_empty() {
                    (leaves[shard], zeros[shard]) = (f32::NAN, 0.0);
                }
            }
            assert_eq!(total(&mut leaves, minibatch, &[]), [expected(&zeros)], "{minibatch}");
        }
    }

    #[test]
    fn sums_of_subtrees_made_elsewhere_give_the_same_bits() {
        let expected = total(&mut coarse(), FULL, &[])[0].to_bits();
        for start in 0..SHARDS {
            for end in start..=SHARDS {
                let mut leaves = coarse();
                let elsewhere: Vec<Range<usize>> = subtrees(&(start..end)).collect();
                for subtree in &elsewhere {
                    sum(&mut leaves[subtree.clone()], subtree, FULL, &[]);
                    leaves[subtree.start + 1..subtree.end].fill(f32::NAN);
                }
                let bits = total(&mut leaves, FULL, &elsewhere)[0].to_bits();
                assert_eq!(bits, expected, "{start}..{end}");
            }
        }
    }
}
