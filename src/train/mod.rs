//! Training: [`augment`]ed digits, [`optimizer`]s and their learning-rate [`schedule`]s, a minibatch's [`gradient`] from
//! shards, what computes these, [`computer`], their [`dispatch`] to helpers, its [`meter`], and the state machine of a run, [`session`].
//! What comes after a run: [`fine_tune`].

pub mod augment;
pub mod computer;
pub mod dispatch;
pub mod fine_tune;
pub mod gradient;
pub mod meter;
pub mod optimizer;
pub mod schedule;
pub mod session;
