//! Matrix products from one register tile.
//!
//! A panel is a strip of eight columns of a matrix, stored row after row as [`PanelRow`]s, so that [`tile`]
//! reads it in a straight line. [`pack`] cuts a matrix into panels once, for every product with it.

use super::lanes::F32x4;
use super::transpose::transpose;

/// Columns of a panel: two vectors, so that a tile of four rows keeps eight sums in registers, enough to
/// hide a multiply-add's latency.
pub const PANEL: usize = 8;

/// One row of a panel.
pub type PanelRow = [f32; PANEL];

/// A row of sums as wide as a panel.
pub type PanelSums = [F32x4; 2];

/// Number of panels for `columns`.
pub const fn panels(columns: usize) -> usize {
    columns.div_ceil(PANEL)
}

/// Loads a panel's row as two vectors.
#[inline(always)]
pub fn load(row: &PanelRow) -> PanelSums {
    let [a, b] = halves(row);
    [F32x4::load(a), F32x4::load(b)]
}

/// Stores sums in a panel's row.
#[inline(always)]
pub fn store(sums: PanelSums, row: &mut PanelRow) {
    let (halves, _) = row.as_chunks_mut::<4>();
    for (half, sum) in halves.iter_mut().zip(sums) {
        sum.store(half);
    }
}

/// Stores four sums at the start of a row, or as many as fit.
#[inline(always)]
fn put(sums: F32x4, row: &mut [f32]) {
    match row.first_chunk_mut() {
        Some(whole) => sums.store(whole),
        None => {
            let mut whole = [0.0; 4];
            sums.store(&mut whole);
            row.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        }
    }
}

#[inline(always)]
fn halves(row: &PanelRow) -> [&[f32; 4]; 2] {
    let (halves, _) = row.as_chunks::<4>();
    [&halves[0], &halves[1]]
}

/// `sums[r][j] += sum over k of rows[r][k] * panel[k][j]`
///
/// - `rows`: `R` rows of at least `panel.len()` numbers each.
/// - `panel`: `[k][8]`.
///
/// # Panics
/// If a row is shorter than the panel.
#[inline(always)]
pub fn tile<const R: usize>(sums: &mut [PanelSums; R], rows: [&[f32]; R], panel: &[PanelRow]) {
    let rows = rows.map(|row| &row[..panel.len()]);
    for (k, weights) in panel.iter().enumerate() {
        multiply_add(sums, rows.map(|row| row[k]), weights);
    }
}

/// `sums[r][j] += x[r] * weights[j]`
///
/// Row by row: with two weights and one `x` at a time, ten sums stay in the fifteen registers that a browser
/// leaves on x86.
#[inline(always)]
fn multiply_add<const R: usize>(sums: &mut [PanelSums; R], x: [f32; R], weights: &PanelRow) {
    let weights = load(weights);
    for (sums, x) in sums.iter_mut().zip(x) {
        let x = F32x4::splat(x);
        sums[0] = x.fused_mul_add(weights[0], sums[0]);
        sums[1] = x.fused_mul_add(weights[1], sums[1]);
    }
}

/// [`tile`] for a single row, with four partial sums to hide the latency here too.
#[inline(always)]
fn tile_of_one(start: PanelSums, row: &[f32], panel: &[PanelRow]) -> PanelSums {
    let (quads, rest) = row[..panel.len()].as_chunks::<4>();
    let (panel, panel_rest) = panel.as_chunks::<4>();
    let mut partial = [[F32x4::zero(); 2]; 4];
    partial[0] = start;
    for (quad, weights) in quads.iter().zip(panel) {
        for ((sums, &x), weights) in partial.iter_mut().zip(quad).zip(weights) {
            multiply_add(std::array::from_mut(sums), [x], weights);
        }
    }
    let [mut sums, b, c, d] = partial;
    for half in 0..2 {
        sums[half] = sums[half].add(b[half]).add(c[half].add(d[half]));
    }
    tile(std::array::from_mut(&mut sums), [rest], panel_rest);
    sums
}

/// Cuts a row-major matrix into panels `[column / 8][row][column % 8]`.
///
/// A convolution's rows come in groups, one a tap, with one row a channel. Packing pads each group to the
/// channels' rounded-up number. A Dense kernel is a single group.
///
/// - `matrix`: `[groups][group][columns]`.
/// - `packed`: `panels(columns)` panels of `panel_rows = groups * packed_group` rows, zero where the matrix
///   has nothing.
pub fn pack(
    matrix: &[f32],
    columns: usize,
    (group, packed_group): (usize, usize),
    panel_rows: usize,
    packed: &mut [PanelRow],
) {
    for (panel, strip) in packed.chunks_exact_mut(panel_rows).enumerate() {
        let first = panel * PANEL;
        let groups = strip.chunks_exact_mut(packed_group).zip(matrix.chunks_exact(group * columns));
        for (to, from) in groups {
            let (to, beyond) = to.split_at_mut(group);
            beyond.fill([0.0; PANEL]);
            if first + PANEL <= columns {
                for (to, from) in to.iter_mut().zip(from.chunks_exact(columns)) {
                    let [low, high] = [first, first + 4].map(|at| F32x4::load_at(from, at));
                    store([low, high], to);
                }
            } else {
                // A column at a time takes half as long here as a row at a time.
                to.fill([0.0; PANEL]);
                for column in first..columns {
                    for (to, from) in to.iter_mut().zip(from.chunks_exact(columns)) {
                        to[column - first] = from[column];
                    }
                }
            }
        }
    }
}

/// Cuts the transpose of a row-major `rows x columns` matrix into panels `[row / 8][column][row % 8]`.
///
/// - `packed`: `panels(rows) * columns` rows.
pub fn pack_transposed(matrix: &[f32], rows: usize, columns: usize, packed: &mut [PanelRow]) {
    for (panel, strip) in packed.chunks_exact_mut(columns).enumerate() {
        let first = panel * PANEL;
        let width = PANEL.min(rows - first);
        if width < PANEL {
            strip.fill([0.0; PANEL]);
        }
        let from = &matrix[first * columns..];
        transpose((width, columns), from, columns, strip.as_flattened_mut(), PANEL);
    }
}

/// `c = a b + bias`, row by row.
///
/// - `a`: `[n][a_stride]`; the first `k` numbers of a row are used.
/// - `b`: packed, `[panel][k][8]`.
/// - `bias`: one row for every panel, or empty.
/// - `c`: `[n][c_stride]`, overwritten; columns of the last panel beyond `c_stride` are dropped.
pub fn multiply(
    a: &[f32],
    a_stride: usize,
    b: &[PanelRow],
    k: usize,
    bias: &[PanelRow],
    c: &mut [f32],
    c_stride: usize,
) {
    for (index, panel) in b.chunks_exact(k).enumerate() {
        let first = index * PANEL;
        let start = bias.get(index).map_or([F32x4::zero(); 2], load);
        let mut keep = |image: usize, sums: PanelSums| {
            let row = &mut c[image * c_stride..][first..c_stride];
            let (low, high) = row.split_at_mut(row.len().min(4));
            put(sums[0], low);
            put(sums[1], high);
        };
        let quads = a.chunks_exact(4 * a_stride);
        let singles = quads.remainder();
        let mut image = 0;
        for quad in quads {
            let mut sums = [start; 4];
            tile(&mut sums, std::array::from_fn(|r| &quad[r * a_stride..]), panel);
            for sums in sums {
                keep(image, sums);
                image += 1;
            }
        }
        for row in singles.chunks_exact(a_stride) {
            keep(image, tile_of_one(start, row, panel));
            image += 1;
        }
    }
}

/// `c += transpose(a) b`: a Dense layer's weight gradient from its inputs and its outputs' gradient.
///
/// - `a`: `[n][a_stride]`; the first `rows` numbers of a row are used.
/// - `b`: `[n][b_stride]`; the first `columns` numbers of a row are used.
///   Both strides are multiples of 4.
/// - `c`: row-major `rows x columns`.
pub fn multiply_transposed(
    a: &[f32],
    a_stride: usize,
    rows: usize,
    b: &[f32],
    b_stride: usize,
    columns: usize,
    c: &mut [f32],
) {
    // Divided once, not in every tile's iterators.
    let n = b.len() / b_stride;
    if columns < 4 {
        // Narrower than a vector.
        for (row, c) in c[..rows * columns].chunks_exact_mut(columns).enumerate() {
            for i in 0..n {
                let b = &b[i * b_stride..][..columns];
                c.iter_mut().zip(b).for_each(|(c, b)| *c += a[i * a_stride + row] * b);
            }
        }
        return;
    }
    let (a, b) = ((a, a_stride), (b, b_stride));
    let whole = rows / 4 * 4;
    let (fours, ones) = c[..rows * columns].split_at_mut(whole * columns);
    for (tile, c) in fours.chunks_exact_mut(4 * columns).enumerate() {
        transposed_rows::<4>(n, a, 4 * tile, b, columns, c);
    }
    for (row, c) in (whole..).zip(ones.chunks_exact_mut(columns)) {
        transposed_rows::<1>(n, a, row, b, columns, c);
    }
}

/// `R` rows of [`multiply_transposed`] from `row` on.
#[inline(always)]
fn transposed_rows<const R: usize>(
    n: usize,
    a: (&[f32], usize),
    row: usize,
    b: (&[f32], usize),
    columns: usize,
    c: &mut [f32],
) {
    let mut first = 0;
    while first < columns {
        // Twelve columns at a time. If slightly more than twelve are left, eight, to leave a whole vector.
        let left = columns - first;
        match left.div_ceil(4) {
            1 => transposed_tile::<R, 1>(n, a, row, b, first, columns, c),
            2 => transposed_tile::<R, 2>(n, a, row, b, first, columns, c),
            4 => transposed_tile::<R, 2>(n, a, row, b, first, columns, c),
            _ => transposed_tile::<R, 3>(n, a, row, b, first, columns, c),
        }
        first += if left.div_ceil(4) == 4 { 8 } else { 12 };
    }
}

/// `N` vectors of [`transposed_rows`] from column `first` on, with the loop over `n` innermost. The compiler
/// knows the length of every other loop; otherwise the sums would not stay in registers.
#[inline(always)]
fn transposed_tile<const R: usize, const N: usize>(
    n: usize,
    (a, a_stride): (&[f32], usize),
    row: usize,
    (b, b_stride): (&[f32], usize),
    first: usize,
    columns: usize,
    c: &mut [f32],
) {
    // The last vector overlaps the one before it instead of reading beyond the end.
    let starts: [usize; N] = std::array::from_fn(|i| (first + 4 * i).min(columns - 4));
    let mut sums: [[F32x4; N]; R] =
        std::array::from_fn(|r| starts.map(|start| F32x4::load_at(c, r * columns + start)));
    for i in 0..n {
        let x = &a[i * a_stride + row..][..R];
        let x: [f32; R] = std::array::from_fn(|r| x[r]);
        let b = starts.map(|start| F32x4::load_at(b, i * b_stride + start));
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = F32x4::splat(x);
            for (sum, &b) in sums.iter_mut().zip(&b) {
                *sum = x.fused_mul_add(b, *sum);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (start, sum) in starts.into_iter().zip(sums) {
            let at = r * columns + start;
            sum.store(&mut c[at..at + 4].as_chunks_mut().0[0]);
        }
    }
}
