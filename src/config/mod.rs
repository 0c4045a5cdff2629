//! What a visitor can set, as data.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`architecture`], [`notation`] | a model as a list of layers, and as a line of text |
//! | [`train_config`] | everything that decides what a run computes |
//! | [`form`] | everything that a visitor can set |
//! | [`field`] | the table of settings: one entry has all that the page, links and the command line say about a setting |
//! | `hash` | the settings as a link carries them |
//! | [`presets`] | networks and settings to begin with |
//!
//! A separate crate, because xtask makes the page's HTML from the same table.

pub mod architecture;
pub mod field;
pub mod form;
pub mod format;
mod hash;
pub mod notation;
pub mod number;
pub mod presets;
pub mod train_config;

pub use architecture::{Architecture, ArchitectureError};
pub use field::Field;
pub use form::{Backend, Form, StartFrom};
pub use presets::{NetworkPreset, Recipe};
pub use train_config::{Augment, Optimizer, Schedule, TrainConfig};

/// Side of an MNIST image in pixels.
pub const SIDE: usize = 28;

/// Number of classes: the digits 0 to 9.
pub const CLASSES: usize = 10;

/// MNIST's training images: the most that a run can take.
pub const TRAIN_IMAGES: u32 = 60_000;

/// The most workers that can share a run: each needs at least two of a minibatch's shards.
pub const MOST_WORKERS: u32 = 8;

/// The most layers that a network may have.
pub const MOST_LAYERS: usize = 24;
