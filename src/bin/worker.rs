//! Starts `inkling::web`'s worker.

fn main() {}
