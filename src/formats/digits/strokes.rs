//! Digits as JSON lines, one a line:
//!
//! ```json
//! {"label": 5, "source": "Inkling", "strokes": [[[x, y], ...], ...]}
//! ```
//!
//! `x` grows to the right and `y` downwards; the longer side of a drawing is 1000 units. A digit without strokes has
//! `"image"` in their place, its 28x28 pixels from 0 (paper) to 255 (ink).

use serde::{Deserialize, Serialize};

use crate::data::{CLASSES, PIXELS};
use crate::formats::FileError;
use crate::formats::bundle::NamedFile;
use crate::ink::{Digit, DigitInk, Drawing, Point};

/// Units of a drawing's longer side.
const UNITS: f32 = 1000.0;

/// The part of the pad that a drawing fills.
const SHARE: f32 = 0.7;

/// The most points of a drawing.
const MOST_POINTS: usize = 20_000;

/// Where a coordinate can be.
const FARTHEST: f32 = 1e6;

const WANTED: &str =
    "it should look like {\"label\": 5, \"strokes\": [[[x, y], [x, y]], [[x, y]]]}";

#[derive(Serialize, Deserialize)]
struct DigitLine<Unit> {
    label: serde_json::Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strokes: Option<Vec<Vec<[Unit; 2]>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Vec<u8>>,
}

/// Whether a file holds lines of JSON.
pub(in crate::formats) fn is(file: &NamedFile) -> bool {
    let named = [".jsonl", ".ndjson", ".json"].iter().any(|end| file.name.ends_with(end));
    named || file.bytes.trim_ascii_start().starts_with(b"{")
}

/// Reads a file of digits.
///
/// # Errors
/// Says which line is wrong, and how.
pub(in crate::formats) fn read(file: &NamedFile) -> Result<Vec<Digit>, FileError> {
    let lines = file.bytes.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let digits = lines.map(|(at, line)| {
        read_line(line).map_err(|(wrong, wanted)| {
            FileError::new(&format!("Line {} of {}", at + 1, file.name), wrong, wanted)
        })
    });
    digits.collect()
}

/// A digit, or what is wrong with its line and what it should be.
fn read_line(line: &[u8]) -> Result<Digit, (String, &'static str)> {
    let line: DigitLine<f32> =
        serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line))
            .map_err(|error| (format!("cannot be read ({error})"), WANTED))?;
    let label = line.label.as_u64().filter(|&label| label < CLASSES as u64).ok_or_else(|| {
        (format!("has the label {}", line.label), "it should be a whole number from 0 to 9")
    })?;
    let ink = match (line.strokes, line.image) {
        (Some(strokes), None) => DigitInk::Strokes(drawing(&strokes)?),
        (None, Some(image)) => {
            let pixels: [u8; PIXELS] = image.try_into().map_err(|image: Vec<u8>| {
                (format!("has an image of {} pixels", image.len()), "it should have 28x28")
            })?;
            DigitInk::Image(Box::new(pixels.map(|ink| f32::from(ink) / 255.0)))
        }
        _ => return Err((String::from("has no strokes"), WANTED)),
    };
    let digit = Digit { label: label as u8, ink };
    match digit.picture() {
        Some(_) => Ok(digit),
        None => Err((String::from("has no ink"), "it should be a drawing of a digit")),
    }
}

/// A drawing in the middle of the pad.
fn drawing(strokes: &[Vec<[f32; 2]>]) -> Result<Drawing, (String, &'static str)> {
    let points = || strokes.iter().flatten();
    let count = points().count();
    if count == 0 || count > MOST_POINTS || strokes.iter().any(Vec::is_empty) {
        let wrong = format!("has {} strokes with {count} points", strokes.len());
        return Err((wrong, "each should have some, and all of them at most 20,000"));
    }
    if points().flatten().any(|x| x.is_nan() || x.abs() > FARTHEST) {
        return Err((String::from("has a point that is too far off"), "1000 is a side’s length"));
    }
    let (low, longer) = bounds(points());
    let scale = SHARE / longer.max(1e-3);
    let middle = |axis: usize| {
        let high = points().map(|point| point[axis]).fold(low[axis], f32::max);
        (low[axis] + high) / 2.0
    };
    let (x, y) = (middle(0), middle(1));
    let place = |point: &[f32; 2]| Point {
        x: 0.5 + scale * (point[0] - x),
        y: 0.5 + scale * (point[1] - y),
    };
    Ok(Drawing::of(strokes.iter().map(|stroke| stroke.iter().map(place).collect())))
}

/// The upper left corner of some points, and the longer side of the box around them.
fn bounds<'a>(points: impl Iterator<Item = &'a [f32; 2]>) -> ([f32; 2], f32) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in points {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    (low, (high[0] - low[0]).max(high[1] - low[1]))
}

/// Writes digits.
pub(in crate::formats) fn write(digits: &[Digit]) -> String {
    let mut text = String::new();
    for digit in digits {
        let (mut strokes, mut image) = (None, None);
        match &digit.ink {
            DigitInk::Strokes(drawing) => {
                let points = |stroke: &Vec<Point>| stroke.iter().map(|p| [p.x, p.y]).collect();
                let drawn: Vec<Vec<[f32; 2]>> = drawing.strokes().iter().map(points).collect();
                let (low, longer) = bounds(drawn.iter().flatten());
                let scale = UNITS / longer.max(1e-3);
                let unit = |point: [f32; 2], axis: usize| {
                    (scale * (point[axis] - low[axis])).round() as i32
                };
                let place = |point: &[f32; 2]| [unit(*point, 0), unit(*point, 1)];
                let placed = drawn.iter().map(|stroke| stroke.iter().map(place).collect());
                strokes = Some(placed.collect());
            }
            DigitInk::Image(pixels) => {
                image = Some(pixels.iter().map(|ink| (255.0 * ink).round() as u8).collect());
            }
        }
        let source = Some("Inkling".into());
        let line = DigitLine { label: digit.label.into(), source, strokes, image };
        // Numbers and words can always be written.
        text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        text.push('\n');
    }
    text
}
