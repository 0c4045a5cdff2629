//! Small random changes of a digit, so that training meets more hands than wrote MNIST.

use crate::data::{PIXELS, SIDE};
use crate::ink::{Point, raster};

/// How far a digit may be changed; each amount is drawn uniformly between minus and plus its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Degrees of rotation.
    pub rotation: f32,
    /// Share by which width and height, each on its own, grow or shrink.
    pub scale: f32,
    /// Horizontal shift of a row for each row of distance from the middle: slant.
    pub shear: f32,
    /// Pixels of translation along each axis.
    pub translation: f32,
    /// Share of the zeros that get a slash through them: many people write one, hardly any of those
    /// who wrote MNIST did.
    pub slashed_zeros: f32,
}

impl Default for Augmentation {
    /// What the shipped weights are trained with.
    fn default() -> Self {
        Self { rotation: 12.0, scale: 0.15, shear: 0.25, translation: 1.5, slashed_zeros: 0.1 }
    }
}

impl Augmentation {
    /// Draws a change and applies it: `to[p] = from[m(p)]` with an affine map `m` about the middle of
    /// the picture, linear between pixels, 0 outside.
    ///
    /// - `digit`: which one it is.
    /// - `from`, `to`: `[SIDE][SIDE]`.
    ///
    /// # Panics
    /// If a picture has another size.
    pub fn apply(&self, rng: &mut fastrand::Rng, digit: u8, from: &[f32], to: &mut [f32]) {
        assert_eq!((from.len(), to.len()), (PIXELS, PIXELS), "pictures of {SIDE}x{SIDE}");
        let mut slashed = [0.0; PIXELS];
        let from = if digit == 0 && rng.f32() < self.slashed_zeros {
            slashed.copy_from_slice(from);
            slash(rng, &mut slashed);
            &slashed
        } else {
            from
        };
        let mut within = |limit: f32| limit * (2.0 * rng.f32() - 1.0);
        let (sin, cos) = within(self.rotation).to_radians().sin_cos();
        let (across, down) = (1.0 / (1.0 + within(self.scale)), 1.0 / (1.0 + within(self.scale)));
        let shear = within(self.shear);
        let (shift_x, shift_y) = (within(self.translation), within(self.translation));
        // Where a pixel of the new picture comes from: shift, turn, slant, stretch.
        let (xx, xy) = (across * (cos + shear * sin), across * (-sin + shear * cos));
        let (yx, yy) = (down * sin, down * cos);
        let middle = (SIDE - 1) as f32 / 2.0;
        for (y, row) in to.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            let dy = y as f32 - middle - shift_y;
            for (x, pixel) in row.iter_mut().enumerate() {
                let dx = x as f32 - middle - shift_x;
                *pixel = sample(from, middle + xx * dx + xy * dy, middle + yx * dx + yy * dy);
            }
        }
    }
}

/// Draws a slash, rising to the right, over the box that a digit's ink fills, and a little more or less.
fn slash(rng: &mut fastrand::Rng, picture: &mut [f32]) {
    let inked = |of: fn(usize) -> usize| {
        let ink = || (0..PIXELS).filter(|&i| picture[i] > 0.5).map(of);
        (ink().min().unwrap_or(0) as f32, ink().max().unwrap_or(SIDE) as f32)
    };
    let ((left, right), (top, bottom)) = (inked(|i| i % SIDE), inked(|i| i / SIDE));
    let mut around = |edge: f32, outwards: f32| edge + outwards * (6.0 * rng.f32() - 3.0);
    let start = Point { x: around(left, -1.0), y: around(bottom, 1.0) };
    let end = Point { x: around(right, 1.0), y: around(top, -1.0) };
    for (pixel, ink) in picture.iter_mut().zip(raster::draw(&[[start, end]])) {
        *pixel = pixel.max(ink);
    }
}

/// The picture at a point between pixels.
fn sample(picture: &[f32], x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let (left, top) = (left as isize, top as isize);
    let at = |x: isize, y: isize| {
        let inside = |i: isize| usize::try_from(i).ok().filter(|&i| i < SIDE);
        inside(x).zip(inside(y)).map_or(0.0, |(x, y)| picture[y * SIDE + x])
    };
    let upper = at(left, top) * (1.0 - right_share) + at(left + 1, top) * right_share;
    let lower = at(left, top + 1) * (1.0 - right_share) + at(left + 1, top + 1) * right_share;
    upper * (1.0 - lower_share) + lower * lower_share
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Augmentation = Augmentation {
        rotation: 0.0,
        scale: 0.0,
        shear: 0.0,
        translation: 0.0,
        slashed_zeros: 0.0,
    };

    fn picture() -> Vec<f32> {
        (0..PIXELS).map(|i| (i * 37 % 256) as f32 / 255.0).collect()
    }

    #[test]
    fn no_change_is_no_change() {
        let (from, mut to) = (picture(), vec![f32::NAN; PIXELS]);
        NONE.apply(&mut fastrand::Rng::with_seed(1), 0, &from, &mut to);
        assert_eq!(from, to);
    }

    #[test]
    fn changes_follow_the_seed_and_stay_in_range() {
        let from = picture();
        let apply = |seed| {
            let mut to = vec![f32::NAN; PIXELS];
            Augmentation::default().apply(&mut fastrand::Rng::with_seed(seed), 5, &from, &mut to);
            to
        };
        assert_eq!(apply(1), apply(1));
        assert_ne!(apply(1), apply(2));
        assert!(apply(3).iter().all(|pixel| (0.0..=1.0001).contains(pixel)));
    }

    #[test]
    fn a_turn_keeps_the_middle_and_moves_the_edge() {
        let mut from = vec![0.0; PIXELS];
        for (y, x) in [(13, 13), (13, 14), (14, 13), (14, 14), (4, 13), (4, 14)] {
            from[y * SIDE + x] = 1.0;
        }
        let mut to = vec![0.0; PIXELS];
        let turn = Augmentation { rotation: 30.0, ..NONE };
        turn.apply(&mut fastrand::Rng::with_seed(5), 5, &from, &mut to);
        assert!(to[13 * SIDE + 13] > 0.8);
        assert!(to[4 * SIDE + 13] < 0.9);
    }

    #[test]
    fn only_zeros_are_slashed() {
        let mut ring = vec![0.0; PIXELS];
        for (y, x) in [(4, 14), (23, 14), (14, 7), (14, 20)] {
            ring[y * SIDE + x] = 1.0;
        }
        let always = Augmentation { slashed_zeros: 1.0, ..NONE };
        let middle = |digit| {
            let mut to = vec![0.0; PIXELS];
            always.apply(&mut fastrand::Rng::with_seed(2), digit, &ring, &mut to);
            to[13 * SIDE + 13]
        };
        assert!(middle(0) > 0.5);
        assert_eq!(middle(8), 0.0);
    }
}
