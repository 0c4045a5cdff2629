//! From an [`Architecture`] to a list of computations and the place of each parameter.
//!
//! A plan's steps are not its layers: Conv2D, relu and a 2x2 MaxPooling2D become one step, 'same'
//! padding becomes a step before its convolution, and a Conv2D that is the first layer cuts
//! patches, which makes it a 1x1 convolution with a channel for each tap.

use std::ops::Range;

use crate::config::architecture::{Activation, Layer, Padding, Shape};
use crate::config::{Architecture, ArchitectureError};
use crate::kernels::conv::patches::Patches;
use crate::kernels::lanes::round_up;
use crate::kernels::{conv, padding, pool, winograd};

/// A named parameter's place in the flat vector of all parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterView {
    /// Keras' name, such as `conv2d/kernel`.
    pub name: String,
    /// A Conv2D kernel is `[kernel_size, kernel_size, channels, filters]`, a Dense kernel
    /// `[inputs, units]`; a bias has one axis.
    pub shape: Vec<usize>,
    /// Its place in the flat vector; row-major.
    pub range: Range<usize>,
}

/// The place of a Conv2D's or a Dense layer's parameters in the flat vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Row-major, as Keras stores it.
    pub kernel: Range<usize>,
    /// One number for each output.
    pub bias: Range<usize>,
    /// Rows of the kernel for one tap: channels, or a Dense layer's inputs.
    pub channels: usize,
    /// Columns of the kernel: filters, or units.
    pub outputs: usize,
}

/// How a Conv2D's forward pass is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Every output is written.
    Plain,
    /// With 2x2 max-pooling in the same pass.
    Pooled,
    /// The same by Winograd's algorithm. A first layer then cuts no patches.
    PooledWinograd,
}

/// A convolution, fused with the relu and the 2x2 max-pooling that follow it.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// The patches that a first layer cuts.
    pub patches: Option<Patches>,
    /// Sizes; of the convolution of patches, if it cuts some.
    pub geometry: conv::Geometry,
    /// The same place with and without patches.
    pub weights: Weights,
    /// Whether relu follows.
    pub relu: bool,
    /// Forward pass, and whether 2x2 max-pooling follows.
    pub pass: Pass,
}

/// One computation on every image of a shard.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Zeros around a map.
    Pad(padding::PaddingGeometry),
    /// Convolution, with relu and 2x2 max-pooling in the same pass if they follow.
    Conv2D(Convolution),
    /// Max-pooling on its own.
    MaxPooling2D(pool::PoolGeometry),
    /// Average pooling.
    AveragePooling2D(pool::PoolGeometry),
    /// A map to a vector, without the padding channels.
    Flatten {
        /// Channels without padding.
        channels: usize,
        /// Channels rounded up.
        stride: usize,
    },
    /// Matrix product.
    Dense {
        /// Kernel `[inputs, units]`, and bias.
        weights: Weights,
        /// Whether relu follows.
        relu: bool,
    },
    /// Sets random numbers to zero while training.
    Dropout {
        /// Fraction of them, 0 to 1.
        rate: f32,
        /// Number of the layer, so that two of them differ.
        layer: usize,
    },
}

/// A step with the size of its output.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The computation.
    pub step: Step,
    /// Size of one image's output.
    pub output: usize,
    /// Whether an earlier step has parameters, so that the backward pass goes on.
    pub needs_input_gradient: bool,
}

/// What to compute, in which order, and where each parameter is.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    input: Shape,
    classes: usize,
    steps: Vec<Planned>,
    views: Vec<ParameterView>,
    parameter_count: usize,
}

/// Size of a map with padding channels.
fn stored(shape: Shape) -> usize {
    shape.height * shape.width * round_up(shape.channels)
}

impl Plan {
    /// Plans an architecture.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let shapes = architecture.shapes()?;
        let mut plan = Self {
            input: architecture.input,
            classes: shapes.last().map_or(0, |s| s.channels),
            steps: Vec::new(),
            views: Vec::new(),
            parameter_count: 0,
        };
        let mut input = architecture.input;
        let mut layers = architecture.layers.iter().zip(shapes).zip(architecture.layer_names());
        let mut index = 0;
        while let Some(((layer, output), name)) = layers.next() {
            let weights = plan.place(layer, input, &name);
            let mut output = output;
            let mut taken = 1;
            match (*layer, weights) {
                (Layer::Conv2D { kernel_size, activation, padding, .. }, Some(weights)) => {
                    let next = architecture.layers.get(index + 1);
                    let pooled = next == Some(&Layer::MaxPooling2D { pool_size: 2 });
                    let unpooled = output;
                    if pooled && let Some(((_, shape), _)) = layers.next() {
                        output = shape;
                        taken = 2;
                    }
                    let relu = activation == Activation::Relu;
                    let frame = (input, unpooled, padding);
                    plan.convolution(frame, kernel_size, weights, relu, pooled, output);
                }
                (Layer::MaxPooling2D { pool_size }, _) => {
                    plan.push(Step::MaxPooling2D(pooling(input, pool_size)), stored(output));
                }
                (Layer::AveragePooling2D { pool_size }, _) => {
                    plan.push(Step::AveragePooling2D(pooling(input, pool_size)), stored(output));
                }
                (Layer::Flatten, _) => {
                    let stride = round_up(input.channels);
                    plan.push(Step::Flatten { channels: input.channels, stride }, stored(output));
                }
                (Layer::Dense { activation, .. }, Some(weights)) => {
                    let relu = activation == Activation::Relu;
                    plan.push(Step::Dense { weights, relu }, stored(output));
                }
                (Layer::Dropout { rate }, _) => {
                    plan.push(Step::Dropout { rate, layer: index }, stored(output));
                }
                (Layer::Conv2D { .. } | Layer::Dense { .. }, None) => {
                    unreachable!("these layers have parameters")
                }
            }
            input = output;
            index += taken;
        }
        Ok(plan)
    }

    /// Places a layer's parameters after those of the earlier layers.
    fn place(&mut self, layer: &Layer, input: Shape, name: &str) -> Option<Weights> {
        let [kernel, bias] = layer.parameter_shapes(input)?;
        let mut view = |suffix: &str, shape: Vec<usize>| {
            let start = self.parameter_count;
            self.parameter_count += shape.iter().product::<usize>();
            let range = start..self.parameter_count;
            self.views.push(ParameterView {
                name: format!("{name}/{suffix}"),
                shape,
                range: range.clone(),
            });
            range
        };
        let outputs = bias.iter().product();
        Some(Weights {
            kernel: view("kernel", kernel),
            bias: view("bias", bias),
            channels: input.channels,
            outputs,
        })
    }

    fn convolution(
        &mut self,
        (input, unpooled, padding): (Shape, Shape, Padding),
        kernel_size: usize,
        mut weights: Weights,
        relu: bool,
        pooled: bool,
        output: Shape,
    ) {
        let first = self.steps.is_empty();
        let mut channels = if first { input.channels } else { round_up(input.channels) };
        let (mut height, mut width) = (input.height, input.width);
        if padding == Padding::Same && kernel_size > 1 {
            height += kernel_size - 1;
            width += kernel_size - 1;
            let padding = padding::PaddingGeometry {
                height: input.height,
                width: input.width,
                channels,
                before: (kernel_size - 1) / 2,
                padded_width: width,
            };
            self.push(Step::Pad(padding), height * width * channels);
        }
        let mut tap = kernel_size;
        let patches = first.then(|| {
            weights.channels *= kernel_size * kernel_size;
            channels = round_up(weights.channels);
            let (channels, patch_stride) = (input.channels, channels);
            let patches = Patches { width, channels, kernel_size, patch_stride };
            (height, width) = (unpooled.height, unpooled.width);
            tap = 1;
            patches
        });
        let filters = round_up(weights.outputs);
        let geometry = conv::Geometry { height, width, channels, kernel_size: tap, filters };
        let pass = match (pooled, tap) {
            (false, _) => Pass::Plain,
            (true, winograd::KERNEL_SIZE) => Pass::PooledWinograd,
            (true, _) if first && (input.channels, kernel_size) == (1, winograd::KERNEL_SIZE) => {
                Pass::PooledWinograd
            }
            (true, _) => Pass::Pooled,
        };
        let convolution = Convolution { patches, geometry, weights, relu, pass };
        self.push(Step::Conv2D(convolution), stored(output));
    }

    fn push(&mut self, step: Step, output: usize) {
        let needs_input_gradient =
            self.steps.iter().any(|s| matches!(s.step, Step::Conv2D { .. } | Step::Dense { .. }));
        self.steps.push(Planned { step, output, needs_input_gradient });
    }

    /// Shape of an image.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// Channels of an image: not padded if a convolution reads it, otherwise rounded up as
    /// everywhere.
    pub(super) fn input_stride(&self) -> usize {
        match self.steps.first().map(|s| &s.step) {
            Some(Step::Conv2D { .. } | Step::Pad(_)) => self.input.channels,
            _ => round_up(self.input.channels),
        }
    }

    /// Number of classes: the size of the last output.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The computations, first to last.
    pub fn steps(&self) -> &[Planned] {
        &self.steps
    }

    /// Every parameter's name, shape and place, in order.
    pub fn parameters(&self) -> &[ParameterView] {
        &self.views
    }

    /// Number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.parameter_count
    }
}

fn pooling(input: Shape, size: usize) -> pool::PoolGeometry {
    let channels = round_up(input.channels);
    pool::PoolGeometry { height: input.height, width: input.width, channels, size }
}
