//! New digits beside those that are there.

use crate::data::{CLASSES, PIXELS};
use crate::ink::Digit;

/// Two pictures of a digit are the same if no pixel differs by more. Strokes are rounded in files, which changed a pixel by
/// up to 0.155 in 600 drawings; two drawings of a digit differ by all of a pixel, but for
/// some ones.
const SAME: f32 = 0.25;

/// What becomes of digits that are added to others.
#[derive(Debug, Default, PartialEq)]
pub struct Merged {
    /// Those to add.
    pub new: Vec<Digit>,
    /// How many were there already.
    pub known: u32,
    /// How many there is no room for.
    pub left_out: u32,
}

/// Chooses the digits that are not there yet.
///
/// - `most`: of a class.
pub fn merge(there: &[Digit], added: Vec<Digit>, most: usize) -> Merged {
    let mut classes: [Vec<KnownPicture>; CLASSES] = Default::default();
    for digit in there {
        if let Some(picture) = KnownPicture::of(digit) {
            classes[usize::from(digit.label)].push(picture);
        }
    }
    let mut merged = Merged::default();
    for digit in added {
        let Some(picture) = KnownPicture::of(&digit) else { continue };
        let class = &mut classes[usize::from(digit.label)];
        if class.iter().any(|known| known.is_same(&picture)) {
            merged.known += 1;
        } else if class.len() >= most {
            merged.left_out += 1;
        } else {
            class.push(picture);
            merged.new.push(digit);
        }
    }
    merged
}

/// A picture and how much ink it has, by which most others are told apart at once.
struct KnownPicture {
    pixels: Box<[f32; PIXELS]>,
    mass: f32,
}

impl KnownPicture {
    fn of(digit: &Digit) -> Option<Self> {
        let pixels = digit.picture()?;
        let mass = pixels.iter().sum();
        Some(Self { pixels, mass })
    }

    fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.pixels.iter().zip(&other.pixels[..]);
        (self.mass - other.mass).abs() < SAME * PIXELS as f32
            && pairs.all(|(a, b)| (a - b).abs() <= SAME)
    }
}
