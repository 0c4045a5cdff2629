//! Optimizer steps as Keras 3 computes them.
//!
//! Plain loops, which compilers vectorise: each parameter's update is independent of the others.

use super::bytes::{Reader, Writer};
use crate::config::Optimizer;

/// Updates the parameters' exponential moving average after a step, counted from 0: `a += (1 - m) (w - a)` as
/// in Keras' `use_ema`, but with `m = min(momentum, step / (step + 9))`. So it follows closely at first, like
/// TensorFlow's `ExponentialMovingAverage` with `num_updates`; Keras' average is useless until the initial
/// weights have faded.
///
/// Single minibatches scatter the parameters around a point that the average is close to (Polyak and Juditsky 1992).
pub fn update_ema(momentum: f32, step: u32, average: &mut [f32], parameters: &[f32]) {
    let step = step as f32;
    let rest = 1.0 - momentum.min(step / (step + 9.0));
    for (a, w) in average.iter_mut().zip(parameters) {
        *a += (w - *a) * rest;
    }
}

/// An optimizer and its memory of each parameter.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    kind: Optimizer,
    /// Adam's first moment, SGD's velocity.
    first: Vec<f32>,
    /// Adam's second moment, RMSprop's mean square.
    second: Vec<f32>,
    /// Steps taken.
    steps: i32,
}

impl OptimizerState {
    /// An optimizer for `parameters` numbers, before its first step.
    pub fn new(kind: Optimizer, parameters: usize) -> Self {
        let moments = |used: bool| vec![0.0; if used { parameters } else { 0 }];
        Self {
            kind,
            first: moments(!matches!(kind, Optimizer::RmsProp { .. })),
            second: moments(!matches!(kind, Optimizer::Sgd { .. })),
            steps: 0,
        }
    }

    /// Appends its memory.
    pub fn write(&self, to: &mut Writer) {
        to.number(self.steps as u32);
        to.floats(&self.first);
        to.floats(&self.second);
    }

    /// Takes what [`OptimizerState::write`] has appended; `None` if it does not fit this optimizer and number of
    /// parameters.
    pub fn read(kind: Optimizer, parameters: usize, from: &mut Reader<'_>) -> Option<Self> {
        let new = Self::new(kind, parameters);
        let steps = i32::try_from(from.number()?).ok()?;
        let (first, second) = (from.floats()?, from.floats()?);
        let fits = (first.len(), second.len()) == (new.first.len(), new.second.len());
        fits.then_some(Self { kind, first, second, steps })
    }

    /// Its memory of the parameters, by Keras' names.
    pub fn memory(&self) -> Vec<(&'static str, &[f32])> {
        let both = [("momentum", &self.first[..]), ("velocity", &self.second[..])];
        both.into_iter().filter(|(_, numbers)| !numbers.is_empty()).collect()
    }

    /// Which optimizer it is.
    pub fn kind(&self) -> Optimizer {
        self.kind
    }

    /// Steps taken.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// Its first and second memory of a parameter; 0 where it has none.
    pub fn memory_of(&self, parameter: usize) -> [f32; 2] {
        [&self.first, &self.second].map(|of| of.get(parameter).copied().unwrap_or(0.0))
    }

    /// Takes one step.
    pub fn step(&mut self, learning_rate: f32, parameters: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        match self.kind {
            Optimizer::Adam { beta_1, beta_2, epsilon } => {
                self.adam([beta_1, beta_2, epsilon], learning_rate, parameters, gradient);
            }
            Optimizer::Sgd { momentum } => self.sgd(momentum, learning_rate, parameters, gradient),
            Optimizer::RmsProp { rho, epsilon } => {
                self.rmsprop([rho, epsilon], learning_rate, parameters, gradient);
            }
        }
    }

    /// Kingma and Ba 2015, with the bias correction folded into the step size (end of their section 2):
    /// `m += (1 - b1) (g - m)`, `v += (1 - b2) (g^2 - v)`,
    /// `w -= rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)`.
    fn adam(
        &mut self,
        [beta_1, beta_2, epsilon]: [f32; 3],
        learning_rate: f32,
        parameters: &mut [f32],
        gradient: &[f32],
    ) {
        let correction = (1.0 - beta_2.powi(self.steps)).sqrt() / (1.0 - beta_1.powi(self.steps));
        let alpha = learning_rate * correction;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((w, (m, v)), g) in parameters.iter_mut().zip(moments).zip(gradient) {
            *m += (g - *m) * (1.0 - beta_1);
            *v += (g * g - *v) * (1.0 - beta_2);
            *w -= alpha * *m / (v.sqrt() + epsilon);
        }
    }

    /// `m = momentum m - rate g`, `w += m`.
    fn sgd(&mut self, momentum: f32, learning_rate: f32, parameters: &mut [f32], gradient: &[f32]) {
        for ((w, m), g) in parameters.iter_mut().zip(&mut self.first).zip(gradient) {
            *m = momentum * *m - learning_rate * g;
            *w += *m;
        }
    }

    /// `v = rho v + (1 - rho) g^2`, `w -= rate g / sqrt(v + epsilon)`.
    fn rmsprop(
        &mut self,
        [rho, epsilon]: [f32; 2],
        learning_rate: f32,
        parameters: &mut [f32],
        gradient: &[f32],
    ) {
        for ((w, v), g) in parameters.iter_mut().zip(&mut self.second).zip(gradient) {
            *v = rho * *v + (1.0 - rho) * g * g;
            *w -= learning_rate * g / (*v + epsilon).sqrt();
        }
    }
}
