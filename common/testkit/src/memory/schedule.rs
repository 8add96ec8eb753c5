//! Timers and sensor cursors in memory.

use super::{MemoryStore, check, micros};
use async_trait::async_trait;
use attune_port::{ScheduleRow, ScheduleStore, SensorStatus, StoreError, Tick};
use attune_types::{JsonValue, Ref, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Schedules {
    rows: BTreeMap<String, ScheduleRow>,
    ticks: BTreeSet<(String, Timestamp)>,
    cursors: BTreeMap<Ref, JsonValue>,
    statuses: BTreeMap<Ref, SensorStatus>,
}

impl Schedules {
    fn row(&mut self, key: &str, next_at: Timestamp) -> &mut ScheduleRow {
        self.rows
            .entry(key.to_owned())
            .or_insert_with(|| ScheduleRow {
                key: key.to_owned(),
                count: 0,
                last_at: None,
                next_at: micros(next_at),
            })
    }
}

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn schedules(
        &self,
        wanted: &[(String, Timestamp)],
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let mut state = self.lock();
        let mut seen = BTreeSet::new();
        Ok(wanted
            .iter()
            .filter(|(key, _)| seen.insert(key))
            .map(|(key, at)| state.schedules.row(key, *at).clone())
            .collect())
    }

    async fn tick(&self, ticks: Vec<Tick>) -> Result<Vec<bool>, StoreError> {
        let events = ticks
            .iter()
            .map(|tick| check::trigger_event(&tick.event.event))
            .collect::<Result<Vec<_>, _>>()?;
        let mut state = self.lock();
        let now = self.now();
        Ok(ticks
            .into_iter()
            .zip(events)
            .map(|(tick, event)| {
                let at = micros(tick.at);
                if !state.schedules.ticks.insert((tick.key.clone(), at)) {
                    return false;
                }
                let row = state.schedules.row(&tick.key, tick.next_at);
                row.count += 1;
                if row.last_at.is_none_or(|last| last < at) {
                    row.last_at = Some(at);
                    row.next_at = micros(tick.next_at);
                }
                state.events.record(event, now);
                true
            })
            .collect())
    }

    async fn skip_to(&self, key: &str, next_at: Timestamp) -> Result<(), StoreError> {
        if let Some(row) = self.lock().schedules.rows.get_mut(key) {
            row.next_at = micros(next_at);
        }
        Ok(())
    }

    async fn cursor(&self, sensor: &Ref) -> Result<Option<JsonValue>, StoreError> {
        Ok(self.lock().schedules.cursors.get(sensor).cloned())
    }

    async fn save_cursor(&self, sensor: &Ref, cursor: JsonValue) -> Result<(), StoreError> {
        check::value(&cursor)?;
        self.lock().schedules.cursors.insert(sensor.clone(), cursor);
        Ok(())
    }

    async fn save_status(&self, status: SensorStatus) -> Result<(), StoreError> {
        let status = SensorStatus {
            at: micros(status.at),
            message: status.message.map(|text| text.replace('\0', "\u{FFFD}")),
            ..status
        };
        self.lock()
            .schedules
            .statuses
            .insert(status.sensor.clone(), status);
        Ok(())
    }

    async fn statuses(&self) -> Result<Vec<SensorStatus>, StoreError> {
        Ok(self.lock().schedules.statuses.values().cloned().collect())
    }
}
