//! Properties of the image made of a drawing.

use inkling::data::{PIXELS, SIDE};
use inkling::ink::{Drawing, Point, picture};
use proptest::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

fn drawing(strokes: &[Vec<(f32, f32)>]) -> Drawing {
    let mut drawing = Drawing::default();
    for stroke in strokes {
        for (index, &(x, y)) in stroke.iter().enumerate() {
            let point = Point { x, y };
            if index == 0 { drawing.begin(point) } else { drawing.extend(point) }
        }
    }
    drawing
}

/// Centre of mass (x, y) and mass.
fn centre(picture: &[f32]) -> (f32, f32, f32) {
    let mass: f32 = picture.iter().sum();
    let sum = |coordinate: fn(usize) -> usize| {
        picture.iter().enumerate().map(|(i, ink)| ink * coordinate(i) as f32).sum::<f32>() / mass
    };
    (sum(|i| i % SIDE), sum(|i| i / SIDE), mass)
}

/// First and last row or column with ink.
fn extent(picture: &[f32], coordinate: fn(usize) -> usize) -> (usize, usize) {
    let inked =
        || picture.iter().enumerate().filter(|(_, ink)| **ink > 0.5).map(|(i, _)| coordinate(i));
    (inked().min().unwrap_or(0), inked().max().unwrap_or(0))
}

#[wasm_bindgen_test(unsupported = test)]
fn an_empty_pad_has_no_picture() {
    assert_eq!(picture(&Drawing::default()), None);
    let mut undone = drawing(&[vec![(0.1, 0.1), (0.9, 0.9)]]);
    undone.undo();
    assert_eq!(picture(&undone), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_dot_is_a_dot_in_the_middle() {
    for wobble in [0.0, 0.004] {
        let dot = drawing(&[vec![(0.2, 0.9), (0.2 + wobble, 0.9)]]);
        let (x, y, mass) = picture(&dot).map(|p| centre(&p)).expect("a dot is a drawing");
        assert!((x - 13.5).abs() < 0.1 && (y - 13.5).abs() < 0.1, "at {x}, {y}");
        assert!((2.0..12.0).contains(&mass), "as large as a pen: {mass}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_vertical_line_fills_the_box_from_top_to_bottom_and_no_more() {
    let line = picture(&drawing(&[vec![(0.5, 0.1), (0.5, 0.5)]])).expect("drawn");
    let (top, bottom) = extent(&line, |i| i / SIDE);
    let (left, right) = extent(&line, |i| i % SIDE);
    assert_eq!((top, bottom), (4, 23));
    assert!(right - left <= 3, "one pen wide: {left} to {right}");
}

#[wasm_bindgen_test(unsupported = test)]
fn undo_takes_the_last_stroke_only() {
    let first = vec![(0.1, 0.1), (0.9, 0.1)];
    let mut two = drawing(&[first.clone(), vec![(0.5, 0.1), (0.5, 0.9)]]);
    two.undo();
    assert_eq!(two.strokes(), drawing(&[first]).strokes());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stroke_taken_away_under_the_pen_does_not_go_on_in_the_one_before() {
    let first = vec![(0.1, 0.1), (0.9, 0.1)];
    let mut two = drawing(&[first.clone(), vec![(0.5, 0.1), (0.5, 0.9)]]);
    two.undo();
    two.extend(Point { x: 0.5, y: 0.95 });
    assert_eq!(two.strokes(), drawing(std::slice::from_ref(&first)).strokes());
    two.begin(Point { x: 0.3, y: 0.3 });
    two.extend(Point { x: 0.4, y: 0.4 });
    assert_eq!(two.strokes(), drawing(&[first, vec![(0.3, 0.3), (0.4, 0.4)]]).strokes());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stroke_that_begins_nowhere_adds_nothing_to_the_one_before() {
    let good = vec![(0.1, 0.1), (0.9, 0.1)];
    let both = drawing(&[good.clone(), vec![(f32::NAN, 0.5), (0.5, 0.9)]]);
    assert_eq!(both.strokes(), drawing(&[good]).strokes());
}

/// What a pen does from where it comes down, as strokes.
fn pen(drawing: &mut Drawing, path: &[(f32, f32)]) {
    for (index, &(x, y)) in path.iter().enumerate() {
        let point = Point { x, y };
        if index == 0 { drawing.pen_down(point) } else { drawing.pen_moved(point) }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn ink_ends_at_the_edge_and_begins_again_where_the_pen_comes_back() {
    let mut seen = Drawing::default();
    pen(&mut seen, &[(0.5, 0.25), (1.5, 0.25), (1.5, 0.5), (0.5, 0.5)]);
    let within = [vec![(0.5, 0.25), (1.0, 0.25)], vec![(1.0, 0.5), (0.5, 0.5)]];
    assert_eq!(seen, drawing(&within));
    // A line across a corner, from beyond one edge to beyond another.
    pen(&mut seen, &[(0.5, 0.75), (0.5, 1.25), (1.25, 0.5)]);
    let strokes = [&within[..], &[vec![(0.5, 0.75), (0.5, 1.0)], vec![(0.75, 1.0), (1.0, 0.75)]]];
    assert_eq!(seen, drawing(&strokes.concat()));
    // Each time that the pen came down is taken back as one.
    seen.undo();
    assert_eq!(seen, drawing(&within));
    seen.undo();
    assert!(seen.is_empty());
    seen.undo();
    seen.pen_moved(Point { x: 0.5, y: 0.5 });
    assert!(seen.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pen_that_goes_anywhere_leaves_nothing_beside_the_pad() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let place = || prop_oneof![9 => -1.0f32..2.0, 1 => Just(f32::NAN), 1 => -1e30f32..1e30];
    let paths = prop::collection::vec((place(), place()), 1..100);
    runner
        .run(&paths, |path| {
            let mut all = Drawing::default();
            pen(&mut all, &path);
            for point in all.strokes().iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&point.x) && (0.0..=1.0).contains(&point.y));
            }
            prop_assert!(picture(&all).is_none_or(|p| p.iter().all(|ink| ink.is_finite())));
            Ok(())
        })
        .expect("holds for every path");
}

#[wasm_bindgen_test(unsupported = test)]
fn points_closer_than_a_pixel_change_next_to_nothing() {
    let circle = |points: u32| {
        let at = |i| std::f32::consts::TAU * i as f32 / points as f32;
        let point = |i| (0.5 + 0.4 * f32::cos(at(i)), 0.5 + 0.4 * f32::sin(at(i)));
        picture(&drawing(&[(0..=points).map(point).collect()])).expect("drawn")
    };
    let (few, many) = (circle(200), circle(20_000));
    for i in 0..PIXELS {
        assert!((few[i] - many[i]).abs() < 0.05, "pixel {i}: {} and {}", few[i], many[i]);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn points_that_are_no_place_change_nothing() {
    let good = drawing(&[vec![(0.1, 0.1), (0.9, 0.9)]]);
    let bad = drawing(&[
        vec![(f32::NAN, 0.3)],
        vec![(0.1, 0.1), (f32::INFINITY, 0.0), (0.9, 0.9), (0.9, 0.9), (0.0, -1e30)],
    ]);
    assert_eq!(picture(&good), picture(&bad));
}

fn strokes() -> impl Strategy<Value = Vec<Vec<(f32, f32)>>> {
    let point = (0.0f32..1.0, 0.0f32..1.0);
    prop::collection::vec(prop::collection::vec(point, 1..12), 1..5)
}

#[wasm_bindgen_test(unsupported = test)]
fn any_drawing_is_centred_in_range_and_independent_of_place_and_size() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let cases = (strokes(), 0.5f32..1.0, -0.2f32..0.2);
    let result = runner.run(&cases, |(strokes, scale, shift)| {
        let original = picture(&drawing(&strokes)).expect("drawn");
        prop_assert!(original.iter().all(|ink| (0.0..=1.0).contains(ink)));
        let (x, y, mass) = centre(&original);
        prop_assert!(mass > 1.0);
        // Moving the points by parts of a pixel changes the raster slightly, and ink pushed over
        // the edge is lost, so the centre is near, not exact.
        prop_assert!((x - 13.5).abs() < 0.5 && (y - 13.5).abs() < 0.5, "centre {x}, {y}");

        let (top, bottom) = extent(&original, |i| i / SIDE);
        let (left, right) = extent(&original, |i| i % SIDE);
        prop_assert!(bottom - top <= 21 && right - left <= 21);

        let large = strokes.iter().flatten().any(|p| {
            strokes.iter().flatten().any(|q| (p.0 - q.0).abs().max((p.1 - q.1).abs()) > 0.15)
        });
        if large {
            let moved: Vec<Vec<_>> = strokes
                .iter()
                .map(|s| s.iter().map(|(x, y)| (x * scale + shift, y * scale + shift)).collect())
                .collect();
            let moved = picture(&drawing(&moved)).expect("drawn");
            for i in 0..PIXELS {
                prop_assert!((original[i] - moved[i]).abs() < 0.01, "pixel {i}");
            }
        }
        Ok(())
    });
    result.expect("holds for every drawing");
}
