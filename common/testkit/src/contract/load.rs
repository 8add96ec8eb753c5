//! Loading runs: snapshots, quarantine, and which runs are active.

use super::Harness;
use super::fixture::*;
use anyhow::{Context as _, Result};
use attune_flow::run::{Command, Outcome};
use attune_port::Snapshot;
use attune_types::{ExecutionId, ExecutionStatus, RunId};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Only what follows the snapshot is loaded; an older snapshot does not replace a newer one; without
/// it everything is loaded again.
pub async fn snapshot_shortens_the_load(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    commit(harness, owner.step(harness, run, 1, 4)?).await?;
    let snapshot = |seq: u64| Snapshot {
        seq,
        version: 2,
        data: json!({"z": seq, "a": "state"}),
    };
    runs.snapshot(run, snapshot(3)).await?;
    runs.snapshot(run, snapshot(2)).await?;
    let loaded = runs.load(&[run]).await?;
    assert_eq!(loaded[0].snapshot, Some(snapshot(3)));
    let seqs: Vec<u64> = loaded[0].events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [4, 5]);
    runs.drop_snapshots(&[run]).await?;
    let loaded = runs.load(&[run]).await?;
    assert_eq!(loaded[0].snapshot, None);
    assert_eq!(loaded[0].events.len(), 5);
    Ok(())
}

/// A quarantined run is abandoned, says why, and is nobody's work any more.
pub async fn quarantine_takes_a_run_out(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let run = opened(harness).await?;
    stores.runs.send(vec![command(run)]).await?;
    stores
        .runs
        .quarantine(run, "event 3 cannot be read")
        .await?;
    let shards = all_shards(harness).await?;
    assert!(stores.runs.active(&shards, None, 10).await?.is_empty());
    assert!(
        stores
            .runs
            .due(&shards, Duration::ZERO, 10)
            .await?
            .is_empty()
    );
    let row = stores.reads.execution(ExecutionId::from(run)).await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("the row is gone"))?;
    assert_eq!(row.status, ExecutionStatus::Abandoned);
    assert!(row.ended_at.is_some());
    assert!(
        row.error
            .is_some_and(|error| error.message.contains("event 3"))
    );
    Ok(())
}

/// The run that waits for a quarantined one is told once that it failed.
pub async fn quarantine_tells_the_parent(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let parent = opened(harness).await?;
    // It is named like the attempt that opened it.
    let mut new = child_run(harness, RunId(Uuid::new_v4()), parent)?;
    let above = new.header.parent.clone().context("it has a parent")?;
    let child = RunId(above.execution.attempt(above.attempt).uuid());
    new.header.run = child;
    (new.row.id, new.row.run) = (child.into(), child);
    runs.open(vec![new]).await?;
    runs.quarantine(child, "event 3 cannot be read").await?;
    runs.quarantine(child, "event 3 cannot be read").await?;
    let told = runs.inbox(parent).await?;
    assert_eq!(told.len(), 1);
    match &told[0].command {
        Command::AttemptFinished {
            attempt,
            outcome: Outcome::Failed { error, .. },
        } => {
            assert_eq!(attempt.uuid(), child.uuid());
            assert!(error.message.contains("event 3"), "{}", error.message);
        }
        other => anyhow::bail!("the parent was told {other:?}"),
    }
    Ok(())
}

/// All active runs of the shards asked for, each once, whatever the page size.
pub async fn active_runs_in_pages(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(opened(harness).await?);
    }
    let wanted: Vec<u16> = (0..8).collect();
    ids.retain(|run| wanted.contains(&run.shard(16)));
    ids.sort_unstable();
    let mut found = Vec::new();
    loop {
        let page = runs.active(&wanted, found.last().copied(), 3).await?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, ids);
    assert!(runs.active(&[], None, 10).await?.is_empty());
    Ok(())
}

/// An ended run is loaded, but is no longer active.
pub async fn terminal_run_is_not_active(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (done, open) = (opened(harness).await?, opened(harness).await?);
    commit(harness, owner.last_step(harness, done, 1)?).await?;
    let shards = all_shards(harness).await?;
    assert_eq!(runs.active(&shards, None, 10).await?, [open]);
    assert_eq!(runs.load(&[done]).await?[0].events.len(), 2);
    Ok(())
}
