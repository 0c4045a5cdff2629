//! Handwriting made up: digits as people of many habits write them, and drawings that are no digit.
//!
//! A writer has a `sketch` in mind, one of the styles in `digits` or `no_digits`, and a `hand` that misses it.

mod chance;
mod digits;
mod hand;
mod no_digits;
mod sketch;

use chance::Chance;

use crate::ink::Drawing;

/// A digit in a style and by a hand that follow from the seed.
///
/// - `unsteadiness`: how far the hand may be from a usual one; 1 is usual.
///
/// # Panics
/// If `digit` is not one.
pub fn digit(digit: u8, unsteadiness: f32, rng_seed: u64) -> Drawing {
    let mut c = Chance(fastrand::Rng::with_seed(rng_seed));
    let sketch = digits::digit(digit, &mut c);
    hand::draw(&sketch, unsteadiness, &mut c)
}

/// A letter, a picture or a scribble that follows from the seed; `unsteadiness` as above.
pub fn no_digit(unsteadiness: f32, rng_seed: u64) -> Drawing {
    let mut c = Chance(fastrand::Rng::with_seed(rng_seed));
    let sketch = no_digits::no_digit(&mut c);
    hand::draw(&sketch, unsteadiness, &mut c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink;

    #[test]
    fn a_drawing_follows_from_its_seed() {
        assert_eq!(digit(3, 1.0, 7), digit(3, 1.0, 7));
        assert_ne!(digit(3, 1.0, 7), digit(3, 1.0, 8));
        assert_eq!(no_digit(1.0, 7), no_digit(1.0, 7));
        assert_ne!(no_digit(1.0, 7), no_digit(1.0, 8));
    }

    #[test]
    fn every_drawing_has_ink_and_no_endless_line() {
        for rng_seed in 0..500 {
            let digits = (0..10).map(|class| digit(class, 1.25, rng_seed));
            for drawing in digits.chain([no_digit(1.25, rng_seed)]) {
                let points = || drawing.strokes().iter().flatten();
                assert!(points().all(|point| point.x.abs() < 5.0 && point.y.abs() < 5.0));
                assert!(points().count() < 2000);
                let picture = ink::picture(&drawing).expect("there is a stroke");
                assert!(picture.iter().sum::<f32>() > 15.0, "{rng_seed}: {drawing:?}");
            }
        }
    }
}
