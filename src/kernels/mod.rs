//! The arithmetic: slices and sizes in, slices out. It knows nothing of networks and allocates nothing.
//!
//! | module | arithmetic |
//! | --- | --- |
//! | [`lanes`] | four numbers at a time, with what the target offers |
//! | [`gemm`] | the register tile, and the matrix products made of it |
//! | [`conv`] | convolution: forward with pooling in the same pass, backward over nonzero entries only |
//! | [`winograd`] | the same forward with fewer multiplications, for 3x3 kernels |
//! | [`padding`] | zeros around a map |
//! | [`pool`] | pooling on its own |
//! | [`pointwise`] | element by element: relu and sums |
//! | [`transpose`] | rows to columns |
//! | [`peak`] | nothing but multiply-adds in registers, to compare the others with |
//! | [`mod@reference`] | all of it again as naive loops: the oracle of every test |
//!
//! Layout: images and feature maps are `[height][width][channels]`, the channel index running fastest.
//! The fast kernels round the number of channels up to a multiple of [`lanes::WIDTH`]. The channels
//! added are zero, and every kernel keeps them zero.

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
