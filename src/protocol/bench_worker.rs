//! What a benchmark and a worker that only measures say to each other.
//!
//! Such a worker is the trainer's program under another name, so that what it measures is what trains.

use serde::{Deserialize, Serialize};

/// Benchmark to bench worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BenchRequest {
    /// How many multiply-adds a second this thread can do; answered by [`BenchReply::Peak`].
    Peak {
        /// How long to measure; as long again before it does not count.
        milliseconds: f64,
    },
    /// Where the time of training the default model goes; answered by [`BenchReply::Steps`]. Arrays: `[images, labels]`,
    /// at least a minibatch of them, trained on in turn.
    Steps {
        /// How long to measure; as long again before it does not count.
        milliseconds: f64,
        /// Images in a minibatch.
        batch_size: usize,
    },
}

/// Bench worker to benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BenchReply {
    /// The bench worker listens. What is sent before this is lost.
    Ready,
    /// The multiply-adds that were done.
    Peak {
        /// A second, of one number.
        multiply_adds_per_second: f64,
    },
    /// Arrays: `[microseconds]` of each part, for one image.
    Steps {
        /// What the parts of a training step are.
        parts: Vec<String>,
        /// Multiply-adds of one image's forward pass, done densely.
        forward_multiply_adds: usize,
        /// The same of its whole training step.
        training_multiply_adds: usize,
    },
}
