//! One process from start to end.
//!
//! Owns the waiting for it: its exit, its time limit, or a request to stop, whichever is first; and
//! that nothing of its group is left after it. Never interprets what it wrote. Called by `attempt`.
//! Failure: the system's error if it could not be started.

use super::capture::{self, Captured};
use super::holdings::{StopReason, StopSignal};
use super::journal::{AttemptLog, Stream};
use super::launch::Launch;
use attune_process::Group;
use std::io::ErrorKind;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long output may still come after the group is dead (from processes that left the group).
const LAST_OUTPUT: Duration = Duration::from_secs(2);
/// Tries to start a file that is still open for writing somewhere, and the wait between them.
const BUSY_TRIES: u32 = 50;
const BUSY_WAIT: Duration = Duration::from_millis(20);

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself.
    Exited,
    /// Its time was over.
    TimedOut,
    /// It was stopped.
    Stopped(StopReason),
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) ending: Ending,
    pub(super) status: ExitStatus,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
    pub(super) duration: Duration,
}

/// Starts the process and waits for its end.
pub(super) async fn run(
    launch: Launch,
    log: &Arc<AttemptLog>,
    mut signal: StopSignal,
    timeout: Option<Duration>,
    kill_grace: Duration,
) -> std::io::Result<Ended> {
    let Launch {
        mut command,
        input,
        output_bytes,
    } = launch;
    let mut child = spawn(&mut command).await?;
    let started = Instant::now();
    let group = Group::of(&child);
    let give_up = CancellationToken::new();
    let stdout = follow(
        child.stdout.take(),
        Stream::Stdout,
        log,
        output_bytes,
        &give_up,
    );
    let stderr = follow(child.stderr.take(), Stream::Stderr, log, 0, &give_up);
    let feeding = child.stdin.take().map(|mut stdin| {
        tokio::spawn(async move {
            // A process need not read its input; one that has ended cannot.
            drop(stdin.write_all(&input).await);
            drop(stdin.shutdown().await);
        })
    });

    let time_over = async {
        match timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let (ending, status) = tokio::select! {
        biased;
        status = child.wait() => (Ending::Exited, status?),
        reason = stopped(&mut signal) => {
            (Ending::Stopped(reason), stop(group, &mut child, kill_grace).await?)
        }
        () = time_over => (Ending::TimedOut, stop(group, &mut child, kill_grace).await?),
    };
    let duration = started.elapsed();
    if let Some(group) = group {
        group.sweep();
    }
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    // The pipes close with the last process that has them, which may be one that left the group.
    let outputs = async { tokio::join!(stdout, stderr) };
    tokio::pin!(outputs);
    let (stdout, stderr) = tokio::select! {
        biased;
        both = &mut outputs => both,
        () = tokio::time::sleep(LAST_OUTPUT) => {
            log.remark("a process that the action left behind still holds its output open; what \
                        it writes from now on is not kept");
            give_up.cancel();
            outputs.await
        }
    };
    Ok(Ended {
        ending,
        status,
        stdout: stdout.unwrap_or_default(),
        stderr: stderr.unwrap_or_default(),
        duration,
    })
}

async fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            // A process forked at the same moment may have inherited the file while it was written.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                tokio::time::sleep(BUSY_WAIT).await;
            }
            other => return other,
        }
    }
}

/// Reads a stream while the process runs; what it was too slow for does not hold the process up.
fn follow(
    from: Option<impl AsyncRead + Unpin + Send + 'static>,
    stream: Stream,
    log: &Arc<AttemptLog>,
    most: usize,
    give_up: &CancellationToken,
) -> JoinHandle<Captured> {
    let (log, give_up) = (Arc::clone(log), give_up.clone());
    tokio::spawn(async move {
        match from {
            Some(from) => capture::read(from, stream, log, most, give_up).await,
            None => Captured::default(),
        }
    })
}

/// The reason to stop, once there is one.
async fn stopped(signal: &mut StopSignal) -> StopReason {
    let found = match signal.wait_for(Option::is_some).await {
        Ok(reason) => *reason,
        Err(_) => None,
    };
    match found {
        Some(reason) => reason,
        // Nobody can ask any more.
        None => std::future::pending().await,
    }
}

async fn stop(
    group: Option<Group>,
    child: &mut Child,
    grace: Duration,
) -> std::io::Result<ExitStatus> {
    match group {
        Some(group) => group.stop(child, grace).await,
        None => child.wait().await,
    }
}
