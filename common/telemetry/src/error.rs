//! Why logs or the operations server could not be started.
//!
//! Owns the one error type of this crate. Only start-up returns it.

/// A failure while starting logs or the operations server.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is not in the form `level,target=level,...`.
    #[error("the log filter `{filter}` is not valid: {reason}")]
    Filter {
        /// The text that was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The log format is neither `text` nor `json`.
    #[error("`{given}` is not a log format: use `text` or `json`")]
    Format {
        /// The text that was given.
        given: String,
    },
    /// The process has a log subscriber already.
    #[error("logging was started before in this process")]
    AlreadyStarted,
    /// The listening socket has no address.
    #[error("the operations server cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}
