//! Convolution with a 3x3 kernel, relu and 2x2 max-pooling by Winograd's minimal filtering
//! F(2x2, 3x3): 16 multiplications for four outputs that take 36 one by one.
//!
//! One output tile is exactly one pooling window. With `d` the window's 4x4 patch of a channel and `g` a
//! filter's 3x3 kernel for that channel, both transformed to 4x4 elements, the window is
//!
//! `y = At [sum over channels of (G g Gt) * (Bt d B)] A`, `*` element by element,
//!
//! ```text
//!      | 1  0 -1  0 |       | 1    0    0  |
//! Bt = | 0  1  1  0 |   G = | 1/2  1/2  1/2|   At = | 1  1  1  0 |
//!      | 0 -1  1  0 |       | 1/2 -1/2  1/2|        | 0  1 -1 -1 |
//!      | 0  1  0 -1 |       | 0    0    1  |
//! ```
//!
//! So for each of the 16 elements the sum over channels is a matrix product of all windows with all
//! filters. Source: A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2015,
//! section 4.1.

use super::conv::patches::InkedWindow;
use super::conv::{Geometry, rectified};
use super::gemm::{PANEL, PanelRow, load, tile};
use super::lanes::F32x4;

/// Elements of a transformed patch or kernel.
pub const ELEMENTS: usize = 16;

/// Side of the kernels that this algorithm is for.
pub const KERNEL_SIZE: usize = 3;

/// Windows in a register tile.
const WINDOWS: usize = 5;

/// Numbers in the transformed patches of an image: `[element][window][channel]`.
pub fn transformed_size(g: &Geometry) -> usize {
    ELEMENTS * (g.out_height() / 2) * (g.out_width() / 2) * g.channels
}

/// `[a, b, c, d]` times `Bt`.
#[inline(always)]
fn patch_transform([a, b, c, d]: [F32x4; 4]) -> [F32x4; 4] {
    [a.sub(c), b.add(c), c.sub(b), b.sub(d)]
}

/// `[a, b, c]` times `G`.
#[inline(always)]
fn kernel_transform([a, b, c]: [F32x4; 3]) -> [F32x4; 4] {
    let half = F32x4::splat(0.5);
    let (ends, middle) = (a.add(c).mul(half), b.mul(half));
    [a, ends.add(middle), ends.sub(middle), c]
}

/// `[a, b, c, d]` times `At`.
#[inline(always)]
fn output_transform([a, b, c, d]: [F32x4; 4]) -> [F32x4; 2] {
    [a.add(b).add(c), b.sub(c).sub(d)]
}

/// The largest of a window's four outputs and its index, from the columns of the transformed products.
#[inline(always)]
fn pool(columns: [[F32x4; 2]; 4], bias: F32x4, relu: bool) -> (F32x4, [u8; 4]) {
    let [top, bottom] = [0, 1].map(|y| output_transform(columns.map(|column| column[y])));
    let (best, winner) = F32x4::first_max([top[0], top[1], bottom[0], bottom[1]]);
    (rectified(best.add(bias), relu), winner)
}

/// The first four numbers of a row, zeros after its end. A vector at a time, because a copy of eight
/// numbers would become a call of `memory.copy`.
#[inline(always)]
fn take(row: &[f32]) -> F32x4 {
    match row.first_chunk() {
        Some(whole) => F32x4::load(whole),
        None => {
            let mut whole = [0.0; 4];
            whole.iter_mut().zip(row).for_each(|(to, &from)| *to = from);
            F32x4::load(&whole)
        }
    }
}

/// Transforms a kernel and cuts it into panels `[filter / 8][element][channel][filter % 8]`.
///
/// - `kernel`: `[3][3][channels][filters]`.
/// - `packed`: `panels(filters) * 16 * packed_channels` rows; channels beyond `channels` become zero.
pub fn pack(
    kernel: &[f32],
    channels: usize,
    filters: usize,
    packed_channels: usize,
    packed: &mut [PanelRow],
) {
    for (index, panel) in packed.chunks_exact_mut(ELEMENTS * packed_channels).enumerate() {
        let first = index * PANEL;
        for channel in 0..packed_channels {
            if channel >= channels {
                panel[channel..]
                    .iter_mut()
                    .step_by(packed_channels)
                    .for_each(|row| *row = [0.0; 8]);
                continue;
            }
            for half in 0..2 {
                let column = first + 4 * half;
                let tap = |y: usize, x: usize| {
                    let row = ((KERNEL_SIZE * y + x) * channels + channel) * filters;
                    if column + 4 <= filters {
                        return F32x4::load_at(kernel, row + column);
                    }
                    take(kernel[row..][..filters].get(column..).unwrap_or_default())
                };
                let columns: [[F32x4; 4]; 3] =
                    std::array::from_fn(|x| kernel_transform([tap(0, x), tap(1, x), tap(2, x)]));
                for y in 0..4 {
                    let row = kernel_transform(columns.map(|column| column[y]));
                    for (x, value) in row.into_iter().enumerate() {
                        let to = &mut panel[(4 * y + x) * packed_channels + channel];
                        value.store(&mut to.as_chunks_mut().0[half]);
                    }
                }
            }
        }
    }
}

/// `transformed[element][window][c] = (Bt d B)[element]`, `d` the 4x4 patch of a window's channel.
///
/// - `input`: one image, `[height][width][channels]`.
/// - `transformed`: [`transformed_size`] numbers, overwritten.
fn transform(g: &Geometry, input: &[f32], transformed: &mut [f32]) {
    let pooled_width = g.out_width() / 2;
    let windows = g.out_height() / 2 * pooled_width;
    let (from, _) = input.as_chunks::<4>();
    let (to, _) = transformed.as_chunks_mut::<4>();
    let vectors = g.channels / 4;
    for window in 0..windows {
        let (y, x) = (2 * (window / pooled_width), 2 * (window % pooled_width));
        for vector in 0..vectors {
            let corner = (y * g.width + x) * vectors + vector;
            let columns: [[F32x4; 4]; 4] = std::array::from_fn(|dx| {
                patch_transform(std::array::from_fn(|dy| {
                    F32x4::load(&from[corner + (dy * g.width + dx) * vectors])
                }))
            });
            for dy in 0..4 {
                let row = patch_transform(columns.map(|column| column[dy]));
                for (dx, value) in row.into_iter().enumerate() {
                    value.store(&mut to[((4 * dy + dx) * windows + window) * vectors + vector]);
                }
            }
        }
    }
}

/// [`conv::forward_pooled`](super::conv::forward_pooled), but rounded differently.
///
/// - `input`: one image, `[height][width][channels]`.
/// - `kernel`: from [`pack`]; `bias`: one row a panel.
/// - `transformed`: space for [`transformed_size`] numbers.
/// - `output`, `argmax`: as there.
#[expect(clippy::too_many_arguments, reason = "those of `conv::forward_pooled` and scratch space")]
pub fn forward_pooled(
    g: &Geometry,
    input: &[f32],
    kernel: &[PanelRow],
    bias: &[PanelRow],
    relu: bool,
    transformed: &mut [f32],
    output: &mut [f32],
    argmax: &mut [u8],
) {
    transform(g, input, transformed);
    let windows = output.len() / g.filters;
    let plane = windows * g.channels;
    // Made once, and stored to vector by vector: arrays that are made or moved in the loop would be filled and copied by
    // calls of `memory.fill` and `memory.copy`.
    let mut products = [[[[0.0; 4]; 2]; WINDOWS]; ELEMENTS];
    for (index, (panel, bias)) in kernel.chunks_exact(ELEMENTS * g.channels).zip(bias).enumerate() {
        let bias = load(bias);
        let first = index * PANEL;
        for start in (0..windows).step_by(WINDOWS) {
            // With fewer than five windows left, the tile repeats the last one.
            let at: [usize; WINDOWS] = std::array::from_fn(|i| (start + i).min(windows - 1));
            let elements = transformed.chunks_exact(plane).zip(panel.chunks_exact(g.channels));
            for (products, (patches, weights)) in products.iter_mut().zip(elements) {
                let mut sums = [[F32x4::zero(); 2]; WINDOWS];
                tile(&mut sums, at.map(|window| &patches[window * g.channels..]), weights);
                for (to, sums) in products.iter_mut().zip(sums) {
                    to.iter_mut().zip(sums).for_each(|(to, sum)| sum.store(to));
                }
            }
            for (i, window) in at.into_iter().enumerate() {
                let row = window * g.filters..(window + 1) * g.filters;
                let (values, _) = output[row.clone()][first..].as_chunks_mut::<4>();
                let (indices, _) = argmax[row][first..].as_chunks_mut::<4>();
                for (half, (value, index)) in values.iter_mut().zip(indices).enumerate().take(2) {
                    let columns: [[F32x4; 2]; 4] = std::array::from_fn(|x| {
                        output_transform(std::array::from_fn(|y| {
                            F32x4::load(&products[4 * y + x][i][half])
                        }))
                    });
                    let (best, winner) = pool(columns, bias[half], relu);
                    best.store(value);
                    *index = winner;
                }
            }
        }
    }
}

/// Size of an image's transformed patches, `[window][element]`.
pub fn transformed_picture_size(g: &Geometry) -> usize {
    (g.out_height() / 2) * (g.out_width() / 2) * ELEMENTS
}

/// `transformed[i] = Bt d B`, `d` the 4x4 patch of the `i`-th of some windows of an image with one channel. The last
/// row of elements is negated, so that the output transform can add its products instead of subtracting them.
fn transform_picture(
    g: &Geometry,
    picture: &[f32],
    windows: &[InkedWindow],
    transformed: &mut [[f32; ELEMENTS]],
) {
    for (window, to) in windows.iter().zip(transformed) {
        let [a, b, c, d] =
            [0, 1, 2, 3].map(|y| F32x4::load_at(picture, window.corner() + y * g.width));
        // Down each column at once, then along each row.
        for (y, row) in [a.sub(c), b.add(c), c.sub(b), d.sub(b)].into_iter().enumerate() {
            let mut numbers = [0.0; 4];
            row.store(&mut numbers);
            let [a, b, c, d] = numbers;
            to[4 * y..][..4].copy_from_slice(&[a - c, b + c, c - b, b - d]);
        }
    }
}

/// [`forward_pooled`] of an image with one channel. Each element is a single product, so there is no sum
/// to wait for, and each window goes from its elements to its maximum in registers. Most of a drawing is paper, which
/// is zero: its windows need no multiplication.
///
/// - `g`: with one channel.
/// - `picture`: one image, `[height][width]`.
/// - `inked`: from [`inked_windows`](super::conv::patches::inked_windows).
/// - `kernel`: from [`pack`] for one channel.
/// - `transformed`: space for [`transformed_picture_size`] numbers.
/// - The others: as there.
#[expect(clippy::too_many_arguments, reason = "those of `forward_pooled`, and where ink is")]
pub fn forward_pooled_picture(
    g: &Geometry,
    picture: &[f32],
    inked: &[InkedWindow],
    kernel: &[PanelRow],
    bias: &[PanelRow],
    relu: bool,
    transformed: &mut [f32],
    output: &mut [f32],
    argmax: &mut [u8],
) {
    let (transformed, _) = transformed.as_chunks_mut::<ELEMENTS>();
    transform_picture(g, picture, inked, transformed);
    argmax.fill(0);
    for first in (0..g.filters).step_by(4) {
        let (index, half) = (first / PANEL, first % PANEL / 4);
        let bias = load(&bias[index])[half];
        let paper = rectified(bias, relu);
        for output in output.chunks_exact_mut(g.filters) {
            paper.store(&mut output[first..first + 4].as_chunks_mut().0[0]);
        }
        let weights: [F32x4; ELEMENTS] =
            std::array::from_fn(|i| load(&kernel[ELEMENTS * index + i])[half]);
        for (patch, window) in transformed.iter().zip(inked) {
            let products = |x: usize, y: usize| F32x4::splat(patch[4 * y + x]);
            let columns: [[F32x4; 2]; 4] = std::array::from_fn(|x| {
                let weight = |y: usize| weights[4 * y + x];
                let (b, c) = (products(x, 1).mul(weight(1)), products(x, 2).mul(weight(2)));
                [
                    products(x, 0).fused_mul_add(weight(0), b.add(c)),
                    products(x, 3).fused_mul_add(weight(3), b.sub(c)),
                ]
            });
            let (best, winner) = pool(columns, bias, relu);
            let at = window.index() * g.filters + first;
            best.store(&mut output[at..at + 4].as_chunks_mut().0[0]);
            argmax[at..at + 4].copy_from_slice(&winner);
        }
    }
}
