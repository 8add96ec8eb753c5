//! Live news for whoever watches runs: lossy, gathered for a moment, one message for many runs.

use attune_port::{Address, Bus, Clock};
use attune_types::RunId;
use attune_wire::{Envelope, LiveKind, LiveNotice};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long news gathers.
const GATHER: Duration = Duration::from_millis(10);
/// News beyond this is dropped: watchers read on from the log anyway.
const BACKLOG: usize = 10_000;

/// Takes news from the actors.
#[derive(Clone)]
pub(crate) struct Live {
    news: mpsc::Sender<LiveNotice>,
}

impl Live {
    /// Starts the gatherer; it ends when the last handle is dropped.
    pub(crate) fn start(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        let (news, mut queue) = mpsc::channel(BACKLOG);
        tokio::spawn(async move {
            while let Some(first) = queue.recv().await {
                let mut latest = HashMap::new();
                note(&mut latest, first);
                tokio::time::sleep(GATHER).await;
                while let Ok(more) = queue.try_recv() {
                    note(&mut latest, more);
                }
                let records: Vec<_> = latest
                    .into_values()
                    .map(|notice| {
                        let id = uuid::Uuid::from_bytes(clock.entropy());
                        Envelope::new(id, clock.now(), None, notice)
                    })
                    .collect();
                match attune_wire::encode(&records) {
                    Ok(message) => bus.send(Address::Live, vec![message]),
                    Err(error) => tracing::error!(%error, "live news could not be encoded"),
                }
            }
        });
        Self { news }
    }

    /// Tells of a change; drops it when too many wait.
    pub(crate) fn tell(&self, notice: LiveNotice) {
        drop(self.news.try_send(notice));
    }
}

/// Keeps the newest of each run, and that it was opened or finished if anything said so.
fn note(latest: &mut HashMap<RunId, LiveNotice>, notice: LiveNotice) {
    let entry = latest.entry(notice.run).or_insert_with(|| notice.clone());
    if notice.seq >= entry.seq {
        let finished = entry.kind == LiveKind::Finished;
        *entry = notice;
        if finished {
            entry.kind = LiveKind::Finished;
        }
    }
}
