//! The most multiply-adds that a core can do: what the other kernels' times are measured against.

use super::lanes::{F32x4, WIDTH};

/// Sums that do not wait for each other. A multiplication and the addition behind it take seven or eight
/// cycles, and a processor starts two of each a cycle. Thirteen sums, a factor and an addend are what
/// fits into the registers that a browser gives to WebAssembly's vectors on x86.
const CHAINS: usize = 13;

/// Multiply-adds of one number in a round of [`multiply_adds`].
pub const ROUND: usize = CHAINS * WIDTH;

/// Does `rounds` times [`ROUND`] multiply-adds in registers, without memory. What they come to has no
/// meaning; it is returned so that no compiler leaves the work out.
pub fn multiply_adds(rounds: usize) -> f32 {
    // Every sum tends to 1: no number on the way is one that processors treat in their own slow way.
    let (factor, addend) = (F32x4::splat(0.999), F32x4::splat(0.001));
    let mut chains: [F32x4; CHAINS] = std::array::from_fn(|i| F32x4::splat(i as f32));
    for _ in 0..rounds {
        chains = chains.map(|chain| chain.fused_mul_add(factor, addend));
    }
    let mut numbers = [0.0; WIDTH];
    chains.into_iter().fold(F32x4::zero(), F32x4::add).store(&mut numbers);
    numbers.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_tend_to_one_and_stay_there() {
        let start: f32 = (0..CHAINS).map(|i| (i * WIDTH) as f32).sum();
        assert_eq!(multiply_adds(0), start);
        let end = multiply_adds(20_000);
        assert!((end / ROUND as f32 - 1.0).abs() < 1e-3, "{end}");
    }
}
