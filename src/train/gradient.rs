//! A minibatch's gradient as the sum of its shards' gradients.
//!
//! The number of shards and the order of the sum are fixed, so that the result has the same bits
//! however many workers or threads computed the shards, and whichever finished first.

use std::ops::Range;

use crate::kernels::pointwise;
use crate::net::Network;
use crate::net::loss::Score;
use crate::net::network::Shard;

/// Shards of a minibatch; some are empty if it has fewer images.
pub const SHARDS: usize = 8;

/// Images of a minibatch that belong to a shard.
pub fn shard(minibatch: usize, index: usize) -> Range<usize> {
    minibatch * index / SHARDS..minibatch * (index + 1) / SHARDS
}

/// Images of a minibatch, cut into shards.
#[derive(Clone, Copy, Debug)]
pub struct Minibatch<'a> {
    /// `[images][pixels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// Seed of what is random about this minibatch.
    pub noise: u64,
}

impl Minibatch<'_> {
    /// Computes one shard's share of the mean loss' gradient into `leaf`, as long as the parameters.
    pub fn shard_gradient(&self, network: &mut Network, index: usize, leaf: &mut [f32]) -> Score {
        let range = shard(self.labels.len(), index);
        if range.is_empty() {
            leaf.fill(0.0);
            return Score::default();
        }
        let pixels = self.images.len() / self.labels.len();
        let shard = Shard {
            images: &self.images[range.start * pixels..range.end * pixels],
            labels: &self.labels[range],
            scale: 1.0 / self.labels.len() as f32,
            noise: self.noise.wrapping_add(index as u64),
        };
        network.gradient(shard, leaf)
    }
}

/// Adds up leaves, `[SHARDS][parameters]`, as a binary tree: neighbours first, then neighbouring
/// pairs. The sum ends in the first leaf, which is returned; the others hold partial sums.
///
/// # Panics
/// If `leaves` cannot be cut into [`SHARDS`] equal parts.
pub fn sum(leaves: &mut [f32]) -> &[f32] {
    assert!(leaves.len().is_multiple_of(SHARDS), "a whole number of leaves");
    let size = leaves.len() / SHARDS;
    let mut distance = 1;
    while distance < SHARDS {
        for pair in leaves.chunks_mut(2 * distance * size) {
            let (left, right) = pair.split_at_mut(distance * size);
            pointwise::add(&mut left[..size], &right[..size]);
        }
        distance *= 2;
    }
    &leaves[..size]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_a_minibatch_of_any_size_in_order() {
        for minibatch in 0..70 {
            let all: Vec<usize> = (0..SHARDS).flat_map(|i| shard(minibatch, i)).collect();
            assert_eq!(all, (0..minibatch).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_sum_follows_the_tree() {
        // With rounding this coarse, only the tree's own order gives these bits.
        let leaves: Vec<f32> = (0..SHARDS).map(|i| [1e8, 3.0, -1e8, 5.0][i % 4]).collect();
        let pair = |i: usize| leaves[i] + leaves[i + 1];
        let expected = (pair(0) + pair(2)) + (pair(4) + pair(6));
        assert_eq!(sum(&mut leaves.clone()), [expected]);
        assert_ne!(leaves.iter().sum::<f32>(), expected);
    }
}
