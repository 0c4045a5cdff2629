//! Training: [`augment`]ed digits, [`optimizer`]s and their learning-rate [`schedule`]s, a minibatch's [`gradient`] from
//! shards, what computes these, [`shard_executor`], their [`shard_assignment`] to helpers and the [`awake_clock`] that says who is
//! late, its [`meter`], and the state machine of a run, [`session`].
//! What comes after a run: [`fine_tune`].

pub mod augment;
pub mod awake_clock;
pub mod fine_tune;
pub mod gradient;
pub mod meter;
pub mod optimizer;
pub mod schedule;
pub mod session;
pub mod shard_assignment;
pub mod shard_executor;
