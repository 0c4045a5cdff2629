//! A model is data, an [`Architecture`](crate::config::Architecture): a [`plan`] says what to compute and where each
//! parameter is, and a [`network`] computes it.

pub mod ascent;
pub(crate) mod buffer;
mod conv2d;
pub mod doubt;
pub mod init;
pub mod loss;
pub mod metrics;
pub mod network;
pub mod pca;
pub mod phase;
pub mod plan;
pub mod receptive;
mod step;
pub mod trace;

pub use network::Network;
pub use plan::Plan;
