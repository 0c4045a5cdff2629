//! One step of a plan on a shard's images: its memory, its forward and its backward pass.

use super::buffer::{Buffer, filled};
use super::conv2d::Conv2D;
use super::phase::StepPhase;
use super::plan::{Planned, Step};
use crate::kernels::gemm::{self, PanelRow};
use crate::kernels::lanes::round_up;
use crate::kernels::{padding, pointwise, pool};

/// A step's memory, apart from its input and output.
#[derive(Debug)]
pub(super) enum StepWork {
    Nothing,
    Conv2D(Box<Conv2D>),
    /// `[images][numbers]`
    MaxPooling2D {
        argmax: Vec<u8>,
    },
    Dense {
        panels: Buffer<PanelRow>,
        bias: Buffer<PanelRow>,
        transposed: Buffer<PanelRow>,
    },
    /// The factor of each number, `[images][numbers]`.
    Dropout {
        factors: Vec<f32>,
    },
}

/// A step's arguments in the backward pass, `[images][numbers]` each.
pub(super) struct Buffers<'a> {
    pub(super) images: usize,
    pub(super) input: &'a [f32],
    pub(super) output: &'a [f32],
    /// The gradient of the output; may be overwritten.
    pub(super) output_gradient: &'a mut [f32],
    /// The gradient of the input; overwritten if the step needs one.
    pub(super) input_gradient: &'a mut [f32],
}

impl StepWork {
    /// For blocks of at most `images`.
    pub(super) fn new(planned: &Planned, images: usize) -> Self {
        let numbers = images * planned.output;
        match &planned.step {
            Step::Conv2D(conv2d) => Self::Conv2D(Box::new(Conv2D::new(
                conv2d.clone(),
                planned.needs_input_gradient,
                numbers,
            ))),
            Step::MaxPooling2D(_) => Self::MaxPooling2D { argmax: vec![0; numbers] },
            Step::Dense { weights, .. } => {
                let panels = gemm::panels(weights.outputs);
                let inputs = round_up(weights.channels);
                let transposed = gemm::panels(weights.channels) * weights.outputs;
                Self::Dense {
                    panels: filled([0.0; gemm::PANEL], panels * inputs),
                    bias: filled([0.0; gemm::PANEL], panels),
                    transposed: filled([0.0; gemm::PANEL], transposed),
                }
            }
            Step::Dropout { .. } => Self::Dropout { factors: vec![1.0; numbers] },
            Step::Pad(_) | Step::AveragePooling2D(_) | Step::Flatten { .. } => Self::Nothing,
        }
    }

    /// Sets the sum of gradients to zero, here and in `gradient`.
    pub(super) fn begin(&mut self, planned: &Planned, gradient: &mut [f32]) {
        match (&planned.step, self) {
            (_, Self::Conv2D(conv2d)) => conv2d.begin(),
            (Step::Dense { weights, .. }, _) => {
                gradient[weights.kernel.clone()].fill(0.0);
                gradient[weights.bias.clone()].fill(0.0);
            }
            _ => {}
        }
    }

    /// Writes the sums of gradients with respect to the parameters that [`StepWork::backward`] kept to
    /// their place in `gradient`.
    pub(super) fn finish(&self, gradient: &mut [f32]) {
        if let Self::Conv2D(conv2d) = self {
            conv2d.finish(gradient);
        }
    }

    /// Arranges the step's parameters, taken from all `parameters`, for the kernels.
    pub(super) fn load(&mut self, planned: &Planned, parameters: &[f32]) {
        match (&planned.step, self) {
            (_, Self::Conv2D(conv2d)) => conv2d.load(parameters),
            (Step::Dense { weights, .. }, Self::Dense { panels, bias, transposed }) => {
                let (kernel, units) = (&parameters[weights.kernel.clone()], weights.outputs);
                let group = (weights.channels, round_up(weights.channels));
                gemm::pack(kernel, units, group, group.1, panels);
                gemm::pack(&parameters[weights.bias.clone()], units, (1, 1), 1, bias);
                if planned.needs_input_gradient {
                    gemm::pack_transposed(kernel, weights.channels, units, transposed);
                }
            }
            _ => {}
        }
    }

    /// From `input` to `output`, both `[images][numbers]`. `rng_seed` is `Some` while training.
    pub(super) fn forward(
        &mut self,
        planned: &Planned,
        images: usize,
        input: &[f32],
        output: &mut [f32],
        rng_seed: Option<u64>,
    ) {
        if let Self::Conv2D(conv2d) = self {
            return conv2d.forward(images, input, output);
        }
        let inputs = input.chunks_exact(input.len() / images);
        let outputs = output.chunks_exact_mut(planned.output);
        match (&planned.step, self) {
            (Step::Pad(p), _) => inputs.zip(outputs).for_each(|(i, o)| padding::pad(p, i, o)),
            (Step::MaxPooling2D(g), Self::MaxPooling2D { argmax }) => {
                let argmax = argmax.chunks_exact_mut(planned.output);
                for ((input, output), argmax) in inputs.zip(outputs).zip(argmax) {
                    pool::max(g, input, output, argmax);
                }
            }
            (Step::AveragePooling2D(g), _) => {
                inputs.zip(outputs).for_each(|(i, o)| pool::average(g, i, o));
            }
            (Step::Flatten { channels, stride }, _) => {
                for (input, output) in inputs.zip(outputs) {
                    let pixels = input.chunks_exact(*stride);
                    for (to, from) in output.chunks_mut(*channels).zip(pixels) {
                        to.copy_from_slice(&from[..*channels]);
                    }
                }
            }
            (Step::Dense { weights, relu }, Self::Dense { panels, bias, .. }) => {
                let k = round_up(weights.channels);
                gemm::multiply(input, k, panels, k, bias, output, planned.output);
                if *relu {
                    pointwise::relu(output);
                }
            }
            (Step::Dropout { rate, layer }, Self::Dropout { factors }) => {
                let Some(rng_seed) = rng_seed else {
                    output.copy_from_slice(input);
                    return;
                };
                let kept = 1.0 / (1.0 - rate);
                let mut rng = fastrand::Rng::with_seed(rng_seed ^ ((*layer as u64) << 56));
                for ((factor, from), to) in factors.iter_mut().zip(input).zip(output) {
                    *factor = if rng.f32() < *rate { 0.0 } else { kept };
                    *to = from * *factor;
                }
            }
            _ => unreachable!("every step has its own kind of work"),
        }
    }

    /// The gradient of [`StepWork::forward`] with respect to the parameters, added to their place in
    /// `gradient` or kept for [`StepWork::finish`], and with respect to the input.
    pub(super) fn backward(
        &mut self,
        planned: &Planned,
        b: Buffers<'_>,
        gradient: &mut [f32],
        done: &mut dyn FnMut(StepPhase),
    ) {
        let Buffers { images, input, output, output_gradient, input_gradient } = b;
        let input_size = input.len() / images;
        match (&planned.step, self) {
            (_, Self::Conv2D(conv2d)) => {
                conv2d.backward(images, input, output, output_gradient, input_gradient, done);
            }
            (Step::Dense { weights, relu }, Self::Dense { transposed, .. }) => {
                if *relu {
                    pointwise::relu_gradient(output_gradient, output);
                }
                let (k, stride) = (weights.channels, planned.output);
                let kernel = &mut gradient[weights.kernel.clone()];
                gemm::multiply_transposed(
                    input,
                    input_size,
                    k,
                    output_gradient,
                    stride,
                    weights.outputs,
                    kernel,
                );
                let bias = &mut gradient[weights.bias.clone()];
                for row in output_gradient.chunks_exact(stride) {
                    pointwise::add(bias, &row[..weights.outputs]);
                }
                done(StepPhase::WeightGradient);
                if planned.needs_input_gradient {
                    let units = weights.outputs;
                    gemm::multiply(
                        output_gradient,
                        stride,
                        transposed,
                        units,
                        &[],
                        input_gradient,
                        input_size,
                    );
                    done(StepPhase::InputGradient);
                }
            }
            _ if !planned.needs_input_gradient => {}
            (step, work) => {
                let input_gradients = input_gradient.chunks_exact_mut(input_size);
                let output_gradients = output_gradient.chunks_exact(planned.output);
                match (step, work) {
                    (Step::Pad(p), _) => {
                        output_gradients
                            .zip(input_gradients)
                            .for_each(|(o, i)| padding::crop(p, o, i));
                    }
                    (Step::MaxPooling2D(g), Self::MaxPooling2D { argmax }) => {
                        let argmax = argmax.chunks_exact(planned.output);
                        for ((output_gradient, input_gradient), argmax) in
                            output_gradients.zip(input_gradients).zip(argmax)
                        {
                            pool::max_gradient(g, output_gradient, argmax, input_gradient);
                        }
                    }
                    (Step::AveragePooling2D(g), _) => {
                        output_gradients
                            .zip(input_gradients)
                            .for_each(|(o, i)| pool::average_gradient(g, o, i));
                    }
                    (Step::Flatten { channels, stride }, _) => {
                        for (output_gradient, input_gradient) in
                            output_gradients.zip(input_gradients)
                        {
                            let pixels = input_gradient.chunks_exact_mut(*stride);
                            for (to, from) in pixels.zip(output_gradient.chunks(*channels)) {
                                to[..*channels].copy_from_slice(from);
                            }
                        }
                    }
                    (Step::Dropout { .. }, Self::Dropout { factors }) => {
                        for ((to, from), factor) in
                            input_gradient.iter_mut().zip(output_gradient).zip(factors)
                        {
                            *to = *from * *factor;
                        }
                    }
                    _ => unreachable!("every step has its own kind of work"),
                }
                done(StepPhase::InputGradient);
            }
        }
    }
}
