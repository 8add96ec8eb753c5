//! Timers and sensor cursors on PostgreSQL.
//!
//! Owns `schedule`, `schedule_tick`, `sensor_cursor` and `sensor_status`. A tick and the event that it
//! emits are one transaction; the key of `schedule_tick` is what keeps two sensors from ticking twice.

use crate::columns::{int, uint};
use crate::error::Failure as _;
use crate::event::record;
use crate::json;
use crate::pool::PgStore;
use crate::time::{SqlTime, sql, time, time_or_none};
use async_trait::async_trait;
use attune_port::{ScheduleRow, ScheduleStore, SensorState, SensorStatus, StoreError, Tick};
use attune_rules::TriggerEvent;
use attune_types::{JsonValue, Ref, Timestamp};
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl ScheduleStore for PgStore {
    async fn schedules(
        &self,
        wanted: &[(String, Timestamp)],
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let keys: Vec<String> = wanted.iter().map(|(key, _)| key.clone()).collect();
        keys.iter().try_for_each(|key| json::check_text(key))?;
        let mut connection = self.engine.acquire().await.store()?;
        sqlx::query(include_str!("ensure.sql"))
            .bind(&keys)
            .bind(wanted.iter().map(|(_, at)| sql(*at)).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .store()?;
        let mut found = BTreeMap::new();
        for row in sqlx::query(include_str!("read.sql"))
            .bind(&keys)
            .fetch_all(&mut *connection)
            .await
            .store()?
        {
            let key: String = row.try_get("key").store()?;
            let schedule = ScheduleRow {
                key: key.clone(),
                count: uint(row.try_get("count").store()?),
                last_at: time_or_none(&row, "last_at")?,
                next_at: time(&row, "next_at")?,
            };
            found.insert(key, schedule);
        }
        Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
    }

    async fn tick(&self, ticks: Vec<Tick>) -> Result<Vec<bool>, StoreError> {
        if ticks.is_empty() {
            return Ok(Vec::new());
        }
        for tick in &ticks {
            json::check_text(&tick.key)?;
        }
        let mut transaction = self.engine.begin().await.store()?;
        let mut fresh: BTreeSet<(String, i64)> = BTreeSet::new();
        for row in sqlx::query(include_str!("tick.sql"))
            .bind(
                ticks
                    .iter()
                    .map(|tick| tick.key.clone())
                    .collect::<Vec<_>>(),
            )
            .bind(
                ticks
                    .iter()
                    .map(|tick| sql(tick.at))
                    .collect::<Vec<SqlTime>>(),
            )
            .bind(
                ticks
                    .iter()
                    .map(|tick| sql(tick.next_at))
                    .collect::<Vec<SqlTime>>(),
            )
            .fetch_all(&mut *transaction)
            .await
            .store()?
        {
            let key: String = row.try_get("key").store()?;
            fresh.insert((key, time(&row, "at")?.as_microsecond()));
        }
        let new: Vec<bool> = ticks
            .iter()
            .map(|tick| fresh.remove(&(tick.key.clone(), tick.at.as_microsecond())))
            .collect();
        let events: Vec<&TriggerEvent> = ticks
            .iter()
            .zip(&new)
            .filter(|(_, new)| **new)
            .map(|(tick, _)| &tick.event.event)
            .collect();
        record::record(&mut transaction, &events).await?;
        transaction.commit().await.store()?;
        Ok(new)
    }

    async fn skip_to(&self, key: &str, next_at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(include_str!("skip.sql"))
            .bind(key)
            .bind(sql(next_at))
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn cursor(&self, sensor: &Ref) -> Result<Option<JsonValue>, StoreError> {
        sqlx::query(include_str!("cursor.sql"))
            .bind(sensor.as_str())
            .fetch_optional(&self.engine)
            .await
            .store()?
            .map(|row| row.try_get("cursor").store())
            .transpose()
    }

    async fn save_cursor(&self, sensor: &Ref, cursor: JsonValue) -> Result<(), StoreError> {
        json::check(&cursor)?;
        sqlx::query(include_str!("save_cursor.sql"))
            .bind(sensor.as_str())
            .bind(json::text(&cursor))
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn save_status(&self, status: SensorStatus) -> Result<(), StoreError> {
        sqlx::query(include_str!("save_status.sql"))
            .bind(status.sensor.as_str())
            .bind(status.state.as_str())
            .bind(int(status.restarts))
            .bind(
                status
                    .message
                    .map(|message| message.replace('\0', "\u{FFFD}")),
            )
            .bind(sql(status.at))
            .execute(&self.engine)
            .await
            .store()?;
        Ok(())
    }

    async fn statuses(&self) -> Result<Vec<SensorStatus>, StoreError> {
        let rows = sqlx::query(include_str!("statuses.sql"))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let sensor: String = row.try_get("sensor").store()?;
                let state: String = row.try_get("state").store()?;
                Ok(SensorStatus {
                    sensor: json::parse("a reference", &sensor)?,
                    state: [
                        SensorState::Running,
                        SensorState::Restarting,
                        SensorState::Stopped,
                    ]
                    .into_iter()
                    .find(|known| known.as_str() == state)
                    .ok_or_else(|| {
                        StoreError::Corrupt(format!("`{state}` is no state of a sensor"))
                    })?,
                    restarts: uint(row.try_get("restarts").store()?),
                    message: row.try_get("message").store()?,
                    at: time(row, "at")?,
                })
            })
            .collect()
    }
}
