//! What cannot be stored is refused, and times are cut to microseconds, as a database does.

use super::micros;
use attune_flow::run::ExecutionRow;
use attune_port::{Append, CarriedHistory, NewRun, StoreError, StoredEvent};
use attune_rules::TriggerEvent;
use attune_types::{JsonValue, find_nul};

/// Refuses NUL.
pub(super) fn value(value: &JsonValue) -> Result<(), StoreError> {
    find_nul(value).map_or(Ok(()), |found| Err(StoreError::Invalid(found.to_string())))
}

/// Refuses NUL.
pub(super) fn text(text: &str) -> Result<(), StoreError> {
    value(&JsonValue::from(text))
}

/// Refuses NUL anywhere in one of our types.
pub(super) fn typed<T: serde::Serialize>(thing: &T) -> Result<(), StoreError> {
    let json = serde_json::to_value(thing).map_err(|e| StoreError::Invalid(e.to_string()))?;
    value(&json)
}

pub(super) fn event(event: &StoredEvent) -> Result<StoredEvent, StoreError> {
    text(&event.kind)?;
    value(&event.data)?;
    Ok(StoredEvent {
        at: micros(event.at),
        ..event.clone()
    })
}

pub(super) fn row(row: &ExecutionRow) -> Result<ExecutionRow, StoreError> {
    typed(row)?;
    Ok(ExecutionRow {
        created_at: micros(row.created_at),
        started_at: row.started_at.map(micros),
        ended_at: row.ended_at.map(micros),
        ..row.clone()
    })
}

/// Everything of an append that can be refused as a value.
pub(super) fn append(append: &Append) -> Result<(Vec<StoredEvent>, Vec<ExecutionRow>), StoreError> {
    gapless(append.after_seq.saturating_add(1), &append.events)?;
    for command in &append.inbox {
        typed(&command.command)?;
    }
    for emitted in &append.emitted {
        trigger_event(&emitted.event)?;
    }
    Ok((
        append.events.iter().map(event).collect::<Result<_, _>>()?,
        append.rows.iter().map(row).collect::<Result<_, _>>()?,
    ))
}

/// Refuses events that do not follow one another from that number on.
fn gapless(first: u64, events: &[StoredEvent]) -> Result<(), StoreError> {
    for (expected, event) in (first..).zip(events) {
        if event.seq != expected {
            return Err(StoreError::Invalid(format!(
                "event {} stands where event {expected} belongs",
                event.seq
            )));
        }
    }
    Ok(())
}

pub(super) fn new_run(new: &NewRun) -> Result<NewRun, StoreError> {
    if new.event.seq != 1 {
        return Err(StoreError::Invalid("a run opens with event 1".to_owned()));
    }
    gapless(2, &new.carried.events)?;
    typed(&new.header)?;
    if let Some(key) = &new.key {
        text(&key.key)?;
    }
    Ok(NewRun {
        header: new.header.clone(),
        event: event(&new.event)?,
        row: row(&new.row)?,
        key: new.key.clone(),
        carried: CarriedHistory {
            events: new
                .carried
                .events
                .iter()
                .map(event)
                .collect::<Result<_, _>>()?,
            rows: new.carried.rows.iter().map(row).collect::<Result<_, _>>()?,
        },
    })
}

pub(super) fn trigger_event(event: &TriggerEvent) -> Result<TriggerEvent, StoreError> {
    typed(event)?;
    Ok(TriggerEvent {
        at: micros(event.at),
        ..event.clone()
    })
}
