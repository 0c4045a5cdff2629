//! Forward and backward through a [`Plan`], on one shard of images at a time.
//!
//! Images and gradients pass through the steps in order, all of a shard's images at each step.
//! Everything that is needed is allocated when a network is made or first meets a larger shard;
//! after that a training step allocates nothing.

use super::architecture::{Architecture, ArchitectureError};
use super::loss::{self, Score};
use super::plan::{Pass, Plan, Planned, Step, Weights};
use crate::kernels::gemm::{self, Panel};
use crate::kernels::lanes::round_up;
use crate::kernels::{conv, pointwise, pool, winograd};

/// Computes a [`Plan`] with the parameters last given to [`Network::load`].
#[derive(Debug)]
pub struct Network {
    plan: Plan,
    work: Vec<Work>,
    /// `maps[s]` is what step `s` reads, `maps[s + 1]` what it writes; `[images][numbers]`.
    maps: Vec<Vec<f32>>,
    /// The gradient of each of `maps`.
    gradients: Vec<Vec<f32>>,
    /// Images that the buffers have room for.
    room: usize,
}

/// What a step keeps beside its input and output.
#[derive(Debug)]
enum Work {
    Nothing,
    Conv2D {
        panels: Vec<Panel>,
        bias: Vec<Panel>,
        /// Room for an image's transformed patches.
        transformed: Vec<f32>,
        /// `[tap][filter][channel]`, for the input gradient.
        swapped: Vec<f32>,
        live: conv::Live,
        /// `[filter][tap][channel]` and `[filter]`: this shard's sums.
        kernel_gradient: Vec<f32>,
        bias_gradient: Vec<f32>,
        /// `[images][numbers]`
        winners: Vec<u8>,
    },
    /// `[images][numbers]`
    MaxPooling2D {
        winners: Vec<u8>,
    },
    Dense {
        panels: Vec<Panel>,
        bias: Vec<Panel>,
        transposed: Vec<Panel>,
    },
    /// What each number was multiplied by, `[images][numbers]`.
    Dropout {
        factors: Vec<f32>,
    },
}

impl Work {
    fn new(Planned { step, propagates, .. }: &Planned) -> Self {
        match step {
            Step::Conv2D { geometry: g, weights, pass, .. } => {
                let panels = gemm::panels(weights.outputs);
                let (panel_rows, transformed) = match pass {
                    Pass::Plain | Pass::Pooled => (g.panel_rows(), 0),
                    Pass::PooledWinograd => {
                        (winograd::ELEMENTS * g.channels, winograd::transformed_size(g))
                    }
                };
                Self::Conv2D {
                    panels: vec![[0.0; gemm::PANEL]; panels * panel_rows],
                    bias: vec![[0.0; gemm::PANEL]; panels],
                    transformed: vec![0.0; transformed],
                    swapped: vec![0.0; g.panel_rows() * g.filters],
                    live: conv::Live::new(g, *propagates),
                    kernel_gradient: vec![0.0; g.filters * g.panel_rows()],
                    bias_gradient: vec![0.0; g.filters],
                    winners: Vec::new(),
                }
            }
            Step::MaxPooling2D(_) => Self::MaxPooling2D { winners: Vec::new() },
            Step::Dense { weights, .. } => {
                let panels = gemm::panels(weights.outputs);
                let inputs = round_up(weights.channels);
                Self::Dense {
                    panels: vec![[0.0; gemm::PANEL]; panels * inputs],
                    bias: vec![[0.0; gemm::PANEL]; panels],
                    transposed: vec![
                        [0.0; gemm::PANEL];
                        gemm::panels(weights.channels) * weights.outputs
                    ],
                }
            }
            Step::Dropout { .. } => Self::Dropout { factors: Vec::new() },
            Step::Patches(_) | Step::Pad(_) | Step::AveragePooling2D(_) | Step::Flatten { .. } => {
                Self::Nothing
            }
        }
    }

    /// Makes room for `numbers` in the buffers that grow with the number of images.
    fn reserve(&mut self, numbers: usize) {
        match self {
            Self::Conv2D { winners, .. } | Self::MaxPooling2D { winners } => {
                winners.resize(numbers, 0);
            }
            Self::Dropout { factors } => factors.resize(numbers, 1.0),
            Self::Nothing | Self::Dense { .. } => {}
        }
    }
}

/// Images and labels of which a gradient is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Shard<'a> {
    /// `[images][height][width][channels]`, 0 to 1.
    pub images: &'a [f32],
    /// Each image's class.
    pub labels: &'a [u8],
    /// What each image's loss counts in the gradient: 1 / minibatch size.
    pub scale: f32,
    /// Seed of what is random about this shard.
    pub noise: u64,
}

impl Network {
    /// A network with all parameters zero.
    ///
    /// # Errors
    /// If the architecture cannot be built.
    pub fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let plan = Plan::new(architecture)?;
        let work = plan.steps().iter().map(Work::new).collect();
        let maps = vec![Vec::new(); plan.steps().len() + 1];
        let mut network = Self { plan, work, gradients: maps.clone(), maps, room: 0 };
        network.reserve(1);
        Ok(network)
    }

    /// What the network computes.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes room for shards of so many images.
    pub fn reserve(&mut self, images: usize) {
        if images <= self.room {
            return;
        }
        self.room = images;
        let input = self.plan.input();
        let sizes = std::iter::once(input.height * input.width * self.plan.input_stride())
            .chain(self.plan.steps().iter().map(|s| s.output));
        for ((map, gradient), size) in self.maps.iter_mut().zip(&mut self.gradients).zip(sizes) {
            map.resize(images * size, 0.0);
            gradient.resize(images * size, 0.0);
        }
        for (work, step) in self.work.iter_mut().zip(self.plan.steps()) {
            work.reserve(images * step.output);
        }
    }

    /// Takes the parameters that all computations use from now on, and arranges them for the kernels.
    ///
    /// # Panics
    /// If there are not [`Plan::parameter_count`] of them.
    pub fn load(&mut self, parameters: &[f32]) {
        assert_eq!(parameters.len(), self.plan.parameter_count(), "as many as the plan has");
        for (Planned { step, propagates, .. }, work) in self.plan.steps().iter().zip(&mut self.work)
        {
            match (step, work) {
                (
                    Step::Conv2D { geometry: g, weights, pass, .. },
                    Work::Conv2D { panels, bias, swapped, .. },
                ) => {
                    let kernel = &parameters[weights.kernel.clone()];
                    let (channels, filters) = (weights.channels, weights.outputs);
                    match pass {
                        Pass::Plain | Pass::Pooled => {
                            let group = (channels, g.channels);
                            gemm::pack(kernel, filters, group, g.panel_rows(), panels);
                        }
                        Pass::PooledWinograd => {
                            winograd::pack(kernel, channels, filters, g.channels, panels);
                        }
                    }
                    pack_bias(parameters, weights, bias);
                    if *propagates {
                        swap_axes(g, weights, kernel, swapped);
                    }
                }
                (Step::Dense { weights, .. }, Work::Dense { panels, bias, transposed }) => {
                    let kernel = &parameters[weights.kernel.clone()];
                    let group = (weights.channels, round_up(weights.channels));
                    gemm::pack(kernel, weights.outputs, group, group.1, panels);
                    pack_bias(parameters, weights, bias);
                    if *propagates {
                        gemm::pack_transposed(
                            kernel,
                            weights.channels,
                            weights.outputs,
                            transposed,
                        );
                    }
                }
                _ => {}
            }
        }
    }

    /// Probabilities of the classes for one image, `[height][width][channels]`, 0 to 1.
    pub fn probabilities(&mut self, image: &[f32]) -> &[f32] {
        self.forward(image, 1, None);
        let classes = self.plan.classes();
        let logits = self.logits_mut();
        loss::softmax(&mut logits[..classes]);
        &logits[..classes]
    }

    /// Logits of some images, `[images][classes]`.
    pub fn logits(&mut self, images: &[f32]) -> Vec<f32> {
        let count = images.len() / self.plan.input().size();
        self.forward(images, count, None);
        let classes = self.plan.classes();
        let rows = self.logits_mut().chunks_exact(round_up(classes)).take(count);
        rows.flat_map(|row| &row[..classes]).copied().collect()
    }

    /// Loss and accuracy on some images, without Dropout.
    ///
    /// - `probabilities`: each image's are appended, `[images][classes]`.
    pub fn evaluate(
        &mut self,
        images: &[f32],
        labels: &[u8],
        probabilities: &mut Vec<f32>,
    ) -> Score {
        self.forward(images, labels.len(), None);
        let classes = self.plan.classes();
        let mut score = Score::default();
        for (row, &label) in self.logits_mut().chunks_exact_mut(round_up(classes)).zip(labels) {
            score += loss::cross_entropy(&mut row[..classes], usize::from(label));
            probabilities.extend_from_slice(&row[..classes]);
        }
        score
    }

    /// Loss, accuracy and the gradient of `scale * sum of the losses` by every parameter.
    ///
    /// - `gradient`: as long and in the same order as the parameters; overwritten.
    pub fn gradient(&mut self, shard: Shard<'_>, gradient: &mut [f32]) -> Score {
        let count = shard.labels.len();
        self.forward(shard.images, count, Some(shard.noise));
        let classes = self.plan.classes();
        let stride = round_up(classes);
        let mut score = Score::default();
        if let (Some(logits), Some(by_logits)) = (self.maps.last(), self.gradients.last_mut()) {
            let rows = by_logits.chunks_exact_mut(stride).zip(logits.chunks_exact(stride));
            for ((row, logits), &label) in rows.zip(shard.labels) {
                row.copy_from_slice(logits);
                let label = usize::from(label);
                score += loss::cross_entropy_gradient(&mut row[..classes], label, shard.scale);
            }
        }
        self.backward(count, gradient);
        score
    }

    fn logits_mut(&mut self) -> &mut [f32] {
        self.maps.last_mut().map_or(&mut [], |map| map.as_mut_slice())
    }

    /// Runs every step on the first `count` of `images`; `noise` is given while training.
    fn forward(&mut self, images: &[f32], count: usize, noise: Option<u64>) {
        self.reserve(count);
        let (input, stride) = (self.plan.input(), self.plan.input_stride());
        let images = &images[..count * input.size()];
        if stride == input.channels {
            self.maps[0][..images.len()].copy_from_slice(images);
        } else {
            let stored = self.maps[0].chunks_exact_mut(stride);
            for (to, pixel) in stored.zip(images.chunks_exact(input.channels)) {
                to[..input.channels].copy_from_slice(pixel);
            }
        }
        for (s, (planned, work)) in self.plan.steps().iter().zip(&mut self.work).enumerate() {
            let (before, after) = self.maps.split_at_mut(s + 1);
            let input_size = before[s].len() / self.room;
            let input = &before[s][..count * input_size];
            let output = &mut after[0][..count * planned.output];
            run_step(planned, work, input, output, count, noise);
        }
    }

    /// Runs every step backwards from the gradient of the logits.
    fn backward(&mut self, count: usize, gradient: &mut [f32]) {
        for (s, (planned, work)) in self.plan.steps().iter().zip(&mut self.work).enumerate().rev() {
            let (before, after) = self.gradients.split_at_mut(s + 1);
            let input_size = before[s].len() / self.room;
            let by_output = &mut after[0][..count * planned.output];
            let by_input = &mut before[s][..count * input_size];
            let input = &self.maps[s][..count * input_size];
            let output = &self.maps[s + 1][..count * planned.output];
            reverse_step(planned, work, input, output, by_output, by_input, count, gradient);
        }
    }
}

/// `[images][numbers]` in and out.
fn run_step(
    planned: &Planned,
    work: &mut Work,
    input: &[f32],
    output: &mut [f32],
    count: usize,
    noise: Option<u64>,
) {
    let inputs = input.chunks_exact(input.len() / count);
    let outputs = output.chunks_exact_mut(planned.output);
    match (&planned.step, work) {
        (Step::Patches(p), _) => {
            inputs.zip(outputs).for_each(|(i, o)| conv::extract_patches(p, i, o));
        }
        (Step::Pad(p), _) => inputs.zip(outputs).for_each(|(i, o)| conv::pad(p, i, o)),
        (
            Step::Conv2D { geometry: g, relu, pass: Pass::PooledWinograd, .. },
            Work::Conv2D { panels, bias, transformed, winners, .. },
        ) => {
            let winners = winners.chunks_exact_mut(planned.output);
            for ((input, output), winners) in inputs.zip(outputs).zip(winners) {
                winograd::forward_pooled(
                    g,
                    input,
                    panels,
                    bias,
                    *relu,
                    transformed,
                    output,
                    winners,
                );
            }
        }
        (
            Step::Conv2D { geometry, relu, pass: Pass::Pooled, .. },
            Work::Conv2D { panels, bias, winners, .. },
        ) => {
            let winners = winners.chunks_exact_mut(planned.output);
            for ((input, output), winners) in inputs.zip(outputs).zip(winners) {
                conv::forward_pooled(geometry, input, panels, bias, *relu, output, winners);
            }
        }
        (Step::Conv2D { geometry, relu, .. }, Work::Conv2D { panels, bias, .. }) => {
            for (input, output) in inputs.zip(outputs) {
                conv::forward(geometry, input, panels, bias, *relu, output);
            }
        }
        (Step::MaxPooling2D(g), Work::MaxPooling2D { winners }) => {
            let winners = winners.chunks_exact_mut(planned.output);
            for ((input, output), winners) in inputs.zip(outputs).zip(winners) {
                pool::max(g, input, output, winners);
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
        (Step::Dense { weights, relu }, Work::Dense { panels, bias, .. }) => {
            let k = round_up(weights.channels);
            gemm::multiply(input, k, panels, k, bias, output, planned.output);
            if *relu {
                pointwise::relu(output);
            }
        }
        (Step::Dropout { rate, layer }, Work::Dropout { factors }) => {
            let Some(noise) = noise else {
                output.copy_from_slice(input);
                return;
            };
            let kept = 1.0 / (1.0 - rate);
            let mut rng = fastrand::Rng::with_seed(noise ^ ((*layer as u64) << 56));
            for ((factor, from), to) in factors.iter_mut().zip(input).zip(output) {
                *factor = if rng.f32() < *rate { 0.0 } else { kept };
                *to = from * *factor;
            }
        }
        _ => unreachable!("every step has its own kind of work"),
    }
}

/// The gradient of [`run_step`]: by the parameters into `gradient`, and, if the step propagates, by
/// the input into `by_input`. `by_output` may be changed.
#[expect(clippy::too_many_arguments, reason = "one step's whole surroundings")]
fn reverse_step(
    planned: &Planned,
    work: &mut Work,
    input: &[f32],
    output: &[f32],
    by_output: &mut [f32],
    by_input: &mut [f32],
    count: usize,
    gradient: &mut [f32],
) {
    let input_size = input.len() / count;
    match (&planned.step, work) {
        (
            Step::Conv2D { geometry: g, weights, relu, pass },
            Work::Conv2D { swapped, live, kernel_gradient, bias_gradient, winners, .. },
        ) => {
            kernel_gradient.fill(0.0);
            bias_gradient.fill(0.0);
            for image in 0..count {
                let of_output = image * planned.output..(image + 1) * planned.output;
                let of_input = image * input_size..(image + 1) * input_size;
                let by_output = &by_output[of_output.clone()];
                let output = &output[of_output.clone()];
                if *pass == Pass::Pooled
                    && !planned.propagates
                    && g.kernel_size == 1
                    && g.channels <= conv::FEW_CHANNELS
                {
                    conv::pooled_weight_gradient(
                        g,
                        &input[of_input],
                        by_output,
                        output,
                        &winners[of_output],
                        *relu,
                        kernel_gradient,
                        bias_gradient,
                    );
                    continue;
                }
                match pass {
                    Pass::Plain => live.gather(g, by_output, output, *relu),
                    Pass::Pooled | Pass::PooledWinograd => {
                        live.gather_pooled(g, by_output, output, &winners[of_output], *relu);
                    }
                }
                conv::weight_gradient(
                    g,
                    live,
                    &input[of_input.clone()],
                    kernel_gradient,
                    bias_gradient,
                );
                if planned.propagates {
                    conv::input_gradient(g, live, swapped, &mut by_input[of_input]);
                }
            }
            write_conv_gradient(g, weights, kernel_gradient, bias_gradient, gradient);
        }
        (Step::Dense { weights, relu }, Work::Dense { transposed, .. }) => {
            if *relu {
                pointwise::relu_gradient(by_output, output);
            }
            let (k, stride) = (weights.channels, planned.output);
            let kernel = &mut gradient[weights.kernel.clone()];
            gemm::multiply_transposed(
                input,
                input_size,
                k,
                by_output,
                stride,
                weights.outputs,
                kernel,
            );
            let bias = &mut gradient[weights.bias.clone()];
            bias.fill(0.0);
            for row in by_output.chunks_exact(stride) {
                pointwise::add(bias, &row[..weights.outputs]);
            }
            if planned.propagates {
                let units = weights.outputs;
                gemm::multiply(by_output, stride, transposed, units, &[], by_input, input_size);
            }
        }
        _ if !planned.propagates => {}
        (step, work) => {
            let by_inputs = by_input.chunks_exact_mut(input_size);
            let by_outputs = by_output.chunks_exact(planned.output);
            match (step, work) {
                (Step::Pad(p), _) => {
                    by_outputs.zip(by_inputs).for_each(|(o, i)| conv::crop(p, o, i));
                }
                (Step::MaxPooling2D(g), Work::MaxPooling2D { winners }) => {
                    let winners = winners.chunks_exact(planned.output);
                    for ((by_output, by_input), winners) in by_outputs.zip(by_inputs).zip(winners) {
                        pool::max_gradient(g, by_output, winners, by_input);
                    }
                }
                (Step::AveragePooling2D(g), _) => {
                    by_outputs.zip(by_inputs).for_each(|(o, i)| pool::average_gradient(g, o, i));
                }
                (Step::Flatten { channels, stride }, _) => {
                    for (by_output, by_input) in by_outputs.zip(by_inputs) {
                        let pixels = by_input.chunks_exact_mut(*stride);
                        for (to, from) in pixels.zip(by_output.chunks(*channels)) {
                            to[..*channels].copy_from_slice(from);
                        }
                    }
                }
                (Step::Dropout { .. }, Work::Dropout { factors }) => {
                    for ((to, from), factor) in by_input.iter_mut().zip(by_output).zip(factors) {
                        *to = *from * *factor;
                    }
                }
                _ => unreachable!("every step has its own kind of work"),
            }
        }
    }
}

fn pack_bias(parameters: &[f32], weights: &Weights, packed: &mut [Panel]) {
    let group = (1, 1);
    gemm::pack(&parameters[weights.bias.clone()], weights.outputs, group, 1, packed);
}

/// `[tap][channel][filter]` to `[tap][filter][channel]`.
fn swap_axes(g: &conv::Geometry, weights: &Weights, kernel: &[f32], swapped: &mut [f32]) {
    let taps = kernel.chunks_exact(weights.channels * weights.outputs);
    for (to, tap) in swapped.chunks_exact_mut(g.filters * g.channels).zip(taps) {
        for (channel, row) in tap.chunks_exact(weights.outputs).enumerate() {
            for (to, &weight) in to.chunks_exact_mut(g.channels).zip(row) {
                to[channel] = weight;
            }
        }
    }
}

/// `[filter][tap][channel]` as the kernels sum it to Keras' `[tap][channel][filter]`.
fn write_conv_gradient(
    g: &conv::Geometry,
    weights: &Weights,
    kernel: &[f32],
    bias: &[f32],
    gradient: &mut [f32],
) {
    let rows = gradient[weights.kernel.clone()].chunks_exact_mut(weights.outputs);
    for (index, row) in rows.enumerate() {
        let (tap, channel) = (index / weights.channels, index % weights.channels);
        let from = kernel[tap * g.channels + channel..].iter().step_by(g.panel_rows());
        for (to, &from) in row.iter_mut().zip(from) {
            *to = from;
        }
    }
    gradient[weights.bias.clone()].copy_from_slice(&bias[..weights.outputs]);
}
