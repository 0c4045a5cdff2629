//! An architecture as a line of text, for links, messages and files.
//!
//! The reference model is `c32k3r,p2,c64k3r,p2,f,d10s`: layers in order, separated by commas:
//!
//! | text | layer |
//! | --- | --- |
//! | `c32k3` | Conv2D, 32 filters, 3x3; then `r` for relu, `z` for zeros around it ('same' padding) |
//! | `p2`, `a2` | MaxPooling2D, AveragePooling2D of 2x2 |
//! | `f` | Flatten |
//! | `d10` | Dense, 10 units; then `r` for relu, `s` for softmax |
//! | `drop0.5` | Dropout of a half |
//!
//! Images other than 28x28x1 are described first, as rows, columns and channels: `i13x11x2`. Everything that can be
//! written can be read again, whether or not it can be built.

use std::fmt;
use std::str::FromStr;

use super::architecture::{Activation, Architecture, Layer, Padding, Shape};
use super::number;

/// Why a text is not an architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a layer")]
pub struct NotationError(String);

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { height, width, channels } = self.input;
        let mut separator = "";
        if self.input != Self::default().input {
            write!(f, "i{height}x{width}x{channels}")?;
            separator = ",";
        }
        for layer in &self.layers {
            f.write_str(separator)?;
            write_layer(f, layer)?;
            separator = ",";
        }
        Ok(())
    }
}

fn write_layer(f: &mut fmt::Formatter<'_>, layer: &Layer) -> fmt::Result {
    match *layer {
        Layer::Conv2D { filters, kernel_size, activation, padding } => {
            write!(f, "c{filters}k{kernel_size}")?;
            f.write_str(mark(activation))?;
            f.write_str(if padding == Padding::Same { "z" } else { "" })
        }
        Layer::MaxPooling2D { pool_size } => write!(f, "p{pool_size}"),
        Layer::AveragePooling2D { pool_size } => write!(f, "a{pool_size}"),
        Layer::Flatten => f.write_str("f"),
        Layer::Dense { units, activation } => {
            write!(f, "d{units}")?;
            f.write_str(mark(activation))
        }
        Layer::Dropout { rate } => write!(f, "drop{rate}"),
    }
}

fn mark(activation: Activation) -> &'static str {
    match activation {
        Activation::Linear => "",
        Activation::Relu => "r",
        Activation::Softmax => "s",
    }
}

fn marked(mark: &str) -> Option<Activation> {
    match mark {
        "" => Some(Activation::Linear),
        "r" => Some(Activation::Relu),
        "s" => Some(Activation::Softmax),
        _ => None,
    }
}

impl FromStr for Architecture {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Self, NotationError> {
        let mut architecture = Self { layers: Vec::new(), ..Self::default() };
        let mut words = text.split(',').filter(|word| !word.is_empty()).peekable();
        if let Some(input) = words.peek().and_then(|word| read_input(word)) {
            architecture.input = input;
            words.next();
        }
        for word in words {
            let layer = read_layer(word).ok_or_else(|| {
                let short: String = word.chars().take(24).collect();
                NotationError(short)
            })?;
            architecture.layers.push(layer);
        }
        Ok(architecture)
    }
}

fn read_input(word: &str) -> Option<Shape> {
    let mut sizes = word.strip_prefix('i')?.split('x').map(str::parse);
    let shape = Shape {
        height: sizes.next()?.ok()?,
        width: sizes.next()?.ok()?,
        channels: sizes.next()?.ok()?,
    };
    sizes.next().is_none().then_some(shape)
}

fn read_layer(word: &str) -> Option<Layer> {
    // Before Dense, because `d` begins this word too.
    if let Some(rate) = word.strip_prefix("drop") {
        let rate = number::parse(rate)? as f32;
        return rate.is_finite().then_some(Layer::Dropout { rate });
    }
    let kind = word.chars().next()?;
    let rest = &word[kind.len_utf8()..];
    match kind {
        'c' => {
            let (filters, rest) = rest.split_once('k')?;
            let (kernel_size, marks) = number(rest)?;
            let (marks, padding) = match marks.strip_suffix('z') {
                Some(marks) => (marks, Padding::Same),
                None => (marks, Padding::Valid),
            };
            let (filters, activation) = (filters.parse().ok()?, marked(marks)?);
            Some(Layer::Conv2D { filters, kernel_size, activation, padding })
        }
        'p' => Some(Layer::MaxPooling2D { pool_size: rest.parse().ok()? }),
        'a' => Some(Layer::AveragePooling2D { pool_size: rest.parse().ok()? }),
        'f' => rest.is_empty().then_some(Layer::Flatten),
        'd' => {
            let (units, marks) = number(rest)?;
            Some(Layer::Dense { units, activation: marked(marks)? })
        }
        _ => None,
    }
}

/// A whole number and what follows it.
fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> Self {
        architecture.to_string()
    }
}

impl TryFrom<String> for Architecture {
    type Error = NotationError;

    fn try_from(text: String) -> Result<Self, NotationError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_reference_model_reads_as_the_doc_says() {
        let text = "c32k3r,p2,c64k3r,p2,f,d10s";
        assert_eq!(Architecture::default().to_string(), text);
        assert_eq!(text.parse(), Ok(Architecture::default()));
    }

    #[test]
    fn what_is_no_layer_is_named() {
        for (text, word) in [
            ("c32k3r,q2,f", "q2"),
            ("c32", "c32"),
            ("c3k3zr", "c3k3zr"),
            ("d", "d"),
            ("dé10", "dé10"),
            ("é", "é"),
            ("drop", "drop"),
            ("dropNaN", "dropNaN"),
            ("flat", "flat"),
            ("i28x28", "i28x28"),
            ("f,i28x28x1", "i28x28x1"),
            ("p99999999999999999999999", "p99999999999999999999999"),
        ] {
            assert_eq!(text.parse::<Architecture>(), Err(NotationError(word.into())), "{text}");
        }
    }

    fn any_layer() -> impl Strategy<Value = Layer> {
        let activation =
            prop::sample::select(vec![Activation::Linear, Activation::Relu, Activation::Softmax]);
        let padding = prop::sample::select(vec![Padding::Valid, Padding::Same]);
        prop_oneof![
            (any::<u16>(), any::<u16>(), activation.clone(), padding).prop_map(
                |(filters, kernel_size, activation, padding)| Layer::Conv2D {
                    filters: filters.into(),
                    kernel_size: kernel_size.into(),
                    activation,
                    padding,
                }
            ),
            any::<u16>().prop_map(|n| Layer::MaxPooling2D { pool_size: n.into() }),
            any::<u16>().prop_map(|n| Layer::AveragePooling2D { pool_size: n.into() }),
            Just(Layer::Flatten),
            (any::<u16>(), activation)
                .prop_map(|(units, activation)| Layer::Dense { units: units.into(), activation }),
            (-2.0..2.0f32).prop_map(|rate| Layer::Dropout { rate }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            layers in prop::collection::vec(any_layer(), 0..8),
            height in 1..40usize,
        ) {
            let input = Shape { height, width: 28, channels: 1 };
            let architecture = Architecture { input, layers };
            prop_assert_eq!(architecture.to_string().parse(), Ok(architecture));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-a-z0-9.,é]{0,20}") {
            if let Ok(architecture) = text.parse::<Architecture>() {
                prop_assert_eq!(architecture.to_string().parse(), Ok(architecture));
            }
        }
    }
}
