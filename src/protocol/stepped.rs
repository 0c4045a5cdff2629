//! What a reported step says of its minibatch.

/// A minibatch, and the image of it that the network read worst. Not a message, as page and trainer then need less code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SteppedMinibatch {
    /// Images in it.
    pub images: f32,
    /// Their mean cross-entropy before the step.
    pub loss: f32,
    /// The image's place among them, from 0.
    pub place: f32,
    /// Its class.
    pub label: f32,
    /// The class that the network took it for.
    pub answer: f32,
}

impl SteppedMinibatch {
    /// As [`Reply::Stepped`](super::Reply::Stepped) has it.
    pub fn figures(&self) -> [f32; 5] {
        [self.images, self.loss, self.place, self.label, self.answer]
    }

    /// From the figures of [`Reply::Stepped`](super::Reply::Stepped).
    pub fn of([images, loss, place, label, answer]: [f32; 5]) -> Self {
        Self { images, loss, place, label, answer }
    }
}
