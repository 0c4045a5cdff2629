//! The most multiply-adds a core can do, to measure the other kernels against.

use super::lanes::{F32x4, WIDTH};

/// Chains that do not wait for each other. A fused multiply-add takes four cycles, a multiplication and then
/// an addition six or seven, and a processor starts two of each a cycle. Twelve chains, a factor, an addend
/// and a product just fit into the registers that a browser leaves WebAssembly's vectors on x86.
const CHAINS: usize = 12;

/// Multiply-adds of single numbers in a round of [`multiply_adds`].
pub const ROUND: usize = CHAINS * WIDTH;

/// Does `rounds * ROUND` multiply-adds, `chain = chain * factor + addend`, in registers only. With 0.999 and
/// 0.001 every chain tends to 1, and no subnormal number slows it down.
///
/// The result has no meaning. It is returned so that the compiler cannot drop the work; for the same reason
/// `factor` and `addend` are arguments, because constants would be loaded again for each multiply-add.
///
/// Not inlined: a browser compiles well what is called again and again, not one call that loops.
#[inline(never)]
pub fn multiply_adds(rounds: usize, factor: f32, addend: f32) -> f32 {
    let (factor, addend) = (F32x4::splat(factor), F32x4::splat(addend));
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
    fn the_chains_tend_to_one_and_stay_there() {
        let start: f32 = (0..CHAINS).map(|i| (i * WIDTH) as f32).sum();
        assert_eq!(multiply_adds(0, 0.999, 0.001), start);
        let end = multiply_adds(20_000, 0.999, 0.001);
        assert!((end / ROUND as f32 - 1.0).abs() < 1e-3, "{end}");
    }
}
