//! The first layer. Its images have so few channels that cutting patches and convolving those with a 1x1
//! kernel is faster than convolving the image.

use std::array::from_fn;

use super::super::lanes::{F32x4, WIDTH, round_up};
use super::Geometry;

/// Every kernel-sized patch of an image as one row, so that a convolution with few input channels becomes
/// a 1x1 convolution with many: `patches[y][x][(ky, kx, c)] = input[y + ky][x + kx][c]`.
///
/// - `input`: `[height][width][channels]`.
/// - `patches`: `[height - kernel_size + 1][width - kernel_size + 1][patch_stride]`. The numbers after the
///   first `kernel_size^2 * channels` of a patch are arbitrary; their weights are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input, without padding.
    pub channels: usize,
    /// Side of the square kernel.
    pub kernel_size: usize,
    /// Distance between two patches.
    pub patch_stride: usize,
}

/// Fills `patches` from one image; see [`Patches`] for the equation and the shapes.
pub fn extract(p: &Patches, input: &[f32], patches: &mut [f32]) {
    let out_width = p.width - p.kernel_size + 1;
    let tap_row = p.kernel_size * p.channels;
    for (y, patches) in patches.chunks_exact_mut(out_width * p.patch_stride).enumerate() {
        for ky in 0..p.kernel_size {
            let from = &input[(y + ky) * p.width * p.channels..];
            // A row's last vector may reach into the next row, which is written after it.
            match round_up(tap_row) / 4 {
                1 => copy_rows::<1>(p, from, patches, ky * tap_row),
                2 => copy_rows::<2>(p, from, patches, ky * tap_row),
                _ => copy_rows::<0>(p, from, patches, ky * tap_row),
            }
        }
    }
}

/// Copies one row of taps into each patch of a row: `VECTORS` whole vectors where both sides have that
/// many, otherwise number by number.
#[inline(always)]
fn copy_rows<const VECTORS: usize>(p: &Patches, from: &[f32], patches: &mut [f32], at: usize) {
    let tap_row = p.kernel_size * p.channels;
    for (x, patch) in patches.chunks_exact_mut(p.patch_stride).enumerate() {
        let (from, to) = (&from[x * p.channels..], &mut patch[at..]);
        let (from_vectors, _) = from.as_chunks::<4>();
        let (to_vectors, _) = to.as_chunks_mut::<4>();
        if VECTORS > 0 && from_vectors.len() >= VECTORS && to_vectors.len() >= VECTORS {
            for i in 0..VECTORS {
                F32x4::load(&from_vectors[i]).store(&mut to_vectors[i]);
            }
        } else {
            // A loop, because `copy_from_slice` would call `memcpy`.
            from[..tap_row].iter().zip(to).for_each(|(from, to)| *to = *from);
        }
    }
}

/// Padding after an image for [`pooled_weight_gradient`], which reads rows of taps by whole vectors. The
/// values are ignored.
pub const SLACK: usize = WIDTH - 1;

impl Patches {
    /// The convolution of the image that equals `g`, the convolution of its patches.
    pub fn geometry(&self, g: &Geometry) -> Geometry {
        let Self { width, channels, kernel_size, .. } = *self;
        let height = g.height + kernel_size - 1;
        Geometry { height, width, channels, kernel_size, filters: g.filters }
    }

    /// Size of the image whose patches the convolution `g` reads.
    pub fn picture_size(&self, g: &Geometry) -> usize {
        self.geometry(g).height * self.width * self.channels
    }

    /// Size of a kernel's row of taps in [`pooled_weight_gradient`].
    pub fn row_stride(&self) -> usize {
        round_up(self.kernel_size * self.channels)
    }
}

/// The result of [`forward_pooled`](super::forward_pooled) on an image's patches, and its gradient.
#[derive(Clone, Copy, Debug)]
pub struct Pooled<'a> {
    /// The gradient of the output, `[out_height / 2][out_width / 2][filters]`.
    pub gradient: &'a [f32],
    /// The output, of the same shape.
    pub output: &'a [f32],
    /// As [`forward_pooled`](super::forward_pooled) returned it.
    pub argmax: &'a [u8],
    /// Whether relu came last: an output that is not positive passes no gradient.
    pub relu: bool,
}

/// A pooling window whose patches are not all zero.
#[derive(Clone, Copy, Debug)]
pub struct InkedWindow {
    index: u32,
    /// Offset of its patches in the image.
    corner: u32,
}

impl InkedWindow {
    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    pub(crate) fn corner(self) -> usize {
        self.corner as usize
    }
}

/// Lists the pooling windows that have ink under them, less than half of a digit's, in order. Replaces the list
/// and reuses its memory.
///
/// - `g`: the convolution of the patches.
/// - `picture`: one image, `[height][width][channels]`, and [`SLACK`] numbers.
pub fn inked_windows(p: &Patches, g: &Geometry, picture: &[f32], inked: &mut Vec<InkedWindow>) {
    inked.clear();
    let row = p.width * p.channels;
    let vectors = round_up((p.kernel_size + 1) * p.channels) / WIDTH;
    let (pooled_height, pooled_width) = (g.out_height() / 2, g.out_width() / 2);
    for (index, (y, x)) in
        (0..pooled_height).flat_map(|y| (0..pooled_width).map(move |x| (y, x))).enumerate()
    {
        let corner = 2 * (y * row + x * p.channels);
        let starts = (0..=p.kernel_size)
            .flat_map(|dy| (0..vectors).map(move |vector| corner + dy * row + WIDTH * vector));
        if !F32x4::are_zero(starts.map(|at| F32x4::load_at(picture, at))) {
            inked.push(InkedWindow { index: index as u32, corner: corner as u32 });
        }
    }
}

/// [`nonzero::weight_gradient`](super::nonzero::weight_gradient) after
/// [`forward_pooled`](super::forward_pooled) of an image's patches, computed from the image itself. There
/// are so few multiplications for each output that skipping single zeros costs more than multiplying by them; windows
/// without ink are skipped as a whole.
///
/// - `g`: the convolution of the patches.
/// - `picture`: one image, `[height][width][channels]`, and [`SLACK`] numbers.
/// - `inked`: from [`inked_windows`].
/// - `kernel`: `[filters][kernel_size][row_stride]`, added to; numbers after a row of taps are arbitrary.
/// - `bias`: `[filters]`, added to.
pub fn pooled_weight_gradient(
    p: &Patches,
    g: &Geometry,
    picture: &[f32],
    pooled: Pooled<'_>,
    inked: &[InkedWindow],
    kernel: &mut [f32],
    bias: &mut [f32],
) {
    let vectors = p.row_stride() / WIDTH;
    let quads = kernel.chunks_exact_mut(4 * p.kernel_size * p.row_stride());
    for (quad, (kernel, bias)) in quads.zip(bias.as_chunks_mut().0).enumerate() {
        let (kernel, _) = kernel.as_chunks_mut();
        let filters = Filters { p, g, picture, pooled, inked, first: 4 * quad };
        if (p.kernel_size, vectors) == (3, 1) {
            filters.add_windows::<3, 1>(0, 0, kernel);
        } else {
            for ky in 0..p.kernel_size {
                for vector in (0..vectors).step_by(3) {
                    match vectors - vector {
                        1 => filters.add_windows::<1, 1>(ky, vector, kernel),
                        2 => filters.add_windows::<1, 2>(ky, vector, kernel),
                        _ => filters.add_windows::<1, 3>(ky, vector, kernel),
                    }
                }
            }
        }
        F32x4::load(bias).add(filters.sum()).store(bias);
    }
}

/// Four filters whose gradients are summed together, so that each input is read once for four.
struct Filters<'a> {
    p: &'a Patches,
    g: &'a Geometry,
    picture: &'a [f32],
    pooled: Pooled<'a>,
    inked: &'a [InkedWindow],
    /// Index of the first of them.
    first: usize,
}

impl Filters<'_> {
    /// Their gradients in a window.
    #[inline(always)]
    fn gradient(&self, window: usize) -> F32x4 {
        let at = window * self.g.filters + self.first;
        let Pooled { gradient, output, relu, .. } = self.pooled;
        let gradient = F32x4::load_at(gradient, at);
        if relu { gradient.where_positive(F32x4::load_at(output, at)) } else { gradient }
    }

    /// The sum of their gradients.
    fn sum(&self) -> F32x4 {
        let windows = self.pooled.gradient.len() / self.g.filters;
        (0..windows).fold(F32x4::zero(), |sum, window| sum.add(self.gradient(window)))
    }

    /// Adds the inked windows' gradients times the patches of their maxima, `VECTORS` vectors in each of `ROWS`
    /// rows of taps.
    ///
    /// - `kernel`: `[4][kernel_size][vectors]`.
    #[inline(always)]
    fn add_windows<const ROWS: usize, const VECTORS: usize>(
        &self,
        ky: usize,
        vector: usize,
        kernel: &mut [[f32; 4]],
    ) {
        let Self { p, g, picture, pooled, inked, first } = self;
        let row = p.width * p.channels;
        let vectors = p.row_stride() / WIDTH;
        let at = |f: usize, r: usize, v: usize| (f * p.kernel_size + ky + r) * vectors + vector + v;
        let mut sums: [[[F32x4; VECTORS]; ROWS]; 4] =
            from_fn(|f| from_fn(|r| from_fn(|v| F32x4::load(&kernel[at(f, r, v)]))));
        let places = [(0, 0), (0, 1), (1, 0), (1, 1)]
            .map(|(dy, dx)| (ky + dy) * row + dx * p.channels + WIDTH * vector);
        let mut gradients = [0.0; 4];
        for inked in *inked {
            let (window, corner) = (inked.index(), inked.corner());
            self.gradient(window).store(&mut gradients);
            let argmax = &pooled.argmax[window * g.filters + first..][..4];
            for ((sums, gradient), winner) in sums.iter_mut().zip(gradients).zip(argmax) {
                let from = corner + places[usize::from(winner & 3)];
                let patch = &picture[from..from + (ROWS - 1) * row + WIDTH * VECTORS];
                let gradient = F32x4::splat(gradient);
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        let x = F32x4::load_at(patch, r * row + WIDTH * v);
                        *sum = x.fused_mul_add(gradient, *sum);
                    }
                }
            }
        }
        for (f, sums) in sums.into_iter().enumerate() {
            for (r, sums) in sums.into_iter().enumerate() {
                for (v, sum) in sums.into_iter().enumerate() {
                    sum.store(&mut kernel[at(f, r, v)]);
                }
            }
        }
    }
}
