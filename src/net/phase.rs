//! Parts of a training step, for those who measure.

/// Part of a step's work while training, for those who measure where the time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepPhase {
    /// From its input to its output.
    Forward,
    /// From the logits to the loss and its gradient by them; no step's, so that of the step behind the last.
    Loss,
    /// A convolution's list of the outputs that carry a gradient.
    NonzeroGradient,
    /// The gradient by its parameters.
    WeightGradient,
    /// The gradient by its input.
    InputGradient,
}
