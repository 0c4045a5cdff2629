//! Parts of a training step, for timing.

/// Part of a step's work in training, for timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepPhase {
    /// From its input to its output.
    Forward,
    /// The loss and its gradient with respect to the logits. Reported with index `steps.len()`, as it
    /// belongs to no step.
    Loss,
    /// A convolution's list of nonzero gradients.
    NonzeroGradient,
    /// The gradient with respect to the step's parameters.
    WeightGradient,
    /// The gradient with respect to the step's input.
    InputGradient,
}
