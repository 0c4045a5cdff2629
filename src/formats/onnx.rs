//! A network as an ONNX model: images `[N, 28, 28, 1]` in, probabilities `[N, 10]` out.
//!
//! The format is Protocol Buffers, of which a model needs three kinds of field; writing them takes less code here than a
//! library's messages would. Field numbers are those of `onnx.proto`.
//!
//! ONNX convolves `[N, channels, height, width]`, so maps are transposed at the start and, because Keras flattens the
//! channels last, again before Flatten. Dropout does nothing in a prediction and is left out.

use crate::config::Architecture;
use crate::config::architecture::{Activation, Layer, Padding};
use crate::net::Plan;
use crate::protocol::NetworkInfo;

use super::safetensors;

/// The version of the format's messages and of its operators: of 2022, which every runtime since reads.
const IR_VERSION: u64 = 8;
const OPSET: u64 = 17;

/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    fn messages<'a>(self, field: u64, messages: impl IntoIterator<Item = &'a Self>) -> Self {
        messages.into_iter().fold(self, |whole, message| whole.message(field, message))
    }
}

/// A `TensorProto`: an initializer.
fn tensor(name: &str, shape: &[usize], numbers: impl Iterator<Item = f32>) -> Message {
    let shaped = shape.iter().fold(Message::default(), |m, &size| m.number(1, size as u64));
    let raw: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
    shaped.number(2, FLOAT).text(8, name).bytes(9, &raw)
}

/// A `ValueInfoProto`: an input or output, `[N, ...]`.
fn value(name: &str, shape: &[u64]) -> Message {
    let any = Message::default().text(2, "N");
    let sizes = shape.iter().map(|&size| Message::default().number(1, size));
    let sizes: Vec<Message> = std::iter::once(any).chain(sizes).collect();
    let shape = Message::default().messages(1, &sizes);
    let tensor = Message::default().number(1, FLOAT).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// An `AttributeProto` of whole numbers.
fn ints(name: &str, values: &[usize]) -> Message {
    const INTS: u64 = 7;
    let named = Message::default().text(1, name);
    values.iter().fold(named, |m, &value| m.number(8, value as u64)).number(20, INTS)
}

/// An `AttributeProto` of one whole number.
fn int(name: &str, value: u64) -> Message {
    const INT: u64 = 2;
    Message::default().text(1, name).number(3, value).number(20, INT)
}

/// Nodes one after the other, each of which reads what the one before writes.
struct Chain {
    nodes: Vec<Message>,
    initializers: Vec<Message>,
    last: String,
}

impl Chain {
    /// Adds a node whose output has its name.
    fn then(&mut self, operator: &str, name: &str, parameters: &[&str], attributes: &[Message]) {
        let mut node = Message::default().text(1, &self.last);
        for parameter in parameters {
            node = node.text(1, parameter);
        }
        node = node.text(2, name).text(3, name).text(4, operator).messages(5, attributes);
        self.nodes.push(node);
        self.last = name.to_owned();
    }

    fn activate(&mut self, activation: Activation, name: &str) {
        match activation {
            Activation::Linear => {}
            Activation::Relu => self.then("Relu", &[name, "/relu"].concat(), &[], &[]),
            Activation::Softmax => self.then("Softmax", "probabilities", &[], &[int("axis", 1)]),
        }
    }
}

/// Writes a model with weights that fit it.
pub(super) fn write(
    info: &NetworkInfo,
    architecture: &Architecture,
    plan: &Plan,
    parameters: &[f32],
) -> Vec<u8> {
    let mut chain =
        Chain { nodes: Vec::new(), initializers: Vec::new(), last: String::from("image") };
    let mut views = plan.parameters().iter();
    let mut channels_first = false;
    for (layer, name) in architecture.layers.iter().zip(architecture.layer_names()) {
        let is_map = !matches!(layer, Layer::Flatten | Layer::Dense { .. } | Layer::Dropout { .. });
        if is_map && !channels_first {
            chain.then("Transpose", "channels_first", &[], &[ints("perm", &[0, 3, 1, 2])]);
            channels_first = true;
        }
        let [kernel, bias] = [name.clone() + "/kernel", name.clone() + "/bias"];
        match *layer {
            Layer::Conv2D { kernel_size: k, activation, padding, .. } => {
                if let (Some(weights), Some(biases)) = (views.next(), views.next()) {
                    let values = &parameters[weights.range.clone()];
                    let [.., channels, filters] = weights.shape[..] else { continue };
                    // From [k][k][channels][filters].
                    let turned = (0..filters).flat_map(|filter| {
                        (0..channels).flat_map(move |channel| {
                            (0..k * k).map(move |tap| {
                                values[(tap * channels + channel) * filters + filter]
                            })
                        })
                    });
                    chain.initializers.push(tensor(&kernel, &[filters, channels, k, k], turned));
                    let numbers = parameters[biases.range.clone()].iter().copied();
                    chain.initializers.push(tensor(&bias, &biases.shape, numbers));
                }
                let before = if padding == Padding::Same { (k - 1) / 2 } else { 0 };
                let after = if padding == Padding::Same { k - 1 - before } else { 0 };
                let pads = ints("pads", &[before, before, after, after]);
                let attributes = [ints("kernel_shape", &[k, k]), pads];
                chain.then("Conv", &name, &[&kernel, &bias], &attributes);
                chain.activate(activation, &name);
            }
            Layer::MaxPooling2D { pool_size: p } | Layer::AveragePooling2D { pool_size: p } => {
                let max = matches!(layer, Layer::MaxPooling2D { .. });
                let operator = if max { "MaxPool" } else { "AveragePool" };
                let attributes = [ints("kernel_shape", &[p, p]), ints("strides", &[p, p])];
                chain.then(operator, &name, &[], &attributes);
            }
            Layer::Flatten => {
                if channels_first {
                    chain.then("Transpose", "channels_last", &[], &[ints("perm", &[0, 2, 3, 1])]);
                }
                chain.then("Flatten", &name, &[], &[int("axis", 1)]);
            }
            Layer::Dense { activation, .. } => {
                for view in views.by_ref().take(2) {
                    let numbers = parameters[view.range.clone()].iter().copied();
                    chain.initializers.push(tensor(&view.name, &view.shape, numbers));
                }
                chain.then("Gemm", &name, &[&kernel, &bias], &[]);
                chain.activate(activation, &name);
            }
            Layer::Dropout { .. } => {}
        }
    }
    let input = architecture.input;
    let image = [input.height, input.width, input.channels].map(|size| size as u64);
    let graph = Message::default()
        .messages(1, &chain.nodes)
        .text(2, "inkling")
        .messages(5, &chain.initializers)
        .message(11, &value("image", &image))
        .message(12, &value("probabilities", &[plan.classes() as u64]));
    let said: Vec<Message> = safetensors::metadata(info)
        .iter()
        .map(|(key, value)| Message::default().text(1, key).text(2, value))
        .collect();
    let operators = Message::default().text(1, "").number(2, OPSET);
    let model = Message::default()
        .number(1, IR_VERSION)
        .text(2, "Inkling")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, &graph)
        .message(8, &operators)
        .messages(14, &said);
    model.0
}
