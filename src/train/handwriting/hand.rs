//! What a hand makes of a sketch: unsteady, slanted, hasty, with gaps and hooks where it lifts the pen.

use super::chance::Chance;
use super::sketch::{Node, Sketch};
use crate::ink::{Drawing, Point};

/// Distance of the points of a stroke, in heights of a digit: half a pixel.
const STEP: f32 = 0.025;

/// Draws a sketch with a hand of its own.
///
/// - `unsteadiness`: how far it may miss, bend, stretch and slant; 1 is usual.
pub(super) fn draw(sketch: &Sketch, unsteadiness: f32, c: &mut Chance) -> Drawing {
    let mut sketch = sketch.clone();
    misplace(&mut sketch, unsteadiness, c);
    if c.often(0.06) {
        join(&mut sketch);
    }
    let haste = if c.often(0.4) { c.between(0.0, 0.14) } else { 0.0 };
    let mut strokes: Vec<Vec<Point>> = sketch.strokes.iter().map(|nodes| curve(nodes)).collect();
    for stroke in &mut strokes {
        *stroke = hurry(stroke, haste);
    }
    if c.often(0.2) {
        strokes.iter_mut().for_each(|stroke| cut(stroke, c));
    }
    if c.often(0.2) {
        strokes.iter_mut().for_each(|stroke| hook(stroke, c));
    }
    tremble(&mut strokes, c);
    bend(&mut strokes, unsteadiness, c);
    if c.often(0.02) {
        let (x, y) = (c.about(0.4), c.about(0.5));
        strokes.push(vec![Point { x, y }]);
    }
    Drawing::of(strokes)
}

/// Misses the points by a little, and whole strokes by a little more.
fn misplace(sketch: &mut Sketch, much: f32, c: &mut Chance) {
    let (each, whole) = (much * c.between(0.0, 0.02), much * c.between(0.0, 0.022));
    for stroke in &mut sketch.strokes {
        let (x, y) = (c.normal(whole), c.normal(whole));
        let mut before: Option<(Point, Point)> = None;
        for node in stroke {
            // A point that is written twice stays one.
            let at = match before {
                Some((meant, missed)) if meant == node.at => missed,
                _ => Point { x: node.at.x + x + c.normal(each), y: node.at.y + y + c.normal(each) },
            };
            before = Some((node.at, at));
            node.at = at;
        }
    }
}

/// Leaves the pen down between strokes.
fn join(sketch: &mut Sketch) {
    let mut strokes = std::mem::take(&mut sketch.strokes).into_iter();
    let mut all = strokes.next().unwrap_or_default();
    for stroke in strokes {
        if let Some(last) = all.last_mut() {
            last.corner = true;
        }
        all.extend(
            stroke
                .iter()
                .enumerate()
                .map(|(i, &node)| Node { corner: node.corner || i == 0, ..node }),
        );
    }
    sketch.strokes.push(all);
}

/// A Catmull-Rom spline through the nodes, broken at corners.
fn curve(nodes: &[Node]) -> Vec<Point> {
    let at = |i: isize| nodes[i.clamp(0, nodes.len() as isize - 1) as usize];
    let mut points: Vec<Point> = nodes.first().map(|node| node.at).into_iter().collect();
    for i in 0..nodes.len().saturating_sub(1) as isize {
        let (a, b) = (at(i), at(i + 1));
        let before = if a.corner { a } else { at(i - 1) };
        let after = if b.corner { b } else { at(i + 2) };
        let length = a.at.distance(b.at);
        let tangent = |from: Point, to: Point, near: f32, far: f32| {
            // The slower side decides, so that unequal distances make no loops.
            let share = if near + far > 0.0 { near.min(far.max(1e-3)) / (near + far) } else { 0.0 };
            let share = share.max(0.5 * near.min(far) / (near + far).max(1e-6));
            (share * (to.x - from.x), share * (to.y - from.y))
        };
        let one_sided = |p: Node, q: Node| (0.8 * (q.at.x - p.at.x), 0.8 * (q.at.y - p.at.y));
        let out = if a.corner || i == 0 {
            one_sided(a, b)
        } else {
            tangent(before.at, b.at, before.at.distance(a.at), length)
        };
        let arrive = if b.corner || i + 2 == nodes.len() as isize {
            one_sided(a, b)
        } else {
            tangent(a.at, after.at, after.at.distance(b.at), length)
        };
        let steps = (length / STEP).ceil().max(1.0);
        for step in 1..=steps as u32 {
            let t = step as f32 / steps;
            let there = t * t * (3.0 - 2.0 * t);
            let (leave, reach) = (t * (1.0 - t) * (1.0 - t), t * t * (t - 1.0));
            points.push(Point {
                x: a.at.x + there * (b.at.x - a.at.x) + leave * out.0 + reach * arrive.0,
                y: a.at.y + there * (b.at.y - a.at.y) + leave * out.1 + reach * arrive.1,
            });
        }
    }
    points
}

/// Rounds corners off: each point becomes the mean of those within `reach` heights along the stroke.
fn hurry(stroke: &[Point], reach: f32) -> Vec<Point> {
    let window = (reach / STEP) as usize;
    if window == 0 {
        return stroke.to_vec();
    }
    let mean = |i: usize| {
        let window = window.min(i).min(stroke.len() - 1 - i);
        let near = &stroke[i - window..=i + window];
        let count = near.len() as f32;
        Point {
            x: near.iter().map(|p| p.x).sum::<f32>() / count,
            y: near.iter().map(|p| p.y).sum::<f32>() / count,
        }
    };
    (0..stroke.len()).map(mean).collect()
}

/// Touches the paper too late or leaves it too early.
fn cut(stroke: &mut Vec<Point>, c: &mut Chance) {
    let most = stroke.len() as f32 * 0.09;
    let (first, last) = (c.between(0.0, most) as usize, c.between(0.0, most) as usize);
    if stroke.len() > first + last + 4 {
        stroke.truncate(stroke.len() - last);
        stroke.drain(..first);
    }
}

/// Touches the paper on the way to the stroke, or still on the way from it.
fn hook(stroke: &mut Vec<Point>, c: &mut Chance) {
    let mut there = |from: Point| Point { x: from.x + c.normal(0.05), y: from.y + c.normal(0.05) };
    let ends = (stroke.first().copied(), stroke.last().copied());
    if let (Some(first), Some(last)) = ends {
        let (before, after) = (there(first), there(last));
        if c.often(0.5) {
            stroke.insert(0, before);
        }
        if c.often(0.5) {
            stroke.push(after);
        }
    }
}

/// Waves along the strokes, and a tablet's coarse grid.
fn tremble(strokes: &mut [Vec<Point>], c: &mut Chance) {
    let much = if c.often(0.5) { c.between(0.0, 0.012) } else { 0.0 };
    let grid = if c.often(0.15) { c.between(20.0, 80.0) } else { 0.0 };
    let waves: Vec<[f32; 4]> = (0..3)
        .map(|_| [c.between(0.1, 0.9), c.between(0.0, 6.3), c.normal(much), c.normal(much)])
        .collect();
    let mut along = 0.0;
    for point in strokes.iter_mut().flatten() {
        along += 1.0;
        for [frequency, phase, x, y] in &waves {
            let wave = (frequency * along + phase).sin();
            point.x += x * wave;
            point.y += y * wave;
        }
        if grid > 0.0 {
            point.x = (point.x * grid).round() / grid;
            point.y = (point.y * grid).round() / grid;
        }
    }
}

/// Bends, tapers, stretches, slants and turns the whole.
fn bend(strokes: &mut [Vec<Point>], much: f32, c: &mut Chance) {
    let (bow_x, bow_y) = (much * c.about(0.2), much * c.about(0.12));
    let (taper, upper) = (much * c.about(0.2), much * c.about(0.2));
    let aspect = (0.04 + much * c.normal(0.18)).exp();
    let slant = 0.08 + much * c.normal(0.18);
    let (sin, cos) = c.normal(8.0).to_radians().sin_cos();
    for point in strokes.iter_mut().flatten() {
        let Point { x, y } = *point;
        let x = aspect * (x * (1.0 + taper * y) + bow_x * (0.25 - y * y));
        let y = y + upper * (0.25 - y * y) + bow_y * x * x;
        let x = x - slant * y;
        *point = Point { x: cos * x - sin * y, y: sin * x + cos * y };
    }
}
