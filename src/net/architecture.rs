//! A list of layers in Keras' words: validation, shapes, parameter counts, a summary.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Write as _};

use crate::data::{CLASSES, SIDE};

/// Rows, columns and channels of a feature map; after Flatten one row, one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels, or units after Flatten.
    pub channels: usize,
}

impl Shape {
    /// A vector: what Flatten makes and Dense takes.
    pub const fn vector(units: usize) -> Self {
        Self { height: 1, width: 1, channels: units }
    }

    /// Numbers in a map of this shape.
    pub const fn size(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// What a layer does to its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// `exp(x_i) / sum over j of exp(x_j)`; only for the last layer.
    Softmax,
}

/// What a convolution finds beyond the edge of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// The kernel stays inside; the output is smaller.
    Valid,
    /// Zeros; the output is as large as the input.
    Same,
}

/// A layer, with Keras' names and defaults: strides 1 for Conv2D, `pool_size` for pooling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layer {
    /// Convolution, `[kernel_size][kernel_size][channels][filters]` weights and a bias for each filter.
    Conv2D {
        /// Channels of the output.
        filters: usize,
        /// Side of the square kernel, 1 to 7.
        kernel_size: usize,
        /// Linear or relu.
        activation: Activation,
        /// What lies beyond the edge.
        padding: Padding,
    },
    /// The largest value of each square window.
    MaxPooling2D {
        /// Side of the window.
        pool_size: usize,
    },
    /// The mean of each square window.
    AveragePooling2D {
        /// Side of the window.
        pool_size: usize,
    },
    /// A map as one vector, in the order row, column, channel.
    Flatten,
    /// Every output from every input, `[inputs][units]` weights and a bias for each unit.
    Dense {
        /// Numbers in the output.
        units: usize,
        /// Linear, relu, or softmax in the last layer.
        activation: Activation,
    },
    /// While training, a random share of the inputs becomes zero and the rest grows to make up for it.
    Dropout {
        /// The share, 0 to less than 1.
        rate: f32,
    },
}

impl Layer {
    /// Keras' class name.
    pub fn class_name(&self) -> &'static str {
        match self {
            Self::Conv2D { .. } => "Conv2D",
            Self::MaxPooling2D { .. } => "MaxPooling2D",
            Self::AveragePooling2D { .. } => "AveragePooling2D",
            Self::Flatten => "Flatten",
            Self::Dense { .. } => "Dense",
            Self::Dropout { .. } => "Dropout",
        }
    }

    /// The stem of the name that Keras gives to a layer of this class.
    fn stem(&self) -> &'static str {
        match self {
            Self::Conv2D { .. } => "conv2d",
            Self::MaxPooling2D { .. } => "max_pooling2d",
            Self::AveragePooling2D { .. } => "average_pooling2d",
            Self::Flatten => "flatten",
            Self::Dense { .. } => "dense",
            Self::Dropout { .. } => "dropout",
        }
    }

    /// Shapes of the layer's kernel and bias for a given input; none for a layer without parameters.
    pub fn parameter_shapes(&self, input: Shape) -> Option<[Vec<usize>; 2]> {
        match *self {
            Self::Conv2D { filters, kernel_size, .. } => {
                Some([vec![kernel_size, kernel_size, input.channels, filters], vec![filters]])
            }
            Self::Dense { units, .. } => Some([vec![input.channels, units], vec![units]]),
            _ => None,
        }
    }

    /// Number of parameters for a given input.
    pub fn parameter_count(&self, input: Shape) -> usize {
        self.parameter_shapes(input)
            .map_or(0, |shapes| shapes.iter().map(|s| s.iter().product::<usize>()).sum())
    }

    /// Multiply-adds of one image's forward pass, for given shapes; what has no parameters has none.
    pub fn multiply_adds(&self, input: Shape, output: Shape) -> usize {
        match *self {
            Self::Conv2D { kernel_size, .. } => {
                output.size() * kernel_size * kernel_size * input.channels
            }
            Self::Dense { .. } => input.channels * output.channels,
            _ => 0,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class_name())?;
        match *self {
            Self::Conv2D { filters, kernel_size: k, .. } => write!(f, " {filters} filters {k}x{k}"),
            Self::MaxPooling2D { pool_size: p } | Self::AveragePooling2D { pool_size: p } => {
                write!(f, " {p}x{p}")
            }
            Self::Flatten => Ok(()),
            Self::Dense { units, .. } => write!(f, " {units} units"),
            Self::Dropout { rate } => write!(f, " {rate}"),
        }
    }
}

/// Input shape and layers of a model that tells [`CLASSES`] classes apart. Serialised as
/// [`notation`](super::notation) writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    /// Shape of an image.
    pub input: Shape,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// Why an architecture cannot be built. Layers are counted from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ArchitectureError {
    /// Images without a pixel, or larger than the kernels are made for.
    #[error("an image must have 1 to {MAX_SIDE} rows and columns and 1 to 4 channels, not {}x{}x{}", .0.height, .0.width, .0.channels)]
    Input(Shape),
    /// The last layer is not what training needs.
    #[error("the last layer must be Dense {CLASSES} units with softmax{}", found(.0))]
    LastLayer(Option<Layer>),
    /// A window or kernel larger than the map that it meets.
    #[error("{layer} needs at least {needed}x{needed}, got {}x{} {}", got.height, got.width, after(*index))]
    TooSmall {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// Rows and columns that it needs.
        needed: usize,
        /// What it would get.
        got: Shape,
    },
    /// A layer for maps where there is a vector already.
    #[error(
        "{layer} needs a feature map, but layer {flat} has flattened it: put {layer} before it"
    )]
    NeedsMap {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// Number of the Flatten before it.
        flat: usize,
    },
    /// A layer for vectors where there is still a map.
    #[error("{layer} (layer {index}) needs a vector, got {}x{}x{}: put Flatten before it", got.height, got.width, got.channels)]
    NeedsVector {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// What it would get.
        got: Shape,
    },
    /// A number outside its range.
    #[error("{layer} (layer {index}): {what} must be {range}, not {got}")]
    OutOfRange {
        /// The layer meant.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// The number meant.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What is asked for.
        got: f32,
    },
    /// Softmax anywhere but at the end, or on a convolution.
    #[error("{layer} (layer {index}): softmax is only for the last layer, a Dense one")]
    Softmax {
        /// The layer meant.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
    },
    /// More numbers than a browser tab should be asked for.
    #[error("{layer} (layer {index}) makes the model too large: {got} {what}, at most {most}")]
    TooLarge {
        /// The layer that passes the limit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// What is limited.
        what: &'static str,
        /// How much of it there is up to and with this layer.
        got: usize,
        /// The limit.
        most: usize,
    },
}

impl ArchitectureError {
    /// The number, from 1, of the layer that is wrong; `None` if the input is, or if there is no layer.
    pub fn layer(&self, layers: usize) -> Option<usize> {
        match *self {
            Self::Input(_) => None,
            Self::LastLayer(_) => (layers > 0).then_some(layers),
            Self::TooSmall { index, .. }
            | Self::NeedsMap { index, .. }
            | Self::NeedsVector { index, .. }
            | Self::OutOfRange { index, .. }
            | Self::Softmax { index, .. }
            | Self::TooLarge { index, .. } => Some(index),
        }
    }
}

fn found(layer: &Option<Layer>) -> String {
    match layer {
        Some(layer) => format!(", not {layer}"),
        None => "; there is no layer".to_owned(),
    }
}

fn after(index: usize) -> String {
    match index {
        1 => "from the input".to_owned(),
        _ => format!("after layer {}", index - 1),
    }
}

/// The most parameters a model may have: 40 MB with its optimizer's moments and gradients.
pub const MAX_PARAMETERS: usize = 2_000_000;

/// The most multiply-adds that a model may take for one image: a minibatch of the largest size, forward and
/// backward, stays within seconds.
pub const MAX_MULTIPLY_ADDS: usize = 100_000_000;

/// The most numbers that the outputs of all layers may hold for one image.
const MAX_NUMBERS: usize = 250_000;

/// The most rows or columns that an image may have.
const MAX_SIDE: usize = 128;

/// The most units or filters a layer may have.
const MAX_CHANNELS: usize = 1024;

impl Default for Architecture {
    /// The reference model: the small convolutional network of Keras' own MNIST examples.
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
    /// The first layer that cannot be built, and why.
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
        let range = |what, range, got: f32, inside: bool| {
            if inside {
                Ok(())
            } else {
                Err(ArchitectureError::OutOfRange { layer, index, what, range, got })
            }
        };
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
                range(
                    "filters",
                    "1 to 1024",
                    filters as f32,
                    (1..=MAX_CHANNELS).contains(&filters),
                )?;
                range("kernel size", "1 to 7", kernel_size as f32, (1..=7).contains(&kernel_size))?;
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
                range("pool size", "1 to 15", pool_size as f32, (1..=15).contains(&pool_size))?;
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
                range("units", "1 to 1024", units as f32, (1..=MAX_CHANNELS).contains(&units))?;
                if flat.is_none() {
                    return Err(ArchitectureError::NeedsVector { layer, index, got: input });
                }
                if activation == Activation::Softmax && index != self.layers.len() {
                    return Err(ArchitectureError::Softmax { layer, index });
                }
                Ok(Shape::vector(units))
            }
            Layer::Dropout { rate } => {
                range("rate", "0 to less than 1", rate, (0.0..1.0).contains(&rate))?;
                Ok(input)
            }
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

    /// Multiply-adds of one image's training step, done densely: those of the forward pass, as many for the gradient by
    /// the parameters, and as many for the gradient by each layer's input but the first's, which nobody needs.
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

    /// Whether parameters of the other model can be this one's: the same shapes in the same order.
    pub fn shares_parameters_with(&self, other: &Self) -> bool {
        let shapes = |model: &Self| Some(model.parameter_shapes(&model.shapes().ok()?));
        let (own, others) = (shapes(self), shapes(other));
        own.is_some() && own == others
    }

    /// Shapes of all parameters in order, for these outputs of the layers.
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
                thousands(layer.parameter_count(*input))
            );
        }
        let _ = write!(
            table,
            "{}\nTotal params: {}",
            "=".repeat(70),
            thousands(self.parameter_count()?)
        );
        Ok(table)
    }
}

/// `34826` as `34,826`.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
