//! A layer in Keras' words, and what it makes of a map.

use std::fmt;

/// Rows, columns and channels of a feature map; after Flatten, one row and one column.
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

impl Activation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Relu, Self::Softmax];

    /// Keras' word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::Softmax => "softmax",
        }
    }
}

/// What a convolution reads beyond the edge of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// The kernel stays inside; the output is smaller.
    Valid,
    /// Zeros; the output is as large as the input.
    Same,
}

impl Padding {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Valid, Self::Same];

    /// Keras' word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Same => "same",
        }
    }
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

    /// The stem of Keras' names for layers of this class.
    pub(super) fn stem(&self) -> &'static str {
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

    /// Multiply-adds of one image's forward pass, for given shapes; none for a layer without parameters.
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

/// A kind of layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// A convolution.
    Conv2D,
    /// Max-pooling.
    MaxPooling2D,
    /// Average pooling.
    AveragePooling2D,
    /// From a map to a vector.
    Flatten,
    /// A matrix.
    Dense,
    /// Random zeros.
    Dropout,
}

impl LayerKind {
    /// All kinds, in the page's order.
    pub const ALL: [Self; 6] = [
        Self::Conv2D,
        Self::MaxPooling2D,
        Self::AveragePooling2D,
        Self::Flatten,
        Self::Dense,
        Self::Dropout,
    ];

    /// A layer of this kind as it is when added.
    pub fn layer(self) -> Layer {
        match self {
            Self::Conv2D => Layer::Conv2D {
                filters: 32,
                kernel_size: 3,
                activation: Activation::Relu,
                padding: Padding::Valid,
            },
            Self::MaxPooling2D => Layer::MaxPooling2D { pool_size: 2 },
            Self::AveragePooling2D => Layer::AveragePooling2D { pool_size: 2 },
            Self::Flatten => Layer::Flatten,
            Self::Dense => Layer::Dense { units: 64, activation: Activation::Relu },
            Self::Dropout => Layer::Dropout { rate: 0.25 },
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
