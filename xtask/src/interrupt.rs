//! Ctrl-C and its relatives.
//!
//! Owns the wait for a signal that asks this process to end. Called by the commands that start servers, so that they
//! stop them in order. Where a signal cannot be listened to, it is as if it never came.

use tokio::signal::unix::{SignalKind, signal};

/// Which signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// From the terminal: it has reached every process of the foreground group.
    Interrupt,
    /// From another process: it has reached this one alone.
    Terminate,
}

impl Asked {
    /// The exit code that a shell expects of a process that ended for it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Waits until a signal asks this process to end.
pub(crate) async fn asked() -> Asked {
    tokio::select! {
        () = one(SignalKind::interrupt()) => Asked::Interrupt,
        () = one(SignalKind::terminate()) => Asked::Terminate,
        () = one(SignalKind::hangup()) => Asked::Terminate,
    }
}

async fn one(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
