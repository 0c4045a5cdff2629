//! Slices and sizes in, slices out: the arithmetic, without knowledge of networks and without
//! allocation.
//!
//! | module | arithmetic |
//! | --- | --- |
//! | [`lanes`] | four numbers at a time, on what the target has |
//! | [`gemm`] | the one register tile, and the matrix products made of it |
//! | [`conv`] | convolution: forward with pooling in the same pass, backward over nonzero entries only |
//! | [`winograd`] | the same forward with fewer multiplications, for 3x3 kernels |
//! | [`padding`] | zeros around a map |
//! | [`pool`] | pooling on its own |
//! | [`pointwise`] | element by element: relu, sums, optimizers' building blocks |
//! | [`transpose`] | rows to columns |
//! | [`peak`] | nothing but multiply-adds in registers, to compare the others with |
//! | [`mod@reference`] | all of it again as naive loops: the oracle of every test |
//!
//! Layout: pictures and feature maps are `[height][width][channels]` with the channel index running
//! fastest. Inside the fast kernels the number of channels is a multiple of [`lanes::WIDTH`]; what a
//! layer lacks to it is filled with zeros, which no kernel ever turns into anything else.

pub mod conv;
pub mod gemm;
pub mod lanes;
pub mod padding;
pub mod peak;
pub mod pointwise;
pub mod pool;
pub mod reference;
pub mod transpose;
pub mod winograd;
