//! Rows to columns.

use super::lanes::{F32x4, WIDTH};

/// `to[c][r] = from[r][c]`, in squares of four by four as far as possible.
///
/// - `rows`, `columns`: of `from`.
/// - `from`, `to`: `[rows][from_stride]` and `[columns][to_stride]`; the last row may be shorter.
///
/// # Panics
/// If either is too short.
pub fn transpose(
    (rows, columns): (usize, usize),
    from: &[f32],
    from_stride: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    let (whole_rows, whole_columns) = (rows / WIDTH * WIDTH, columns / WIDTH * WIDTH);
    for r in (0..whole_rows).step_by(WIDTH) {
        for c in (0..whole_columns).step_by(WIDTH) {
            let square = std::array::from_fn(|i| F32x4::load_at(from, (r + i) * from_stride + c));
            for (i, row) in F32x4::transpose(square).into_iter().enumerate() {
                let at = (c + i) * to_stride + r;
                row.store(&mut to[at..at + WIDTH].as_chunks_mut().0[0]);
            }
        }
    }
    for r in 0..rows {
        let done = if r < whole_rows { whole_columns } else { 0 };
        for c in done..columns {
            to[c * to_stride + r] = from[r * from_stride + c];
        }
    }
}
