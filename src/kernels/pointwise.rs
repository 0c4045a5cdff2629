//! Element by element.

use super::lanes::F32x4;

/// `values[i] = max(0, values[i])`
pub fn relu(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

/// `gradient[i] = 0` where `output[i]`, a relu's, is not positive.
pub fn relu_gradient(gradient: &mut [f32], output: &[f32]) {
    for (gradient, &output) in gradient.iter_mut().zip(output) {
        if output <= 0.0 {
            *gradient = 0.0;
        }
    }
}

/// `to[i] += from[i]`
pub fn add(to: &mut [f32], from: &[f32]) {
    let (to, to_rest) = to.as_chunks_mut::<4>();
    let (from, from_rest) = from.as_chunks::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        F32x4::load(to).add(F32x4::load(from)).store(to);
    }
    for (to, &from) in to_rest.iter_mut().zip(from_rest) {
        *to += from;
    }
}
