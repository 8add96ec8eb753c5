//! What the worker holds: attempts that run, and outcomes that are not settled.
//!
//! Owns the table and its rules: an attempt enters when it is claimed, becomes an outcome when it
//! ends, and leaves when a heartbeat's answer says that it is settled. Knows nothing of processes or
//! messages. Used by all parts of the worker. Bounded: with too much unsettled, nothing new is taken.

use attune_types::{AttemptId, RunId};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Outcomes that may wait for being settled before nothing new is taken.
const MOST_UNSETTLED: usize = 10_000;
/// Bytes of outcomes that may wait before nothing new is taken.
const MOST_BYTES: usize = 256 << 20;
/// The longest time between two reports of the same outcome.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Stop requests that are remembered for attempts that are not here (yet).
const REMEMBERED_STOPS: usize = 10_000;

/// Why an attempt is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopReason {
    /// The run asked for it: report that it was cancelled.
    Requested,
    /// Nobody wants its outcome any more.
    Unwanted,
    /// The worker shuts down: it counts as lost.
    Shutdown,
}

/// How an attempt hears that it is to stop.
pub(super) type StopSignal = watch::Receiver<Option<StopReason>>;

enum Entry {
    Running {
        stop: watch::Sender<Option<StopReason>>,
    },
    Finished(Finished),
}

struct Finished {
    run: RunId,
    messages: Arc<Vec<Bytes>>,
    bytes: usize,
    delay: Duration,
    due: Option<Instant>,
}

/// One outcome to be reported now.
pub(super) struct DueReport {
    pub(super) attempt: AttemptId,
    pub(super) run: RunId,
    /// Encoded shard messages, in order.
    pub(super) messages: Arc<Vec<Bytes>>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<AttemptId, Entry>,
    running: usize,
    bytes: usize,
    /// Reports by the time they are due.
    queue: BTreeMap<(Instant, AttemptId), ()>,
    stops: VecDeque<AttemptId>,
}

/// The table.
#[derive(Default)]
pub(super) struct Holdings {
    table: Mutex<Table>,
    /// An outcome was added: the reporter looks.
    pub(super) reportable: Notify,
    /// Something ended or was let go.
    changed: Notify,
}

impl Holdings {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the attempt is here already, at work or ended.
    pub(super) fn has(&self, attempt: AttemptId) -> bool {
        self.lock().entries.contains_key(&attempt)
    }

    /// An attempt was claimed.
    pub(super) fn begin(&self, attempt: AttemptId) -> StopSignal {
        let mut table = self.lock();
        let requested = table.stops.contains(&attempt);
        let (stop, signal) = watch::channel(requested.then_some(StopReason::Requested));
        table.entries.insert(attempt, Entry::Running { stop });
        table.running += 1;
        signal
    }

    /// An attempt has ended with these messages for its run's shard.
    pub(super) fn finish(
        &self,
        attempt: AttemptId,
        run: RunId,
        messages: Vec<Bytes>,
        again_after: Duration,
    ) {
        let now = Instant::now();
        let bytes = messages.iter().map(Bytes::len).sum();
        let mut table = self.lock();
        table.forget(attempt);
        table.bytes += bytes;
        table.queue.insert((now, attempt), ());
        table.entries.insert(
            attempt,
            Entry::Finished(Finished {
                run,
                messages: Arc::new(messages),
                bytes,
                delay: again_after,
                due: Some(now),
            }),
        );
        drop(table);
        self.reportable.notify_one();
        self.changed.notify_waiters();
    }

    /// An attempt is over without anything to report.
    pub(super) fn abandon(&self, attempt: AttemptId) {
        self.lock().forget(attempt);
        self.changed.notify_waiters();
    }

    /// Everything that is held, for the heartbeat.
    pub(super) fn list(&self) -> Vec<AttemptId> {
        self.lock().entries.keys().copied().collect()
    }

    /// The outcome of these is recorded, or nobody wants it any more.
    pub(super) fn settled(&self, attempts: &[AttemptId]) {
        let mut table = self.lock();
        for attempt in attempts {
            match table.entries.get(attempt) {
                Some(Entry::Finished(_)) => table.forget(*attempt),
                Some(Entry::Running { stop }) => tell(stop, StopReason::Unwanted),
                None => {}
            }
        }
        drop(table);
        self.changed.notify_waiters();
    }

    /// The run asked to stop the attempt. One that is not here may come yet.
    pub(super) fn stop(&self, attempt: AttemptId) {
        let mut table = self.lock();
        match table.entries.get(&attempt) {
            Some(Entry::Running { stop }) => tell(stop, StopReason::Requested),
            Some(Entry::Finished(_)) => {}
            None => {
                if table.stops.len() == REMEMBERED_STOPS {
                    table.stops.pop_front();
                }
                table.stops.push_back(attempt);
            }
        }
    }

    /// Stops everything that runs; answers how many.
    pub(super) fn stop_all(&self) -> usize {
        let table = self.lock();
        let mut count = 0;
        for entry in table.entries.values() {
            if let Entry::Running { stop } = entry {
                tell(stop, StopReason::Shutdown);
                count += 1;
            }
        }
        count
    }

    /// Attempts that run.
    pub(super) fn running(&self) -> usize {
        self.lock().running
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().entries.is_empty()
    }

    /// Comes back when nothing runs.
    pub(super) async fn no_running(&self) {
        self.until(|table| table.running == 0).await;
    }

    /// Comes back when there is room for more outcomes.
    pub(super) async fn room(&self) {
        self.until(|table| {
            table.entries.len() - table.running < MOST_UNSETTLED && table.bytes < MOST_BYTES
        })
        .await;
    }

    async fn until(&self, condition: impl Fn(&Table) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, or a change between the two would be missed.
            changed.as_mut().enable();
            if condition(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// Takes what is to be reported now, and says when the next is due.
    pub(super) fn due(&self, most: usize) -> (Vec<DueReport>, Option<Instant>) {
        let now = Instant::now();
        let mut table = self.lock();
        let mut reports = Vec::new();
        while reports.len() < most
            && let Some(&(due, attempt)) = table.queue.keys().next()
            && due <= now
        {
            table.queue.pop_first();
            if let Some(Entry::Finished(finished)) = table.entries.get_mut(&attempt) {
                finished.due = None;
                reports.push(DueReport {
                    attempt,
                    run: finished.run,
                    messages: Arc::clone(&finished.messages),
                });
            }
        }
        let next = table.queue.keys().next().map(|(due, _)| *due);
        (reports, next)
    }

    /// These were reported: again later unless settled by then.
    pub(super) fn reported(&self, attempts: &[AttemptId]) {
        self.put_off(attempts, 2);
    }

    /// These could not be reported for now: again later, and no later for having waited.
    pub(super) fn not_reported(&self, attempts: &[AttemptId]) {
        self.put_off(attempts, 1);
    }

    fn put_off(&self, attempts: &[AttemptId], growth: u32) {
        let mut guard = self.lock();
        let table = &mut *guard;
        for attempt in attempts {
            if let Some(Entry::Finished(finished)) = table.entries.get_mut(attempt) {
                let due = Instant::now() + finished.delay;
                finished.due = Some(due);
                finished.delay = (finished.delay * growth).min(LONGEST_DELAY);
                table.queue.insert((due, *attempt), ());
            }
        }
        drop(guard);
        self.reportable.notify_one();
    }
}

impl Table {
    fn forget(&mut self, attempt: AttemptId) {
        match self.entries.remove(&attempt) {
            Some(Entry::Running { .. }) => self.running -= 1,
            Some(Entry::Finished(finished)) => {
                self.bytes -= finished.bytes;
                if let Some(due) = finished.due {
                    self.queue.remove(&(due, attempt));
                }
            }
            None => {}
        }
    }
}

/// The first reason stands, except that shutting down and being unwanted leave nothing to report.
fn tell(stop: &watch::Sender<Option<StopReason>>, reason: StopReason) {
    stop.send_if_modified(|current| {
        let changes = current.is_none();
        if changes {
            *current = Some(reason);
        }
        changes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(n: u128) -> AttemptId {
        AttemptId(uuid::Uuid::from_u128(n))
    }

    fn run() -> RunId {
        RunId(uuid::Uuid::nil())
    }

    #[tokio::test]
    async fn an_outcome_is_reported_again_with_growing_delay_until_settled() {
        let holdings = Holdings::default();
        let first = Duration::from_millis(2);
        drop(holdings.begin(attempt(1)));
        assert_eq!(holdings.running(), 1);
        let message = vec![Bytes::from_static(b"x")];
        holdings.finish(attempt(1), run(), message, first);
        assert_eq!(holdings.running(), 0);
        for factor in [1, 2, 4, 8] {
            let (reports, _) = holdings.due(10);
            assert_eq!(reports.len(), 1);
            assert_eq!(reports[0].attempt, attempt(1));
            // Under way: not due a second time.
            assert!(holdings.due(10).0.is_empty());
            let before = Instant::now();
            holdings.reported(&[attempt(1)]);
            let next = holdings.lock().queue.keys().next().map(|(due, _)| *due);
            assert!(next.unwrap() - before >= first * factor);
            tokio::time::sleep_until(next.unwrap()).await;
        }
        holdings.settled(&[attempt(1)]);
        assert!(holdings.is_empty());
        assert!(holdings.due(10).0.is_empty());
    }

    #[test]
    fn a_stop_that_came_before_the_attempt_is_remembered() {
        let holdings = Holdings::default();
        holdings.stop(attempt(1));
        assert_eq!(
            *holdings.begin(attempt(1)).borrow(),
            Some(StopReason::Requested)
        );
        assert_eq!(*holdings.begin(attempt(2)).borrow(), None);
    }

    #[test]
    fn a_running_attempt_that_nobody_wants_is_stopped_quietly() {
        let holdings = Holdings::default();
        let signal = holdings.begin(attempt(1));
        holdings.settled(&[attempt(1), attempt(9)]);
        assert_eq!(*signal.borrow(), Some(StopReason::Unwanted));
        holdings.abandon(attempt(1));
        assert!(holdings.is_empty());
    }
}
