//! Starts `inkling::web`'s page.

fn main() {}
