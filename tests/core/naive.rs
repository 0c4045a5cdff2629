//! A model's loss in `f64`, layer by layer with the naive loops of `kernels::reference`, without
//! plans, shards or backward passes.

use inkling::config::Architecture;
use inkling::config::architecture::{Activation, Layer, Padding};
use inkling::kernels::reference::{self, Map};

/// Takes the first `count` numbers off the front.
fn take<'a>(numbers: &mut &'a [f64], count: usize) -> &'a [f64] {
    let (taken, rest) = numbers.split_at(count);
    *numbers = rest;
    taken
}

/// Logits of one image. `factors` has a list for each Dropout, of what it multiplies its input by;
/// it is empty where Dropout does nothing.
pub(crate) fn logits(
    architecture: &Architecture,
    mut parameters: &[f64],
    image: &[f64],
    factors: &[Vec<f64>],
) -> Vec<f64> {
    let Architecture { input, layers } = architecture;
    let mut map = Map { height: input.height, width: input.width, channels: input.channels };
    let mut values = image.to_vec();
    let mut factors = factors.iter();
    for layer in layers {
        let relu = match *layer {
            Layer::Conv2D { filters, kernel_size, activation, padding } => {
                let same = padding == Padding::Same;
                let size = kernel_size * kernel_size * map.channels * filters;
                let kernel = take(&mut parameters, size);
                let bias = take(&mut parameters, filters);
                values = reference::conv2d(map, kernel_size, same, &values, kernel, bias);
                map = reference::conv2d_shape(map, kernel_size, filters, same);
                activation == Activation::Relu
            }
            Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
                values = match layer {
                    Layer::MaxPooling2D { .. } => reference::max_pool(map, pool_size, &values).0,
                    _ => reference::average_pool(map, pool_size, &values),
                };
                map.height /= pool_size;
                map.width /= pool_size;
                false
            }
            Layer::Flatten => false,
            Layer::Dense { units, activation } => {
                let kernel = take(&mut parameters, values.len() * units);
                let bias = take(&mut parameters, units);
                values = reference::dense(&values, kernel, bias);
                activation == Activation::Relu
            }
            Layer::Dropout { .. } => {
                if let Some(factors) = factors.next() {
                    values.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
                }
                false
            }
        };
        if relu {
            values = reference::relu(&values);
        }
    }
    assert!(parameters.is_empty(), "every parameter belongs to a layer");
    values
}

/// Mean cross-entropy of some images.
pub(crate) fn loss(
    architecture: &Architecture,
    parameters: &[f64],
    images: &[f64],
    labels: &[u8],
    factors: &[Vec<f64>],
) -> f64 {
    let images = images.chunks_exact(architecture.input.size());
    let losses = images.zip(labels).map(|(image, &label)| {
        let logits = logits(architecture, parameters, image, factors);
        reference::softmax_cross_entropy(&logits, usize::from(label))
    });
    losses.sum::<f64>() / labels.len() as f64
}
