//! Trigger events and the delivery log on PostgreSQL.
//!
//! Owns `event`, `event_key`, `enforcement` and `rule_guard`. Never evaluates a rule: verdicts come
//! in whole. Failure: a batch is stored in full or not at all.

mod ingest;
pub(crate) mod record;

use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::{self, sql, time, time_or_none};
use async_trait::async_trait;
use attune_port::{
    EnforcementFilter, EnforcementRow, EventFilter, EventRow, EventStore, Ingest, Ingested,
    NewEvent, Page, PageRequest, RecordedEvent, StoreError,
};
use attune_rules::TriggerEvent;
use attune_types::{EnforcementId, EventId, JsonMap, JsonValue, Ref, RunId};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row as _};
use std::time::Duration;
use uuid::Uuid;

fn reference(row: &PgRow, column: &str) -> Result<Ref, StoreError> {
    let text: String = row.try_get(column).store()?;
    json::parse("a reference", &text)
}

fn trigger_event(row: &PgRow) -> Result<TriggerEvent, StoreError> {
    let parameters: Option<JsonValue> = row.try_get("trigger_parameters").store()?;
    Ok(TriggerEvent {
        id: EventId(row.try_get("id").store()?),
        trigger: reference(row, "trigger_ref")?,
        payload: row.try_get("payload").store()?,
        at: time(row, "at")?,
        source: row.try_get("source").store()?,
        dedupe: row.try_get("dedupe").store()?,
        trigger_parameters: parameters
            .map(|value| json::decode::<JsonMap>("trigger parameters", value))
            .transpose()?,
    })
}

fn event_row(row: &PgRow) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        event: trigger_event(row)?,
        received_at: time(row, "received_at")?,
        processed_at: time_or_none(row, "processed_at")?,
    })
}

fn enforcement_row(row: &PgRow) -> Result<EnforcementRow, StoreError> {
    let run: Option<Uuid> = row.try_get("run_id").store()?;
    Ok(EnforcementRow {
        id: EnforcementId(row.try_get("id").store()?),
        event: EventId(row.try_get("event_id").store()?),
        trigger: reference(row, "trigger_ref")?,
        rule: reference(row, "rule")?,
        fired: row.try_get("fired").store()?,
        reason: row.try_get("reason").store()?,
        explanation: json::decode("an explanation", row.try_get("explanation").store()?)?,
        run: run.map(RunId),
        at: time(row, "at")?,
    })
}

#[async_trait]
impl EventStore for PgStore {
    async fn record(&self, events: Vec<NewEvent>) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut connection = self.engine.acquire().await.store()?;
        let events: Vec<&TriggerEvent> = events.iter().map(|new| &new.event).collect();
        record::record(&mut connection, &events).await
    }

    async fn ingest(&self, batch: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        ingest::ingest(self, batch).await
    }

    async fn pending(&self, grace: Duration, limit: u32) -> Result<Vec<TriggerEvent>, StoreError> {
        let rows = sqlx::query(include_str!("pending.sql"))
            .bind(time::seconds(grace))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter().map(trigger_event).collect()
    }

    async fn get(&self, ids: &[EventId]) -> Result<Vec<EventRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(EventId::uuid).collect();
        let rows = sqlx::query(include_str!("get.sql"))
            .bind(ids)
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter().map(event_row).collect()
    }

    async fn list(
        &self,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<EventRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "SELECT id, at, trigger_ref, payload, source, dedupe, trigger_parameters, received_at, \
             processed_at FROM event WHERE true",
        );
        if let Some(trigger) = &filter.trigger {
            query
                .push(" AND trigger_ref = ")
                .push_bind(trigger.as_str().to_owned());
        }
        if let Some((micros, id)) = cursor::read::<(i64, Uuid)>(page)? {
            query
                .push(" AND (received_at, id) < (")
                .push_bind(sql(cursor::time(micros)?));
            query.push(", ").push_bind(id).push(")");
        }
        query
            .push(" ORDER BY received_at DESC, id DESC LIMIT ")
            .push_bind(cursor::fetch(page));
        let rows = query.build().fetch_all(&self.people).await.store()?;
        let items = rows.iter().map(event_row).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |row| {
            (row.received_at.as_microsecond(), row.event.id.uuid())
        }))
    }

    async fn enforcements(
        &self,
        filter: &EnforcementFilter,
        page: &PageRequest,
    ) -> Result<Page<EnforcementRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "SELECT id, at, event_id, trigger_ref, rule, fired, reason, explanation, run_id \
             FROM enforcement WHERE true",
        );
        if let Some(event) = filter.event {
            query.push(" AND event_id = ").push_bind(event.uuid());
        }
        if let Some(rule) = &filter.rule {
            query
                .push(" AND rule = ")
                .push_bind(rule.as_str().to_owned());
        }
        if let Some(fired) = filter.fired {
            query.push(" AND fired = ").push_bind(fired);
        }
        if let Some((micros, id)) = cursor::read::<(i64, Uuid)>(page)? {
            query
                .push(" AND (at, id) < (")
                .push_bind(sql(cursor::time(micros)?));
            query.push(", ").push_bind(id).push(")");
        }
        query
            .push(" ORDER BY at DESC, id DESC LIMIT ")
            .push_bind(cursor::fetch(page));
        let rows = query.build().fetch_all(&self.people).await.store()?;
        let items = rows
            .iter()
            .map(enforcement_row)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |row| {
            (row.at.as_microsecond(), row.id.uuid())
        }))
    }
}
