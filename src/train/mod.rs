//! Training: [`augment`]ed digits, [`optimizer`]s and their learning-rate [`schedule`]s, a minibatch's
//! [`gradient`] from shards. A [`shard_executor`] computes shards, the [`shard_assignment`] gives them to
//! helpers, and the [`awake_clock`] times those out. [`session`] is the state machine of a run, [`meter`] its
//! throughput, a [`snapshot`] what it needs to go on, an [`observed_step`] one minibatch's work; a [`warm_up`] comes before
//! the first run and [`fine_tune`] after one.

pub mod augment;
pub mod awake_clock;
pub mod bytes;
pub mod fine_tune;
pub mod gradient;
pub mod handwriting;
pub mod meter;
pub mod observed_step;
pub mod optimizer;
pub mod schedule;
pub mod session;
pub mod shard_assignment;
pub mod shard_executor;
pub mod snapshot;
pub mod warm_up;
