//! Moves a drawing's points to where MNIST would have them. From here on the unit is a pixel.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits": size-normalised
//! to 20x20 with the aspect ratio kept, then centred in 28x28 by the centre of mass.

use super::raster::PEN_WIDTH;
use super::strokes::{Drawing, Point, Stroke};
use crate::data::SIDE;

/// Side of the box that holds a digit's ink, in pixels.
const BOX: f32 = 20.0;

/// A drawing smaller than this fraction of the pad is not enlarged to the whole box: a dot stays a
/// dot.
const SMALLEST: f32 = 0.06;

/// The middle of the image; pixel `i` covers `i - 1/2` to `i + 1/2`.
const MIDDLE: f32 = (SIDE as f32 - 1.0) / 2.0;

/// Scales a drawing so that its ink's longer side fills the box, and centres the box. `None` for an
/// empty drawing.
pub fn fit(drawing: &Drawing) -> Option<Vec<Stroke>> {
    let points = || drawing.strokes().iter().flatten();
    let first = points().next()?;
    let (mut low, mut high) = (*first, *first);
    for point in points() {
        low = Point { x: low.x.min(point.x), y: low.y.min(point.y) };
        high = Point { x: high.x.max(point.x), y: high.y.max(point.y) };
    }
    let longer = (high.x - low.x).max(high.y - low.y);
    let scale = (BOX - PEN_WIDTH) / longer.max(SMALLEST);
    let middle = Point { x: (low.x + high.x) / 2.0, y: (low.y + high.y) / 2.0 };
    let place = |point: &Point| Point {
        x: MIDDLE + scale * (point.x - middle.x),
        y: MIDDLE + scale * (point.y - middle.y),
    };
    Some(drawing.strokes().iter().map(|stroke| stroke.iter().map(place).collect()).collect())
}

/// Moves strokes so that the centre of mass of `picture`, an image of them, is in the middle.
pub fn centre(mut strokes: Vec<Stroke>, picture: &[f32]) -> Vec<Stroke> {
    let (mut mass, mut x, mut y) = (0.0, 0.0, 0.0);
    for (index, ink) in picture.iter().enumerate() {
        mass += ink;
        x += ink * (index % SIDE) as f32;
        y += ink * (index / SIDE) as f32;
    }
    if mass > 0.0 {
        for point in strokes.iter_mut().flatten() {
            point.x += MIDDLE - x / mass;
            point.y += MIDDLE - y / mass;
        }
    }
    strokes
}
