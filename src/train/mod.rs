//! Optimizers, schedules, the training state machine.
