//! From a drawing to the 28x28 image that MNIST would have made of it.
//!
//! MNIST's digits were scaled into 20x20 pixels and moved until their centre of mass was in the middle
//! of 28x28. Scaling the pixels of a drawing would make its lines thick or thin with its size, so here
//! the *points* are scaled and moved ([`normalise`]), and a soft pen of MNIST's width draws them again
//! ([`raster`]).

pub mod digit;
pub mod hand;
pub mod normalise;
pub mod notation;
pub mod raster;
pub mod strokes;

pub use digit::{Digit, DigitInk};
pub use strokes::{Drawing, Point};

use crate::data::PIXELS;

/// The network's input, `[SIDE][SIDE]`, 0 is paper and 1 is ink; `None` for an empty drawing.
pub fn picture(drawing: &Drawing) -> Option<[f32; PIXELS]> {
    let fitted = normalise::fit(drawing)?;
    let picture = raster::draw(&fitted);
    Some(raster::draw(&normalise::centre(fitted, &picture)))
}
