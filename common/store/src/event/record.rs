//! Storing trigger events once.
//!
//! Called by the port and by the timers, inside their transaction. An event that exists already, by
//! its id or by its dedupe text, changes nothing and is answered with the id of the one that exists.

use crate::columns::{TriggerColumns, ord};
use crate::error::Failure as _;
use attune_port::{RecordedEvent, StoreError};
use attune_rules::TriggerEvent;
use attune_types::EventId;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Inserts what is new; answers the ids of those.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    events: &[&TriggerEvent],
    for_matching: bool,
) -> Result<BTreeSet<EventId>, StoreError> {
    let mut columns = TriggerColumns::default();
    for (n, event) in events.iter().enumerate() {
        TriggerColumns::check(event)?;
        columns.push(ord(n), event);
    }
    let rows = columns
        .bind(sqlx::query(include_str!("record.sql")))
        .bind(for_matching)
        .fetch_all(connection)
        .await
        .store()?;
    rows.iter()
        .map(|row| row.try_get("id").map(EventId).store())
        .collect()
}

/// Which event each entry is a duplicate of: the holder of its dedupe text, or itself.
pub(crate) async fn holders(
    connection: &mut PgConnection,
    events: &[&TriggerEvent],
) -> Result<Vec<EventId>, StoreError> {
    let keys: Vec<(String, String)> = events
        .iter()
        .filter_map(|event| Some((event.trigger.as_str().to_owned(), event.dedupe.clone()?)))
        .collect();
    let mut held: BTreeMap<(String, String), EventId> = BTreeMap::new();
    if !keys.is_empty() {
        let (triggers, texts): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        for row in sqlx::query(include_str!("holders.sql"))
            .bind(triggers)
            .bind(texts)
            .fetch_all(connection)
            .await
            .store()?
        {
            let key = (
                row.try_get("trigger_ref").store()?,
                row.try_get("dedupe").store()?,
            );
            let id: Uuid = row.try_get("event_id").store()?;
            held.insert(key, EventId(id));
        }
    }
    Ok(events
        .iter()
        .map(|event| {
            event
                .dedupe
                .as_ref()
                .and_then(|text| held.get(&(event.trigger.as_str().to_owned(), text.clone())))
                .copied()
                .unwrap_or(event.id)
        })
        .collect())
}

/// Stores events for matching; answers in order.
pub(crate) async fn record(
    connection: &mut PgConnection,
    events: &[&TriggerEvent],
) -> Result<Vec<RecordedEvent>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let mut fresh = insert(connection, events, true).await?;
    if fresh.len() == events.len() {
        return Ok(vec![RecordedEvent::New; events.len()]);
    }
    let holders = holders(connection, events).await?;
    Ok(events
        .iter()
        .zip(holders)
        .map(|(event, of)| {
            // Of several entries with one id only the first was new.
            if fresh.remove(&event.id) {
                RecordedEvent::New
            } else {
                RecordedEvent::Duplicate { of }
            }
        })
        .collect())
}
