//! A Conv2D in a [`Plan`](super::plan::Plan): its parameters as the kernels want them, and what its way
//! back has to know.

use super::network::Phase;
use super::plan::{Convolution, Pass, Weights};
use crate::kernels::conv::live::{self, Live};
use crate::kernels::conv::patches::{self, Patches, Pooled};
use crate::kernels::conv::{self, Geometry};
use crate::kernels::gemm::{self, Panel};
use crate::kernels::winograd;

/// One convolution, with relu and pooling where they belong to it.
#[derive(Debug)]
pub(super) struct Conv2D {
    planned: Convolution,
    /// Whether a gradient of the input is wanted.
    propagates: bool,
    panels: Vec<Panel>,
    bias: Vec<Panel>,
    /// Room for an image's patches, cut or transformed.
    patches: Vec<f32>,
    /// Room for a picture and what may be read behind it.
    picture: Vec<f32>,
    /// `[ky][filter][kx][channel]`, for the input gradient.
    swapped: Vec<f32>,
    /// Absent where the way back needs no lists.
    live: Option<Live>,
    /// `[filter][row of taps][channel]` and `[filter]`: this shard's sums.
    kernel_gradient: Vec<f32>,
    bias_gradient: Vec<f32>,
    /// `[images][numbers]`
    winners: Vec<u8>,
}

impl Conv2D {
    /// With all parameters zero.
    pub(super) fn new(planned: Convolution, back: bool) -> Self {
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
            panels: vec![[0.0; gemm::PANEL]; panels * panel_rows],
            bias: vec![[0.0; gemm::PANEL]; panels],
            patches: vec![0.0; patches],
            picture: vec![0.0; picture.unwrap_or(0)],
            swapped: vec![0.0; if back { g.panel_rows() * g.filters } else { 0 }],
            live: picture.is_none().then(|| Live::new(g, back)),
            kernel_gradient: vec![0.0; g.filters * sums_of_a_filter(&planned)],
            bias_gradient: vec![0.0; g.filters],
            winners: Vec::new(),
            planned,
            propagates: back,
        }
    }

    /// Makes room for outputs of `numbers` in all.
    pub(super) fn reserve(&mut self, numbers: usize) {
        self.winners.resize(numbers, 0);
    }

    /// Arranges the layer's part of all parameters for the kernels.
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
        if self.propagates {
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
        let winners = self.winners.chunks_exact_mut(numbers);
        for ((input, output), winners) in inputs.zip(outputs).zip(winners) {
            let room = &mut self.patches;
            if *pass == Pass::PooledWinograd {
                if let Some(cut) = cut {
                    winograd::forward_pooled_picture(
                        &cut.geometry(g),
                        input,
                        panels,
                        bias,
                        relu,
                        room,
                        output,
                        winners,
                    );
                } else {
                    winograd::forward_pooled(g, input, panels, bias, relu, room, output, winners);
                }
                continue;
            }
            let input = cut_if(cut.as_ref(), input, room);
            if *pass == Pass::Plain {
                conv::forward(g, input, panels, bias, relu, output);
            } else {
                conv::forward_pooled(g, input, panels, bias, relu, output, winners);
            }
        }
    }

    /// The gradient of [`Conv2D::forward`]: by the parameters into its place in `gradient`, by the
    /// input into `by_input`, if it propagates. All others as there.
    #[expect(clippy::too_many_arguments, reason = "two maps with their gradients, and who listens")]
    pub(super) fn backward(
        &mut self,
        images: usize,
        input: &[f32],
        output: &[f32],
        by_output: &[f32],
        by_input: &mut [f32],
        gradient: &mut [f32],
        done: &mut dyn FnMut(Phase),
    ) {
        let Convolution { patches: cut, geometry: g, weights, relu, pass } = &self.planned;
        let (kernel, bias) = (&mut self.kernel_gradient, &mut self.bias_gradient);
        kernel.fill(0.0);
        bias.fill(0.0);
        let (inputs, outputs) = (input.len() / images, output.len() / images);
        for image in 0..images {
            let input = &input[image * inputs..][..inputs];
            let range = image * outputs..(image + 1) * outputs;
            let (output, by_output) = (&output[range.clone()], &by_output[range.clone()]);
            let winners = &self.winners[range];
            if let Some(cut) = from_picture(&self.planned) {
                let picture = &mut self.picture;
                picture[..inputs].copy_from_slice(input);
                let pooled = Pooled { gradient: by_output, output, winners, relu: *relu };
                patches::pooled_weight_gradient(cut, g, picture, pooled, kernel, bias);
                done(Phase::WeightGradient);
                continue;
            }
            let Some(live) = &mut self.live else { continue };
            match pass {
                Pass::Plain => live.gather(g, by_output, output, *relu),
                _ => live.gather_pooled(g, by_output, output, winners, *relu),
            }
            done(Phase::Live);
            let from = cut_if(cut.as_ref(), input, &mut self.patches);
            live::weight_gradient(g, live, from, kernel, bias);
            done(Phase::WeightGradient);
            if self.propagates {
                let by_input = &mut by_input[image * inputs..][..inputs];
                live::input_gradient(g, live, &self.swapped, by_input);
                done(Phase::InputGradient);
            }
        }
        let (channels, stride) = match from_picture(&self.planned) {
            Some(cut) => (cut.kernel_size * cut.channels, cut.row_stride()),
            None => (weights.channels, g.channels),
        };
        let gradient_of_kernel = &mut gradient[weights.kernel.clone()];
        write_gradient(kernel, (channels, stride), weights.outputs, g.filters, gradient_of_kernel);
        gradient[weights.bias.clone()].copy_from_slice(&bias[..weights.outputs]);
        done(Phase::WeightGradient);
    }
}

/// An image's patches, if a convolution cuts some, else the image.
fn cut_if<'a>(cut: Option<&Patches>, input: &'a [f32], room: &'a mut [f32]) -> &'a [f32] {
    match cut {
        Some(cut) => {
            patches::extract(cut, input, room);
            room
        }
        None => input,
    }
}

/// Of a convolution whose weight gradient is computed from the picture: its patches.
fn from_picture(planned: &Convolution) -> Option<&Patches> {
    planned.patches.as_ref().filter(|_| planned.pass != Pass::Plain)
}

/// Numbers that the gradient of a filter's kernel takes while it is summed.
fn sums_of_a_filter(planned: &Convolution) -> usize {
    match from_picture(planned) {
        Some(cut) => cut.kernel_size * cut.row_stride(),
        None => planned.geometry.panel_rows(),
    }
}

/// Positions of the kernel.
fn taps(g: &Geometry) -> usize {
    g.kernel_size * g.kernel_size
}

/// Rows of a packed tap. Behind the only tap of a 1x1 kernel nothing follows, so that the channels that
/// only fill up can be left out.
fn depth(g: &Geometry, weights: &Weights) -> usize {
    if g.kernel_size == 1 { weights.channels } else { g.channels }
}

/// `[ky][kx][channel][filter]` to `[ky][filter][kx][channel]`.
fn swap_axes(g: &Geometry, weights: &Weights, kernel: &[f32], swapped: &mut [f32]) {
    let filters = weights.outputs;
    for (tap, rows) in kernel.chunks_exact(weights.channels * filters).enumerate() {
        let (ky, kx) = (tap / g.kernel_size, tap % g.kernel_size);
        for (quad, rows) in rows.chunks(4 * filters).enumerate() {
            for filter in 0..filters {
                let at = ((ky * g.filters + filter) * g.kernel_size + kx) * g.channels + 4 * quad;
                let to = swapped[at..at + 4].iter_mut();
                to.zip(rows.chunks_exact(filters)).for_each(|(to, row)| *to = row[filter]);
            }
        }
    }
}

/// `[filter][tap][stride]` as the kernels sum it, of which `channels` count, to Keras' `[tap][channel][filter]`.
fn write_gradient(
    sums: &[f32],
    (channels, stride): (usize, usize),
    filters: usize,
    stored_filters: usize,
    gradient: &mut [f32],
) {
    let of_a_filter = sums.len() / stored_filters;
    // Four rows at a time: what is read lies a filter's sums apart, in a line of the cache for each.
    for (tap, rows) in gradient.chunks_exact_mut(channels * filters).enumerate() {
        for (quad, rows) in rows.chunks_mut(4 * filters).enumerate() {
            let at = tap * stride + 4 * quad;
            for (filter, sums) in sums.chunks_exact(of_a_filter).take(filters).enumerate() {
                let values = &sums[at..at + 4];
                rows.chunks_exact_mut(filters).zip(values).for_each(|(row, v)| row[filter] = *v);
            }
        }
    }
}
