//! Reporting outcomes to the shards of their runs, until they are settled.
//!
//! Owns the sending. What is due goes out at once, gathered by shard; meanwhile the next gathers.
//! Called by `Worker::run`. Failure: whatever was not confirmed is due again later, as is whatever
//! was confirmed and is not settled by then: the shard's owner may have lost it.

use super::Shared;
use super::holdings::DueReport;
use attune_port::Address;
use attune_types::AttemptId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Outcomes in one round.
const ROUND: usize = 1_000;
/// Publishes under way at the same time.
const AT_ONCE: usize = 16;

pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut sending: JoinSet<()> = JoinSet::new();
    loop {
        let (reports, next) = if sending.len() < AT_ONCE {
            shared.holdings.due(ROUND)
        } else {
            (Vec::new(), None)
        };
        for (shard, reports) in by_shard(reports, shared.deps.shards) {
            sending.spawn(send(Arc::clone(&shared), shard, reports));
        }
        let full = sending.len() >= AT_ONCE;
        let next_due = async {
            match next {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
            () = shared.holdings.reportable.notified(), if !full => {}
            () = next_due, if !full => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

fn by_shard(reports: Vec<DueReport>, shards: u16) -> BTreeMap<u16, Vec<DueReport>> {
    let mut groups: BTreeMap<u16, Vec<DueReport>> = BTreeMap::new();
    for report in reports {
        groups
            .entry(report.run.shard(shards))
            .or_default()
            .push(report);
    }
    groups
}

async fn send(shared: Arc<Shared>, shard: u16, reports: Vec<DueReport>) {
    let attempts: Vec<AttemptId> = reports.iter().map(|report| report.attempt).collect();
    let messages = reports
        .iter()
        .flat_map(|report| report.messages.iter().cloned())
        .collect();
    let published = shared.deps.bus.publish(Address::Shard(shard), messages);
    match published.await {
        Ok(()) => shared.holdings.reported(&attempts),
        Err(error) => {
            tracing::warn!(%error, count = attempts.len(), "outcomes not reported; again later");
            shared.holdings.not_reported(&attempts);
        }
    }
}
