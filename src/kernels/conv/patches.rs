//! A first layer: its pictures have so few channels that a convolution of their patches with a 1x1
//! kernel is faster than one of them.

use super::Geometry;
use crate::kernels::lanes::{F32x4, round_up};

/// Every kernel-sized patch of a picture as one row, so that a convolution with few input channels
/// becomes a 1x1 convolution with many: `patches[y][x][(ky, kx, c)] = input[y + ky][x + kx][c]`.
///
/// - `input`: `[height][width][channels]`.
/// - `patches`: `[height - kernel_size + 1][width - kernel_size + 1][patch_stride]`; what
///   `kernel_size^2 * channels` leaves of `patch_stride` holds any number, for weights that are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input; no more lie in memory.
    pub channels: usize,
    /// Side of the square kernel.
    pub kernel_size: usize,
    /// Numbers from one patch to the next.
    pub patch_stride: usize,
}

/// Fills `patches` from one image; see [`Patches`] for the equation and the shapes.
pub fn extract(p: &Patches, input: &[f32], patches: &mut [f32]) {
    let out_width = p.width - p.kernel_size + 1;
    let tap_row = p.kernel_size * p.channels;
    for (y, patches) in patches.chunks_exact_mut(out_width * p.patch_stride).enumerate() {
        for ky in 0..p.kernel_size {
            let from = &input[(y + ky) * p.width * p.channels..];
            // A row's last vector may end in the next one, which is written after it.
            match round_up(tap_row) / 4 {
                1 => copy_rows::<1>(p, from, patches, ky * tap_row),
                2 => copy_rows::<2>(p, from, patches, ky * tap_row),
                _ => copy_rows::<0>(p, from, patches, ky * tap_row),
            }
        }
    }
}

/// Copies one row of taps into each of a row of patches: `VECTORS` whole vectors where there is room
/// on both sides, else number by number.
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
            // A loop, where `copy_from_slice` would call `memcpy`.
            from[..tap_row].iter().zip(to).for_each(|(from, to)| *to = *from);
        }
    }
}

/// Channels up to which [`pooled_weight_gradient`] keeps a filter's sums in registers.
pub const FEW_CHANNELS: usize = 32;

/// [`live::weight_gradient`](super::live::weight_gradient) behind
/// [`forward_pooled`](super::forward_pooled) for a 1x1 kernel and at most [`FEW_CHANNELS`]
/// channels. With so few multiplications for each output, those by zero take less time than listing
/// the others; the sums are the same.
///
/// - `input`: one image, `[height][width][channels]`.
/// - `gradient`, `output`, `winners`: `[out_height / 2][out_width / 2][filters]`.
/// - `kernel`: `[filters][channels]`, `bias`: `[filters]`; added to.
#[expect(clippy::too_many_arguments, reason = "those of `Live::gather_pooled` and two results")]
pub fn pooled_weight_gradient(
    g: &Geometry,
    input: &[f32],
    gradient: &[f32],
    output: &[f32],
    winners: &[u8],
    relu: bool,
    kernel: &mut [f32],
    bias: &mut [f32],
) {
    let live = |index: usize| {
        let live = !relu || output[index] > 0.0;
        (if live { gradient[index] } else { 0.0 }, usize::from(winners[index] & 3))
    };
    for (filter, (sums, bias)) in kernel.chunks_exact_mut(g.channels).zip(bias).enumerate() {
        let (sums, _) = sums.as_chunks_mut::<4>();
        match sums.len() {
            8 => add_windows::<8>(g, input, filter, live, sums, bias),
            7 => add_windows::<7>(g, input, filter, live, sums, bias),
            6 => add_windows::<6>(g, input, filter, live, sums, bias),
            5 => add_windows::<5>(g, input, filter, live, sums, bias),
            4 => add_windows::<4>(g, input, filter, live, sums, bias),
            3 => add_windows::<3>(g, input, filter, live, sums, bias),
            2 => add_windows::<2>(g, input, filter, live, sums, bias),
            _ => add_windows::<1>(g, input, filter, live, sums, bias),
        }
    }
}

/// Adds every window's gradient times the input that won it to a filter's sums, `4 N` numbers.
#[inline(always)]
fn add_windows<const N: usize>(
    g: &Geometry,
    input: &[f32],
    filter: usize,
    live: impl Fn(usize) -> (f32, usize),
    sums: &mut [[f32; 4]],
    bias: &mut f32,
) {
    let (pooled_height, pooled_width) = (g.out_height() / 2, g.out_width() / 2);
    let places = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| g.corner(dy, dx));
    let mut total = 0.0;
    let mut registers: [F32x4; N] = std::array::from_fn(|i| F32x4::load(&sums[i]));
    for y in 0..pooled_height {
        for x in 0..pooled_width {
            let (value, winner) = live((y * pooled_width + x) * g.filters + filter);
            let at = g.corner(2 * y, 2 * x) + places[winner];
            let (chunk, _) = input[at..at + 4 * N].as_chunks::<4>();
            total += value;
            let value = F32x4::splat(value);
            for (register, chunk) in registers.iter_mut().zip(chunk) {
                *register = F32x4::load(chunk).fused_mul_add(value, *register);
            }
        }
    }
    *bias += total;
    for (register, sum) in registers.into_iter().zip(sums) {
        register.store(sum);
    }
}
