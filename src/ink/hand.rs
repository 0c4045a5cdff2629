//! A hand that writes digits.
//!
//! Each style of a digit is a few points for each stroke. A pen goes through them on a smooth curve and turns sharply
//! where a point is written twice. The points of the result are equally far apart in time, so it can be played: the
//! pen is slow at both ends of a stroke and in corners.

use super::strokes::{Point, Stroke};

/// A style's strokes, in hundredths of the pad.
type Style = &'static [&'static [(u8, u8)]];

/// The ways in which people write each digit.
#[rustfmt::skip]
const STYLES: [&[Style]; 10] = [
    &[
        &[&[(58, 17), (42, 18), (29, 35), (26, 55), (34, 77), (50, 85), (66, 74), (74, 52), (69, 30), (57, 18), (46, 17)]],
        &[&[(64, 24), (50, 15), (35, 26), (28, 49), (34, 74), (49, 85), (65, 76), (73, 52), (68, 29), (54, 17), (40, 24)]],
    ],
    &[
        &[&[(52, 15), (51, 39), (50, 62), (49, 85)]],
        &[&[(37, 33), (46, 25), (55, 15), (55, 15), (54, 40), (53, 62), (52, 85)]],
        &[
            &[(37, 32), (46, 25), (54, 15), (54, 15), (53, 40), (52, 62), (51, 85)],
            &[(35, 86), (51, 85), (68, 85)],
        ],
    ],
    &[
        &[&[(30, 34), (37, 19), (52, 15), (66, 24), (65, 41), (52, 58), (38, 73), (28, 84), (28, 84), (44, 83), (58, 82), (73, 82)]],
        &[&[(30, 31), (39, 18), (55, 16), (66, 28), (62, 46), (49, 64), (35, 80), (27, 79), (33, 70), (46, 76), (59, 83), (74, 80)]],
    ],
    &[
        &[&[(31, 24), (42, 16), (57, 17), (65, 28), (60, 41), (46, 47), (46, 47), (62, 52), (70, 65), (62, 80), (45, 86), (29, 77)]],
        &[&[(30, 18), (48, 18), (67, 17), (67, 17), (56, 32), (46, 44), (46, 44), (62, 48), (71, 62), (64, 79), (46, 86), (29, 78)]],
    ],
    &[
        &[
            &[(36, 17), (33, 34), (29, 53), (29, 53), (50, 53), (74, 51)],
            &[(63, 24), (61, 46), (59, 66), (57, 87)],
        ],
        &[
            &[(61, 16), (45, 35), (28, 58), (28, 58), (48, 59), (75, 58)],
            &[(61, 16), (60, 40), (59, 62), (58, 87)],
        ],
    ],
    &[
        &[
            &[(38, 19), (36, 33), (34, 46), (34, 46), (48, 41), (63, 46), (70, 60), (64, 77), (47, 85), (29, 78)],
            &[(38, 19), (53, 18), (71, 17)],
        ],
        &[&[(70, 18), (54, 18), (39, 19), (39, 19), (36, 33), (34, 46), (34, 46), (50, 41), (65, 48), (70, 62), (61, 80), (45, 85), (29, 77)]],
    ],
    &[
        &[&[(62, 15), (47, 25), (36, 42), (31, 60), (36, 78), (50, 86), (65, 79), (68, 65), (58, 55), (44, 57), (34, 68)]],
        &[&[(53, 14), (43, 33), (35, 52), (32, 68), (40, 83), (54, 85), (66, 75), (64, 61), (51, 55), (39, 61), (33, 71)]],
    ],
    &[
        &[&[(28, 19), (48, 18), (72, 17), (72, 17), (62, 36), (52, 58), (44, 86)]],
        &[
            &[(28, 19), (48, 18), (72, 17), (72, 17), (62, 36), (53, 58), (46, 86)],
            &[(39, 52), (53, 51), (69, 50)],
        ],
        &[&[(28, 29), (29, 18), (29, 18), (50, 19), (72, 17), (72, 17), (60, 38), (50, 61), (46, 86)]],
    ],
    &[
        &[&[(66, 26), (54, 15), (38, 20), (35, 34), (48, 47), (64, 59), (68, 74), (54, 86), (37, 80), (34, 66), (47, 51), (61, 39), (66, 27), (60, 18)]],
        &[
            &[(52, 48), (38, 40), (36, 25), (50, 15), (64, 24), (63, 39), (51, 48)],
            &[(51, 48), (36, 57), (32, 72), (48, 86), (66, 76), (66, 60), (51, 48)],
        ],
    ],
    &[
        &[&[(66, 28), (54, 17), (39, 22), (34, 37), (43, 50), (57, 46), (67, 26), (67, 26), (66, 48), (64, 67), (62, 87)]],
        &[&[(66, 27), (53, 17), (39, 22), (34, 37), (43, 49), (57, 45), (67, 25), (67, 25), (67, 52), (61, 75), (48, 86), (34, 79)]],
    ],
];

/// Points of the result from one point of a style to the next.
const STEPS: usize = 8;

/// How far a hand misses a point, in sides of the pad.
const WOBBLE: f32 = 0.014;

/// Writes a digit. Each seed gives another style, slant, size and proportion.
///
/// # Panics
/// If `digit` is not one.
pub fn write(digit: u8, seed: u64) -> Vec<Stroke> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let styles = STYLES[usize::from(digit)];
    let style = styles[rng.usize(..styles.len())];
    let mut about = |middle: f32, most: f32| middle + most * (2.0 * rng.f32() - 1.0);
    let (size, width) = (about(0.97, 0.1), about(0.95, 0.15));
    let (slant, turn, bend) = (about(0.06, 0.14), about(0.0, 0.06), about(0.0, 0.14));
    let (left, top) = (about(0.5, 0.04), about(0.5, 0.04));
    let mut place = |x: u8, y: u8| {
        let (x, y) = (f32::from(x) / 100.0 - 0.5, f32::from(y) / 100.0 - 0.5);
        // The upper half grows at the lower one's expense, or the other way round.
        let y = y + bend * (0.25 - y * y);
        let x = width * x - slant * y;
        let (x, y) = (x - turn * y, y + turn * x);
        Point { x: left + size * x + about(0.0, WOBBLE), y: top + size * y + about(0.0, WOBBLE) }
    };
    let mut strokes = Vec::new();
    for stroke in style {
        let mut points: Vec<Point> = Vec::new();
        for (i, &(x, y)) in stroke.iter().enumerate() {
            let corner = i > 0 && stroke[i - 1] == (x, y);
            points.push(if corner { points[i - 1] } else { place(x, y) });
        }
        strokes.push(smooth(&points));
    }
    strokes
}

/// A curve through the points. Its direction at a point is from the one before to the one after, its speed that of the
/// slower side, so it stops at the ends and where a point is repeated.
fn smooth(points: &[Point]) -> Stroke {
    let velocity = |i: usize| {
        let (before, after) = (points[i.saturating_sub(1)], points[(i + 1).min(points.len() - 1)]);
        let (there, on) = (before.distance(points[i]), points[i].distance(after));
        let share = if there + on > 0.0 { there.min(on) / (there + on) } else { 0.0 };
        (share * (after.x - before.x), share * (after.y - before.y))
    };
    let mut curve = Vec::with_capacity(points.len() * STEPS);
    for (i, pair) in points.windows(2).enumerate() {
        let ((a, b), (from, to)) = ((pair[0], pair[1]), (velocity(i), velocity(i + 1)));
        for step in 0..STEPS {
            let t = step as f32 / STEPS as f32;
            // Hermite's polynomials.
            let (there, out) = (t * t * (3.0 - 2.0 * t), t * (1.0 - t) * (1.0 - t));
            let arrive = t * t * (t - 1.0);
            curve.push(Point {
                x: a.x + there * (b.x - a.x) + out * from.0 + arrive * to.0,
                y: a.y + there * (b.y - a.y) + out * from.1 + arrive * to.1,
            });
        }
    }
    curve.extend(points.last());
    curve
}
