//! Convolution with stride 1 and 'valid' padding; [`padding`](super::padding) adds zeros before it.
//!
//! Forward, a tile computes eight filters at four output positions. With 2x2 max-pooling those four are one
//! pooling window, so the map before pooling is never written: the backward pass needs only the pooled
//! value and which of the four it came from.
//!
//! Backward is in [`nonzero`], and in [`patches`] for a first layer, which has few channels.

pub mod nonzero;
pub mod patches;

use super::gemm::{PANEL, PanelRow, PanelSums, load, tile};
use super::lanes::F32x4;

/// Sizes of a convolution from `[height][width][channels]` to
/// `[height - kernel_size + 1][width - kernel_size + 1][filters]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input, rounded up to a multiple of 4.
    pub channels: usize,
    /// Side of the square kernel.
    pub kernel_size: usize,
    /// Channels of the output, rounded up to a multiple of 4.
    pub filters: usize,
}

impl Geometry {
    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        self.height - self.kernel_size + 1
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        self.width - self.kernel_size + 1
    }

    /// Numbers of the input under one row of the kernel, contiguous in memory.
    pub fn row(&self) -> usize {
        self.kernel_size * self.channels
    }

    /// Rows of a packed kernel's panel: `[kernel_size][kernel_size][channels]`.
    pub fn panel_rows(&self) -> usize {
        self.kernel_size * self.row()
    }

    /// Offset in the input of the patch at an output position.
    fn corner(&self, y: usize, x: usize) -> usize {
        (y * self.width + x) * self.channels
    }
}

/// Eight filters at four output positions, given by their corners in the input.
#[inline(always)]
fn sums_at(
    g: &Geometry,
    input: &[f32],
    corners: [usize; 4],
    panel: &[PanelRow],
    bias: PanelSums,
) -> [PanelSums; 4] {
    let mut sums = [bias; 4];
    for (ky, weights) in panel.chunks(g.row()).enumerate() {
        let below = ky * g.width * g.channels;
        let rows = corners.map(|corner| &input[corner + below..][..weights.len()]);
        tile(&mut sums, rows, weights);
    }
    sums
}

/// `output[y][x][f] = act(bias[f] + sum over ky, kx, c of input[y + ky][x + kx][c] * kernel[ky][kx][c][f])`
///
/// - `input`: one image, `[height][width][channels]`.
/// - `kernel`, `bias`: panels from [`gemm::pack`](super::gemm::pack), [`Geometry::panel_rows`] rows
///   a panel; fewer for a 1x1 kernel without its padding channels. One bias row a panel.
/// - `relu`: `act` is `max(0, _)`, otherwise the identity.
/// - `output`: `[out_height][out_width][filters]`, overwritten.
pub fn forward(
    g: &Geometry,
    input: &[f32],
    kernel: &[PanelRow],
    bias: &[PanelRow],
    relu: bool,
    output: &mut [f32],
) {
    let positions = g.out_height() * g.out_width();
    let rows = kernel.len() / bias.len();
    for (index, (panel, bias)) in kernel.chunks_exact(rows).zip(bias).enumerate() {
        let bias = load(bias);
        let first = index * PANEL;
        for start in (0..positions).step_by(4) {
            // With fewer than four positions left, the tile repeats the last one.
            let at: [usize; 4] = std::array::from_fn(|i| (start + i).min(positions - 1));
            let corners = at.map(|p| g.corner(p / g.out_width(), p % g.out_width()));
            let sums = sums_at(g, input, corners, panel, bias);
            for (position, sums) in at.into_iter().zip(sums) {
                let row = &mut output[position * g.filters..][..g.filters];
                let (halves, _) = row[first..].as_chunks_mut::<4>();
                for (half, sum) in halves.iter_mut().zip(sums) {
                    rectified(sum, relu).store(half);
                }
            }
        }
    }
}

/// [`forward`] and 2x2 max-pooling with stride 2 in one pass. An odd last row or column is not computed.
///
/// - `output`: `[out_height / 2][out_width / 2][filters]`, overwritten.
/// - `argmax`: the same shape; the position in its window that a value came from, `2 * dy + dx`,
///   the first of equals.
pub fn forward_pooled(
    g: &Geometry,
    input: &[f32],
    kernel: &[PanelRow],
    bias: &[PanelRow],
    relu: bool,
    output: &mut [f32],
    argmax: &mut [u8],
) {
    let (pooled_height, pooled_width) = (g.out_height() / 2, g.out_width() / 2);
    let rows = kernel.len() / bias.len();
    for (index, (panel, bias)) in kernel.chunks_exact(rows).zip(bias).enumerate() {
        let bias = load(bias);
        let first = index * PANEL;
        for y in 0..pooled_height {
            for x in 0..pooled_width {
                let corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(dy, dx)| g.corner(2 * y + dy, 2 * x + dx));
                let sums = sums_at(g, input, corners, panel, bias);
                let window = (y * pooled_width + x) * g.filters;
                let (values, _) = output[window..][..g.filters][first..].as_chunks_mut::<4>();
                let (indices, _) = argmax[window..][..g.filters][first..].as_chunks_mut::<4>();
                for (half, (value, index)) in values.iter_mut().zip(indices).enumerate().take(2) {
                    let (best, winner) = F32x4::first_max(sums.map(|s| s[half]));
                    rectified(best, relu).store(value);
                    *index = winner;
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn rectified(sum: F32x4, relu: bool) -> F32x4 {
    if relu { sum.max(F32x4::zero()) } else { sum }
}
