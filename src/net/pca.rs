//! Principal component analysis: the plane in which points lie widest apart.
//!
//! Simultaneous iteration (L. Trefethen, D. Bau, "Numerical Linear Algebra", lecture 28) on the covariance, which is never
//! formed. From the plane of a moment before it takes few iterations, and the axes turn as little as they must.

/// Iterations from nothing and from a plane before.
const ITERATIONS: usize = 20;
const MORE_ITERATIONS: usize = 3;

/// A plane in the space of the points.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The points' mean.
    mean: Vec<f32>,
    /// Two directions of length 1 at a right angle.
    axes: [Vec<f32>; 2],
    /// By what coordinates are multiplied, so that the points' mean square distance from their mean is 1.
    scale: f32,
}

impl Plane {
    /// The plane in which points lie widest apart; `None` if they are all the same or not finite.
    ///
    /// - `points`: `[points][dimensions]`
    /// - `before`: a plane close to it, if there is one.
    pub fn of(points: &[f32], dimensions: usize, before: Option<&Self>) -> Option<Self> {
        let rows = || points.chunks_exact(dimensions);
        let mut mean = vec![0.0; dimensions];
        for row in rows() {
            add(&mut mean, row, 1.0 / rows().len() as f32);
        }
        let before = before.filter(|before| before.mean.len() == dimensions);
        let (mut axes, iterations) = match before {
            Some(before) => (before.axes.clone(), MORE_ITERATIONS),
            None => (arbitrary(dimensions), ITERATIONS),
        };
        for _ in 0..iterations {
            // The coordinates along an axis add up to zero, so the rows need not be less by the mean.
            let shifts = axes.each_ref().map(|axis| dot(axis, &mean));
            let mut next = [vec![0.0; dimensions], vec![0.0; dimensions]];
            for row in rows() {
                for ((next, axis), shift) in next.iter_mut().zip(&axes).zip(shifts) {
                    add(next, row, dot(axis, row) - shift);
                }
            }
            axes = orthonormal(next)?;
        }
        let mut plane = Self { mean, axes, scale: 1.0 };
        let squares: f32 =
            rows().map(|row| plane.place(row).map(|x| x * x).iter().sum::<f32>()).sum();
        // Rounding sets points apart that are all the same.
        let apart = squares / rows().len() as f32 > 1e-9 * dot(&plane.mean, &plane.mean);
        plane.scale = (rows().len() as f32 / squares).sqrt();
        (apart && plane.scale.is_finite()).then_some(plane)
    }

    /// Whether a point has as many dimensions as the plane is in.
    pub fn fits(&self, point: &[f32]) -> bool {
        point.len() == self.mean.len()
    }

    /// Where a point lies in the plane.
    pub fn place(&self, point: &[f32]) -> [f32; 2] {
        self.axes.each_ref().map(|axis| self.scale * (dot(axis, point) - dot(axis, &self.mean)))
    }

    /// All of it as numbers: the mean, both axes, the scale.
    pub fn numbers(&self) -> Vec<f32> {
        [&self.mean, &self.axes[0], &self.axes[1], &vec![self.scale]].map(Vec::as_slice).concat()
    }

    /// From [`Plane::numbers`]; `None` if they are too many or too few.
    pub fn read(numbers: &[f32]) -> Option<Self> {
        let (&scale, numbers) = numbers.split_last()?;
        if numbers.len() % 3 != 0 || numbers.is_empty() {
            return None;
        }
        let mut parts = numbers.chunks_exact(numbers.len() / 3).map(<[f32]>::to_vec);
        Some(Self { mean: parts.next()?, axes: [parts.next()?, parts.next()?], scale })
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Four sums at a time, which the compiler turns into one instruction.
    let mut sums = [0.0; 4];
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `to += factor * by`
fn add(to: &mut [f32], by: &[f32], factor: f32) {
    to.iter_mut().zip(by).for_each(|(to, by)| *to += factor * by);
}

/// Two directions, the same each time.
fn arbitrary(dimensions: usize) -> [Vec<f32>; 2] {
    let mut rng = fastrand::Rng::with_seed(1);
    std::array::from_fn(|_| (0..dimensions).map(|_| rng.f32() - 0.5).collect())
}

/// Two directions of length 1 at a right angle, by Gram and Schmidt's method.
fn orthonormal([mut first, mut second]: [Vec<f32>; 2]) -> Option<[Vec<f32>; 2]> {
    let unit = |axis: &mut Vec<f32>| {
        let length = dot(axis, axis).sqrt();
        axis.iter_mut().for_each(|x| *x /= length);
        (length > 0.0 && length.is_finite()).then_some(())
    };
    unit(&mut first)?;
    let along = dot(&first, &second);
    add(&mut second, &first, -along);
    unit(&mut second)?;
    Some([first, second])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMENSIONS: usize = 7;

    /// Points that lie widest apart along dimension 2, then 5.
    fn points(seed: u64) -> Vec<f32> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let spread = [0.1, 0.2, 3.0, 0.1, 0.3, 1.5, 0.2];
        (0..500).flat_map(|_| spread.map(|most| 4.0 + most * (rng.f32() - 0.5))).collect()
    }

    /// The mean square of the points' coordinates along a direction, naively.
    fn variance(points: &[f32], axis: &[f32]) -> f64 {
        let rows: Vec<&[f32]> = points.chunks_exact(DIMENSIONS).collect();
        let along: Vec<f64> = rows
            .iter()
            .map(|row| row.iter().zip(axis).map(|(x, a)| f64::from(*x) * f64::from(*a)).sum())
            .collect();
        let mean = along.iter().sum::<f64>() / along.len() as f64;
        along.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / along.len() as f64
    }

    #[test]
    fn the_axes_are_the_widest_directions() {
        let points = points(1);
        let plane = Plane::of(&points, DIMENSIONS, None).expect("they differ");
        let [first, second] = &plane.axes;
        assert!(first[2].abs() > 0.99 && second[5].abs() > 0.99, "{plane:?}");
        let mut rng = fastrand::Rng::with_seed(9);
        for _ in 0..1000 {
            let other: Vec<f32> = (0..DIMENSIONS).map(|_| rng.f32() - 0.5).collect();
            let length = dot(&other, &other).sqrt();
            let other: Vec<f32> = other.iter().map(|x| x / length).collect();
            assert!(variance(&points, &other) <= 1.001 * variance(&points, first));
        }
    }

    #[test]
    fn coordinates_have_the_size_of_one_and_the_middle_at_zero() {
        let points = points(2);
        let plane = Plane::of(&points, DIMENSIONS, None).expect("they differ");
        let places: Vec<[f32; 2]> =
            points.chunks_exact(DIMENSIONS).map(|p| plane.place(p)).collect();
        let mean = |axis: usize| places.iter().map(|place| place[axis]).sum::<f32>() / 500.0;
        assert!(mean(0).abs() < 1e-3 && mean(1).abs() < 1e-3);
        let squares: f32 = places.iter().flatten().map(|x| x * x).sum();
        assert!((squares / 500.0 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn from_a_plane_before_the_axes_hardly_turn() {
        let before = Plane::of(&points(3), DIMENSIONS, None).expect("they differ");
        let after = Plane::of(&points(4), DIMENSIONS, Some(&before)).expect("they differ");
        for (before, after) in before.axes.iter().zip(&after.axes) {
            assert!(dot(before, after) > 0.99, "not even their sign changes");
        }
        assert_eq!(Plane::read(&after.numbers()), Some(after));
    }

    #[test]
    fn points_without_a_plane_have_none() {
        assert_eq!(Plane::of(&[1.0; 70], DIMENSIONS, None), None);
        assert_eq!(Plane::of(&[f32::NAN; 70], DIMENSIONS, None), None);
        assert_eq!(Plane::of(&[], DIMENSIONS, None), None);
        assert_eq!(Plane::read(&[1.0; 6]), None);
    }
}
