//! Receptive fields: the pixels of the image that a number of a layer's output can depend on.

use crate::config::architecture::{Layer, Padding, Shape};

/// Rows `top..bottom` and columns `left..right` of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptiveField {
    /// First row.
    pub top: usize,
    /// One past the last row.
    pub bottom: usize,
    /// First column.
    pub left: usize,
    /// One past the last column.
    pub right: usize,
}

impl ReceptiveField {
    /// A whole map.
    pub const fn whole(shape: Shape) -> Self {
        Self { top: 0, bottom: shape.height, left: 0, right: shape.width }
    }

    /// One pixel.
    pub const fn pixel(y: usize, x: usize) -> Self {
        Self { top: y, bottom: y + 1, left: x, right: x + 1 }
    }

    /// Whether the pixel is inside.
    pub fn contains(&self, y: usize, x: usize) -> bool {
        (self.top..self.bottom).contains(&y) && (self.left..self.right).contains(&x)
    }

    /// The part of a layer's input that its windows of `size` by `size`, `stride` apart, read to make
    /// this part of its output. The first window begins `before` rows and columns outside; what is
    /// outside is cut off.
    pub fn behind(&self, size: usize, stride: usize, before: usize, input: Shape) -> Self {
        let first = |index: usize| (index * stride).saturating_sub(before);
        let end = |index: usize, side: usize| {
            ((index - 1) * stride + size).saturating_sub(before).min(side)
        };
        Self {
            top: first(self.top),
            bottom: end(self.bottom, input.height),
            left: first(self.left),
            right: end(self.right, input.width),
        }
    }
}

/// Zeros before the first row and column of a convolution's input, as Keras places them.
pub fn zeros_before(kernel_size: usize, padding: Padding) -> usize {
    match padding {
        Padding::Valid => 0,
        Padding::Same => (kernel_size - 1) / 2,
    }
}

/// The receptive field of one number of the last of `layers`.
///
/// - `layers`: each with its input's shape, first to last
/// - `place`: row, column and channel of that layer's output
pub fn field(layers: &[(Layer, Shape)], place: (usize, usize, usize)) -> ReceptiveField {
    let (y, x, channel) = place;
    let mut field = ReceptiveField::pixel(y, x);
    // In a vector, the one number that matters, as long as it is one.
    let mut unit = Some(channel);
    for &(layer, input) in layers.iter().rev() {
        match layer {
            Layer::Conv2D { kernel_size, padding, .. } => {
                field = field.behind(kernel_size, 1, zeros_before(kernel_size, padding), input);
            }
            Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
                field = field.behind(pool_size, pool_size, 0, input);
            }
            Layer::Flatten => {
                field = match unit {
                    Some(unit) => {
                        let pixel = unit / input.channels;
                        ReceptiveField::pixel(pixel / input.width, pixel % input.width)
                    }
                    None => ReceptiveField::whole(input),
                };
            }
            Layer::Dense { .. } => {
                unit = None;
                field = ReceptiveField::whole(input);
            }
            Layer::Dropout { .. } => {}
        }
    }
    field
}
