//! A labelled digit: as somebody drew it, or as an image that came without its strokes.

use super::{Drawing, Point, picture};
use crate::data::{CLASSES, PIXELS};

/// A digit and its label, which is what its author says it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// 0 to 9.
    pub label: u8,
    /// Its ink.
    pub ink: DigitInk,
}

/// How a digit is known.
#[derive(Clone, Debug, PartialEq)]
pub enum DigitInk {
    /// By its strokes.
    Strokes(Drawing),
    /// By its image only: 28x28, 0 is paper and 1 is ink.
    Image(Box<[f32; PIXELS]>),
}

impl Digit {
    /// What the network sees, 28x28; `None` without ink, or if the label is not a digit.
    pub fn picture(&self) -> Option<Box<[f32; PIXELS]>> {
        let picture = match &self.ink {
            DigitInk::Strokes(drawing) => picture(drawing).map(Box::new),
            DigitInk::Image(image) => image.iter().any(|&ink| ink > 0.0).then(|| image.clone()),
        };
        picture.filter(|_| usize::from(self.label) < CLASSES)
    }

    /// For the browser's store: the label, then each stroke as its number of points and their coordinates. An image is
    /// a stroke of no points, followed by the pixels.
    pub fn numbers(&self) -> Vec<f32> {
        let mut numbers = vec![f32::from(self.label)];
        match &self.ink {
            DigitInk::Strokes(drawing) => {
                for stroke in drawing.strokes() {
                    numbers.push(stroke.len() as f32);
                    numbers.extend(stroke.iter().flat_map(|point| [point.x, point.y]));
                }
            }
            DigitInk::Image(image) => {
                numbers.push(0.0);
                numbers.extend_from_slice(&image[..]);
            }
        }
        numbers
    }

    /// Reads what [`Digit::numbers`] wrote.
    pub fn read(numbers: &[f32]) -> Option<Self> {
        let (&label, mut rest) = numbers.split_first()?;
        if !(0.0..CLASSES as f32).contains(&label) {
            return None;
        }
        let label = label as u8;
        if let Some((0.0, pixels)) = rest.split_first() {
            let image: Box<[f32; PIXELS]> = Box::new(pixels.try_into().ok()?);
            let whole = image.iter().all(|ink| (0.0..=1.0).contains(ink));
            return whole.then_some(Self { label, ink: DigitInk::Image(image) });
        }
        let mut drawing = Drawing::default();
        while let Some((&points, after)) = rest.split_first() {
            let (stroke, after) = after.split_at_checked((points as usize).saturating_mul(2))?;
            let mut points = stroke.as_chunks().0.iter().map(|&[x, y]| Point { x, y });
            drawing.begin(points.next()?);
            points.for_each(|point| drawing.extend(point));
            rest = after;
        }
        Some(Self { label, ink: DigitInk::Strokes(drawing) })
    }
}
