//! Edits of a list of layers. Each takes any list and leaves one that can be shown, whether or not it can be built.

use crate::config::MOST_LAYERS;
use crate::config::architecture::{Layer, LayerKind, LayerPart};

/// A change to the list. Layers are counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Add a layer where it fits best.
    Add(LayerKind),
    /// Remove this layer.
    Remove(usize),
    /// Move a layer to another place; those in between make room.
    Move {
        /// Where it is.
        from: usize,
        /// Where it goes.
        to: usize,
    },
    /// Set one part of a layer to a control's value.
    Set(usize, LayerPart, String),
}

/// Makes the change; returns the layer that it is about, or why nothing changes.
pub fn edit(layers: &mut Vec<Layer>, edit: &Edit) -> Result<usize, Refusal> {
    match *edit {
        Edit::Add(_) if layers.len() >= MOST_LAYERS => Err(Refusal::TooMany),
        Edit::Add(kind) => {
            let at = place(layers, kind);
            layers.insert(at, kind.layer());
            Ok(at)
        }
        Edit::Remove(at) if at < layers.len() => {
            layers.remove(at);
            Ok(at)
        }
        Edit::Move { from, to } if from < layers.len() && to < layers.len() => {
            let layer = layers.remove(from);
            layers.insert(to, layer);
            Ok(to)
        }
        Edit::Set(at, part, ref text) => {
            let set = layers.get_mut(at).is_some_and(|layer| part.set(layer, text));
            if set { Ok(at) } else { Err(Refusal::NoValue) }
        }
        Edit::Remove(_) | Edit::Move { .. } => Err(Refusal::NoLayer),
    }
}

/// Why an edit changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The list is full.
    #[error("A network can have at most {MOST_LAYERS} layers.")]
    TooMany,
    /// The text is not a value for that part.
    #[error("This layer cannot have that value, so it keeps the old one.")]
    NoValue,
    /// There is no such layer, or nowhere to move it.
    #[error("There is no such place in the list.")]
    NoLayer,
}

/// Where a layer of this kind is probably wanted: maps before Flatten, vectors after it, all before the last layer.
fn place(layers: &[Layer], kind: LayerKind) -> usize {
    let last = layers.len().saturating_sub(1);
    let flat = layers.iter().position(|layer| *layer == Layer::Flatten);
    match kind {
        LayerKind::Conv2D | LayerKind::MaxPooling2D | LayerKind::AveragePooling2D => {
            flat.unwrap_or(last)
        }
        LayerKind::Flatten => {
            let dense = |layer: &Layer| matches!(layer, Layer::Dense { .. });
            layers.iter().position(dense).unwrap_or(layers.len())
        }
        LayerKind::Dense | LayerKind::Dropout if layers.last() == Some(&Layer::Flatten) => {
            layers.len()
        }
        LayerKind::Dense | LayerKind::Dropout => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Architecture;
    use proptest::prelude::*;

    fn text(layers: &[Layer]) -> String {
        Architecture { layers: layers.to_vec(), ..Architecture::default() }.to_string()
    }

    fn edited(start: &str, edits: &[Edit]) -> String {
        let mut layers = start.parse::<Architecture>().expect("layers").layers;
        for change in edits {
            edit(&mut layers, change).expect("a possible edit");
        }
        text(&layers)
    }

    #[test]
    fn a_layer_is_added_where_it_can_be_built() {
        let start = "c4k3r,f,d10s";
        assert_eq!(edited(start, &[Edit::Add(LayerKind::Conv2D)]), "c4k3r,c32k3r,f,d10s");
        assert_eq!(edited(start, &[Edit::Add(LayerKind::MaxPooling2D)]), "c4k3r,p2,f,d10s");
        assert_eq!(edited(start, &[Edit::Add(LayerKind::Dense)]), "c4k3r,f,d64r,d10s");
        assert_eq!(edited(start, &[Edit::Add(LayerKind::Dropout)]), "c4k3r,f,drop0.25,d10s");
        assert_eq!(edited("c4k3r,d5,d10s", &[Edit::Add(LayerKind::Flatten)]), "c4k3r,f,d5,d10s");
        let mut layers = vec![];
        for kind in LayerKind::ALL {
            edit(&mut layers, &Edit::Add(kind)).expect("there is room");
        }
        assert_eq!(layers.len(), LayerKind::ALL.len());
    }

    #[test]
    fn layers_move_and_go() {
        let start = "c4k3r,p2,f,d10s";
        assert_eq!(edited(start, &[Edit::Move { from: 0, to: 2 }]), "p2,f,c4k3r,d10s");
        assert_eq!(edited(start, &[Edit::Move { from: 3, to: 0 }]), "d10s,c4k3r,p2,f");
        assert_eq!(edited(start, &[Edit::Remove(1)]), "c4k3r,f,d10s");
    }

    #[test]
    fn only_what_a_layer_has_can_be_set() {
        let set = |at, part, text: &str| Edit::Set(at, part, text.into());
        let edits = [
            set(0, LayerPart::Filters, "12"),
            set(0, LayerPart::KernelSize, " 5 "),
            set(0, LayerPart::Padding, "same"),
            set(0, LayerPart::Activation, "linear"),
            set(1, LayerPart::PoolSize, "3"),
            set(3, LayerPart::Rate, "0.5"),
            set(4, LayerPart::Units, "11"),
        ];
        assert_eq!(edited("c4k3r,a2,f,drop0.1,d10s", &edits), "c12k5z,a3,f,drop0.5,d11s");
        let mut layers = vec![Layer::Flatten, LayerKind::Conv2D.layer()];
        for refused in [
            set(0, LayerPart::Filters, "3"),
            set(1, LayerPart::Filters, "-3"),
            set(1, LayerPart::Filters, ""),
            set(1, LayerPart::Activation, "tanh"),
            set(2, LayerPart::Units, "3"),
        ] {
            assert_eq!(edit(&mut layers, &refused), Err(Refusal::NoValue), "{refused:?}");
        }
        assert_eq!(text(&layers), "f,c32k3r");
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            prop::sample::select(LayerKind::ALL.to_vec()).prop_map(Edit::Add),
            (0..6usize).prop_map(Edit::Remove),
            (0..6usize, 0..6usize).prop_map(|(from, to)| Edit::Move { from, to }),
            (
                0..6usize,
                prop::sample::select(LayerPart::ALL.to_vec()),
                "[0-9.a-z-]{0,5}|relu|softmax|same"
            )
                .prop_map(|(at, part, text)| Edit::Set(at, part, text)),
        ]
    }

    proptest! {
        #[test]
        fn any_edits_leave_a_list_that_says_what_is_wrong_with_it(
            edits in prop::collection::vec(any_edit(), 0..40),
        ) {
            let mut layers = Architecture::default().layers;
            for change in &edits {
                let before = layers.clone();
                match edit(&mut layers, change) {
                    Ok(at) => prop_assert!(at <= layers.len()),
                    Err(_) => prop_assert_eq!(&layers, &before),
                }
                prop_assert!(layers.len() <= MOST_LAYERS);
                let architecture = Architecture { layers: layers.clone(), ..Architecture::default() };
                let (shapes, error) = architecture.inspect();
                match error.as_ref().map(|error| error.layer(layers.len())) {
                    None => prop_assert_eq!(shapes.len(), layers.len()),
                    Some(Some(wrong)) => prop_assert!((1..=layers.len()).contains(&wrong)),
                    Some(None) => prop_assert!(layers.is_empty()),
                }
                prop_assert_eq!(architecture.to_string().parse(), Ok(architecture));
            }
        }

        #[test]
        fn moving_there_and_back_changes_nothing(from in 0..6usize, to in 0..6usize) {
            let start = Architecture::default().layers;
            let mut layers = start.clone();
            edit(&mut layers, &Edit::Move { from, to }).expect("both are layers");
            edit(&mut layers, &Edit::Move { from: to, to: from }).expect("both are layers");
            prop_assert_eq!(layers, start);
        }
    }
}
