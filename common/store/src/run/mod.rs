//! The event log of runs on PostgreSQL.
//!
//! Owns the statements over `run`, `run_event`, `run_snapshot`, `execution` and `inbox`. The contract
//! is the port's. Failures of one run inside a batch stay that run's; failures of the database are
//! the whole call's.

mod append;
mod carried;
mod load;
mod open;

pub(crate) use load::stored_event;
pub(crate) use open::open;

use crate::columns::{InboxColumns, int, ord};
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::slot;
use crate::time;
use async_trait::async_trait;
use attune_port::{
    Append, AppendError, InboxCommand, NewInboxCommand, NewRun, OpenOutcome, RunStore, Snapshot,
    StoreError, StoredEvent, StoredRun,
};
use attune_types::{AttemptId, ExecutionId, ExecutionStatus, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

fn shard_numbers(shards: &[u16]) -> Vec<i16> {
    shards
        .iter()
        .map(|shard| i16::try_from(*shard).unwrap_or(i16::MAX))
        .collect()
}

/// The attempts of the run above that may wait for a run. Read as text: what is put aside may be broken.
async fn waiting_above(
    connection: &mut PgConnection,
    run: RunId,
) -> Result<BTreeSet<AttemptId>, StoreError> {
    let mut waiting = BTreeSet::from([AttemptId(run.uuid())]);
    let row = sqlx::query(include_str!("waiting_above.sql"))
        .bind(run.uuid())
        .fetch_optional(connection)
        .await
        .store()?;
    let Some(row) = row else {
        return Ok(waiting);
    };
    let execution: Option<String> = row.try_get("execution").store()?;
    let number: Option<String> = row.try_get("number").store()?;
    let execution = execution.and_then(|text| text.parse::<ExecutionId>().ok());
    let number = number.and_then(|text| text.parse::<u32>().ok());
    waiting.extend(execution.zip(number).map(|(it, number)| it.attempt(number)));
    let attempts: Vec<String> = row.try_get("attempts").store()?;
    waiting.extend(
        attempts
            .iter()
            .filter_map(|text| text.parse::<AttemptId>().ok()),
    );
    Ok(waiting)
}

#[async_trait]
impl RunStore for PgStore {
    async fn open(&self, runs: Vec<NewRun>) -> Result<Vec<OpenOutcome>, StoreError> {
        let runs: Vec<&NewRun> = runs.iter().collect();
        if runs.iter().all(|run| run.carried.events.is_empty()) {
            // One statement is one transaction; the second one only reads.
            let mut connection = self.engine.acquire().await.store()?;
            return open(&mut connection, self.shards, &runs).await;
        }
        let mut transaction = self.engine.begin().await.store()?;
        let outcomes = open(&mut transaction, self.shards, &runs).await?;
        transaction.commit().await.store()?;
        Ok(outcomes)
    }

    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Vec<RunId>, AppendError>> {
        append::append(self, batch).await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<StoredRun>, StoreError> {
        load::load(self, runs).await
    }

    async fn events(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query(include_str!("../read/history.sql"))
            .bind(run.uuid())
            .bind(int(after))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter().map(stored_event).collect()
    }

    async fn inbox(&self, run: RunId) -> Result<Vec<InboxCommand>, StoreError> {
        let commands = load::inbox(self, &[run.uuid()]).await?;
        Ok(commands.into_iter().map(|(_, command)| command).collect())
    }

    async fn active(
        &self,
        shards: &[u16],
        after: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError> {
        let rows = sqlx::query(include_str!("active.sql"))
            .bind(shard_numbers(shards))
            .bind(after.map_or(Uuid::nil(), |run| run.uuid()))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|row| row.try_get("id").map(RunId).store())
            .collect()
    }

    async fn due(
        &self,
        shards: &[u16],
        grace: Duration,
        limit: u32,
    ) -> Result<Vec<(RunId, Duration)>, StoreError> {
        let rows = sqlx::query(include_str!("due.sql"))
            .bind(shard_numbers(shards))
            .bind(time::seconds(grace))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let id: Uuid = row.try_get("id").store()?;
                let late: f64 = row.try_get("late").store()?;
                Ok((RunId(id), time::duration(late)))
            })
            .collect()
    }

    async fn next_wake(&self, shards: &[u16]) -> Result<Option<Duration>, StoreError> {
        let row = sqlx::query(include_str!("next_wake.sql"))
            .bind(shard_numbers(shards))
            .fetch_one(&self.engine)
            .await
            .store()?;
        let wait: Option<f64> = row.try_get("wait").store()?;
        Ok(wait.map(time::duration))
    }

    async fn send(&self, commands: Vec<NewInboxCommand>) -> Result<(), StoreError> {
        if commands.is_empty() {
            return Ok(());
        }
        let mut columns = InboxColumns::default();
        for (n, command) in commands.iter().enumerate() {
            let text = json::encode(&command.command)?;
            columns.push(ord(n), command, text);
        }
        columns
            .bind(sqlx::query(include_str!("send.sql")))
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn standing(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<RunId, ExecutionStatus>, StoreError> {
        let ids: Vec<Uuid> = runs.iter().map(RunId::uuid).collect();
        let rows = sqlx::query(include_str!("standing.sql"))
            .bind(ids)
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let id: Uuid = row.try_get("id").store()?;
                let status: String = row.try_get("status").store()?;
                let status = status.parse().map_err(|_| {
                    StoreError::Corrupt(format!("the run {id} has the status `{status}`"))
                })?;
                Ok((RunId(id), status))
            })
            .collect()
    }

    async fn snapshot(&self, run: RunId, snapshot: Snapshot) -> Result<(), StoreError> {
        json::check(&snapshot.data)?;
        sqlx::query(include_str!("snapshot.sql"))
            .bind(run.uuid())
            .bind(int(snapshot.seq))
            .bind(i32::from(snapshot.version))
            .bind(json::text(&snapshot.data))
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn drop_snapshots(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = runs.iter().map(RunId::uuid).collect();
        sqlx::query(include_str!("drop_snapshots.sql"))
            .bind(ids)
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn quarantine(&self, run: RunId, reason: &str) -> Result<(), StoreError> {
        let mut transaction = self.engine.begin().await.store()?;
        let mut ids = Vec::new();
        let mut commands = Vec::new();
        for attempt in waiting_above(&mut transaction, run).await? {
            let told = NewInboxCommand::end_of_unreadable(run, attempt, reason);
            ids.push(told.id);
            commands.push(json::encode(&told.command)?);
        }
        sqlx::query(include_str!("quarantine.sql"))
            .bind(run.uuid())
            .bind(reason.replace('\0', "\u{FFFD}"))
            .bind(ids)
            .bind(commands)
            .execute(&mut *transaction)
            .await
            .store()?;
        let line = slot::line_of(&mut transaction, run).await?;
        slot::free(&mut transaction, &line).await?;
        transaction.commit().await.store()
    }

    async fn shards(&self) -> Result<u16, StoreError> {
        Ok(self.shards)
    }
}
