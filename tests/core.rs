//! The core's tests, run natively by `cargo test` and in a browser by wasm-bindgen-test.

#[path = "core/architecture.rs"]
mod architecture;
#[path = "core/ascent.rs"]
mod ascent;
#[path = "core/checkpoint.rs"]
mod checkpoint;
#[path = "core/code.rs"]
mod code;
#[path = "core/digits.rs"]
mod digits;
#[path = "core/fine_tune.rs"]
mod fine_tune;
#[path = "core/formats.rs"]
mod formats;
#[path = "core/gradients.rs"]
mod gradients;
#[path = "core/hand.rs"]
mod hand;
#[path = "core/idx.rs"]
mod idx;
#[path = "core/ink.rs"]
mod ink;
#[path = "core/inside.rs"]
mod inside;
#[path = "core/keras.rs"]
mod keras;
#[path = "core/kernels.rs"]
mod kernels;
#[path = "core/metrics.rs"]
mod metrics;
#[path = "core/naive.rs"]
mod naive;
#[path = "core/session.rs"]
mod session;
