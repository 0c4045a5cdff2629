//! MNIST: bytes to digits ([`idx`]), the order in which training sees them ([`batches`]), and small
//! affine changes of them ([`augment`]).

pub mod batches;

/// Side of an MNIST picture in pixels.
pub const SIDE: usize = 28;

/// Pixels of an MNIST picture.
pub const PIXELS: usize = SIDE * SIDE;

/// Number of classes: the digits 0 to 9.
pub const CLASSES: usize = 10;
