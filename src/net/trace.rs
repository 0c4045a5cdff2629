//! One image's activations, layer by layer, most of which training's fused passes never write.
//!
//! Plain loops over Keras' layouts, without padding channels: maps `[height][width][channels]`,
//! kernels `[tap][channel][filter]`. They skip zeros, of which drawings and relu leave many.

use std::ops::Range;

use super::receptive::{self, ReceptiveField};
use crate::config::architecture::{Activation, Layer, Shape};
use crate::config::{Architecture, ArchitectureError};

/// A layer, the place of its parameters, and its output for the image.
#[derive(Clone, Debug)]
pub struct LayerActivations {
    /// As in the architecture.
    pub layer: Layer,
    /// Shape of the input.
    pub input: Shape,
    /// Shape of the output.
    pub shape: Shape,
    /// Place of the kernel among the parameters; empty without one.
    pub kernel: Range<usize>,
    /// Place of the bias.
    pub bias: Range<usize>,
    /// The output after the activation; logits if that is softmax.
    pub output: Vec<f32>,
}

impl LayerActivations {
    /// Side of the windows, distance between two, and how far outside the first begins. In a vector a
    /// window is one number.
    pub fn windows(&self) -> (usize, usize, usize) {
        match self.layer {
            Layer::Conv2D { kernel_size, padding, .. } => {
                (kernel_size, 1, receptive::zeros_before(kernel_size, padding))
            }
            Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
                (pool_size, pool_size, 0)
            }
            Layer::Flatten | Layer::Dense { .. } | Layer::Dropout { .. } => (1, 1, 0),
        }
    }

    fn relu(&self) -> bool {
        matches!(
            self.layer,
            Layer::Conv2D { activation: Activation::Relu, .. }
                | Layer::Dense { activation: Activation::Relu, .. }
        )
    }

    /// Calls `f(output pixel, input pixel, tap)` for every pixel of every window of these rows.
    fn for_each_tap(&self, rows: Range<usize>, mut f: impl FnMut(usize, usize, usize)) {
        let (size, stride, before) = self.windows();
        for y in rows {
            for x in 0..self.shape.width {
                for tap in 0..size * size {
                    let row = (y * stride + tap / size).wrapping_sub(before);
                    let column = (x * stride + tap % size).wrapping_sub(before);
                    if row < self.input.height && column < self.input.width {
                        f(y * self.shape.width + x, row * self.input.width + column, tap);
                    }
                }
            }
        }
    }

    /// Multiplications, or comparisons, for one of the output's rows.
    fn row_cost(&self) -> usize {
        (self.kernel.len() * self.shape.width).max(self.input.size() / self.shape.height)
    }

    /// Computes rows of the output, of which the first come first.
    fn run(&mut self, rows: Range<usize>, input: &[f32], parameters: &[f32]) {
        let (channels, outputs) = (self.input.channels, self.shape.channels);
        let is_new = rows.start == 0;
        let mut output = std::mem::take(&mut self.output);
        match self.layer {
            Layer::Conv2D { .. } | Layer::Dense { .. } => {
                let kernel = &parameters[self.kernel.clone()];
                let bias = &parameters[self.bias.clone()];
                if is_new {
                    output.clear();
                    output.extend(bias.iter().cycle().take(self.shape.size()));
                }
                self.for_each_tap(rows.clone(), |to, from, tap| {
                    let to = &mut output[to * outputs..][..outputs];
                    let rows = kernel[tap * channels * outputs..].chunks_exact(outputs);
                    for (&x, row) in input[from * channels..][..channels].iter().zip(rows) {
                        if x != 0.0 {
                            to.iter_mut().zip(row).for_each(|(to, weight)| *to += x * weight);
                        }
                    }
                });
                if self.relu() {
                    let row = self.shape.width * outputs;
                    let done = &mut output[rows.start * row..rows.end * row];
                    done.iter_mut().for_each(|value| *value = value.max(0.0));
                }
            }
            Layer::MaxPooling2D { .. } => {
                if is_new {
                    output.clear();
                    output.resize(self.shape.size(), f32::NEG_INFINITY);
                }
                self.for_each_tap(rows, |to, from, _| {
                    let to = &mut output[to * channels..][..channels];
                    let from = &input[from * channels..][..channels];
                    to.iter_mut().zip(from).for_each(|(to, &from)| *to = to.max(from));
                });
            }
            Layer::AveragePooling2D { pool_size } => {
                let share = 1.0 / (pool_size * pool_size) as f32;
                if is_new {
                    output.clear();
                    output.resize(self.shape.size(), 0.0);
                }
                self.for_each_tap(rows, |to, from, _| {
                    let to = &mut output[to * channels..][..channels];
                    let from = &input[from * channels..][..channels];
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += from * share);
                });
            }
            Layer::Flatten | Layer::Dropout { .. } => {
                output.clear();
                output.extend_from_slice(input);
            }
        }
        self.output = output;
    }

    /// From the gradient with respect to the output to the one with respect to the input.
    fn reverse(
        &self,
        input: &[f32],
        parameters: &[f32],
        mut output_gradient: Vec<f32>,
    ) -> Vec<f32> {
        let (channels, outputs) = (self.input.channels, self.shape.channels);
        let mut input_gradient = vec![0.0; self.input.size()];
        match self.layer {
            Layer::Conv2D { .. } | Layer::Dense { .. } => {
                if self.relu() {
                    for (gradient, &value) in output_gradient.iter_mut().zip(&self.output) {
                        if value <= 0.0 {
                            *gradient = 0.0;
                        }
                    }
                }
                let kernel = &parameters[self.kernel.clone()];
                // Pooling and relu leave zeros in most places.
                let (mut pixel, mut others) = (usize::MAX, Vec::new());
                self.for_each_tap(0..self.shape.height, |to, from, tap| {
                    if std::mem::replace(&mut pixel, to) != to {
                        let gradients = output_gradient[to * outputs..][..outputs].iter();
                        others.clear();
                        others.extend(gradients.copied().enumerate().filter(|(_, g)| *g != 0.0));
                    }
                    let rows = kernel[tap * channels * outputs..].chunks_exact(outputs);
                    for (by, row) in
                        input_gradient[from * channels..][..channels].iter_mut().zip(rows)
                    {
                        *by += others.iter().map(|&(filter, g)| g * row[filter]).sum::<f32>();
                    }
                });
            }
            Layer::MaxPooling2D { .. } => {
                // To the first of equals, as in training.
                self.for_each_tap(0..self.shape.height, |to, from, _| {
                    for channel in 0..channels {
                        let (to, from) = (to * channels + channel, from * channels + channel);
                        if output_gradient[to] != 0.0 && input[from] >= self.output[to] {
                            input_gradient[from] += std::mem::take(&mut output_gradient[to]);
                        }
                    }
                });
            }
            Layer::AveragePooling2D { pool_size } => {
                let share = 1.0 / (pool_size * pool_size) as f32;
                self.for_each_tap(0..self.shape.height, |to, from, _| {
                    for channel in 0..channels {
                        input_gradient[from * channels + channel] +=
                            output_gradient[to * channels + channel] * share;
                    }
                });
            }
            Layer::Flatten | Layer::Dropout { .. } => {
                input_gradient.copy_from_slice(&output_gradient)
            }
        }
        input_gradient
    }
}

/// An image and every layer's output for it, without Dropout.
#[derive(Clone, Debug)]
pub struct Trace {
    /// `[height][width][channels]`
    image: Vec<f32>,
    /// The layers, first to last.
    pub layers: Vec<LayerActivations>,
    /// The next layer to compute, and its next row.
    next: (usize, usize),
}

impl Trace {
    /// No image yet.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let mut input = architecture.input;
        let mut place = 0;
        let mut layers = Vec::new();
        for (&layer, shape) in architecture.layers.iter().zip(architecture.shapes()?) {
            let mut next = |count: usize| {
                place += count;
                place - count..place
            };
            let biases = layer.parameter_shapes(input).map_or(0, |[_, bias]| bias[0]);
            let kernel = next(layer.parameter_count(input) - biases);
            let bias = next(biases);
            layers.push(LayerActivations { layer, input, shape, kernel, bias, output: Vec::new() });
            input = shape;
        }
        Ok(Self { image: Vec::new(), layers, next: (0, 0) })
    }

    /// Passes an image through all layers.
    ///
    /// - `parameters`: flat, in the order of the architecture's [`Plan`](super::Plan)
    /// - `image`: `[height][width][channels]`
    pub fn follow(&mut self, parameters: &[f32], image: &[f32]) {
        self.begin(image);
        while self.done() < self.layers.len() {
            self.advance(parameters, usize::MAX);
        }
    }

    /// Takes another image, which [`Trace::advance`] passes through the layers.
    pub fn begin(&mut self, image: &[f32]) {
        self.image.clear();
        self.image.extend_from_slice(image);
        self.next = (0, 0);
    }

    /// How many layers the image has passed.
    pub fn done(&self) -> usize {
        self.next.0
    }

    /// Computes some rows of the next layer, with at most about this many multiplications. Returns about how many it
    /// took.
    pub fn advance(&mut self, parameters: &[f32], most: usize) -> usize {
        let (at, row) = self.next;
        let (before, layers) = self.layers.split_at_mut(at);
        let Some(layer) = layers.first_mut() else { return 0 };
        let input = before.last().map_or(&self.image, |layer| &layer.output);
        let (height, cost) = (layer.shape.height, layer.row_cost().max(1));
        let end = row.saturating_add((most / cost).max(1)).min(height);
        layer.run(row..end, input, parameters);
        self.next = if end == height { (at + 1, 0) } else { (at, end) };
        (end - row) * cost
    }

    /// Computes the layers after this one again.
    #[cfg(test)]
    pub fn go_on_after(&mut self, layer: usize, parameters: &[f32]) {
        self.next = (layer + 1, 0);
        while self.done() < self.layers.len() {
            self.advance(parameters, usize::MAX);
        }
    }

    /// Input of a layer, counted from 0.
    pub fn input(&self, layer: usize) -> &[f32] {
        layer.checked_sub(1).map_or(&self.image, |before| &self.layers[before].output)
    }

    /// One number for each class, before softmax.
    pub fn logits(&self) -> &[f32] {
        self.layers.last().map_or(&[], |layer| &layer.output)
    }

    /// The receptive field of a number of a layer's output.
    pub fn field(&self, layer: usize, place: (usize, usize, usize)) -> ReceptiveField {
        let layers: Vec<_> =
            self.layers[..=layer].iter().map(|layer| (layer.layer, layer.input)).collect();
        receptive::field(&layers, place)
    }

    /// The derivative of a class's logit with respect to every number of the image.
    pub fn saliency(&self, parameters: &[f32], class: usize) -> Vec<f32> {
        let mut by_logits = vec![0.0; self.logits().len()];
        by_logits[class] = 1.0;
        self.gradient(parameters, by_logits)
    }

    /// The gradient of a function of the logits with respect to every number of the image.
    ///
    /// - `by_logits`: the one with respect to the logits.
    pub fn gradient(&self, parameters: &[f32], by_logits: Vec<f32>) -> Vec<f32> {
        let back = |by: Vec<f32>, (at, layer): (usize, &LayerActivations)| {
            layer.reverse(self.input(at), parameters, by)
        };
        self.layers.iter().enumerate().rev().fold(by_logits, back)
    }

    /// The gradients of a function of the logits with respect to the output of each layer, the first layer's first.
    ///
    /// - `by_logits`: the one with respect to the logits.
    pub fn gradients(&self, parameters: &[f32], by_logits: Vec<f32>) -> Vec<Vec<f32>> {
        let mut found = vec![by_logits];
        for (at, layer) in self.layers.iter().enumerate().skip(1).rev() {
            let by_output = found.last().cloned().unwrap_or_default();
            found.push(layer.reverse(self.input(at), parameters, by_output));
        }
        found.reverse();
        found
    }
}
