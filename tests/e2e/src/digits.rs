//! Ten digits as a person draws them, to be drawn with a pointer.

use std::f64::consts::TAU;

/// A point on the pad: (0, 0) is its upper left corner, (1, 1) its lower right.
pub type Point = (f64, f64);

/// One stroke of the pen.
pub type Stroke = Vec<Point>;

/// The strokes of a digit from 0 to 9.
///
/// # Panics
///
/// If it is not a digit.
pub fn strokes(digit: u8) -> Vec<Stroke> {
    match digit {
        0 => vec![arc((0.5, 0.5), (0.2, 0.3), 0.75, -1.0)],
        1 => vec![line(&[(0.52, 0.18), (0.5, 0.5), (0.48, 0.82)])],
        2 => vec![join([
            arc((0.49, 0.36), (0.19, 0.17), 0.5, 0.62),
            line(&[(0.6, 0.52), (0.45, 0.68), (0.3, 0.8), (0.5, 0.79), (0.73, 0.8)]),
        ])],
        3 => vec![join([
            arc((0.47, 0.34), (0.18, 0.15), 0.55, 0.68),
            arc((0.47, 0.66), (0.21, 0.17), 0.77, 0.66),
        ])],
        4 => vec![
            line(&[(0.36, 0.18), (0.3, 0.36), (0.27, 0.52), (0.5, 0.53), (0.74, 0.5)]),
            line(&[(0.64, 0.2), (0.62, 0.5), (0.6, 0.84)]),
        ],
        5 => vec![
            join([
                line(&[(0.36, 0.2), (0.35, 0.33), (0.33, 0.47)]),
                arc((0.46, 0.62), (0.2, 0.19), 0.66, 0.7),
            ]),
            line(&[(0.36, 0.2), (0.5, 0.19), (0.7, 0.18)]),
        ],
        6 => vec![join([
            line(&[(0.6, 0.17), (0.48, 0.28), (0.38, 0.43), (0.33, 0.58)]),
            arc((0.49, 0.66), (0.17, 0.16), 0.5, -1.0),
        ])],
        7 => vec![line(&[
            (0.28, 0.24),
            (0.48, 0.23),
            (0.72, 0.22),
            (0.6, 0.45),
            (0.5, 0.65),
            (0.44, 0.84),
        ])],
        8 => vec![join([
            arc((0.5, 0.335), (0.15, 0.155), 0.1, -0.85),
            arc((0.5, 0.655), (0.18, 0.165), 0.75, 1.0),
            arc((0.5, 0.335), (0.15, 0.155), 0.25, -0.2),
        ])],
        9 => vec![join([
            arc((0.49, 0.36), (0.17, 0.17), 0.0, -1.0),
            line(&[(0.66, 0.36), (0.64, 0.55), (0.6, 0.7), (0.56, 0.84)]),
        ])],
        _ => panic!("{digit} is no digit"),
    }
}

/// Straight from corner to corner, with points as close as a pointer would give them.
fn line(corners: &[Point]) -> Stroke {
    const POINTS: usize = 5;
    let mut stroke: Stroke = corners
        .windows(2)
        .flat_map(|ends| {
            let (from, to) = (ends[0], ends[1]);
            (0..POINTS).map(move |i| {
                let t = i as f64 / POINTS as f64;
                (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
            })
        })
        .collect();
    stroke.extend(corners.last());
    stroke
}

/// Part of an ellipse. Angles are in turns: 0 is on the right, 0.25 at the bottom (y points down),
/// and a negative `turns` goes counter-clockwise.
fn arc(centre: Point, radii: Point, start: f64, turns: f64) -> Stroke {
    const POINTS: usize = 24;
    (0..=POINTS)
        .map(|i| {
            let angle = TAU * (start + turns * i as f64 / POINTS as f64);
            (centre.0 + radii.0 * angle.cos(), centre.1 + radii.1 * angle.sin())
        })
        .collect()
}

fn join<const N: usize>(parts: [Stroke; N]) -> Stroke {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_stays_on_the_pad() {
        for digit in 0..10 {
            for (x, y) in strokes(digit).concat() {
                assert!((0.1..0.9).contains(&x) && (0.1..0.9).contains(&y), "{digit}: {x} {y}");
            }
        }
    }
}
