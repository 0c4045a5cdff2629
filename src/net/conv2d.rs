//! A Conv2D in a [`Plan`](super::plan::Plan): its parameters as the kernels want them, and what its way
//! back has to know.

use super::network::Phase;
use super::plan::{Pass, Weights};
use crate::kernels::conv::live::{self, Live};
use crate::kernels::conv::{self, Geometry, patches};
use crate::kernels::gemm::{self, Panel};
use crate::kernels::winograd;

/// One convolution, with relu and pooling where they belong to it.
#[derive(Debug)]
pub(super) struct Conv2D {
    geometry: Geometry,
    weights: Weights,
    relu: bool,
    pass: Pass,
    /// Whether a gradient of the input is wanted.
    propagates: bool,
    panels: Vec<Panel>,
    bias: Vec<Panel>,
    /// Room for an image's transformed patches.
    transformed: Vec<f32>,
    /// `[ky][filter][kx][channel]`, for the input gradient.
    swapped: Vec<f32>,
    /// Absent where the way back needs no lists.
    live: Option<Live>,
    /// `[filter][tap][channel]` and `[filter]`: this shard's sums.
    kernel_gradient: Vec<f32>,
    bias_gradient: Vec<f32>,
    /// `[images][numbers]`
    winners: Vec<u8>,
}

impl Conv2D {
    /// With all parameters zero.
    pub(super) fn new(g: Geometry, weights: Weights, relu: bool, pass: Pass, back: bool) -> Self {
        let panels = gemm::panels(weights.outputs);
        let (panel_rows, transformed) = match pass {
            Pass::Plain | Pass::Pooled | Pass::PooledPatches => (taps(&g) * depth(&g, &weights), 0),
            Pass::PooledWinograd => {
                (winograd::ELEMENTS * g.channels, winograd::transformed_size(&g))
            }
        };
        Self {
            panels: vec![[0.0; gemm::PANEL]; panels * panel_rows],
            bias: vec![[0.0; gemm::PANEL]; panels],
            transformed: vec![0.0; transformed],
            swapped: vec![0.0; if back { g.panel_rows() * g.filters } else { 0 }],
            live: (pass != Pass::PooledPatches).then(|| Live::new(&g, back)),
            kernel_gradient: vec![0.0; g.filters * g.panel_rows()],
            bias_gradient: vec![0.0; g.filters],
            winners: Vec::new(),
            geometry: g,
            weights,
            relu,
            pass,
            propagates: back,
        }
    }

    /// Makes room for outputs of `numbers` in all.
    pub(super) fn reserve(&mut self, numbers: usize) {
        self.winners.resize(numbers, 0);
    }

    /// Arranges the layer's part of all parameters for the kernels.
    pub(super) fn load(&mut self, parameters: &[f32]) {
        let (g, weights) = (&self.geometry, &self.weights);
        let kernel = &parameters[weights.kernel.clone()];
        let (channels, filters) = (weights.channels, weights.outputs);
        match self.pass {
            Pass::Plain | Pass::Pooled | Pass::PooledPatches => {
                let group = (channels, depth(g, weights));
                gemm::pack(kernel, filters, group, taps(g) * group.1, &mut self.panels);
            }
            Pass::PooledWinograd => {
                winograd::pack(kernel, channels, filters, g.channels, &mut self.panels);
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
        let (g, panels, bias, relu) = (&self.geometry, &self.panels, &self.bias, self.relu);
        let inputs = input.chunks_exact(input.len() / images);
        let numbers = output.len() / images;
        let outputs = output.chunks_exact_mut(numbers);
        let winners = self.winners.chunks_exact_mut(numbers);
        for ((input, output), winners) in inputs.zip(outputs).zip(winners) {
            match self.pass {
                Pass::Plain => conv::forward(g, input, panels, bias, relu, output),
                Pass::Pooled | Pass::PooledPatches => {
                    conv::forward_pooled(g, input, panels, bias, relu, output, winners);
                }
                Pass::PooledWinograd => winograd::forward_pooled(
                    g,
                    input,
                    panels,
                    bias,
                    relu,
                    &mut self.transformed,
                    output,
                    winners,
                ),
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
        let (g, relu) = (&self.geometry, self.relu);
        let (kernel, bias) = (&mut self.kernel_gradient, &mut self.bias_gradient);
        kernel.fill(0.0);
        bias.fill(0.0);
        let (inputs, outputs) = (input.len() / images, output.len() / images);
        for image in 0..images {
            let input = &input[image * inputs..][..inputs];
            let range = image * outputs..(image + 1) * outputs;
            let (output, by_output) = (&output[range.clone()], &by_output[range.clone()]);
            let winners = &self.winners[range];
            let Some(live) = &mut self.live else {
                patches::pooled_weight_gradient(
                    g, input, by_output, output, winners, relu, kernel, bias,
                );
                done(Phase::WeightGradient);
                continue;
            };
            match self.pass {
                Pass::Plain => live.gather(g, by_output, output, relu),
                _ => live.gather_pooled(g, by_output, output, winners, relu),
            }
            done(Phase::Live);
            live::weight_gradient(g, live, input, kernel, bias);
            done(Phase::WeightGradient);
            if self.propagates {
                let by_input = &mut by_input[image * inputs..][..inputs];
                live::input_gradient(g, live, &self.swapped, by_input);
                done(Phase::InputGradient);
            }
        }
        write_gradient(g, &self.weights, kernel, &mut gradient[self.weights.kernel.clone()]);
        gradient[self.weights.bias.clone()].copy_from_slice(&bias[..self.weights.outputs]);
        done(Phase::WeightGradient);
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

/// `[filter][tap][channel]` as the kernels sum it to Keras' `[tap][channel][filter]`.
fn write_gradient(g: &Geometry, weights: &Weights, kernel: &[f32], gradient: &mut [f32]) {
    let (channels, filters) = (weights.channels, weights.outputs);
    // Four rows at a time: what is read lies a filter's kernel apart, in a line of the cache for each.
    for (tap, rows) in gradient.chunks_exact_mut(channels * filters).enumerate() {
        for (quad, rows) in rows.chunks_mut(4 * filters).enumerate() {
            let at = tap * g.channels + 4 * quad;
            for (filter, kernel) in kernel.chunks_exact(g.panel_rows()).take(filters).enumerate() {
                let values = &kernel[at..at + 4];
                rows.chunks_exact_mut(filters).zip(values).for_each(|(row, v)| row[filter] = *v);
            }
        }
    }
}
