//! Drawing into canvases: images in one colour, and maps of numbers as grids in the theme's colours.

use wasm_bindgen::Clamped;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::dom::{self, DomError};
use crate::config::architecture::Shape;
use crate::data::SIDE;

/// A canvas's 2D context.
pub(super) fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, DomError> {
    canvas
        .get_context("2d")?
        .and_then(|context| context.dyn_into().ok())
        .ok_or_else(|| DomError::WrongElement(canvas.id()))
}

/// Draws an image, 0 is paper and 1 is ink, into a canvas of its size, in the canvas's CSS colour.
pub(super) fn put(
    canvas: &HtmlCanvasElement,
    picture: &[f32],
    width: usize,
) -> Result<(), DomError> {
    fill(&context(canvas)?, &dom::computed(canvas, "color"), picture, width)
}

/// As [`put`], in a colour like "rgb(26, 26, 32)".
pub(super) fn fill(
    context: &CanvasRenderingContext2d,
    ink: &str,
    picture: &[f32],
    width: usize,
) -> Result<(), DomError> {
    let ink = rgb(ink);
    let mut pixels = vec![0; 4 * picture.len()];
    for (pixel, value) in pixels.as_chunks_mut::<4>().0.iter_mut().zip(picture) {
        pixel[..3].copy_from_slice(&ink);
        pixel[3] = (255.0 * value).round() as u8;
    }
    let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), width as u32)?;
    context.put_image_data(&image, 0.0, 0.0)?;
    Ok(())
}

/// The numbers of "rgb(26, 26, 32)".
fn rgb(text: &str) -> [u8; 3] {
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

fn css([r, g, b]: [u8; 3]) -> String {
    format!("rgb({r},{g},{b})")
}

/// The theme's colours for numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colours {
    /// Of the largest number, if none is negative; zero is paper.
    ink: [u8; 3],
    /// Of positive numbers, if there are negative ones.
    above: [u8; 3],
    /// Of negative numbers.
    below: [u8; 3],
    /// Between maps.
    hair: [u8; 3],
}

impl Colours {
    /// The colours of the current theme.
    pub(super) fn now() -> Result<Self, DomError> {
        let body = dom::document()?.body().ok_or(DomError::NoDocument)?;
        let token = |name: &str| {
            let text = dom::computed(&body, name);
            let number = u32::from_str_radix(text.trim().trim_start_matches('#'), 16);
            let [_, colour @ ..] = number.unwrap_or(0).to_be_bytes();
            colour
        };
        Ok(Self {
            ink: token("--ink"),
            above: token("--train"),
            below: token("--test"),
            hair: token("--hair"),
        })
    }

    /// The ink, for strokes and text.
    pub(super) fn ink(&self) -> String {
        css(self.ink)
    }

    /// The colour of what is between maps, for strokes.
    pub(super) fn line(&self) -> String {
        css(self.hair)
    }
}

/// How numbers become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// The absolute value that gets the full colour.
    pub(super) most: f32,
    /// Whether there are negative numbers.
    pub(super) signed: bool,
}

impl Scale {
    /// For an image: 0 is paper and 1 is ink.
    pub(super) const INK: Self = Self { most: 1.0, signed: false };

    /// From zero to the largest number, or symmetric around zero if some are negative.
    pub(super) fn of(numbers: &[f32]) -> Self {
        let most = numbers.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        Self { most, signed: numbers.iter().any(|&x| x < 0.0) }
    }

    pub(super) fn pixel(self, colours: &Colours, value: f32) -> [u8; 4] {
        let [r, g, b] = match (self.signed, value < 0.0) {
            (true, true) => colours.below,
            (true, false) => colours.above,
            (false, _) => colours.ink,
        };
        let share = if self.most > 0.0 { (value.abs() / self.most).min(1.0) } else { 0.0 };
        [r, g, b, (255.0 * share) as u8]
    }
}

/// Maps side by side in rows, one pixel apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    /// Rows and columns of a map, and the number of maps.
    pub(super) shape: Shape,
    /// Maps in a row.
    pub(super) columns: usize,
}

/// A 28x28 image as a grid of one map.
pub(super) const PICTURE: Grid =
    Grid { shape: Shape { height: SIDE, width: SIDE, channels: 1 }, columns: 1 };

impl Grid {
    /// The canvas's width and height.
    pub(super) fn size(&self) -> (usize, usize) {
        let rows = self.shape.channels.div_ceil(self.columns);
        (self.columns * (self.shape.width + 1) - 1, rows * (self.shape.height + 1) - 1)
    }

    /// Left and top of a map.
    pub(super) fn corner(&self, channel: usize) -> (usize, usize) {
        (
            channel % self.columns * (self.shape.width + 1),
            channel / self.columns * (self.shape.height + 1),
        )
    }

    /// Row, column and channel at a pixel of the canvas.
    pub(super) fn at(&self, left: usize, top: usize) -> Option<(usize, usize, usize)> {
        let (width, height) = (self.shape.width + 1, self.shape.height + 1);
        let channel = top / height * self.columns + left / width;
        let (x, y) = (left % width, top % height);
        let inside = left / width < self.columns
            && channel < self.shape.channels
            && x < self.shape.width
            && y < self.shape.height;
        inside.then_some((y, x, channel))
    }

    /// Draws maps, `[height][width][channels]`.
    pub(super) fn draw(
        &self,
        canvas: &HtmlCanvasElement,
        maps: &[f32],
        scale: Scale,
        colours: &Colours,
    ) -> Result<(), DomError> {
        let (width, height) = self.size();
        let [r, g, b] = colours.hair;
        let mut pixels = vec![[r, g, b, u8::MAX]; width * height];
        for channel in 0..self.shape.channels {
            let (left, top) = self.corner(channel);
            for y in 0..self.shape.height {
                let row = &mut pixels[(top + y) * width + left..][..self.shape.width];
                let from = maps[y * self.shape.width * self.shape.channels + channel..]
                    .iter()
                    .step_by(self.shape.channels);
                for (pixel, &value) in row.iter_mut().zip(from) {
                    *pixel = scale.pixel(colours, value);
                }
            }
        }
        put_pixels(canvas, pixels.as_flattened(), (width, height))
    }
}

fn put_pixels(
    canvas: &HtmlCanvasElement,
    pixels: &[u8],
    (width, height): (usize, usize),
) -> Result<(), DomError> {
    let (width, height) = (width as u32, height as u32);
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let image = ImageData::new_with_u8_clamped_array(Clamped(pixels), width)?;
    context(canvas)?.put_image_data(&image, 0.0, 0.0)?;
    Ok(())
}
