//! Why a local server or service could not be started, reached or stopped.
//!
//! Owns the one error type of this crate. Every variant says what was tried; those that come from a
//! server carry the end of its log, because that is where the reason stands.

use std::{io, path::PathBuf};

/// A failure to run something on this machine.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A program that is needed is not on this machine.
    #[error("{what} is not installed: {hint}")]
    NotInstalled {
        /// The missing program.
        what: String,
        /// How to get it.
        hint: String,
    },
    /// Another process already runs a server on this directory.
    #[error("{} is in use by another process; stop that one first", dir.display())]
    Locked {
        /// The directory both want.
        dir: PathBuf,
    },
    /// A program ended when it should have kept running, or reported a failure.
    #[error("{what} failed: {detail}")]
    Failed {
        /// What was tried.
        what: String,
        /// What the program said.
        detail: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s: {detail}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What is known about the reason.
        detail: String,
    },
    /// A name that no process of the stack has.
    #[error("there is no process called `{name}` in this stack")]
    UnknownProcess {
        /// The name asked for.
        name: String,
    },
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Adds what was tried to an IO error.
pub(crate) trait IoContext<T> {
    /// Names the attempt; the closure runs only on failure.
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T, LocalError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T, LocalError> {
        self.map_err(|source| LocalError::Io {
            what: what(),
            source,
        })
    }
}
