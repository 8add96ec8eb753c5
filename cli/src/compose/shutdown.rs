//! The end of a process, as asked for from outside.
//!
//! Owns the signals: the first SIGINT or SIGTERM stops in order, the second at once. Nothing is lost
//! at once either: what was acknowledged is stored, and the processes of actions die with us.

use crate::error::{Attempt as _, Result};
use crate::output;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that a signal ended.
const BY_SIGNAL: i32 = 130;

/// A token that the first signal cancels. Must be called within the runtime.
///
/// # Errors
/// If the system gives no signals.
pub(super) fn on_signal() -> Result<CancellationToken> {
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        next(&mut interrupt, &mut terminate).await;
        output::note("stopping; once more stops at once");
        token.cancel();
        next(&mut interrupt, &mut terminate).await;
        std::process::exit(BY_SIGNAL);
    });
    Ok(stop)
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).attempt(|| "listening for signals".to_owned())
}
