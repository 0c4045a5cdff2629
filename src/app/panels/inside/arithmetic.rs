//! How a number of a layer's output is computed, with the real numbers.

use super::Unit;
use crate::config::architecture::{Activation, Layer};
use crate::net::receptive::ReceptiveField;
use crate::net::trace::{LayerActivations, Trace};

/// The numbers under a window, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Numbers in a row.
    pub width: usize,
    /// The layer's input there; `None` beyond the edge.
    pub values: Vec<Option<f32>>,
    /// The weight for each; empty for pooling.
    pub weights: Vec<f32>,
}

/// How a number is computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arithmetic {
    /// Which number it is.
    pub title: String,
    /// The number and where it comes from, in few words.
    pub result: String,
    /// The window's caption.
    pub caption: String,
    /// The window, or the part of it that matters most.
    pub window: Window,
    /// The sums of the maps that it reads, if they are several.
    pub maps: String,
    /// The sums, one after the other.
    pub lines: Vec<String>,
    /// The number.
    pub value: f32,
    /// The part of the layer's input that it is computed from.
    pub reads: Option<ReceptiveField>,
    /// The map that the window shows, from 0.
    pub map: usize,
}

/// A number as it is written out.
pub fn number(value: f32) -> String {
    // Rounding can leave a small negative number with nothing but its sign.
    let text = format!("{value:.3}");
    match text.strip_prefix('-') {
        Some("0.000") => "0.000".into(),
        Some(size) => ["−", size].concat(),
        None => text,
    }
}

/// How the number of `unit`, which must exist, is computed.
pub fn of(trace: &Trace, names: &[String], parameters: &[f32], unit: Unit) -> Arithmetic {
    let layer = &trace.layers[unit.layer];
    let (shape, input) = (layer.shape, trace.input(unit.layer));
    let value = layer.output[(unit.y * shape.width + unit.x) * shape.channels + unit.channel];
    let name = &names[unit.layer];
    let flat = shape.height * shape.width == 1;
    let title = if flat {
        format!("{name}, number {} of {}", unit.channel + 1, shape.channels)
    } else {
        format!(
            "{name}, map {} of {}, row {}, column {}",
            unit.channel + 1,
            shape.channels,
            unit.y + 1,
            unit.x + 1
        )
    };
    let mut sum = Arithmetic { title, value, map: unit.channel, ..Arithmetic::default() };
    match layer.layer {
        Layer::Conv2D { activation, .. } => {
            window_sum(&mut sum, layer, input, parameters, unit);
            finish(&mut sum, activation);
        }
        Layer::Dense { activation, .. } => {
            dense_sum(&mut sum, layer, input, parameters, unit.channel);
            finish(&mut sum, activation);
        }
        Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
            let (values, _) = window(layer, input, unit, unit.channel);
            let inside: Vec<String> = values.iter().flatten().map(|&v| number(v)).collect();
            let (what, word) = match layer.layer {
                Layer::MaxPooling2D { .. } => ("max", "largest"),
                _ => ("mean", "mean"),
            };
            sum.result = format!("the {word} of {}", inside.len());
            sum.lines.push(format!("{what}({}) = {}", inside.join(", "), number(value)));
            sum.caption = format!("The {} numbers that it came from", inside.len());
            sum.window = Window { width: pool_size, values, weights: Vec::new() };
            sum.reads = Some(reads(layer, unit));
        }
        Layer::Flatten => {
            let pixel = unit.channel / layer.input.channels;
            let (y, x) = (pixel / layer.input.width, pixel % layer.input.width);
            let map = unit.channel % layer.input.channels;
            sum.map = map;
            sum.lines.push(format!(
                "row {}, column {} of map {}: {}",
                y + 1,
                x + 1,
                map + 1,
                number(value)
            ));
            sum.result = String::from("as it came in");
            sum.reads = Some(ReceptiveField::pixel(y, x));
        }
        Layer::Dropout { .. } => {
            sum.result = String::from("as it came in");
            sum.lines.push(format!("as it came in: {}", number(value)));
            sum.reads = Some(ReceptiveField::pixel(unit.y, unit.x));
        }
    }
    sum.result = ["= ", &number(value), ", ", &sum.result].concat();
    sum
}

/// The part of a layer's input that a number of a map is computed from.
fn reads(layer: &LayerActivations, unit: Unit) -> ReceptiveField {
    let (size, stride, before) = layer.windows();
    ReceptiveField::pixel(unit.y, unit.x).behind(size, stride, before, layer.input)
}

/// One input channel's numbers under the window, and the taps that lie outside.
fn window(
    layer: &LayerActivations,
    input: &[f32],
    unit: Unit,
    channel: usize,
) -> (Vec<Option<f32>>, Vec<usize>) {
    let (size, stride, before) = layer.windows();
    let mut outside = Vec::new();
    let values = (0..size * size).map(|tap| {
        let y = (unit.y * stride + tap / size).wrapping_sub(before);
        let x = (unit.x * stride + tap % size).wrapping_sub(before);
        if y < layer.input.height && x < layer.input.width {
            Some(input[(y * layer.input.width + x) * layer.input.channels + channel])
        } else {
            outside.push(tap);
            None
        }
    });
    (values.collect(), outside)
}

/// A convolution: patch times kernel, channel by channel.
fn window_sum(
    sum: &mut Arithmetic,
    layer: &LayerActivations,
    input: &[f32],
    parameters: &[f32],
    unit: Unit,
) {
    let (size, ..) = layer.windows();
    let (channels, filters) = (layer.input.channels, layer.shape.channels);
    let kernel = &parameters[layer.kernel.clone()];
    let mut sums = Vec::new();
    let mut windows = Vec::new();
    for channel in 0..channels {
        let (values, _) = window(layer, input, unit, channel);
        let weights: Vec<f32> = (0..size * size)
            .map(|tap| kernel[(tap * channels + channel) * filters + unit.channel])
            .collect();
        sums.push(values.iter().zip(&weights).map(|(v, w)| v.unwrap_or(0.0) * w).sum::<f32>());
        windows.push(Window { width: size, values, weights });
    }
    let most = (0..channels).max_by(|&a, &b| sums[a].abs().total_cmp(&sums[b].abs())).unwrap_or(0);
    sum.window = windows.swap_remove(most);
    sum.map = most;
    let products = size * size;
    if channels == 1 {
        sum.caption = String::from("Patch × kernel");
        sum.lines.push(format!("the {products} products add up to {}", number(sums[0])));
    } else {
        sum.caption = format!(
            "Patch × kernel in map {} of {channels}, which counts most: {}",
            most + 1,
            number(sums[most])
        );
        let all: Vec<String> = sums.iter().map(|&s| number(s)).collect();
        sum.maps = all.join(" ");
        let total = number(sums.iter().sum());
        sum.lines.push(format!("the {channels} maps’ sums add up to {total}"));
    }
    add_bias(sum, sums.iter().sum(), parameters[layer.bias.start + unit.channel]);
    sum.reads = Some(reads(layer, unit));
}

/// A Dense unit: the inputs that raise it and those that lower it.
fn dense_sum(
    sum: &mut Arithmetic,
    layer: &LayerActivations,
    input: &[f32],
    parameters: &[f32],
    unit: usize,
) {
    let products = contributions(layer, input, parameters, unit);
    let (mut up, mut down) = (0.0, 0.0);
    for product in products {
        if product > 0.0 {
            up += product;
        } else {
            down += product;
        }
    }
    sum.lines.push(format!(
        "{} products: {} for it, {} against it",
        input.len(),
        number(up),
        number(down)
    ));
    add_bias(sum, up + down, parameters[layer.bias.start + unit]);
    sum.reads = Some(ReceptiveField::whole(layer.input));
}

fn add_bias(sum: &mut Arithmetic, products: f32, bias: f32) {
    let total = products + bias;
    sum.lines.push(format!("{} + bias {} = {}", number(products), number(bias), number(total)));
}

fn finish(sum: &mut Arithmetic, activation: Activation) {
    let (result, line) = match activation {
        Activation::Relu => ("after relu", "relu, nothing below zero"),
        Activation::Linear => ("linear", "linear, as it is"),
        Activation::Softmax => ("the logit", "this is the logit"),
    };
    sum.result = String::from(result);
    sum.lines.push([line, ": ", &number(sum.value)].concat());
}

/// What each input of a Dense layer contributes to one of its units: input times weight.
pub fn contributions(
    layer: &LayerActivations,
    input: &[f32],
    parameters: &[f32],
    unit: usize,
) -> Vec<f32> {
    let column = parameters[layer.kernel.clone()].iter().skip(unit).step_by(layer.shape.channels);
    input.iter().zip(column).map(|(x, weight)| x * weight).collect()
}
