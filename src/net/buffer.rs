//! Aligned memory for the kernels.

use aligned_vec::{AVec, ConstAlign};

/// Bytes of a cache line. A vector across two of them takes twice as long to load or store, and an allocator
/// may return memory that begins anywhere.
const LINE: usize = 64;

/// Numbers, or rows of them, starting at a cache line.
pub(crate) type Buffer<T = f32> = AVec<T, ConstAlign<LINE>>;

/// A buffer of `count` times the same value.
pub(crate) fn filled<T: Clone>(value: T, count: usize) -> Buffer<T> {
    Buffer::from_iter(LINE, std::iter::repeat_n(value, count))
}
