//! Loading runs as they stand: snapshot, events after it, inbox.
//!
//! Three statements whatever the number of runs. The log only grows, so reading them one after the
//! other gives a state that was true when the events were read; a command of the inbox that a later
//! event answers adds nothing when it is decided again. A command that cannot be read is put aside
//! with the reason and logged: it stops only itself.

use crate::columns::uint;
use crate::error::Failure as _;
use crate::pool::PgStore;
use crate::time::time;
use attune_flow::run::Command;
use attune_port::{InboxCommand, Snapshot, StoreError, StoredEvent, StoredRun};
use attune_types::{JsonValue, ProgramHash, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use uuid::Uuid;

fn snapshot(row: &PgRow) -> Result<Option<Snapshot>, StoreError> {
    let Some(seq) = row.try_get::<Option<i64>, _>("snapshot_seq").store()? else {
        return Ok(None);
    };
    let version: i32 = row.try_get("snapshot_version").store()?;
    Ok(Some(Snapshot {
        seq: uint(seq),
        version: u16::try_from(version).unwrap_or(u16::MAX),
        data: row.try_get("snapshot_data").store()?,
    }))
}

pub(crate) fn stored_event(row: &PgRow) -> Result<StoredEvent, StoreError> {
    let version: i32 = row.try_get("version").store()?;
    Ok(StoredEvent {
        seq: uint(row.try_get("seq").store()?),
        at: time(row, "at")?,
        kind: row.try_get("kind").store()?,
        version: u16::try_from(version).unwrap_or(u16::MAX),
        data: row.try_get("data").store()?,
    })
}

pub(crate) async fn load(store: &PgStore, runs: &[RunId]) -> Result<Vec<StoredRun>, StoreError> {
    let ids: Vec<Uuid> = runs.iter().map(RunId::uuid).collect();
    let mut found: BTreeMap<Uuid, StoredRun> = BTreeMap::new();
    for row in sqlx::query(include_str!("load_runs.sql"))
        .bind(&ids)
        .fetch_all(&store.engine)
        .await
        .store()?
    {
        let id: Uuid = row.try_get("id").store()?;
        let shard: i16 = row.try_get("shard").store()?;
        found.insert(
            id,
            StoredRun {
                run: RunId(id),
                shard: u16::try_from(shard).unwrap_or(0),
                program: ProgramHash(row.try_get("program").store()?),
                snapshot: snapshot(&row)?,
                events: Vec::new(),
                inbox: Vec::new(),
            },
        );
    }
    let known: Vec<Uuid> = found.keys().copied().collect();
    let after: Vec<i64> = found
        .values()
        .map(|run| {
            run.snapshot
                .as_ref()
                .map_or(0, |s| crate::columns::int(s.seq))
        })
        .collect();
    for row in sqlx::query(include_str!("load_events.sql"))
        .bind(&known)
        .bind(after)
        .fetch_all(&store.engine)
        .await
        .store()?
    {
        let id: Uuid = row.try_get("run_id").store()?;
        if let Some(run) = found.get_mut(&id) {
            run.events.push(stored_event(&row)?);
        }
    }
    for (run, command) in inbox(store, &known).await? {
        if let Some(run) = found.get_mut(&run) {
            run.inbox.push(command);
        }
    }
    // In the order asked for.
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The commands that wait for these runs, oldest first.
pub(crate) async fn inbox(
    store: &PgStore,
    runs: &[Uuid],
) -> Result<Vec<(Uuid, InboxCommand)>, StoreError> {
    let mut commands = Vec::new();
    let mut unreadable: (Vec<Uuid>, Vec<String>) = Default::default();
    for row in sqlx::query(include_str!("load_inbox.sql"))
        .bind(runs)
        .fetch_all(&store.engine)
        .await
        .store()?
    {
        let run: Uuid = row.try_get("run_id").store()?;
        let id: Uuid = row.try_get("id").store()?;
        let command: JsonValue = row.try_get("command").store()?;
        match serde_json::from_value::<Command>(command) {
            Ok(command) => commands.push((run, InboxCommand { id, command })),
            Err(error) => {
                tracing::error!(run = %run, command = %id, %error, "a stored command cannot be read; it is put aside");
                unreadable.0.push(id);
                unreadable.1.push(error.to_string());
            }
        }
    }
    if !unreadable.0.is_empty() {
        sqlx::query(include_str!("put_aside.sql"))
            .bind(unreadable.0)
            .bind(unreadable.1)
            .execute(&store.engine)
            .await
            .store()?;
    }
    Ok(commands)
}
