//! Small random changes of digits, so that training sees more handwriting than MNIST's.

use crate::config::Augment;
use crate::data::{PIXELS, SIDE};
use crate::ink::{Point, raster};

/// How far a digit is changed; each amount is drawn uniformly between minus and plus its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Degrees of rotation.
    pub rotation: f32,
    /// Fraction by which width and height, each on its own, grow or shrink.
    pub scale: f32,
    /// Horizontal shift of a row, in pixels per pixel of distance from the middle: slant.
    pub shear: f32,
    /// Pixels of translation along each axis.
    pub translation: f32,
    /// Pixels by which single places move along each axis, each on its own: uneven handwriting.
    pub warp: f32,
    /// Fraction of the zeros that get a slash, and of the ones that get an upstroke: many people write
    /// them so, but hardly anyone who wrote MNIST did.
    pub extra_strokes: f32,
}

impl Default for Augmentation {
    /// What the shipped weights are trained with.
    fn default() -> Self {
        Self {
            rotation: 12.0,
            scale: 0.15,
            shear: 0.25,
            translation: 1.5,
            warp: 1.5,
            extra_strokes: 0.15,
        }
    }
}

/// The limits of an [`Augment`]; `None` if images are not varied.
pub fn amounts(augment: Augment) -> Option<Augmentation> {
    match augment {
        Augment::Off => None,
        Augment::On => Some(Augmentation::default()),
        Augment::Gentle => Some(Augmentation::GENTLE),
    }
}

/// Changes consecutive images of a minibatch at random. The change depends only on an image's place in
/// the minibatch, so it is the same on every worker.
///
/// - `images`: `[images][SIDE][SIDE]`; `labels`: each image's class.
/// - `first`: place of the first image.
/// - `rng_seed`: the minibatch's seed.
pub fn vary(
    augmentation: &Augmentation,
    images: &mut [f32],
    labels: &[u8],
    first: usize,
    rng_seed: u64,
) {
    let mut picture = [0.0; PIXELS];
    let images = images.as_chunks_mut::<PIXELS>().0.iter_mut();
    for (place, (image, &label)) in (first..).zip(images.zip(labels)) {
        let mut rng = fastrand::Rng::with_seed(rng_seed.wrapping_add(place as u64));
        picture.copy_from_slice(image);
        augmentation.apply(&mut rng, label, &picture, image);
    }
}

/// The middle of an image along either axis.
const MIDDLE: f32 = (SIDE - 1) as f32 / 2.0;

/// Longer side of a digit in MNIST.
const BOX: f32 = 20.0;

impl Augmentation {
    /// No change.
    pub const NONE: Self = Self {
        rotation: 0.0,
        scale: 0.0,
        shear: 0.0,
        translation: 0.0,
        warp: 0.0,
        extra_strokes: 0.0,
    };

    /// Seven tenths of the default, without extra strokes.
    pub const GENTLE: Self = Self {
        rotation: 8.4,
        scale: 0.105,
        shear: 0.175,
        translation: 1.05,
        warp: 1.05,
        extra_strokes: 0.0,
    };

    /// Draws a change and applies it: `to[p] = from[m(p) + w(p)]` with an affine map `m` about the
    /// middle of the image and a smaller, uneven shift `w`; linear between pixels, 0 outside.
    ///
    /// - `digit`: its class.
    /// - `from`, `to`: `[SIDE][SIDE]`.
    ///
    /// # Panics
    /// If an image has another size.
    pub fn apply(&self, rng: &mut fastrand::Rng, digit: u8, from: &[f32], to: &mut [f32]) {
        assert_eq!((from.len(), to.len()), (PIXELS, PIXELS), "pictures of {SIDE}x{SIDE}");
        let mut embellished = [0.0; PIXELS];
        let (mut from, mut centre, mut shrink) = (from, Point { x: MIDDLE, y: MIDDLE }, 1.0);
        if digit < 2 && rng.f32() < self.extra_strokes {
            embellished.copy_from_slice(from);
            let ink = Ink::of(&embellished);
            add(&mut embellished, if digit == 0 { ink.slash(rng) } else { ink.upstroke(rng) });
            // MNIST would have fitted the stroke into its box as well.
            let ink = Ink::of(&embellished);
            (from, centre, shrink) = (&embellished, ink.centre, ink.longer_side() / BOX);
        }
        let mut within = |limit: f32| limit * (2.0 * rng.f32() - 1.0);
        let (sin, cos) = within(self.rotation).to_radians().sin_cos();
        let (across, down) =
            (shrink / (1.0 + within(self.scale)), shrink / (1.0 + within(self.scale)));
        let shear = within(self.shear);
        let (shift_x, shift_y) = (within(self.translation), within(self.translation));
        let warp = Warp::new(|| within(self.warp));
        // Where a pixel of the new image comes from: shift, rotation, slant, scale.
        let (xx, xy) = (across * (cos + shear * sin), across * (-sin + shear * cos));
        let (yx, yy) = (down * sin, down * cos);
        for (y, row) in to.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let moved = warp.at(x, y);
                let (dx, dy) =
                    (x as f32 - MIDDLE - shift_x + moved.x, y as f32 - MIDDLE - shift_y + moved.y);
                *pixel = sample(from, centre.x + xx * dx + xy * dy, centre.y + yx * dx + yy * dy);
            }
        }
    }
}

/// Shifts at the knots of a coarse grid over the image, linear in between.
struct Warp([[Point; Self::KNOTS]; Self::KNOTS]);

impl Warp {
    /// Knots along either axis; the first and the last are on the image's edges.
    const KNOTS: usize = 4;

    /// Pixels from one knot to the next.
    const SPACING: usize = (SIDE - 1) / (Self::KNOTS - 1);

    fn new(mut shift: impl FnMut() -> f32) -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| Point { x: shift(), y: shift() })))
    }

    fn at(&self, x: usize, y: usize) -> Point {
        let cell = |i: usize| (i / Self::SPACING).min(Self::KNOTS - 2);
        let (column, row) = (cell(x), cell(y));
        let share = |i: usize, cell: usize| i as f32 / Self::SPACING as f32 - cell as f32;
        let (right, lower) = (share(x, column), share(y, row));
        let [upper_knots, lower_knots] = [&self.0[row], &self.0[row + 1]];
        let across = |knots: &[Point]| between(knots[column], knots[column + 1], right);
        between(across(upper_knots), across(lower_knots), lower)
    }
}

fn between(a: Point, b: Point, share: f32) -> Point {
    Point { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) }
}

/// Where a digit's ink is.
struct Ink {
    /// First and last inked column.
    columns: (f32, f32),
    /// First and last inked row.
    rows: (f32, f32),
    /// Centre of mass.
    centre: Point,
    /// Where the pen would have started: an inked pixel in the first inked row.
    top: Point,
}

impl Ink {
    fn of(picture: &[f32]) -> Self {
        let inked = || {
            let pixels = picture.iter().enumerate();
            let place = |i| Point { x: (i % SIDE) as f32, y: (i / SIDE) as f32 };
            pixels.filter(|(_, ink)| **ink > 0.5).map(move |(i, _)| place(i))
        };
        let middle = Point { x: MIDDLE, y: MIDDLE };
        let top = inked().next().unwrap_or(middle);
        let mut ink = Self { columns: (top.x, top.x), rows: (top.y, top.y), centre: top, top };
        let (mut x, mut y, mut count) = (0.0, 0.0, 0.0);
        for point in inked() {
            ink.columns = (ink.columns.0.min(point.x), ink.columns.1.max(point.x));
            ink.rows = (ink.rows.0.min(point.y), ink.rows.1.max(point.y));
            (x, y, count) = (x + point.x, y + point.y, count + 1.0);
        }
        if count > 0.0 {
            ink.centre = Point { x: x / count, y: y / count };
        }
        ink
    }

    /// Side of the smallest square around the ink.
    fn longer_side(&self) -> f32 {
        1.0 + (self.columns.1 - self.columns.0).max(self.rows.1 - self.rows.0)
    }

    /// A slash that rises to the right, from just inside the digit's box to just outside.
    fn slash(&self, rng: &mut fastrand::Rng) -> [Point; 2] {
        let mut outwards = || 7.0 * rng.f32() - 3.0;
        [
            Point { x: self.columns.0 - outwards(), y: self.rows.1 + outwards() },
            Point { x: self.columns.1 + outwards(), y: self.rows.0 - outwards() },
        ]
    }

    /// The stroke that leads up to the top of a one, at 30 to 60 degrees.
    fn upstroke(&self, rng: &mut fastrand::Rng) -> [Point; 2] {
        let (sin, cos) = (30.0 + 30.0 * rng.f32()).to_radians().sin_cos();
        let length = 4.0 + 9.0 * rng.f32();
        [Point { x: self.top.x - length * cos, y: self.top.y + length * sin }, self.top]
    }
}

/// Draws one more stroke on an image.
fn add(picture: &mut [f32], stroke: [Point; 2]) {
    for (pixel, ink) in picture.iter_mut().zip(raster::draw(&[stroke])) {
        *pixel = pixel.max(ink);
    }
}

/// The image's value at a point between pixels.
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

    const NONE: Augmentation = Augmentation::NONE;

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
    fn zeros_get_a_slash_and_ones_an_upstroke() {
        let always = Augmentation { extra_strokes: 1.0, ..NONE };
        let change = |digit, from: &[f32]| {
            let mut to = vec![0.0; PIXELS];
            always.apply(&mut fastrand::Rng::with_seed(2), digit, from, &mut to);
            to
        };
        let mut ring = vec![0.0; PIXELS];
        for (y, x) in [(4, 14), (23, 14), (14, 7), (14, 20)] {
            ring[y * SIDE + x] = 1.0;
        }
        let middle = |picture: &[f32]| picture[13 * SIDE + 13].max(picture[14 * SIDE + 14]);
        assert!(middle(&change(0, &ring)) > 0.5);
        assert_eq!(change(8, &ring), ring);

        let bar: Vec<f32> = (0..PIXELS)
            .map(|i| if (4..24).contains(&(i / SIDE)) && i % SIDE == 14 { 1.0 } else { 0.0 })
            .collect();
        let columns = |picture: &[f32]| {
            let ink = Ink::of(picture);
            ink.columns.1 - ink.columns.0
        };
        assert!(columns(&change(1, &bar)) > 2.0);
        assert_eq!(change(7, &bar), bar);
    }

    #[test]
    fn a_warp_moves_knots_by_their_shift_and_is_linear_between() {
        let mut next = 0.0;
        let warp = Warp::new(|| {
            next += 1.0;
            next
        });
        let along = |x, y| (warp.at(x, y).x, warp.at(x, y).y);
        assert_eq!(along(0, 0), (1.0, 2.0));
        assert_eq!(along(27, 27), (31.0, 32.0));
        assert_eq!(along(9, 18), (19.0, 20.0));
        let (third, _) = along(3, 0);
        assert!((third - (1.0 + 2.0 / 3.0)).abs() < 1e-5);
    }
}
