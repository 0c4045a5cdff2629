//! A soft pen on 28x28 pixels.

use super::strokes::Point;
use crate::data::{PIXELS, SIDE};

/// Width of a line where it is half as dark as in its middle, in pixels.
pub const PEN_WIDTH: f32 = 2.4;

/// Width of the soft edge on either side, in which a line fades to nothing, in pixels.
const EDGE: f32 = 1.2;

/// Distance from a line's middle to the end of its soft edge.
const REACH: f32 = (PEN_WIDTH + EDGE) / 2.0;

/// Points closer to the last one than this, in pixels, are skipped: nobody would see them.
const SPACING: f32 = 0.2;

/// Draws strokes, in pixels, on a white image. A pixel's ink depends on its distance to the
/// nearest line.
pub fn draw(strokes: &[impl AsRef<[Point]>]) -> [f32; PIXELS] {
    let mut nearest = [f32::INFINITY; PIXELS];
    for stroke in strokes {
        let Some((&first, rest)) = stroke.as_ref().split_first() else { continue };
        let mut from = first;
        mark(&mut nearest, first, first);
        for (index, &to) in rest.iter().enumerate() {
            if from.distance(to) >= SPACING || index + 1 == rest.len() {
                mark(&mut nearest, from, to);
                from = to;
            }
        }
    }
    nearest.map(|squared| ((REACH - squared.sqrt()) / EDGE).clamp(0.0, 1.0))
}

/// Lowers each pixel's squared distance to the nearest line by one more line.
fn mark(nearest: &mut [f32; PIXELS], a: Point, b: Point) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let rows = covered(a.y.min(b.y), a.y.max(b.y));
    let columns = covered(a.x.min(b.x), a.x.max(b.x));
    for y in rows {
        for x in columns.clone() {
            let (px, py) = (x as f32 - a.x, y as f32 - a.y);
            // The nearest point is at this fraction of the way from a to b.
            let share =
                if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
            let (ex, ey) = (px - share * dx, py - share * dy);
            let pixel = &mut nearest[y * SIDE + x];
            *pixel = pixel.min(ex * ex + ey * ey);
        }
    }
}

/// Rows or columns of the image that a line between two coordinates can reach.
fn covered(low: f32, high: f32) -> std::ops::Range<usize> {
    let first = (low - REACH).ceil().max(0.0) as usize;
    let end = ((high + REACH).floor() + 1.0).clamp(0.0, SIDE as f32) as usize;
    first.min(end)..end
}
