//! A convolution's backward pass over the outputs with a *nonzero* gradient only.
//!
//! Max-pooling passes a gradient to one position in four and relu blocks part of those, so most of a dense
//! convolution's multiplications would be by zero. [`NonzeroGradient`] gathers the rest, by filter for the
//! weight gradient and by position for the input gradient. Both add up in registers.

use super::super::lanes::F32x4;
use super::Geometry;

/// A nonzero gradient and the offset of what it is multiplied by.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    offset: u32,
    value: f32,
}

/// The outputs of one image's convolution that have a nonzero gradient.
#[derive(Debug)]
pub struct NonzeroGradient {
    /// `[filters][positions]`: input offset of the patch, gradient. The first `filter_counts[f]` are valid.
    by_filter: Vec<Entry>,
    filter_counts: Vec<u32>,
    /// `[positions][filters]`: offset of the filter's weights in a row of taps, gradient. The first
    /// `position_counts[p]` are valid. Empty if no input gradient is needed.
    by_position: Vec<Entry>,
    position_counts: Vec<u32>,
}

impl NonzeroGradient {
    /// Space for every output of a convolution to be nonzero. Without `by_position` only [`weight_gradient`]
    /// can use it.
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

    /// Gathers the nonzero entries after [`forward`](super::forward).
    ///
    /// - `gradient`, `output`: `[out_height][out_width][filters]`.
    /// - `relu`: an output that is not positive passes no gradient.
    pub fn gather(&mut self, g: &Geometry, gradient: &[f32], output: &[f32], relu: bool) {
        self.clear();
        let rows = gradient.chunks_exact(g.filters).zip(output.chunks_exact(g.filters));
        for (position, (gradient, output)) in rows.enumerate() {
            let corner = g.corner(position / g.out_width(), position % g.out_width());
            for (filter, (&value, &output)) in gradient.iter().zip(output).enumerate() {
                let nonzero = passes(value, output, relu);
                self.push(g, position, corner, filter, value, nonzero);
            }
        }
    }

    /// Gathers the nonzero entries after [`forward_pooled`](super::forward_pooled).
    ///
    /// - `gradient`, `output`, `argmax`: `[out_height / 2][out_width / 2][filters]`.
    pub fn gather_pooled(
        &mut self,
        g: &Geometry,
        gradient: &[f32],
        output: &[f32],
        argmax: &[u8],
        relu: bool,
    ) {
        self.clear();
        let pooled_width = g.out_width() / 2;
        let rows = gradient
            .chunks_exact(g.filters)
            .zip(output.chunks_exact(g.filters))
            .zip(argmax.chunks_exact(g.filters));
        for (window, ((gradient, output), argmax)) in rows.enumerate() {
            let (y, x) = (2 * (window / pooled_width), 2 * (window % pooled_width));
            let places = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| (y + dy, x + dx));
            let corners = places.map(|(y, x)| g.corner(y, x) as u32);
            let positions = places.map(|(y, x)| y * g.out_width() + x);
            let values = gradient
                .iter()
                .zip(output)
                .map(|(&value, &output)| (value, value != 0.0 && (!relu || output > 0.0)));
            self.push_by_filter(values.clone().zip(argmax), corners);
            if !self.position_counts.is_empty() {
                self.push_by_position(g, values.zip(argmax), positions);
            }
        }
    }

    /// Appends a window's values to their filters' lists; no branch, for the same reason as in
    /// [`NonzeroGradient::push`].
    #[inline(always)]
    fn push_by_filter<'a>(
        &mut self,
        values: impl Iterator<Item = ((f32, bool), &'a u8)>,
        corners: [u32; 4],
    ) {
        let positions = self.by_filter.len() / self.filter_counts.len();
        let lists = self.by_filter.chunks_exact_mut(positions).zip(&mut self.filter_counts);
        for (((value, nonzero), &winner), (list, count)) in values.zip(lists) {
            list[*count as usize] = Entry { offset: corners[usize::from(winner & 3)], value };
            *count += u32::from(nonzero);
        }
    }

    /// Appends a window's values to the lists of its four positions.
    #[inline(always)]
    fn push_by_position<'a>(
        &mut self,
        g: &Geometry,
        values: impl Iterator<Item = ((f32, bool), &'a u8)>,
        positions: [usize; 4],
    ) {
        let starts = positions.map(|position| position * g.filters);
        let mut ends = starts;
        let offsets = (0_u32..).step_by(g.row());
        for (((value, nonzero), &winner), offset) in values.zip(offsets) {
            let end = &mut ends[usize::from(winner & 3)];
            self.by_position[*end] = Entry { offset, value };
            *end += usize::from(nonzero);
        }
        for ((position, start), end) in positions.into_iter().zip(starts).zip(ends) {
            self.position_counts[position] = (end - start) as u32;
        }
    }

    fn clear(&mut self) {
        self.filter_counts.fill(0);
        self.position_counts.fill(0);
    }

    /// Appends an entry, and counts it if it is nonzero. No branch: which outputs are nonzero is as good as
    /// random, so half of the predictions would be wrong.
    #[inline(always)]
    fn push(
        &mut self,
        g: &Geometry,
        position: usize,
        corner: usize,
        filter: usize,
        value: f32,
        nonzero: bool,
    ) {
        let positions = self.by_filter.len() / g.filters;
        let count = &mut self.filter_counts[filter];
        self.by_filter[filter * positions + *count as usize] =
            Entry { offset: corner as u32, value };
        *count += u32::from(nonzero);
        if let Some(count) = self.position_counts.get_mut(position) {
            self.by_position[position * g.filters + *count as usize] =
                Entry { offset: (filter * g.row()) as u32, value };
            *count += u32::from(nonzero);
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

/// Whether a gradient is other than zero and its output lets it pass. On bits, as WebAssembly's comparisons of floats,
/// which mind NaN, take several instructions each.
#[inline(always)]
fn passes(gradient: f32, output: f32, relu: bool) -> bool {
    (gradient.to_bits() << 1 != 0) & (!relu | (output.to_bits().cast_signed() > 0))
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
            *register = F32x4::load(chunk).fused_mul_add(value, *register);
        }
    }
    for (register, sum) in registers.into_iter().zip(sums) {
        register.store(sum);
    }
}

/// `sums[i] += sum over entries of value * from[offset + base + i]` for all of `sums`, whose length is a
/// multiple of 4, in chunks of twelve registers: of sixteen, the value and a product take two more.
fn gather_into(entries: &[Entry], from: &[f32], base: usize, sums: &mut [f32]) {
    let (vectors, _) = sums.as_chunks_mut::<4>();
    for (index, chunk) in vectors.chunks_mut(12).enumerate() {
        let base = base + index * 48;
        match chunk.len() {
            12 => gather_chunk::<12>(entries, from, base, chunk),
            11 => gather_chunk::<11>(entries, from, base, chunk),
            10 => gather_chunk::<10>(entries, from, base, chunk),
            9 => gather_chunk::<9>(entries, from, base, chunk),
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
/// - `kernel`: `[filters][kernel_size][kernel_size][channels]`; note that the filter comes first.
/// - `bias`: `[filters]`.
pub fn weight_gradient(
    g: &Geometry,
    nonzero: &NonzeroGradient,
    input: &[f32],
    kernel: &mut [f32],
    bias: &mut [f32],
) {
    let filters = kernel.chunks_exact_mut(g.panel_rows()).zip(bias);
    for (filter, (kernel, bias)) in filters.enumerate() {
        let entries = nonzero.of_filter(filter);
        *bias += entries.iter().map(|e| e.value).sum::<f32>();
        for (ky, row) in kernel.chunks_exact_mut(g.row()).enumerate() {
            gather_into(entries, input, ky * g.width * g.channels, row);
        }
    }
}

/// `input[y + ky][x + kx][c] = sum over y, x, ky, kx, f of gradient[y][x][f] * kernel[ky][f][kx][c]`
///
/// - `kernel`: `[kernel_size][filters][kernel_size][channels]`, unlike Keras' `[ky][kx][c][f]`, so
///   that a filter's row of taps has the order of the numbers that it is added to.
/// - `input`: the gradient of the input, `[height][width][channels]`, overwritten.
pub fn input_gradient(g: &Geometry, nonzero: &NonzeroGradient, kernel: &[f32], input: &mut [f32]) {
    input.fill(0.0);
    // One row of taps at a time, whose weights stay in the L1 cache.
    for (ky, weights) in kernel.chunks_exact(g.filters * g.row()).enumerate() {
        for y in 0..g.out_height() {
            for x in 0..g.out_width() {
                let entries = nonzero.at_position(y * g.out_width() + x);
                if !entries.is_empty() {
                    let sums = &mut input[g.corner(y + ky, x)..][..g.row()];
                    gather_into(entries, weights, 0, sums);
                }
            }
        }
    }
}
