//! A model is data: an [`architecture`] is a list of layers, a [`plan`] says what to compute and
//! where each parameter is, and a [`network`] computes it.

pub mod architecture;
pub(crate) mod buffer;
mod conv2d;
pub mod init;
pub mod loss;
pub mod metrics;
pub mod network;
pub mod notation;
pub mod phase;
pub mod plan;
pub mod receptive;
mod step;
pub mod trace;

pub use architecture::{Architecture, ArchitectureError};
pub use network::Network;
pub use plan::Plan;
