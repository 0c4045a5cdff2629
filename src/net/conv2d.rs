//! A Conv2D in a [`Plan`](super::plan::Plan): its parameters arranged for the kernels, and what its backward
//! pass needs.
//!
//! Nothing is computed here: the plan chooses the kernels ([`Pass`], [`Patches`]), and this file passes each
//! one image at a time. "Pooled" is a layer that 2x2 max-pooling follows. The gradients are with respect to
//! the layer's kernel and its input.
//!
//! | layer | forward | kernel gradient | input gradient |
//! | --- | --- | --- | --- |
//! | first, pooled, 3x3 | `winograd::forward_pooled_picture` | `patches::pooled_weight_gradient` | |
//! | first, pooled | `patches::extract`, `conv::forward_pooled` | `patches::pooled_weight_gradient` | |
//! | first | `patches::extract`, `conv::forward` | `nonzero::weight_gradient` | |
//! | later, pooled, 3x3 | `winograd::forward_pooled` | `nonzero::weight_gradient` | `nonzero::input_gradient` |
//! | later, pooled | `conv::forward_pooled` | `nonzero::weight_gradient` | `nonzero::input_gradient` |
//! | later | `conv::forward` | `nonzero::weight_gradient` | `nonzero::input_gradient` |

use super::buffer::{Buffer, filled};
use super::phase::StepPhase;
use super::plan::{Convolution, Pass, Weights};
use crate::kernels::conv::nonzero::{self, NonzeroGradient};
use crate::kernels::conv::patches::{self, InkedWindow, Patches, Pooled};
use crate::kernels::conv::{self, Geometry};
use crate::kernels::gemm::{self, PanelRow};
use crate::kernels::transpose::transpose;
use crate::kernels::winograd;

/// One convolution, fused with the relu and the pooling that follow it.
#[derive(Debug)]
pub(super) struct Conv2D {
    planned: Convolution,
    needs_input_gradient: bool,
    panels: Buffer<PanelRow>,
    bias: Buffer<PanelRow>,
    /// One image's patches, cut or transformed.
    patches: Buffer,
    /// An image and the padding that kernels may read after it.
    picture: Buffer,
    /// The image's windows with ink; never more than there is memory for.
    inked: Vec<InkedWindow>,
    /// `[ky][filter][kx][channel]`, for the input gradient.
    swapped: Buffer,
    /// `None` where the backward pass needs no list.
    nonzero: Option<NonzeroGradient>,
    /// `[filter][row of taps][channel]` and `[filter]`: the sums of all blocks since [`Conv2D::begin`].
    kernel_gradient: Buffer,
    bias_gradient: Buffer,
    /// `[images][numbers]`
    argmax: Vec<u8>,
}

impl Conv2D {
    /// A layer with all parameters zero.
    ///
    /// - `back`: whether a gradient of the input is needed.
    /// - `numbers`: size of the largest block's output.
    pub(super) fn new(planned: Convolution, back: bool, numbers: usize) -> Self {
        let (g, weights) = (&planned.geometry, &planned.weights);
        let panels = gemm::panels(weights.outputs);
        let (panel_rows, patches) = match (planned.pass, planned.patches) {
            (Pass::PooledWinograd, Some(cut)) => {
                (winograd::ELEMENTS, winograd::transformed_picture_size(&cut.geometry(g)))
            }
            (Pass::PooledWinograd, None) => {
                (winograd::ELEMENTS * g.channels, winograd::transformed_size(g))
            }
            (_, cut) => {
                let cut = cut.map_or(0, |cut| g.height * g.width * cut.patch_stride);
                (taps(g) * depth(g, weights), cut)
            }
        };
        let picture = from_picture(&planned).map(|cut| cut.picture_size(g) + patches::SLACK);
        Self {
            panels: filled([0.0; gemm::PANEL], panels * panel_rows),
            bias: filled([0.0; gemm::PANEL], panels),
            patches: filled(0.0, patches),
            picture: filled(0.0, picture.unwrap_or(0)),
            inked: Vec::with_capacity(picture.map_or(0, |_| g.out_height() * g.out_width() / 4)),
            swapped: filled(0.0, if back { g.panel_rows() * g.filters } else { 0 }),
            nonzero: picture.is_none().then(|| NonzeroGradient::new(g, back)),
            kernel_gradient: filled(0.0, g.filters * sums_of_a_filter(&planned)),
            bias_gradient: filled(0.0, g.filters),
            argmax: vec![0; numbers],
            planned,
            needs_input_gradient: back,
        }
    }

    /// Arranges the layer's parameters, taken from all `parameters`, for the kernels.
    pub(super) fn load(&mut self, parameters: &[f32]) {
        let Convolution { patches: cut, geometry: g, weights, .. } = &self.planned;
        let kernel = &parameters[weights.kernel.clone()];
        let (channels, filters) = (weights.channels, weights.outputs);
        match self.planned.pass {
            Pass::Plain | Pass::Pooled => {
                let group = (channels, depth(g, weights));
                gemm::pack(kernel, filters, group, taps(g) * group.1, &mut self.panels);
            }
            Pass::PooledWinograd => {
                let (channels, stored) =
                    cut.map_or((channels, g.channels), |cut| (cut.channels, cut.channels));
                winograd::pack(kernel, channels, filters, stored, &mut self.panels);
            }
        }
        let bias = &parameters[weights.bias.clone()];
        gemm::pack(bias, filters, (1, 1), 1, &mut self.bias);
        if self.needs_input_gradient {
            swap_axes(g, weights, kernel, &mut self.swapped);
        }
    }

    /// From `input` to `output`, both `[images][numbers]`.
    pub(super) fn forward(&mut self, images: usize, input: &[f32], output: &mut [f32]) {
        let Convolution { patches: cut, geometry: g, relu, pass, .. } = &self.planned;
        let (panels, bias, relu) = (&self.panels, &self.bias, *relu);
        let inputs = input.chunks_exact(input.len() / images);
        let numbers = output.len() / images;
        let outputs = output.chunks_exact_mut(numbers);
        let argmax = self.argmax.chunks_exact_mut(numbers);
        for ((input, output), argmax) in inputs.zip(outputs).zip(argmax) {
            let scratch = &mut self.patches;
            if *pass == Pass::PooledWinograd {
                if let Some(cut) = cut {
                    patches::inked_windows(cut, g, input, &mut self.inked);
                    winograd::forward_pooled_picture(
                        &cut.geometry(g),
                        input,
                        &self.inked,
                        panels,
                        bias,
                        relu,
                        scratch,
                        output,
                        argmax,
                    );
                } else {
                    winograd::forward_pooled(g, input, panels, bias, relu, scratch, output, argmax);
                }
                continue;
            }
            let input = cut_if(cut.as_ref(), input, scratch);
            if *pass == Pass::Plain {
                conv::forward(g, input, panels, bias, relu, output);
            } else {
                conv::forward_pooled(g, input, panels, bias, relu, output, argmax);
            }
        }
    }

    /// Sets the sum of gradients to zero.
    pub(super) fn begin(&mut self) {
        self.kernel_gradient.fill(0.0);
        self.bias_gradient.fill(0.0);
    }

    /// The gradient of [`Conv2D::forward`]: adds the one with respect to the parameters to the sum over
    /// blocks, and writes the one with respect to the input to `input_gradient` if it is needed. The other
    /// arguments as there.
    pub(super) fn backward(
        &mut self,
        images: usize,
        input: &[f32],
        output: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        done: &mut dyn FnMut(StepPhase),
    ) {
        let Convolution { patches: cut, geometry: g, relu, pass, .. } = &self.planned;
        let (kernel, bias) = (&mut self.kernel_gradient, &mut self.bias_gradient);
        let (inputs, outputs) = (input.len() / images, output.len() / images);
        for image in 0..images {
            let input = &input[image * inputs..][..inputs];
            let range = image * outputs..(image + 1) * outputs;
            let (output, output_gradient) =
                (&output[range.clone()], &output_gradient[range.clone()]);
            let argmax = &self.argmax[range];
            if let Some(cut) = from_picture(&self.planned) {
                let picture = &mut self.picture;
                picture[..inputs].copy_from_slice(input);
                let pooled = Pooled { gradient: output_gradient, output, argmax, relu: *relu };
                patches::inked_windows(cut, g, picture, &mut self.inked);
                patches::pooled_weight_gradient(cut, g, picture, pooled, &self.inked, kernel, bias);
                done(StepPhase::WeightGradient);
                continue;
            }
            let Some(nonzero) = &mut self.nonzero else { continue };
            match pass {
                Pass::Plain => nonzero.gather(g, output_gradient, output, *relu),
                _ => nonzero.gather_pooled(g, output_gradient, output, argmax, *relu),
            }
            done(StepPhase::NonzeroGradient);
            let from = cut_if(cut.as_ref(), input, &mut self.patches);
            nonzero::weight_gradient(g, nonzero, from, kernel, bias);
            done(StepPhase::WeightGradient);
            if self.needs_input_gradient {
                let input_gradient = &mut input_gradient[image * inputs..][..inputs];
                nonzero::input_gradient(g, nonzero, &self.swapped, input_gradient);
                done(StepPhase::InputGradient);
            }
        }
    }

    /// Writes the sum over all blocks to the parameters' place in `gradient`.
    pub(super) fn finish(&self, gradient: &mut [f32]) {
        let Convolution { geometry: g, weights, .. } = &self.planned;
        let (kernel, bias) = (&self.kernel_gradient, &self.bias_gradient);
        let (channels, stride) = match from_picture(&self.planned) {
            Some(cut) => (cut.kernel_size * cut.channels, cut.row_stride()),
            None => (weights.channels, g.channels),
        };
        let gradient_of_kernel = &mut gradient[weights.kernel.clone()];
        write_gradient(kernel, (channels, stride), weights.outputs, g.filters, gradient_of_kernel);
        gradient[weights.bias.clone()].copy_from_slice(&bias[..weights.outputs]);
    }
}

/// An image's patches if the convolution cuts patches, otherwise the image.
fn cut_if<'a>(cut: Option<&Patches>, input: &'a [f32], scratch: &'a mut [f32]) -> &'a [f32] {
    match cut {
        Some(cut) => {
            patches::extract(cut, input, scratch);
            scratch
        }
        None => input,
    }
}

/// The patches of a convolution whose weight gradient is computed from the image itself.
fn from_picture(planned: &Convolution) -> Option<&Patches> {
    planned.patches.as_ref().filter(|_| planned.pass != Pass::Plain)
}

/// Size of the sum of one filter's kernel gradients.
fn sums_of_a_filter(planned: &Convolution) -> usize {
    match from_picture(planned) {
        Some(cut) => cut.kernel_size * cut.row_stride(),
        None => planned.geometry.panel_rows(),
    }
}

/// Positions in the kernel.
fn taps(g: &Geometry) -> usize {
    g.kernel_size * g.kernel_size
}

/// Rows of a packed tap. The only tap of a 1x1 kernel needs no padding channels, as nothing follows it.
fn depth(g: &Geometry, weights: &Weights) -> usize {
    if g.kernel_size == 1 { weights.channels } else { g.channels }
}

/// `[ky][kx][channel][filter]` to `[ky][filter][kx][channel]`.
fn swap_axes(g: &Geometry, weights: &Weights, kernel: &[f32], swapped: &mut [f32]) {
    let size = (weights.channels, weights.outputs);
    for (tap, rows) in kernel.chunks_exact(size.0 * size.1).enumerate() {
        let (ky, kx) = (tap / g.kernel_size, tap % g.kernel_size);
        let at = ky * g.filters * g.row() + kx * g.channels;
        transpose(size, rows, size.1, &mut swapped[at..], g.row());
    }
}

/// `[filter][tap][stride]` as the kernels sum it, the first `channels` of each valid, to Keras'
/// `[tap][channel][filter]`.
fn write_gradient(
    sums: &[f32],
    (channels, stride): (usize, usize),
    filters: usize,
    stored_filters: usize,
    gradient: &mut [f32],
) {
    let of_a_filter = sums.len() / stored_filters;
    for (tap, rows) in gradient.chunks_exact_mut(channels * filters).enumerate() {
        let size = (filters, channels);
        transpose(size, &sums[tap * stride..], of_a_filter, rows, filters);
    }
}
