//! A list of layers: validation, shapes, parameter counts, a summary.

mod error;
mod layer;
mod part;

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

pub use self::error::ArchitectureError;
pub use self::layer::{Activation, Layer, LayerKind, Padding, Shape};
pub use self::part::LayerPart;
use super::format::count;
use super::{CLASSES, SIDE};

/// The most parameters a model may have: 40 MB with its optimizer's moments and gradients.
pub const MAX_PARAMETERS: usize = 2_000_000;

/// The most multiply-adds that a model may take for one image, so that a minibatch of the largest size, forward and
/// backward, takes only seconds.
pub const MAX_MULTIPLY_ADDS: usize = 100_000_000;

/// The most numbers that the outputs of all layers may hold for one image.
const MAX_NUMBERS: usize = 250_000;

/// The most rows or columns that an image may have.
const MAX_SIDE: usize = 128;

/// Input shape and layers of a model that classifies into [`CLASSES`] classes. Serialised in its
/// [`notation`](super::notation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    /// Shape of an image.
    pub input: Shape,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

impl Default for Architecture {
    /// The reference model: the small convolutional network of Keras' MNIST examples.
    fn default() -> Self {
        let conv = |filters| Layer::Conv2D {
            filters,
            kernel_size: 3,
            activation: Activation::Relu,
            padding: Padding::Valid,
        };
        Self {
            input: Shape { height: SIDE, width: SIDE, channels: 1 },
            layers: vec![
                conv(32),
                Layer::MaxPooling2D { pool_size: 2 },
                conv(64),
                Layer::MaxPooling2D { pool_size: 2 },
                Layer::Flatten,
                Layer::Dense { units: CLASSES, activation: Activation::Softmax },
            ],
        }
    }
}

impl Architecture {
    /// The output shape of every layer.
    ///
    /// # Errors
    /// Names the first layer that cannot be built, and why.
    pub fn shapes(&self) -> Result<Vec<Shape>, ArchitectureError> {
        let (shapes, error) = self.inspect();
        error.map_or(Ok(shapes), Err)
    }

    /// The output shapes of the layers up to the first that cannot be built, and why it cannot.
    pub fn inspect(&self) -> (Vec<Shape>, Option<ArchitectureError>) {
        let mut shapes = Vec::with_capacity(self.layers.len());
        let error = self.build(&mut shapes).err();
        (shapes, error)
    }

    fn build(&self, shapes: &mut Vec<Shape>) -> Result<(), ArchitectureError> {
        let mut shape = self.input;
        let side = 1..=MAX_SIDE;
        if !side.contains(&shape.height)
            || !side.contains(&shape.width)
            || !(1..=4).contains(&shape.channels)
        {
            return Err(ArchitectureError::Input(shape));
        }
        let (mut parameters, mut multiply_adds, mut numbers) = (0, 0, 0);
        for (i, &layer) in self.layers.iter().enumerate() {
            let index = i + 1;
            let next = self.output_shape(shape, layer, index)?;
            parameters += layer.parameter_count(shape);
            multiply_adds += layer.multiply_adds(shape, next);
            numbers += next.size();
            for (what, got, most) in [
                ("parameters", parameters, MAX_PARAMETERS),
                ("multiply-adds an image", multiply_adds, MAX_MULTIPLY_ADDS),
                ("numbers in its maps", numbers, MAX_NUMBERS),
            ] {
                if got > most {
                    return Err(ArchitectureError::TooLarge { layer, index, what, got, most });
                }
            }
            shape = next;
            shapes.push(shape);
        }
        match self.layers.last() {
            Some(Layer::Dense { units: CLASSES, activation: Activation::Softmax }) => Ok(()),
            last => Err(ArchitectureError::LastLayer(last.copied())),
        }
    }

    fn output_shape(
        &self,
        input: Shape,
        layer: Layer,
        index: usize,
    ) -> Result<Shape, ArchitectureError> {
        for part in LayerPart::ALL {
            if let Some(got) = part.out_of_range(&layer) {
                return Err(ArchitectureError::OutOfRange { layer, index, part, got });
            }
        }
        let flat = self.layers[..index - 1].iter().position(|l| *l == Layer::Flatten);
        let map = |needed: usize| match flat {
            Some(flat) => Err(ArchitectureError::NeedsMap { layer, index, flat: flat + 1 }),
            None if input.height < needed || input.width < needed => {
                Err(ArchitectureError::TooSmall { layer, index, needed, got: input })
            }
            None => Ok(()),
        };
        match layer {
            Layer::Conv2D { filters, kernel_size, activation, padding } => {
                if activation == Activation::Softmax {
                    return Err(ArchitectureError::Softmax { layer, index });
                }
                let cut = match padding {
                    Padding::Valid => kernel_size - 1,
                    Padding::Same => 0,
                };
                map(cut + 1)?;
                Ok(Shape {
                    height: input.height - cut,
                    width: input.width - cut,
                    channels: filters,
                })
            }
            Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
                map(pool_size)?;
                Ok(Shape {
                    height: input.height / pool_size,
                    width: input.width / pool_size,
                    channels: input.channels,
                })
            }
            Layer::Flatten => {
                map(1)?;
                Ok(Shape::vector(input.size()))
            }
            Layer::Dense { units, activation } => {
                if flat.is_none() {
                    return Err(ArchitectureError::NeedsVector { layer, index, got: input });
                }
                if activation == Activation::Softmax && index != self.layers.len() {
                    return Err(ArchitectureError::Softmax { layer, index });
                }
                Ok(Shape::vector(units))
            }
            Layer::Dropout { .. } => Ok(input),
        }
    }

    /// Keras' automatic name of each layer: `conv2d`, `conv2d_1`, `dense`, ...
    pub fn layer_names(&self) -> Vec<String> {
        self.layers
            .iter()
            .enumerate()
            .map(|(i, layer)| {
                let stem = layer.stem();
                match self.layers[..i].iter().filter(|l| l.stem() == stem).count() {
                    0 => stem.to_owned(),
                    earlier => format!("{stem}_{earlier}"),
                }
            })
            .collect()
    }

    /// Number of parameters.
    ///
    /// # Errors
    /// As [`Architecture::shapes`].
    pub fn parameter_count(&self) -> Result<usize, ArchitectureError> {
        let outputs = self.shapes()?;
        let inputs = std::iter::once(&self.input).chain(&outputs);
        Ok(self.layers.iter().zip(inputs).map(|(layer, &input)| layer.parameter_count(input)).sum())
    }

    /// Multiply-adds of one image's forward pass.
    ///
    /// # Errors
    /// As [`Architecture::shapes`].
    pub fn multiply_adds(&self) -> Result<usize, ArchitectureError> {
        let outputs = self.shapes()?;
        let inputs = std::iter::once(&self.input).chain(&outputs);
        let layers = self.layers.iter().zip(inputs).zip(&outputs);
        Ok(layers.map(|((layer, &input), &output)| layer.multiply_adds(input, output)).sum())
    }

    /// Multiply-adds of one image's training step, done densely: the forward pass, the same again for the gradient with
    /// respect to the parameters, and the same for that with respect to each layer's input, except the first, which
    /// nobody needs.
    ///
    /// # Errors
    /// As [`Architecture::shapes`].
    pub fn training_multiply_adds(&self) -> Result<usize, ArchitectureError> {
        let outputs = self.shapes()?;
        let inputs = std::iter::once(&self.input).chain(&outputs);
        let layers = self.layers.iter().zip(inputs).zip(&outputs);
        let mut forward = layers.map(|((l, &input), &output)| l.multiply_adds(input, output));
        let first = forward.find(|&multiply_adds| multiply_adds > 0).unwrap_or(0);
        Ok(2 * first + 3 * forward.sum::<usize>())
    }

    /// Whether the other model's parameters fit this one: the same shapes in the same order.
    pub fn shares_parameters_with(&self, other: &Self) -> bool {
        let shapes = |model: &Self| Some(model.parameter_shapes(&model.shapes().ok()?));
        let (own, others) = (shapes(self), shapes(other));
        own.is_some() && own == others
    }

    /// Shapes of all parameters in order, given the layers' output shapes.
    fn parameter_shapes(&self, outputs: &[Shape]) -> Vec<Vec<usize>> {
        let inputs = std::iter::once(&self.input).chain(outputs);
        let shapes =
            self.layers.iter().zip(inputs).filter_map(|(l, &input)| l.parameter_shapes(input));
        shapes.flatten().collect()
    }

    /// A table of layers, output shapes and parameter counts, as Keras' `model.summary()` prints it.
    ///
    /// # Errors
    /// As [`Architecture::shapes`].
    pub fn summary(&self) -> Result<String, ArchitectureError> {
        let outputs = self.shapes()?;
        let inputs = std::iter::once(&self.input).chain(&outputs);
        let mut table = format!(
            "{:<36}{:<24}{:>10}\n{}\n",
            "Layer (type)",
            "Output shape",
            "Param #",
            "=".repeat(70)
        );
        for (((layer, name), input), output) in
            self.layers.iter().zip(self.layer_names()).zip(inputs).zip(&outputs)
        {
            let flat = *output == Shape::vector(output.channels);
            let shape = if flat && !matches!(layer, Layer::Conv2D { .. }) {
                format!("(None, {})", output.channels)
            } else {
                format!("(None, {}, {}, {})", output.height, output.width, output.channels)
            };
            let name = format!("{name} ({})", layer.class_name());
            // Writing to a String cannot fail.
            let _ = writeln!(
                table,
                "{name:<36}{shape:<24}{:>10}",
                count(layer.parameter_count(*input) as u32)
            );
        }
        let _ = write!(
            table,
            "{}\nTotal params: {}",
            "=".repeat(70),
            count(self.parameter_count()? as u32)
        );
        Ok(table)
    }
}
