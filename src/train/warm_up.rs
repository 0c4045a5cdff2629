//! Some minibatches of random images, so that the browser has compiled the kernels for speed before a run needs them. V8
//! does so once a function has run for a while, for all workers of a page at once.

use super::gradient::{SHARDS, images_of};
use super::optimizer::OptimizerState;
use super::shard_executor::ShardExecutor;
use crate::config::{Architecture, Augment, Optimizer};
use crate::data::PIXELS;
use crate::net::init;
use crate::protocol::helper::Work;

/// Images of a minibatch, and minibatches: V8 needs ten or so.
const IMAGES: usize = 32;
const MINIBATCHES: u32 = 24;

/// What is left of a warm-up.
#[derive(Debug)]
pub struct WarmUp {
    executor: ShardExecutor,
    optimizer: OptimizerState,
    parameters: Vec<f32>,
    /// `[IMAGES][PIXELS]`, 0 to 255.
    pixels: Vec<u8>,
    /// Minibatches done, and shards of the current one.
    minibatch: u32,
    shard: usize,
}

impl WarmUp {
    /// A whole one, for the default network; `None` if that cannot be built.
    pub fn new() -> Option<Self> {
        let executor = ShardExecutor::new(&Architecture::default()).ok()?;
        let parameters = init::glorot_uniform(executor.network().plan(), 0);
        let optimizer = OptimizerState::new(Optimizer::ADAM, parameters.len());
        let mut rng = fastrand::Rng::with_seed(0);
        let pixels = (0..IMAGES * PIXELS).map(|_| rng.u8(..)).collect();
        Some(Self { executor, optimizer, parameters, pixels, minibatch: 0, shard: 0 })
    }

    /// Computes a shard of a minibatch, half a millisecond's work once it is warm; true if none is left.
    pub fn advance(&mut self) -> bool {
        if self.shard == 0 {
            self.executor.load(&self.parameters);
            self.executor.begin(IMAGES);
        }
        let part = images_of(IMAGES, &(self.shard..self.shard + 1));
        let (labels, pixels) = ([0; IMAGES], &self.pixels[part.start * PIXELS..part.end * PIXELS]);
        let labels = &labels[part];
        for work in [Work::Evaluation, self.gradient()] {
            self.executor.compute(work, self.shard, pixels, labels, IMAGES);
        }
        self.shard += 1;
        if self.shard == SHARDS {
            self.optimizer.step(1e-3, &mut self.parameters, self.executor.gradient());
            self.shard = 0;
            self.minibatch += 1;
        }
        self.minibatch == MINIBATCHES
    }

    /// Every other minibatch with varied images.
    fn gradient(&self) -> Work {
        let augment = if self.minibatch.is_multiple_of(2) { Augment::Off } else { Augment::Gentle };
        Work::Gradient { seed: 0, step: self.minibatch, augment, label_smoothing: 0.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_trains_for_a_while_and_ends() {
        let mut warm_up = WarmUp::new().expect("the default network can be built");
        let before = warm_up.parameters.clone();
        let shards = (1..).find(|_| warm_up.advance());
        assert_eq!(shards, Some(SHARDS * MINIBATCHES as usize));
        assert_ne!(warm_up.parameters, before);
        assert!(warm_up.parameters.iter().all(|parameter| parameter.is_finite()));
    }
}
