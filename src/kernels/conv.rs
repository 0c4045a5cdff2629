//! Convolution with stride 1 and 'valid' padding; other padding is [`pad`] before it.
//!
//! Forward, a tile computes eight filters at four output positions. With 2x2 max-pooling those four
//! are one pooling window, so the unpooled map is never written: the pooled value and which of the
//! four won are enough for the way back.
//!
//! Backward, only *live* entries count: outputs that carry a gradient. Max-pooling passes it to one
//! position in four and relu blocks part of those, so most of a dense convolution's multiplications
//! would be by zero. [`Live`] gathers the rest, once by filter for the weight gradient and once by
//! position for the input gradient, and both run through registers.

use super::gemm::{PANEL, Panel, Sums, load, tile};
use super::lanes::{F32x4, round_up};

/// Sizes of a convolution from `[height][width][channels]` to
/// `[height - kernel_size + 1][width - kernel_size + 1][filters]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input as they lie in memory, a multiple of 4.
    pub channels: usize,
    /// Side of the square kernel.
    pub kernel_size: usize,
    /// Channels of the output as they lie in memory, a multiple of 4.
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

    /// Numbers of an input that a kernel's row covers: they lie next to each other.
    fn row(&self) -> usize {
        self.kernel_size * self.channels
    }

    /// Rows of a packed kernel's panel: `[kernel_size][kernel_size][channels]`.
    pub fn panel_rows(&self) -> usize {
        self.kernel_size * self.row()
    }

    /// Where in the input the patch of an output position starts.
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
    panel: &[Panel],
    bias: Sums,
) -> [Sums; 4] {
    let mut sums = [bias; 4];
    for (ky, weights) in panel.chunks_exact(g.row()).enumerate() {
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
///   a panel; one bias row a panel.
/// - `relu`: `act` is `max(0, _)`, else the identity.
/// - `output`: `[out_height][out_width][filters]`, overwritten.
pub fn forward(
    g: &Geometry,
    input: &[f32],
    kernel: &[Panel],
    bias: &[Panel],
    relu: bool,
    output: &mut [f32],
) {
    let positions = g.out_height() * g.out_width();
    for (index, (panel, bias)) in kernel.chunks_exact(g.panel_rows()).zip(bias).enumerate() {
        let bias = load(bias);
        let first = index * PANEL;
        for start in (0..positions).step_by(4) {
            // The last tile repeats its last position where there are fewer than four.
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

/// [`forward`], then 2x2 max-pooling with stride 2, in one pass; an odd last row or column is
/// never computed.
///
/// - `output`: `[out_height / 2][out_width / 2][filters]`, overwritten.
/// - `winners`: the same shape; which position of its window a value came from, `2 * dy + dx`,
///   the first of equals.
pub fn forward_pooled(
    g: &Geometry,
    input: &[f32],
    kernel: &[Panel],
    bias: &[Panel],
    relu: bool,
    output: &mut [f32],
    winners: &mut [u8],
) {
    let (pooled_height, pooled_width) = (g.out_height() / 2, g.out_width() / 2);
    for (index, (panel, bias)) in kernel.chunks_exact(g.panel_rows()).zip(bias).enumerate() {
        let bias = load(bias);
        let first = index * PANEL;
        for y in 0..pooled_height {
            for x in 0..pooled_width {
                let corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(dy, dx)| g.corner(2 * y + dy, 2 * x + dx));
                let sums = sums_at(g, input, corners, panel, bias);
                let window = (y * pooled_width + x) * g.filters;
                let (values, _) = output[window..][..g.filters][first..].as_chunks_mut::<4>();
                let (indices, _) = winners[window..][..g.filters][first..].as_chunks_mut::<4>();
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
fn rectified(sum: F32x4, relu: bool) -> F32x4 {
    if relu { sum.max(F32x4::zero()) } else { sum }
}

/// A gradient that is not zero, and where to find what it multiplies.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    offset: u32,
    value: f32,
}

/// The outputs of one image's convolution that carry a gradient.
#[derive(Debug)]
pub struct Live {
    /// `[filters][positions]`: input offset of the patch, gradient. The first `filter_counts[f]` count.
    by_filter: Vec<Entry>,
    filter_counts: Vec<u32>,
    /// `[positions][filters]`: weight offset of the filter, gradient. The first `position_counts[p]`
    /// count. Empty if no input gradient is wanted.
    by_position: Vec<Entry>,
    position_counts: Vec<u32>,
}

impl Live {
    /// Room for every output of a convolution to be live. Without `by_position` only
    /// [`weight_gradient`] can be computed from it.
    pub fn new(g: &Geometry, by_position: bool) -> Self {
        let positions = g.out_height() * g.out_width();
        let listed = if by_position { positions } else { 0 };
        Self {
            by_filter: vec![Entry::default(); g.filters * positions],
            filter_counts: vec![0; g.filters],
            by_position: vec![Entry::default(); listed * g.filters],
            position_counts: vec![0; listed],
        }
    }

    /// Gathers the live entries behind [`forward`].
    ///
    /// - `gradient`, `output`: `[out_height][out_width][filters]`.
    /// - `relu`: an output that is not positive passes nothing.
    pub fn gather(&mut self, g: &Geometry, gradient: &[f32], output: &[f32], relu: bool) {
        self.clear();
        let rows = gradient.chunks_exact(g.filters).zip(output.chunks_exact(g.filters));
        for (position, (gradient, output)) in rows.enumerate() {
            let corner = g.corner(position / g.out_width(), position % g.out_width());
            for (filter, (&value, &output)) in gradient.iter().zip(output).enumerate() {
                let live = value != 0.0 && (!relu || output > 0.0);
                self.push(g, position, corner, filter, value, live);
            }
        }
    }

    /// Gathers the live entries behind [`forward_pooled`].
    ///
    /// - `gradient`, `output`, `winners`: `[out_height / 2][out_width / 2][filters]`.
    pub fn gather_pooled(
        &mut self,
        g: &Geometry,
        gradient: &[f32],
        output: &[f32],
        winners: &[u8],
        relu: bool,
    ) {
        self.clear();
        let pooled_width = g.out_width() / 2;
        let rows = gradient
            .chunks_exact(g.filters)
            .zip(output.chunks_exact(g.filters))
            .zip(winners.chunks_exact(g.filters));
        for (window, ((gradient, output), winners)) in rows.enumerate() {
            let (y, x) = (2 * (window / pooled_width), 2 * (window % pooled_width));
            let window = [(0, 0), (0, 1), (1, 0), (1, 1)]
                .map(|(dy, dx)| ((y + dy) * g.out_width() + x + dx, g.corner(y + dy, x + dx)));
            let values = gradient.iter().zip(output).zip(winners);
            for (filter, ((&value, &output), &winner)) in values.enumerate() {
                let live = value != 0.0 && (!relu || output > 0.0);
                let (position, corner) = window[usize::from(winner & 3)];
                self.push(g, position, corner, filter, value, live);
            }
        }
    }

    fn clear(&mut self) {
        self.filter_counts.fill(0);
        self.position_counts.fill(0);
    }

    /// Writes an entry behind the others and counts it if it is live. Which outputs are live is as
    /// good as random: a branch would be mispredicted half of the time.
    #[inline(always)]
    fn push(
        &mut self,
        g: &Geometry,
        position: usize,
        corner: usize,
        filter: usize,
        value: f32,
        live: bool,
    ) {
        let positions = self.by_filter.len() / g.filters;
        let count = &mut self.filter_counts[filter];
        self.by_filter[filter * positions + *count as usize] =
            Entry { offset: corner as u32, value };
        *count += u32::from(live);
        if let Some(count) = self.position_counts.get_mut(position) {
            self.by_position[position * g.filters + *count as usize] =
                Entry { offset: (filter * g.channels) as u32, value };
            *count += u32::from(live);
        }
    }

    fn of_filter(&self, filter: usize) -> &[Entry] {
        let positions = self.by_filter.len() / self.filter_counts.len();
        &self.by_filter[filter * positions..][..self.filter_counts[filter] as usize]
    }

    fn at_position(&self, position: usize) -> &[Entry] {
        let filters = self.filter_counts.len();
        &self.by_position[position * filters..][..self.position_counts[position] as usize]
    }
}

/// `sums[i] += sum over entries of value * from[offset + base + i]`, `4 N` numbers in `N` registers.
#[inline(always)]
fn gather_chunk<const N: usize>(
    entries: &[Entry],
    from: &[f32],
    base: usize,
    sums: &mut [[f32; 4]],
) {
    let mut registers: [F32x4; N] = std::array::from_fn(|i| F32x4::load(&sums[i]));
    for entry in entries {
        let at = entry.offset as usize + base;
        let (chunk, _) = from[at..at + 4 * N].as_chunks::<4>();
        let value = F32x4::splat(entry.value);
        for (register, chunk) in registers.iter_mut().zip(chunk) {
            *register = F32x4::load(chunk).mul_add(value, *register);
        }
    }
    for (register, sum) in registers.into_iter().zip(sums) {
        register.store(sum);
    }
}

/// `sums[i] += sum over entries of value * from[offset + base + i]` for all of `sums`, a multiple of
/// 4 long, in chunks of eight registers.
fn gather_into(entries: &[Entry], from: &[f32], base: usize, sums: &mut [f32]) {
    let (vectors, _) = sums.as_chunks_mut::<4>();
    for (index, chunk) in vectors.chunks_mut(8).enumerate() {
        let base = base + index * 32;
        match chunk.len() {
            8 => gather_chunk::<8>(entries, from, base, chunk),
            7 => gather_chunk::<7>(entries, from, base, chunk),
            6 => gather_chunk::<6>(entries, from, base, chunk),
            5 => gather_chunk::<5>(entries, from, base, chunk),
            4 => gather_chunk::<4>(entries, from, base, chunk),
            3 => gather_chunk::<3>(entries, from, base, chunk),
            2 => gather_chunk::<2>(entries, from, base, chunk),
            _ => gather_chunk::<1>(entries, from, base, chunk),
        }
    }
}

/// `kernel[f][ky][kx][c] += sum over y, x of gradient[y][x][f] * input[y + ky][x + kx][c]` and
/// `bias[f] += sum over y, x of gradient[y][x][f]`
///
/// - `input`: one image, `[height][width][channels]`.
/// - `kernel`: `[filters][kernel_size][kernel_size][channels]`; note the filter in front.
/// - `bias`: `[filters]`.
pub fn weight_gradient(
    g: &Geometry,
    live: &Live,
    input: &[f32],
    kernel: &mut [f32],
    bias: &mut [f32],
) {
    let filters = kernel.chunks_exact_mut(g.panel_rows()).zip(bias);
    for (filter, (kernel, bias)) in filters.enumerate() {
        let entries = live.of_filter(filter);
        *bias += entries.iter().map(|e| e.value).sum::<f32>();
        for (ky, row) in kernel.chunks_exact_mut(g.row()).enumerate() {
            gather_into(entries, input, ky * g.width * g.channels, row);
        }
    }
}

/// Channels up to which [`pooled_weight_gradient`] keeps a filter's sums in registers.
pub const FEW_CHANNELS: usize = 32;

/// [`weight_gradient`] behind [`forward_pooled`] for a 1x1 kernel and at most [`FEW_CHANNELS`]
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
                *register = F32x4::load(chunk).mul_add(value, *register);
            }
        }
    }
    *bias += total;
    for (register, sum) in registers.into_iter().zip(sums) {
        register.store(sum);
    }
}

/// `input[y + ky][x + kx][c] = sum over y, x, ky, kx, f of gradient[y][x][f] * kernel[ky][kx][f][c]`
///
/// - `kernel`: `[kernel_size][kernel_size][filters][channels]`, the last two axes swapped against
///   Keras' order, so that a filter's channels lie next to each other.
/// - `input`: the gradient of the input, `[height][width][channels]`, overwritten.
pub fn input_gradient(g: &Geometry, live: &Live, kernel: &[f32], input: &mut [f32]) {
    input.fill(0.0);
    // One tap of the kernel at a time: its weights stay in the first-level cache.
    for (tap, weights) in kernel.chunks_exact(g.filters * g.channels).enumerate() {
        let (ky, kx) = (tap / g.kernel_size, tap % g.kernel_size);
        for y in 0..g.out_height() {
            for x in 0..g.out_width() {
                let entries = live.at_position(y * g.out_width() + x);
                if !entries.is_empty() {
                    let sums = &mut input[g.corner(y + ky, x + kx)..][..g.channels];
                    gather_into(entries, weights, 0, sums);
                }
            }
        }
    }
}

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
pub fn extract_patches(p: &Patches, input: &[f32], patches: &mut [f32]) {
    let out_width = p.width - p.kernel_size + 1;
    let tap_row = p.kernel_size * p.channels;
    for (position, patch) in patches.chunks_exact_mut(p.patch_stride).enumerate() {
        let (y, x) = (position / out_width, position % out_width);
        for ky in 0..p.kernel_size {
            let from = &input[((y + ky) * p.width + x) * p.channels..];
            copy_row(from, &mut patch[ky * tap_row..], tap_row);
        }
    }
}

/// Copies `length` numbers in whole vectors where both slices have room behind them: what lands
/// there is overwritten by the next row, or lies where no kernel looks.
#[inline(always)]
fn copy_row(from: &[f32], to: &mut [f32], length: usize) {
    let whole = round_up(length);
    if from.len() >= whole && to.len() >= whole {
        let vectors = from[..whole].as_chunks::<4>().0.iter();
        vectors.zip(to[..whole].as_chunks_mut().0).for_each(|(from, to)| *to = *from);
    } else {
        // A few numbers: a loop, where `copy_from_slice` would call `memcpy`.
        from[..length].iter().zip(to).for_each(|(from, to)| *to = *from);
    }
}

/// A map in the middle of a larger one of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Rows of the small map.
    pub height: usize,
    /// Columns of the small map.
    pub width: usize,
    /// Channels of both as they lie in memory.
    pub channels: usize,
    /// Rows and columns of zeros above and to the left.
    pub before: usize,
    /// Columns of the large map.
    pub padded_width: usize,
}

impl Padding {
    /// Where row `y` of the small map starts in the large one.
    fn row(&self, y: usize) -> usize {
        ((y + self.before) * self.padded_width + self.before) * self.channels
    }
}

/// Small map to large map. The zeros around must be there already: they are not written.
pub fn pad(p: &Padding, small: &[f32], large: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, from) in small.chunks_exact(row).enumerate() {
        large[p.row(y)..][..row].copy_from_slice(from);
    }
}

/// Large map to small map: the gradient of [`pad`].
pub fn crop(p: &Padding, large: &[f32], small: &mut [f32]) {
    let row = p.width * p.channels;
    for (y, to) in small.chunks_exact_mut(row).enumerate() {
        to.copy_from_slice(&large[p.row(y)..][..row]);
    }
}
