//! The arithmetic as naive loops in `f64`: the oracle of every test, never called by the app.
//!
//! Layouts are Keras', without padding channels: maps `[height][width][channels]`, convolution
//! kernels `[kernel_size][kernel_size][channels][filters]`, Dense kernels `[inputs][units]`.

/// Rows, columns and channels of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl Map {
    fn at(&self, y: usize, x: usize, c: usize) -> usize {
        (y * self.width + x) * self.channels + c
    }

    /// Numbers in the map.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether the map holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Shape of a convolution's output. With `same`, zeros around the input make the output as large
/// as it; if their number is odd, the extra one is below and to the right. Otherwise 'valid',
/// without zeros.
pub fn conv2d_shape(input: Map, kernel_size: usize, filters: usize, same: bool) -> Map {
    let cut = if same { 0 } else { kernel_size - 1 };
    Map { height: input.height - cut, width: input.width - cut, channels: filters }
}

/// Calls `f(output index, input index, kernel index)` for every multiplication of a convolution.
fn for_each_product(
    input: Map,
    kernel_size: usize,
    filters: usize,
    same: bool,
    mut f: impl FnMut(usize, usize, usize),
) {
    let output = conv2d_shape(input, kernel_size, filters, same);
    let before = if same { (kernel_size - 1) / 2 } else { 0 };
    for y in 0..output.height {
        for x in 0..output.width {
            for ky in 0..kernel_size {
                for kx in 0..kernel_size {
                    let (row, column) =
                        ((y + ky).wrapping_sub(before), (x + kx).wrapping_sub(before));
                    if row >= input.height || column >= input.width {
                        continue;
                    }
                    for c in 0..input.channels {
                        for filter in 0..filters {
                            f(
                                output.at(y, x, filter),
                                input.at(row, column, c),
                                ((ky * kernel_size + kx) * input.channels + c) * filters + filter,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Conv2D with stride 1 and linear activation.
pub fn conv2d(
    shape: Map,
    kernel_size: usize,
    same: bool,
    input: &[f64],
    kernel: &[f64],
    bias: &[f64],
) -> Vec<f64> {
    let out = conv2d_shape(shape, kernel_size, bias.len(), same);
    let mut output: Vec<f64> = bias.iter().copied().cycle().take(out.len()).collect();
    for_each_product(shape, kernel_size, bias.len(), same, |o, i, k| {
        output[o] += input[i] * kernel[k];
    });
    output
}

/// Gradients of [`conv2d`] with respect to its input, its kernel and its bias.
pub fn conv2d_gradient(
    shape: Map,
    kernel_size: usize,
    same: bool,
    input: &[f64],
    kernel: &[f64],
    filters: usize,
    gradient: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut input_gradient = vec![0.0; input.len()];
    let mut kernel_gradient = vec![0.0; kernel.len()];
    let mut bias_gradient = vec![0.0; filters];
    for_each_product(shape, kernel_size, filters, same, |o, i, k| {
        input_gradient[i] += gradient[o] * kernel[k];
        kernel_gradient[k] += gradient[o] * input[i];
    });
    for (index, gradient) in gradient.iter().enumerate() {
        bias_gradient[index % filters] += gradient;
    }
    (input_gradient, kernel_gradient, bias_gradient)
}

fn pooled_shape(input: Map, size: usize) -> Map {
    Map { height: input.height / size, width: input.width / size, ..input }
}

/// Calls `f(output index, input index)` for every pair that a pooling connects.
fn for_each_pooled(input: Map, size: usize, mut f: impl FnMut(usize, usize)) {
    let output = pooled_shape(input, size);
    for y in 0..output.height * size {
        for x in 0..output.width * size {
            for c in 0..input.channels {
                f(output.at(y / size, x / size, c), input.at(y, x, c));
            }
        }
    }
}

/// MaxPooling2D: the largest number of each window and its index in `input`, the first of equals.
pub fn max_pool(shape: Map, size: usize, input: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let out = pooled_shape(shape, size);
    let mut output = vec![f64::NEG_INFINITY; out.len()];
    let mut argmax = vec![0; out.len()];
    for_each_pooled(shape, size, |o, i| {
        if input[i] > output[o] {
            output[o] = input[i];
            argmax[o] = i;
        }
    });
    (output, argmax)
}

/// AveragePooling2D.
pub fn average_pool(shape: Map, size: usize, input: &[f64]) -> Vec<f64> {
    let mut output = vec![0.0; pooled_shape(shape, size).len()];
    for_each_pooled(shape, size, |o, i| output[o] += input[i] / (size * size) as f64);
    output
}

/// The gradient of [`average_pool`] with respect to its input.
pub fn average_pool_gradient(shape: Map, size: usize, gradient: &[f64]) -> Vec<f64> {
    let mut input_gradient = vec![0.0; shape.len()];
    for_each_pooled(shape, size, |o, i| input_gradient[i] = gradient[o] / (size * size) as f64);
    input_gradient
}

/// Dense with linear activation: `output[u] = bias[u] + sum over i of input[i] * kernel[i][u]`.
pub fn dense(input: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
    let units = bias.len();
    (0..units)
        .map(|u| {
            bias[u] + input.iter().enumerate().map(|(i, x)| x * kernel[i * units + u]).sum::<f64>()
        })
        .collect()
}

/// `max(0, x)` of each value.
pub fn relu(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| x.max(0.0)).collect()
}

/// Cross-entropy of softmax: `log(sum of exp(logits)) - logits[label]`.
pub fn softmax_cross_entropy(logits: &[f64], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|x| (x - largest).exp()).sum();
    largest + sum.ln() - logits[label]
}
