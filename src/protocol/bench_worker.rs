//! What a benchmark and a bench worker send each other.
//!
//! A bench worker is the trainer's program under another name, so that what it measures is what trains.

use serde::{Deserialize, Serialize};

/// Benchmark to bench worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BenchRequest {
    /// Measure how many multiply-adds a second this thread can do; answered by [`BenchReply::Peak`].
    Peak {
        /// How long to measure, after a warm-up of the same length.
        milliseconds: f64,
    },
    /// Measure the parts of a training step of the default model; answered by [`BenchReply::Steps`]. Arrays: `[images,
    /// labels]`, at least a minibatch of them, trained on in turn.
    Steps {
        /// How long to measure, after a warm-up of the same length.
        milliseconds: f64,
        /// Images in a minibatch.
        batch_size: usize,
    },
}

/// Bench worker to benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BenchReply {
    /// The bench worker takes requests from now on. Those sent earlier are lost.
    Ready,
    /// The peak that was measured.
    Peak {
        /// Multiply-adds of single numbers in a second.
        multiply_adds_per_second: f64,
    },
    /// Arrays: `[microseconds]` of each part, for one image.
    Steps {
        /// The names of the parts.
        parts: Vec<String>,
        /// Multiply-adds of one image's forward pass, done densely.
        forward_multiply_adds: usize,
        /// The same for the whole training step.
        training_multiply_adds: usize,
    },
}
