//! What can be wrong with a list of layers.

use super::super::CLASSES;
use super::{Layer, LayerPart, MAX_SIDE, Shape};

/// Why an architecture cannot be built. Layers are counted from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ArchitectureError {
    /// An image without pixels, or larger than the kernels allow.
    #[error("an image must have 1 to {MAX_SIDE} rows and columns and 1 to 4 channels, not {}x{}x{}", .0.height, .0.width, .0.channels)]
    Input(Shape),
    /// The last layer is not the one that training needs.
    #[error("the last layer must be Dense {CLASSES} units with softmax{}", found(.0))]
    LastLayer(Option<Layer>),
    /// A window or kernel larger than its input map.
    #[error("{layer} needs at least {needed}x{needed}, got {}x{} {}", got.height, got.width, after(*index))]
    TooSmall {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// Rows and columns that it needs.
        needed: usize,
        /// What it would get.
        got: Shape,
    },
    /// A layer for maps after Flatten.
    #[error(
        "{layer} needs a feature map, but layer {flat} has flattened it: put {layer} before it"
    )]
    NeedsMap {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// Number of the Flatten before it.
        flat: usize,
    },
    /// A layer for vectors before Flatten.
    #[error("{layer} (layer {index}) needs a vector, got {}x{}x{}: put Flatten before it", got.height, got.width, got.channels)]
    NeedsVector {
        /// The layer that does not fit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// What it would get.
        got: Shape,
    },
    /// A number outside its range.
    #[error("{layer} (layer {index}): {} must be {}, not {got}", part.key().replace('_', " "), part.range())]
    OutOfRange {
        /// The layer meant.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// The number meant.
        part: LayerPart,
        /// The number given.
        got: f32,
    },
    /// Softmax anywhere but at the end, or on a convolution.
    #[error("{layer} (layer {index}): softmax is only for the last layer, a Dense one")]
    Softmax {
        /// The layer meant.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
    },
    /// More numbers than a browser tab should have to hold.
    #[error("{layer} (layer {index}) makes the model too large: {got} {what}, at most {most}")]
    TooLarge {
        /// The layer that passes the limit.
        layer: Layer,
        /// Its number, from 1.
        index: usize,
        /// What is limited.
        what: &'static str,
        /// How much of it there is up to and including this layer.
        got: usize,
        /// The limit.
        most: usize,
    },
}

impl ArchitectureError {
    /// The number, from 1, of the layer that is wrong; `None` if the input is, or if there is no layer.
    pub fn layer(&self, layers: usize) -> Option<usize> {
        match *self {
            Self::Input(_) => None,
            Self::LastLayer(_) => (layers > 0).then_some(layers),
            Self::TooSmall { index, .. }
            | Self::NeedsMap { index, .. }
            | Self::NeedsVector { index, .. }
            | Self::OutOfRange { index, .. }
            | Self::Softmax { index, .. }
            | Self::TooLarge { index, .. } => Some(index),
        }
    }
}

fn found(layer: &Option<Layer>) -> String {
    match layer {
        Some(layer) => format!(", not {layer}"),
        None => "; there is no layer".to_owned(),
    }
}

fn after(index: usize) -> String {
    match index {
        1 => "from the input".to_owned(),
        _ => format!("after layer {}", index - 1),
    }
}
