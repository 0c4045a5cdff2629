//! A convolutional network that learns handwriting in a browser tab.
//!
//! The house, from the ground up; imports point downwards only:
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`kernels`] | slices and sizes: the arithmetic, fast and naive side by side |
//! | [`net`] | a model as data, its plan, forward and backward |
//! | [`train`] | optimizers, schedules, the training state machine |
//! | [`data`] | MNIST: bytes to digits, shuffled order |
//! | [`ink`] | a drawing to the 28x28 picture that MNIST would have made of it |
//! | [`checkpoint`] | safetensors in and out |
//! | [`protocol`] | what the page and the trainer say to each other |
//! | [`app`] | the page without a browser: its state, what can happen to it, what it shows |
//! | `web` | the only place that knows a browser (wasm32 only) |

pub use inkling_kernels as kernels;

pub mod app;
pub mod checkpoint;
pub mod data;
pub mod ink;
pub mod net;
pub mod protocol;
pub mod train;
#[cfg(target_arch = "wasm32")]
pub mod web;
