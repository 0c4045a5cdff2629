//! Strokes as a line of text, for links.
//!
//! The pad is a grid of 512x512 places. A place is three characters of URL-safe base64, a stroke the places between which
//! it is nearly straight, a drawing its strokes with a dot between them.

use super::strokes::{Drawing, Point, Stroke};

/// Places along a side of the pad; their number squared is that of three characters.
const GRID: f32 = 512.0;

/// The most places in a text.
const MOST_PLACES: usize = 500;

/// How far from its line a point may be that is left out, in sides of the pad.
const TOLERANCE: f32 = 0.003;

/// As [`TOLERANCE`], where there are too many places.
const ROUGHEST: f32 = 0.03;

/// The longest line without a point when strokes are read, in sides of the pad.
const SPACING: f32 = 0.01;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes a drawing; `None` if it is empty or has too many strokes and turns.
pub fn write(drawing: &Drawing) -> Option<String> {
    let mut tolerance = TOLERANCE;
    while tolerance < ROUGHEST && !drawing.is_empty() {
        let mut text = String::new();
        let mut places = 0;
        for stroke in drawing.strokes() {
            if places > 0 {
                text.push('.');
            }
            let kept = simplify(stroke, tolerance);
            places += kept.len();
            for Point { x, y } in kept {
                let [x, y] = [x, y].map(|x| (x * GRID).clamp(0.0, GRID - 1.0) as usize);
                let place = x << 9 | y;
                text.extend([12, 6, 0].map(|shift| char::from(DIGITS[place >> shift & 63])));
            }
        }
        if places <= MOST_PLACES {
            return Some(text);
        }
        tolerance *= 2.0;
    }
    None
}

/// Reads what [`write()`] has written, with points on straight lines as a pen would leave them.
pub fn read(text: &str) -> Option<Vec<Stroke>> {
    if text.len() > 4 * MOST_PLACES {
        return None;
    }
    text.split('.').map(read_stroke).collect()
}

fn read_stroke(text: &str) -> Option<Stroke> {
    let (places, []) = text.as_bytes().as_chunks::<3>() else { return None };
    let mut stroke: Stroke = Vec::new();
    for characters in places {
        let mut place = 0;
        for character in characters {
            place = place << 6 | DIGITS.iter().position(|digit| digit == character)?;
        }
        let [x, y] = [place >> 9, place & 511].map(|x| (x as f32 + 0.5) / GRID);
        let from = stroke.last().copied().unwrap_or(Point { x, y });
        let steps = (from.distance(Point { x, y }) / SPACING).ceil().max(1.0);
        stroke.extend((1..=steps as u32).map(|step| {
            let share = step as f32 / steps;
            Point { x: from.x + share * (x - from.x), y: from.y + share * (y - from.y) }
        }));
    }
    (!stroke.is_empty()).then_some(stroke)
}

/// The ends of a stroke, and those points between them without which its line would move by more than this.
///
/// Source: D. Douglas, T. Peucker, "Algorithms for the reduction of the number of points required to represent a
/// digitized line or its caricature", 1973.
fn simplify(stroke: &[Point], tolerance: f32) -> Vec<Point> {
    let mut kept: Vec<Point> = stroke.first().copied().into_iter().collect();
    // The parts still to be looked at, the next one last.
    let mut parts = vec![(0, stroke.len() - 1)];
    while let Some((first, last)) = parts.pop() {
        let distance = |at: &usize| distance_to_line(stroke[*at], stroke[first], stroke[last]);
        let farthest = (first + 1..last).max_by(|a, b| distance(a).total_cmp(&distance(b)));
        match farthest.filter(|at| distance(at) > tolerance) {
            Some(at) => parts.extend([(at, last), (first, at)]),
            None if last > first => kept.push(stroke[last]),
            None => {}
        }
    }
    kept
}

/// Distance of a point to the line from `a` to `b`.
fn distance_to_line(point: Point, a: Point, b: Point) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let share = ((point.x - a.x) * dx + (point.y - a.y) * dy) / length;
    // A line without length gives NaN.
    let share = if length > 0.0 { share.clamp(0.0, 1.0) } else { 0.0 };
    point.distance(Point { x: a.x + share * dx, y: a.y + share * dy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::{hand, picture};
    use proptest::prelude::*;

    #[test]
    fn a_drawing_survives_a_link() {
        for digit in 0..10 {
            for seed in 0..20 {
                let drawing = Drawing::of(hand::write(digit, seed));
                let text = write(&drawing).expect("it is short");
                assert!(text.len() < 200, "{digit}: {text}");
                let again = Drawing::of(read(&text).expect("it was written so"));
                assert_eq!(again.strokes().len(), drawing.strokes().len());
                let (before, after) = (picture(&drawing), picture(&again));
                let pixels = before.iter().flatten().zip(after.iter().flatten());
                let most = pixels.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(most < 0.25, "{digit}, {seed}: a pixel differs by {most}");
            }
        }
    }

    #[test]
    fn what_is_no_drawing_is_not_read() {
        for text in ["", ".", "AAA.", "AA", "AAAA", "AA!", "☃☃☃", "AAA..AAA", "a=b"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"A".repeat(3 * MOST_PLACES + 3 + MOST_PLACES)), None);
        assert_eq!(read("AAA"), Some(vec![vec![Point { x: 0.5 / GRID, y: 0.5 / GRID }]]));
    }

    #[test]
    fn a_long_drawing_is_simplified_and_an_endless_one_not_written() {
        assert_eq!(write(&Drawing::default()), None);
        let wave = |points: u32| {
            let at = |i: u32| {
                let x = i as f32 / points as f32;
                Point { x, y: 0.5 + 0.01 * (i as f32).sin() }
            };
            Drawing::of([(0..points).map(at).collect()])
        };
        let text = write(&wave(2000)).expect("its waves are low");
        assert!(text.len() <= 3 * MOST_PLACES && read(&text).is_some());
        let dots = (0..600).map(|i| vec![Point { x: i as f32 / 600.0, y: 0.5 }]);
        assert_eq!(write(&Drawing::of(dots)), None);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_on_the_pad(text in "[A-D_.]{0,40}|.{0,12}") {
            for point in read(&text).iter().flatten().flatten() {
                prop_assert!((0.0..1.0).contains(&point.x) && (0.0..1.0).contains(&point.y));
            }
        }

        #[test]
        fn whatever_is_drawn_can_be_written_or_not(
            strokes in prop::collection::vec(prop::collection::vec((-0.1f32..1.1, -0.1f32..1.1), 1..40), 0..40)
        ) {
            let points = |stroke: Vec<(f32, f32)>| stroke.into_iter().map(|(x, y)| Point { x, y }).collect();
            let drawing = Drawing::of(strokes.into_iter().map(points));
            if let Some(text) = write(&drawing) {
                prop_assert!(read(&text).is_some_and(|read| read.len() == drawing.strokes().len()));
            }
        }
    }
}
