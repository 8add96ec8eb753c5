//! Live notices: one subscription per process, handed to whoever watches a run here.
//!
//! Notices are lossy and only wake: what happened is read from the log. Without a broker the
//! watchers' own timers are left.

use attune_port::{Address, Bus};
use attune_types::RunId;
use attune_wire::LiveNotice;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Notices taken at a time.
const PREFETCH: u16 = 1_000;

#[derive(Clone, Default)]
pub(crate) struct Live {
    watched: Arc<Mutex<HashMap<RunId, Watched>>>,
}

#[derive(Default)]
struct Watched {
    wakers: Vec<(u64, Arc<Notify>)>,
    next: u64,
}

/// Somebody's watch on a run; ends when it is dropped.
pub(crate) struct Watch {
    live: Live,
    run: RunId,
    number: u64,
    woken: Arc<Notify>,
}

impl Live {
    /// Starts listening until `stop`.
    pub(crate) fn start(bus: Arc<dyn Bus>, stop: CancellationToken) -> Self {
        let live = Self::default();
        let listener = live.clone();
        tokio::spawn(async move {
            let listening = listener.listen(bus);
            tokio::select! {
                () = stop.cancelled() => {}
                () = listening => {}
            }
        });
        live
    }

    async fn listen(&self, bus: Arc<dyn Bus>) {
        let mut notices = match bus.subscribe(Address::Live, PREFETCH).await {
            Ok(notices) => notices,
            Err(error) => {
                tracing::warn!(%error, "no live notices; watchers look by themselves");
                return;
            }
        };
        while let Some(delivery) = notices.next().await {
            match attune_wire::decode::<LiveNotice>(&delivery.body) {
                Ok(records) => {
                    for notice in records.into_iter().flatten() {
                        self.wake(notice.body.run);
                    }
                }
                Err(error) => tracing::debug!(%error, "a live notice cannot be read"),
            }
            // Lossy: there is nothing to settle, and nothing to do if that fails.
            drop(delivery.ack().await);
        }
    }

    fn wake(&self, run: RunId) {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = watched.get(&run) {
            for (_, woken) in &watched.wakers {
                woken.notify_one();
            }
        }
    }

    /// Watches a run from now on.
    pub(crate) fn watch(&self, run: RunId) -> Watch {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = watched.entry(run).or_default();
        let number = entry.next;
        entry.next += 1;
        let woken = Arc::new(Notify::new());
        entry.wakers.push((number, Arc::clone(&woken)));
        Watch {
            live: self.clone(),
            run,
            number,
            woken,
        }
    }
}

impl Watch {
    /// Returns after a notice that came since the last call.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self
            .live
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = all.get_mut(&self.run) {
            entry.wakers.retain(|(number, _)| *number != self.number);
            if entry.wakers.is_empty() {
                all.remove(&self.run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_its_own_watchers_and_forgets_those_that_left() {
        let live = Live::default();
        let (a, b) = (
            RunId(uuid::Uuid::from_u128(1)),
            RunId(uuid::Uuid::from_u128(2)),
        );
        let (first, second) = (live.watch(a), live.watch(a));
        live.wake(b);
        live.wake(a);
        first.woken().await;
        second.woken().await;
        drop(first);
        assert_eq!(
            live.watched.lock().unwrap().get(&a).unwrap().wakers.len(),
            1
        );
        drop(second);
        assert!(live.watched.lock().unwrap().is_empty());
    }
}
