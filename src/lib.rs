//! A convolutional network that learns handwriting in a browser tab.
//!
//! The modules from the bottom up; imports point downwards only:
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`kernels`] | the arithmetic on slices, fast and naive side by side |
//! | [`config`] | a model as data, what a run trains with, the table of settings |
//! | [`net`] | a model's plan, the forward and backward pass |
//! | [`train`] | optimizers, schedules, the training state machine |
//! | [`data`] | MNIST: bytes to digits, shuffled order |
//! | [`ink`] | from a drawing to the 28x28 image that MNIST would have made of it |
//! | [`checkpoint`] | safetensors files |
//! | [`formats`] | a network as a file that others read, and the file of one as a network |
//! | [`protocol`] | the messages between page and trainer |
//! | [`app`] | the page without a browser: its state, its events, its view |
//! | `web` | the only code that knows a browser (wasm32 only) |

pub use inkling_config as config;
pub use inkling_kernels as kernels;

pub mod app;
pub mod checkpoint;
pub mod data;
pub mod formats;
pub mod ink;
pub mod net;
pub mod protocol;
pub mod train;
#[cfg(target_arch = "wasm32")]
pub mod web;
