//! Workers, claims and logs on PostgreSQL.
//!
//! Owns `worker`, `work_queue`, `claim` and `task_log`. A claim row is what makes an attempt run once; it is settled
//! by the append that records the attempt's end (`run/append.sql`). The database's clock decides who
//! has been silent for too long.

use crate::columns::{int, ord, uint};
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::{self, sql, time};
use async_trait::async_trait;
use attune_port::{
    ClaimRequest, LostClaim, NewLogLine, StoreError, WorkQueue, WorkStore, WorkerInfo, WorkerRow,
};
use attune_types::{AttemptId, JsonValue, Labels, RunId, WorkerId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

fn attempts(rows: &[PgRow]) -> Result<Vec<AttemptId>, StoreError> {
    rows.iter()
        .map(|row| row.try_get("attempt").map(AttemptId).store())
        .collect()
}

fn labels(row: &PgRow, column: &str) -> Result<Labels, StoreError> {
    let value: JsonValue = row.try_get(column).store()?;
    serde_json::from_value(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn uuids(attempts: &[AttemptId]) -> Vec<Uuid> {
    attempts.iter().map(AttemptId::uuid).collect()
}

#[async_trait]
impl WorkStore for PgStore {
    async fn claim(
        &self,
        worker: WorkerId,
        requests: &[ClaimRequest],
    ) -> Result<Vec<bool>, StoreError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(include_str!("claim.sql"))
            .bind(
                requests
                    .iter()
                    .map(|r| r.attempt.uuid())
                    .collect::<Vec<Uuid>>(),
            )
            .bind(requests.iter().map(|r| r.run.uuid()).collect::<Vec<Uuid>>())
            .bind(worker.uuid())
            .fetch_all(&self.engine)
            .await
            .store()?;
        let mut own: BTreeSet<AttemptId> = attempts(&rows)?.into_iter().collect();
        // Asked twice in one call it is given once.
        Ok(requests
            .iter()
            .map(|request| own.remove(&request.attempt))
            .collect())
    }

    async fn heartbeat(
        &self,
        worker: &WorkerInfo,
        holding: &[AttemptId],
    ) -> Result<Vec<AttemptId>, StoreError> {
        json::check_text(&worker.name)?;
        let rows = sqlx::query(include_str!("heartbeat.sql"))
            .bind(worker.id.uuid())
            .bind(worker.name.clone())
            .bind(worker.pools.clone())
            .bind(i64::from(worker.slots))
            .bind(uuids(holding))
            .bind(json::encode(&worker.labels)?)
            .fetch_all(&self.engine)
            .await
            .store()?;
        attempts(&rows)
    }

    async fn goodbye(&self, worker: WorkerId) -> Result<(), StoreError> {
        sqlx::query(include_str!("goodbye.sql"))
            .bind(worker.uuid())
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn lost(&self, silence: Duration, limit: u32) -> Result<Vec<LostClaim>, StoreError> {
        let rows = sqlx::query(include_str!("lost.sql"))
            .bind(time::seconds(silence))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let worker: Option<String> = row.try_get("worker").store()?;
                Ok(LostClaim {
                    attempt: AttemptId(row.try_get("attempt").store()?),
                    run: RunId(row.try_get("run_id").store()?),
                    worker: worker.unwrap_or_default(),
                    silent_for: time::duration(row.try_get("silent_for").store()?),
                })
            })
            .collect()
    }

    async fn claimed(&self, wanted: &[AttemptId]) -> Result<Vec<AttemptId>, StoreError> {
        let rows = sqlx::query(include_str!("claimed.sql"))
            .bind(uuids(wanted))
            .fetch_all(&self.engine)
            .await
            .store()?;
        attempts(&rows)
    }

    async fn offer(&self, queues: &[WorkQueue], kept: Duration) -> Result<(), StoreError> {
        if queues.is_empty() {
            return Ok(());
        }
        sqlx::query(include_str!("forget_queues.sql"))
            .bind(kept.as_secs_f64())
            .execute(&self.engine)
            .await
            .store()?;
        let selectors = queues
            .iter()
            .map(|queue| json::encode(&queue.selector))
            .collect::<Result<Vec<String>, _>>()?;
        sqlx::query(include_str!("offer.sql"))
            .bind(queues.iter().map(|q| q.name.clone()).collect::<Vec<_>>())
            .bind(queues.iter().map(|q| q.pool.clone()).collect::<Vec<_>>())
            .bind(selectors)
            .bind(kept.as_secs_f64())
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn queues(&self, pools: &[String], kept: Duration) -> Result<Vec<WorkQueue>, StoreError> {
        let rows = sqlx::query(include_str!("queues.sql"))
            .bind(pools.to_vec())
            .bind(kept.as_secs_f64())
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                Ok(WorkQueue {
                    name: row.try_get("name").store()?,
                    pool: row.try_get("pool").store()?,
                    selector: labels(row, "selector")?,
                })
            })
            .collect()
    }

    async fn log(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        // One bad line must not cost the others; the worker has replaced NUL already.
        let text = |text: &str| text.replace('\0', "\u{FFFD}");
        sqlx::query(include_str!("log.sql"))
            .bind((0..lines.len()).map(ord).collect::<Vec<i32>>())
            .bind(lines.iter().map(|l| l.run.uuid()).collect::<Vec<Uuid>>())
            .bind(
                lines
                    .iter()
                    .map(|l| l.execution.uuid())
                    .collect::<Vec<Uuid>>(),
            )
            .bind(
                lines
                    .iter()
                    .map(|l| i64::from(l.attempt))
                    .collect::<Vec<i64>>(),
            )
            .bind(lines.iter().map(|l| int(l.number)).collect::<Vec<i64>>())
            .bind(
                lines
                    .iter()
                    .map(|l| text(&l.stream))
                    .collect::<Vec<String>>(),
            )
            .bind(lines.iter().map(|l| sql(l.at)).collect::<Vec<_>>())
            .bind(lines.iter().map(|l| text(&l.text)).collect::<Vec<String>>())
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn workers(&self, within: Duration) -> Result<Vec<WorkerRow>, StoreError> {
        let rows = sqlx::query(include_str!("workers.sql"))
            .bind(time::seconds(within))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let slots: i64 = row.try_get("slots").store()?;
                let running: i64 = row.try_get("running").store()?;
                Ok(WorkerRow {
                    info: WorkerInfo {
                        id: WorkerId(row.try_get("id").store()?),
                        name: row.try_get("name").store()?,
                        pools: row.try_get("pools").store()?,
                        slots: u32::try_from(slots).unwrap_or(u32::MAX),
                        labels: labels(row, "labels")?,
                    },
                    seen_at: time(row, "seen_at")?,
                    running: u32::try_from(uint(running)).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }
}
