//! Initial parameters.

use super::plan::Plan;

/// Initial parameters as Keras draws them: kernels `glorot_uniform`, biases zero.
///
/// A kernel's values are uniform in `[-limit, limit]` with `limit = sqrt(6 / (fan_in + fan_out))`
/// (Glorot and Bengio 2010); a convolution's fans include the area of its kernel.
pub fn glorot_uniform(plan: &Plan, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut parameters = vec![0.0; plan.parameter_count()];
    for view in plan.parameters() {
        if let [area @ .., inputs, outputs] = view.shape.as_slice() {
            let area: usize = area.iter().product();
            let limit = (6.0 / (area * (inputs + outputs)) as f32).sqrt();
            for value in &mut parameters[view.range.clone()] {
                *value = limit * (2.0 * rng.f32() - 1.0);
            }
        }
    }
    parameters
}
