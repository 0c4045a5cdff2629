//! Memory that kernels run over.

use aligned_vec::{AVec, ConstAlign};

/// Bytes of a line of the cache. A vector that lies across two of them takes twice as long to load or store, and
/// what an allocator gives may begin anywhere.
const LINE: usize = 64;

/// Numbers, or rows of them, that begin where a line of the cache does.
pub(crate) type Buffer<T = f32> = AVec<T, ConstAlign<LINE>>;

/// So many times the same.
pub(crate) fn filled<T: Clone>(value: T, count: usize) -> Buffer<T> {
    Buffer::from_iter(LINE, std::iter::repeat_n(value, count))
}
