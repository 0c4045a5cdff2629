//! A network as files that other programs read.

pub mod keras;
