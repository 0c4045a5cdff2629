//! The core without a browser: train, evaluate.

fn main() {}
