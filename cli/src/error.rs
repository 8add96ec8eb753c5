//! What can go wrong in a command, and which exit code tells it.
//!
//! Owns [`CliError`] and the exit codes, which scripts rely on. Every command returns it; `main` shows
//! it on standard error.

use crate::settings::SettingsError;
use attune_rest::Problem;
use attune_types::ExecutionStatus;

/// Ends of a command other than success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command line makes no sense, or a value in it.
    #[error("{0}")]
    Usage(String),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Nobody is logged in.
    #[error("{0}")]
    NotLoggedIn(String),
    /// The API refused.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The API cannot be reached, or does not speak as it should.
    #[error("{0}")]
    Unreachable(String),
    /// The run ended otherwise than well. It was shown already.
    #[error("the run {}", ending(*.0))]
    RunEnded(ExecutionStatus),
    /// The run did not end in the time given.
    #[error("the run {run} had not ended after {seconds} s; it goes on")]
    TimedOut {
        /// Which.
        run: String,
        /// The time given.
        seconds: u64,
    },
    /// What was to be checked is not right; all of it was shown already.
    #[error("{0}")]
    NotRight(String),
    /// Two things that were compared are not the same; what differs was shown.
    #[error("{0}")]
    Differ(String),
    /// A file of ours cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] attune_port::StoreError),
    /// The broker's settings.
    #[error(transparent)]
    Bus(#[from] attune_bus::ConnectError),
    /// The private servers of `attune dev`.
    #[error(transparent)]
    Local(#[from] attune_local::LocalError),
    /// Logs or the operations server.
    #[error(transparent)]
    Telemetry(#[from] attune_telemetry::TelemetryError),
    /// A service could not do its work.
    #[error("{0}")]
    Service(String),
}

/// A status as the end of a sentence.
fn ending(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Failed => "failed",
        ExecutionStatus::TimedOut => "ran out of time",
        ExecutionStatus::Cancelled => "was cancelled",
        ExecutionStatus::Abandoned => "was given up",
        ExecutionStatus::Compensated => "was undone",
        other => other.as_str(),
    }
}

/// What every fallible function of the command line returns.
pub(crate) type Result<T> = std::result::Result<T, CliError>;

impl CliError {
    /// The exit code that tells it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Settings(_) => 2,
            // A path that was named and is not there.
            Self::Io { source, .. } if is_wrong_path(source.kind()) => 2,
            Self::NotLoggedIn(_) => 3,
            Self::Refused(problem) => match problem.status {
                400 | 405 | 413 | 415 | 422 => 2,
                401 | 403 => 3,
                404 | 410 => 4,
                409 | 412 => 5,
                _ => 1,
            },
            Self::TimedOut { .. } => 124,
            _ => 1,
        }
    }

    /// Whether the answer may be another one later: the server is away or busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }
}

fn is_wrong_path(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(kind, NotFound | IsADirectory | NotADirectory)
}

/// Adds what was tried to an error of the system.
pub(crate) trait Attempt<T> {
    /// The same result with an error that says what was tried.
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| CliError::Io {
            what: what(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_the_answer() {
        let refused = |status| {
            CliError::Refused(Box::new(Problem::new(status, "code", "Title", "detail"))).exit_code()
        };
        assert_eq!(refused(422), 2);
        assert_eq!(refused(401), 3);
        assert_eq!(refused(403), 3);
        assert_eq!(refused(404), 4);
        assert_eq!(refused(409), 5);
        assert_eq!(refused(500), 1);
        assert_eq!(CliError::RunEnded(ExecutionStatus::Failed).exit_code(), 1);
        let late = CliError::TimedOut {
            run: "x".to_owned(),
            seconds: 1,
        };
        assert_eq!(late.exit_code(), 124);
    }
}
