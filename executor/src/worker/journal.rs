//! The logs of running attempts, on their way to the store.
//!
//! Owns the numbering of an attempt's lines, the cap on them, and the task that stores lines of all
//! attempts in batches. Never blocks a process: what an attempt may log is bounded, so what waits is.
//! Failure: lines wait while the database is away; lines that it refuses are dropped, which is told
//! in the service's own log.

use super::Shared;
use attune_catalogue::Mask;
use attune_flow::run::WorkOrder;
use attune_port::{Clock, NewLogLine};
use attune_types::{ExecutionId, RunId};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// Lines stored in one call.
const BATCH_LINES: usize = 1_000;
/// How long lines may gather before they are stored, unless an attempt ends.
const GATHER: Duration = Duration::from_millis(50);
/// Waits between tries while the database is away.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Longest time at the end that lines may take to be stored.
const LAST_LINES: Duration = Duration::from_secs(5);
/// What stands for a NUL character, which the database cannot hold.
const VISIBLE_NUL: &str = "\u{2400}";

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
    /// What the worker itself has to say.
    System,
}

impl Stream {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::System => "system",
        }
    }
}

/// Text of whatever bytes: what is no UTF-8 and what is NUL is shown by a sign.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') {
        text.replace('\0', VISIBLE_NUL)
    } else {
        text.into_owned()
    }
}

/// The way of all lines to the store.
pub(super) struct Journal {
    clock: Arc<dyn Clock>,
    most_lines: u64,
    most_bytes: u64,
    lines: mpsc::UnboundedSender<NewLogLine>,
    waiting: Mutex<Option<mpsc::UnboundedReceiver<NewLogLine>>>,
    hurry: Arc<Notify>,
}

impl Journal {
    pub(super) fn new(clock: Arc<dyn Clock>, most_lines: u64, most_bytes: u64) -> Self {
        let (lines, waiting) = mpsc::unbounded_channel();
        Self {
            clock,
            most_lines,
            most_bytes,
            lines,
            waiting: Mutex::new(Some(waiting)),
            hurry: Arc::new(Notify::new()),
        }
    }

    /// The log of one attempt.
    pub(super) fn of(&self, order: &WorkOrder) -> Arc<AttemptLog> {
        Arc::new(AttemptLog {
            run: order.run,
            execution: order.execution,
            attempt: order.number,
            clock: Arc::clone(&self.clock),
            most_lines: self.most_lines,
            most_bytes: self.most_bytes,
            lines: self.lines.clone(),
            hurry: Arc::clone(&self.hurry),
            count: Mutex::default(),
            mask: OnceLock::new(),
        })
    }
}

#[derive(Default)]
struct Count {
    next: u64,
    bytes: u64,
    capped: bool,
}

/// The log of one attempt: lines of all streams in the order in which they were read.
pub(super) struct AttemptLog {
    run: RunId,
    execution: ExecutionId,
    attempt: u32,
    clock: Arc<dyn Clock>,
    most_lines: u64,
    most_bytes: u64,
    lines: mpsc::UnboundedSender<NewLogLine>,
    hurry: Arc<Notify>,
    count: Mutex<Count>,
    /// Hides the secrets that the process was given.
    mask: OnceLock<Mask>,
}

impl AttemptLog {
    /// From now on nothing of the log shows these values.
    pub(super) fn hide(&self, mask: Mask) {
        // Once per attempt.
        drop(self.mask.set(mask));
    }

    /// What hides the secrets of this attempt.
    pub(super) fn mask(&self) -> Mask {
        self.mask.get().cloned().unwrap_or_default()
    }

    /// Keeps a line, without its end.
    pub(super) fn line(&self, stream: Stream, bytes: &[u8]) {
        let mut count = self.lock();
        if count.capped {
            return;
        }
        let text = visible(bytes);
        let size = count.bytes + u64::try_from(text.len()).unwrap_or(u64::MAX);
        if count.next >= self.most_lines || size > self.most_bytes {
            count.capped = true;
            let marker = format!(
                "[the log ends here: more than {} lines or {} KiB are not kept]",
                self.most_lines,
                self.most_bytes >> 10
            );
            self.put(&mut count, Stream::System, marker);
            return;
        }
        count.bytes = size;
        self.put(&mut count, stream, text);
    }

    /// Keeps a remark of the worker, also beyond the cap (there are few).
    pub(super) fn remark(&self, text: &str) {
        let text = visible(self.mask().text(text).as_bytes());
        self.put(&mut self.lock(), Stream::System, text);
    }

    /// The attempt has ended: its lines are stored without waiting for more.
    pub(super) fn end(&self) {
        self.hurry.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, count: &mut Count, stream: Stream, text: String) {
        let line = NewLogLine {
            run: self.run,
            execution: self.execution,
            attempt: self.attempt,
            number: count.next,
            stream: stream.as_str().to_owned(),
            at: self.clock.now(),
            text,
        };
        count.next += 1;
        // Nobody stores lines any more once the worker has stopped.
        let _ = self.lines.send(line);
    }
}

/// Stores lines until `stop`, then what is left.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let waiting = shared
        .journal
        .waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(mut waiting) = waiting else { return };
    loop {
        let mut batch = Vec::with_capacity(64);
        tokio::select! {
            biased;
            count = waiting.recv_many(&mut batch, BATCH_LINES) => if count == 0 { return },
            () = stop.cancelled() => return,
        }
        if batch.len() < BATCH_LINES && !stop.is_cancelled() {
            tokio::select! {
                () = shared.journal.hurry.notified() => {}
                () = tokio::time::sleep(GATHER) => {}
                () = stop.cancelled() => {}
            }
            while batch.len() < BATCH_LINES
                && let Ok(line) = waiting.try_recv()
            {
                batch.push(line);
            }
        }
        let last_call = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST_LINES).await;
        };
        tokio::select! {
            biased;
            () = store(&shared, batch) => {}
            () = last_call => {
                tracing::warn!("the last log lines were not stored");
                return;
            }
        }
    }
}

async fn store(shared: &Shared, batch: Vec<NewLogLine>) {
    let mut wait = FIRST_WAIT;
    loop {
        // The same number again is the same line, so a repetition is harmless.
        match shared.deps.work.log(batch.clone()).await {
            Ok(()) => return,
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, "log lines wait for the database");
            }
            Err(error) => {
                tracing::error!(%error, lines = batch.len(), "log lines were refused");
                return;
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
