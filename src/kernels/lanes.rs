//! Four `f32` at a time, with what the target offers: relaxed SIMD, simd128, or plain arrays.
//!
//! The only file that names `std::arch`. Kernels are written once, over [`F32x4`].
//!
//! `unsafe`: a vector and an array of four `f32` have the same size and no invalid bit patterns, so
//! each may be read as the other. Nothing else is assumed.
#![allow(unsafe_code)]

/// Lanes in a vector.
pub const WIDTH: usize = 4;

/// `n` rounded up to whole vectors.
pub const fn round_up(n: usize) -> usize {
    n.next_multiple_of(WIDTH)
}

/// The instruction set that this build's kernels use.
pub const BACKEND: &str = if cfg!(target_feature = "relaxed-simd") {
    "relaxed-simd"
} else if cfg!(target_feature = "simd128") {
    "simd128"
} else {
    "native"
};

#[cfg(target_feature = "simd128")]
mod vector {
    use std::arch::wasm32 as arch;

    pub(super) use arch::v128 as Vector;

    #[inline(always)]
    pub(super) fn splat(x: f32) -> Vector {
        arch::f32x4_splat(x)
    }
    #[inline(always)]
    pub(super) fn add(a: Vector, b: Vector) -> Vector {
        arch::f32x4_add(a, b)
    }
    #[inline(always)]
    pub(super) fn sub(a: Vector, b: Vector) -> Vector {
        arch::f32x4_sub(a, b)
    }
    #[inline(always)]
    pub(super) fn mul(a: Vector, b: Vector) -> Vector {
        arch::f32x4_mul(a, b)
    }
    // `pmax` is one instruction on x86; `max`, which also specifies NaN, is several.
    #[inline(always)]
    pub(super) fn max(a: Vector, b: Vector) -> Vector {
        arch::f32x4_pmax(a, b)
    }
    #[inline(always)]
    pub(super) fn fused_mul_add(a: Vector, b: Vector, c: Vector) -> Vector {
        #[cfg(target_feature = "relaxed-simd")]
        return arch::f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        add(c, mul(a, b))
    }
    #[inline(always)]
    pub(super) fn where_positive(a: Vector, condition: Vector) -> Vector {
        arch::v128_and(a, arch::f32x4_gt(condition, splat(0.0)))
    }
    #[inline(always)]
    pub(super) fn or(a: Vector, b: Vector) -> Vector {
        arch::v128_or(a, b)
    }
    #[inline(always)]
    pub(super) fn any_bit(a: Vector) -> bool {
        arch::v128_any_true(a)
    }
    #[inline(always)]
    pub(super) fn transpose([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
        let (ab_low, ab_high) =
            (arch::i32x4_shuffle::<0, 4, 1, 5>(a, b), arch::i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd_low, cd_high) =
            (arch::i32x4_shuffle::<0, 4, 1, 5>(c, d), arch::i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            arch::i64x2_shuffle::<0, 2>(ab_low, cd_low),
            arch::i64x2_shuffle::<1, 3>(ab_low, cd_low),
            arch::i64x2_shuffle::<0, 2>(ab_high, cd_high),
            arch::i64x2_shuffle::<1, 3>(ab_high, cd_high),
        ]
    }
    #[inline(always)]
    pub(super) fn first_max(a: [Vector; 4]) -> (Vector, [u8; 4]) {
        let best = max(max(a[0], a[1]), max(a[2], a[3]));
        // The number of candidates before the first that equals the maximum; true is -1.
        let first_is_less = arch::f32x4_ne(a[0], best);
        let two_are_less = arch::v128_and(first_is_less, arch::f32x4_ne(a[1], best));
        let three_are_less = arch::v128_and(two_are_less, arch::f32x4_ne(a[2], best));
        let less = arch::i32x4_add(arch::i32x4_add(first_is_less, two_are_less), three_are_less);
        let index = arch::i32x4_neg(less);
        let bytes =
            arch::i8x16_shuffle::<0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12>(index, index);
        (best, arch::u32x4_extract_lane::<0>(bytes).to_le_bytes())
    }
}

#[cfg(not(target_feature = "simd128"))]
mod vector {
    use std::array::from_fn;

    #[derive(Clone, Copy)]
    #[repr(C, align(16))]
    pub(super) struct Vector([f32; 4]);

    #[inline(always)]
    pub(super) fn splat(x: f32) -> Vector {
        Vector([x; 4])
    }
    #[inline(always)]
    pub(super) fn add(a: Vector, b: Vector) -> Vector {
        Vector(from_fn(|i| a.0[i] + b.0[i]))
    }
    #[inline(always)]
    pub(super) fn sub(a: Vector, b: Vector) -> Vector {
        Vector(from_fn(|i| a.0[i] - b.0[i]))
    }
    #[inline(always)]
    pub(super) fn mul(a: Vector, b: Vector) -> Vector {
        Vector(from_fn(|i| a.0[i] * b.0[i]))
    }
    #[inline(always)]
    pub(super) fn max(a: Vector, b: Vector) -> Vector {
        Vector(from_fn(|i| if a.0[i] < b.0[i] { b.0[i] } else { a.0[i] }))
    }
    #[inline(always)]
    pub(super) fn fused_mul_add(a: Vector, b: Vector, c: Vector) -> Vector {
        add(c, mul(a, b))
    }
    #[inline(always)]
    pub(super) fn where_positive(a: Vector, condition: Vector) -> Vector {
        Vector(from_fn(|i| if condition.0[i] > 0.0 { a.0[i] } else { 0.0 }))
    }
    #[inline(always)]
    pub(super) fn or(a: Vector, b: Vector) -> Vector {
        Vector(from_fn(|i| f32::from_bits(a.0[i].to_bits() | b.0[i].to_bits())))
    }
    #[inline(always)]
    pub(super) fn any_bit(a: Vector) -> bool {
        a.0.map(f32::to_bits) != [0; 4]
    }
    #[inline(always)]
    pub(super) fn transpose(rows: [Vector; 4]) -> [Vector; 4] {
        from_fn(|i| Vector(from_fn(|j| rows[j].0[i])))
    }
    #[inline(always)]
    pub(super) fn first_max(a: [Vector; 4]) -> (Vector, [u8; 4]) {
        let best = max(max(a[0], a[1]), max(a[2], a[3]));
        let index = from_fn(|lane| {
            let hit = (0..3).find(|&i| a[i].0[lane] == best.0[lane]);
            hit.unwrap_or(3) as u8
        });
        (best, index)
    }
}

/// Four `f32`, computed on lane by lane.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4(vector::Vector);

impl F32x4 {
    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(x: f32) -> Self {
        Self(vector::splat(x))
    }

    /// Zero in every lane.
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `from[i]` in lane `i`.
    #[inline(always)]
    pub fn load(from: &[f32; WIDTH]) -> Self {
        // SAFETY: same size, every bit pattern is valid, and `transmute` copies, so alignment does
        // not matter.
        Self(unsafe { std::mem::transmute::<[f32; WIDTH], vector::Vector>(*from) })
    }

    /// `from[at + i]` in lane `i`.
    ///
    /// # Panics
    /// If the slice is too short.
    #[inline(always)]
    pub fn load_at(from: &[f32], at: usize) -> Self {
        Self::load(&from[at..at + WIDTH].as_chunks().0[0])
    }

    /// Stores lane `i` in `to[i]`.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; WIDTH]) {
        // SAFETY: as in `load`.
        *to = unsafe { std::mem::transmute::<vector::Vector, [f32; WIDTH]>(self.0) };
    }

    /// `self + other`.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "reads as one chain with fused_mul_add")]
    pub fn add(self, other: Self) -> Self {
        Self(vector::add(self.0, other.0))
    }

    /// `self - other`.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "reads as one chain with fused_mul_add")]
    pub fn sub(self, other: Self) -> Self {
        Self(vector::sub(self.0, other.0))
    }

    /// `self * other`.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "reads as one chain with fused_mul_add")]
    pub fn mul(self, other: Self) -> Self {
        Self(vector::mul(self.0, other.0))
    }

    /// The larger of two; for a NaN and a number, either.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(vector::max(self.0, other.0))
    }

    /// `self * factor + addend`, rounded once with relaxed SIMD if the processor can, otherwise
    /// twice.
    #[inline(always)]
    pub fn fused_mul_add(self, factor: Self, addend: Self) -> Self {
        Self(vector::fused_mul_add(self.0, factor.0, addend.0))
    }

    /// `self` where `condition` is positive, else 0.
    #[inline(always)]
    pub fn where_positive(self, condition: Self) -> Self {
        Self(vector::where_positive(self.0, condition.0))
    }

    /// Whether every number of all vectors is zero, without a sign.
    #[inline(always)]
    pub fn are_zero(vectors: impl IntoIterator<Item = Self>) -> bool {
        !vector::any_bit(
            vectors.into_iter().fold(vector::splat(0.0), |bits, next| vector::or(bits, next.0)),
        )
    }

    /// Lane `j` of row `i` becomes lane `i` of row `j`.
    #[inline(always)]
    pub fn transpose(rows: [Self; WIDTH]) -> [Self; WIDTH] {
        vector::transpose(rows.map(|row| row.0)).map(Self)
    }

    /// In each lane the largest of four candidates and the index of the first that has it.
    #[inline(always)]
    pub fn first_max(candidates: [Self; 4]) -> (Self, [u8; WIDTH]) {
        let (best, index) = vector::first_max(candidates.map(|c| c.0));
        (Self(best), index)
    }
}
