//! What can be set in a layer.

use super::super::number;
use super::layer::{Activation, Layer, Padding};

/// One thing that can be set in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerPart {
    /// Channels of a convolution's output.
    Filters,
    /// Side of its kernel.
    KernelSize,
    /// Side of a pooling window.
    PoolSize,
    /// Numbers in a Dense's output.
    Units,
    /// What is applied to the sums.
    Activation,
    /// What lies beyond a map's edge.
    Padding,
    /// Share of zeros.
    Rate,
}

impl LayerPart {
    /// All parts, in the page's order.
    pub const ALL: [Self; 7] = [
        Self::Filters,
        Self::KernelSize,
        Self::PoolSize,
        Self::Units,
        Self::Activation,
        Self::Padding,
        Self::Rate,
    ];

    /// Its name in the markup: Keras' word.
    pub fn key(self) -> &'static str {
        match self {
            Self::Filters => "filters",
            Self::KernelSize => "kernel_size",
            Self::PoolSize => "pool_size",
            Self::Units => "units",
            Self::Activation => "activation",
            Self::Padding => "padding",
            Self::Rate => "rate",
        }
    }

    /// Its name beside its control; hidden for the two whose options say what they are.
    pub fn label(self) -> &'static str {
        match self {
            Self::KernelSize => "kernel",
            Self::PoolSize => "window",
            part => part.key(),
        }
    }

    /// The words that it can be set to; none for a number.
    pub fn options(self) -> Vec<&'static str> {
        match self {
            Self::Activation => Activation::ALL.map(Activation::word).into(),
            Self::Padding => Padding::ALL.map(Padding::word).into(),
            _ => Vec::new(),
        }
    }

    /// The least and the greatest number that its control takes; a rate may be anything below 1.
    pub fn limits(self) -> Option<[f32; 2]> {
        match self {
            Self::Filters | Self::Units => Some([1.0, 1024.0]),
            Self::KernelSize => Some([1.0, 7.0]),
            Self::PoolSize => Some([1.0, 15.0]),
            Self::Rate => Some([0.0, 0.99]),
            Self::Activation | Self::Padding => None,
        }
    }

    /// Its allowed values, in words.
    pub(super) fn range(self) -> String {
        match self.limits() {
            Some([low, _]) if self == Self::Rate => format!("{low} to less than 1"),
            Some([low, high]) => format!("{low} to {high}"),
            None => String::new(),
        }
    }

    /// The layer's value, if it is out of range.
    pub(super) fn out_of_range(self, layer: &Layer) -> Option<f32> {
        let [low, high] = self.limits()?;
        let number = number::parse(&self.get(layer)?).map_or(f32::NAN, |number| number as f32);
        let inside = match self {
            Self::Rate => (low..1.0).contains(&number),
            _ => (low..=high).contains(&number),
        };
        (!inside).then_some(number)
    }

    /// The layer's value as a control holds it; `None` if the layer has no such part.
    pub fn get(self, layer: &Layer) -> Option<String> {
        let number = |n: usize| Some(n.to_string());
        match (self, *layer) {
            (Self::Filters, Layer::Conv2D { filters, .. }) => number(filters),
            (Self::KernelSize, Layer::Conv2D { kernel_size, .. }) => number(kernel_size),
            (
                Self::PoolSize,
                Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size },
            ) => number(pool_size),
            (Self::Units, Layer::Dense { units, .. }) => number(units),
            (
                Self::Activation,
                Layer::Conv2D { activation, .. } | Layer::Dense { activation, .. },
            ) => Some(activation.word().into()),
            (Self::Padding, Layer::Conv2D { padding, .. }) => Some(padding.word().into()),
            (Self::Rate, Layer::Dropout { rate }) => Some(rate.to_string()),
            _ => None,
        }
    }

    /// Takes a control's value; returns false if the layer cannot take it.
    pub fn set(self, layer: &mut Layer, text: &str) -> bool {
        let text = text.trim();
        match (self, layer) {
            (Self::Filters, Layer::Conv2D { filters: number, .. })
            | (Self::KernelSize, Layer::Conv2D { kernel_size: number, .. })
            | (
                Self::PoolSize,
                Layer::MaxPooling2D { pool_size: number }
                | Layer::AveragePooling2D { pool_size: number },
            )
            | (Self::Units, Layer::Dense { units: number, .. }) => take(number, text.parse().ok()),
            (
                Self::Activation,
                Layer::Conv2D { activation, .. } | Layer::Dense { activation, .. },
            ) => take(activation, Activation::ALL.into_iter().find(|a| a.word() == text)),
            (Self::Padding, Layer::Conv2D { padding, .. }) => {
                take(padding, Padding::ALL.into_iter().find(|p| p.word() == text))
            }
            (Self::Rate, Layer::Dropout { rate }) => {
                let read = number::parse(text).map(|number| number as f32);
                take(rate, read.filter(|rate| rate.is_finite()))
            }
            _ => false,
        }
    }
}

fn take<T>(place: &mut T, value: Option<T>) -> bool {
    let taken = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    taken
}
