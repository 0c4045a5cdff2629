//! Occlusion: covers one patch of the picture after another with paper and measures how far the probability falls
//! (Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014).

use crate::data::{PIXELS, SIDE};
use crate::net::Network;

/// Side of a patch in pixels.
const PATCH: usize = 5;

/// Pixels from one patch to the next.
const STRIDE: usize = 2;

/// Patches along a side; the first and last extend beyond the edge.
const PATCHES: usize = SIDE / STRIDE;

/// Probability lost at each pixel, patch by patch.
#[derive(Clone, Debug)]
pub struct Occlusion {
    picture: [f32; PIXELS],
    class: usize,
    /// Probability of the class with nothing covered.
    whole: Option<f32>,
    done: usize,
    /// For each pixel, the sum of what its patches lost and how many there were.
    lost: [(f32, u32); PIXELS],
}

impl Occlusion {
    /// Before any patch is covered.
    pub fn new(picture: &[f32; PIXELS], class: usize) -> Self {
        Self { picture: *picture, class, whole: None, done: 0, lost: [(0.0, 0); PIXELS] }
    }

    /// Whether every patch has been covered.
    pub fn is_done(&self) -> bool {
        self.done == PATCHES * PATCHES
    }

    /// Covers this many more patches, with one forward pass each.
    pub fn advance(&mut self, network: &mut Network, patches: usize) {
        let class = self.class;
        let mut read =
            |picture: &[f32]| network.probabilities(picture).get(class).copied().unwrap_or(0.0);
        let whole = *self.whole.get_or_insert_with(|| read(&self.picture));
        let end = (self.done + patches).min(PATCHES * PATCHES);
        for patch in self.done..end {
            let side = |at: usize| {
                let middle = at * STRIDE + STRIDE / 2;
                middle.saturating_sub(PATCH / 2)..(middle + PATCH / 2 + 1).min(SIDE)
            };
            let (rows, columns) = (side(patch / PATCHES), side(patch % PATCHES));
            let mut covered = self.picture;
            for y in rows.clone() {
                covered[y * SIDE..][columns.clone()].fill(0.0);
            }
            // Covering paper with paper changes nothing.
            let fall = if covered == self.picture { 0.0 } else { whole - read(&covered) };
            for y in rows {
                for (sum, count) in &mut self.lost[y * SIDE..][columns.clone()] {
                    *sum += fall;
                    *count += 1;
                }
            }
        }
        self.done = end;
    }

    /// Mean loss of probability over the patches that have covered each pixel so far.
    pub fn map(&self) -> Vec<f32> {
        self.lost.iter().map(|&(sum, count)| sum / count.max(1) as f32).collect()
    }
}
