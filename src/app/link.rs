//! What a link holds beside the settings.
//!
//! | key | value |
//! | --- | --- |
//! | `drawing` | the strokes of a drawing, which the hand then writes |
//! | `hand` | `off`: it writes nothing unasked |

use crate::ink::notation;
use crate::ink::strokes::Stroke;

/// The pair with which the hand writes nothing unasked.
const HAND_OFF: &str = "hand=off";

/// What is before a drawing's strokes.
const DRAWING: &str = "drawing=";

/// A link's hash, taken apart.
#[derive(Debug, Default, PartialEq)]
pub struct Link {
    /// The settings, as a hash.
    pub settings: String,
    /// Whether the hand may write unasked.
    pub unasked: bool,
    /// The drawing's strokes; `None` if they cannot be read.
    pub drawing: Option<Option<Vec<Stroke>>>,
}

impl Link {
    /// Takes a hash apart, with or without its `#`.
    pub fn read(hash: &str) -> Self {
        let mut link = Self { unasked: true, ..Self::default() };
        let mut settings = Vec::new();
        for pair in hash.trim_start_matches('#').split('&') {
            match pair.strip_prefix(DRAWING) {
                _ if pair == HAND_OFF => link.unasked = false,
                Some(strokes) => link.drawing = Some(notation::read(strokes)),
                None => settings.push(pair),
            }
        }
        link.settings = settings.join("&");
        link
    }
}

/// Settings, written as a hash, and what else the address keeps.
pub fn for_address(settings: String, unasked: bool) -> String {
    if unasked { settings } else { settings + "&" + HAND_OFF }
}

/// Settings, written as a hash, and a drawing's strokes.
pub fn with_drawing(settings: String, strokes: &str) -> String {
    settings + "&" + DRAWING + strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_left_as_they_are() {
        for hash in ["#epochs=3&x=y&&=", "", "#", "epochs=banana&drawings=1&hand=on"] {
            let link = Link::read(hash);
            assert_eq!((link.unasked, link.drawing), (true, None));
            assert_eq!(link.settings, hash.trim_start_matches('#'));
        }
        let link = Link::read("#epochs=3&hand=off&drawing=AAA.AAB&batch=32");
        assert_eq!((link.settings.as_str(), link.unasked), ("epochs=3&batch=32", false));
        assert_eq!(link.drawing.flatten().map(|strokes| strokes.len()), Some(2));
        assert_eq!(Link::read("drawing=AA").drawing, Some(None));
        assert_eq!(for_address("#epochs=3".into(), false), "#epochs=3&hand=off");
    }
}
