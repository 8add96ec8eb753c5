//! Trigger events and the delivery log in memory.

use super::{MemoryStore, check, page, since};
use async_trait::async_trait;
use attune_port::{
    EnforcementFilter, EnforcementRow, EventFilter, EventRow, EventStore, Ingest, Ingested,
    NewEnforcement, NewEvent, OpenOutcome, Page, PageRequest, RecordedEvent, StoreError,
};
use attune_rules::{Explanation, Reason, TriggerEvent};
use attune_types::{EventId, Ref, RunId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Events {
    events: BTreeMap<EventId, EventRow>,
    keys: BTreeMap<(Ref, String), EventId>,
    enforcements: Vec<EnforcementRow>,
    guards: BTreeMap<(Ref, String), RunId>,
}

impl Events {
    /// Stores an event that was checked.
    pub(super) fn record(&mut self, event: TriggerEvent, now: Timestamp) -> RecordedEvent {
        if self.events.contains_key(&event.id) {
            return RecordedEvent::Duplicate { of: event.id };
        }
        if let Some(text) = &event.dedupe {
            let key = (event.trigger.clone(), text.clone());
            if let Some(of) = self.keys.get(&key) {
                return RecordedEvent::Duplicate { of: *of };
            }
            self.keys.insert(key, event.id);
        }
        self.events.insert(
            event.id,
            EventRow {
                event,
                received_at: now,
                processed_at: None,
            },
        );
        RecordedEvent::New
    }
}

fn check_enforcement(enforcement: &NewEnforcement) -> Result<NewEnforcement, StoreError> {
    check::typed(&enforcement.explanation)?;
    let mut checked = enforcement.clone();
    if let Some(new) = &enforcement.run {
        checked.run = Some(Box::new(check::new_run(new)?));
    }
    Ok(checked)
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn record(&self, events: Vec<NewEvent>) -> Result<Vec<RecordedEvent>, StoreError> {
        let events = events
            .iter()
            .map(|new| check::trigger_event(&new.event))
            .collect::<Result<Vec<_>, _>>()?;
        let mut state = self.lock();
        let now = self.now();
        Ok(events
            .into_iter()
            .map(|event| state.events.record(event, now))
            .collect())
    }

    async fn ingest(&self, batch: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        let mut checked = Vec::with_capacity(batch.len());
        for entry in &batch {
            let enforcements = entry
                .enforcements
                .iter()
                .map(check_enforcement)
                .collect::<Result<Vec<_>, _>>()?;
            checked.push((check::trigger_event(&entry.event)?, enforcements));
        }
        let mut state = self.lock();
        let now = self.now();
        let mut answers = Vec::with_capacity(checked.len());
        for (event, enforcements) in checked {
            state.events.record(event.clone(), now);
            let taken = state
                .events
                .events
                .get_mut(&event.id)
                .filter(|row| row.processed_at.is_none());
            let Some(row) = taken else {
                answers.push(Ingested::Already);
                continue;
            };
            row.processed_at = Some(now);
            let mut opened = Vec::new();
            for new in enforcements {
                let mut fired = new.fired;
                let mut explanation = new.explanation;
                let mut run = new.run.filter(|_| fired);
                if let (Some(text), Some(wanted)) = (&new.dedupe, &run) {
                    let key = (new.rule.clone(), text.clone());
                    let wanted = wanted.header.run;
                    let held = state.events.guards.get(&key).copied();
                    if held.is_some_and(|held| held != wanted && state.runs.is_active(held)) {
                        fired = false;
                        run = None;
                        explanation = Explanation {
                            reason: Reason::Deduplicated,
                            message: format!("an active run of this rule holds `{text}`"),
                            ..explanation
                        };
                    } else {
                        state.events.guards.insert(key, wanted);
                    }
                }
                let run = run.map(|new| {
                    let id = new.header.run;
                    if state.runs.open(*new, self.shards, now) == OpenOutcome::Created {
                        opened.push(id);
                    }
                    id
                });
                state.events.enforcements.push(EnforcementRow {
                    id: new.id,
                    event: event.id,
                    trigger: event.trigger.clone(),
                    rule: new.rule,
                    fired,
                    reason: explanation.reason.as_str().to_owned(),
                    explanation,
                    run,
                    at: now,
                });
            }
            answers.push(Ingested::Done { opened });
        }
        Ok(answers)
    }

    async fn pending(&self, grace: Duration, limit: u32) -> Result<Vec<TriggerEvent>, StoreError> {
        let state = self.lock();
        let now = self.now();
        let mut waiting: Vec<&EventRow> = state
            .events
            .events
            .values()
            .filter(|row| row.processed_at.is_none() && since(now, row.received_at) >= grace)
            .collect();
        waiting.sort_by_key(|row| (row.received_at, row.event.id));
        Ok(waiting
            .into_iter()
            .take(limit as usize)
            .map(|row| row.event.clone())
            .collect())
    }

    async fn get(&self, ids: &[EventId]) -> Result<Vec<EventRow>, StoreError> {
        let state = self.lock();
        Ok(ids
            .iter()
            .filter_map(|id| state.events.events.get(id).cloned())
            .collect())
    }

    async fn list(
        &self,
        filter: &EventFilter,
        request: &PageRequest,
    ) -> Result<Page<EventRow>, StoreError> {
        let rows = self
            .lock()
            .events
            .events
            .values()
            .filter(|row| {
                filter
                    .trigger
                    .as_ref()
                    .is_none_or(|t| *t == row.event.trigger)
            })
            .cloned()
            .collect();
        page::page(rows, request, true, |row: &EventRow| {
            (
                row.received_at.as_microsecond(),
                row.event.id.uuid().as_u128(),
            )
        })
    }

    async fn enforcements(
        &self,
        filter: &EnforcementFilter,
        request: &PageRequest,
    ) -> Result<Page<EnforcementRow>, StoreError> {
        let rows = self
            .lock()
            .events
            .enforcements
            .iter()
            .filter(|row| {
                filter.event.is_none_or(|event| event == row.event)
                    && filter.rule.as_ref().is_none_or(|rule| *rule == row.rule)
                    && filter.fired.is_none_or(|fired| fired == row.fired)
            })
            .cloned()
            .collect();
        page::page(rows, request, true, |row: &EnforcementRow| {
            (row.at.as_microsecond(), row.id.uuid().as_u128())
        })
    }
}
