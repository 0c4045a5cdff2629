//! Errors of a worker.

use crate::config::ArchitectureError;
use crate::web::port::PortError;

/// Why the trainer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// This is not a worker.
    #[error("the trainer must run in a dedicated worker")]
    Scope,
    /// Without a clock there is no throughput.
    #[error("this browser's workers have no performance.now")]
    Clock,
    /// The default model cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Messages cannot be sent.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A helper was sent images or parameters that do not fit the job.
    #[error("a helper's job does not fit together")]
    Job,
}
