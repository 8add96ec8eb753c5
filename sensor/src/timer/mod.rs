//! Timers: durable, no tick twice, no polling.
//!
//! One task for all timers that this replica owns. Sleeps until the earliest is due or the set of
//! timers changes. A tick is one transaction: the timer's row moves on and the event is stored; a
//! second replica that believes it owns the same timer gets a no.

mod spec;

pub(crate) use spec::{Spec, key};

use crate::config::SensorDeps;
use crate::emit;
use attune_port::{NewEvent, ScheduleRow, StoreError, Tick};
use attune_rules::TriggerEvent;
use attune_types::{EventId, JsonMap, Ref, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pause after the store failed.
const STORE_AWAY: Duration = Duration::from_secs(1);
/// Longest sleep; the clock may have been set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// One timer that is to run.
#[derive(Clone, Debug)]
pub(crate) struct Timer {
    /// Its trigger.
    pub(crate) trigger: Ref,
    /// Its parameters, which its events carry.
    pub(crate) parameters: JsonMap,
    /// Its rhythm.
    pub(crate) spec: Spec,
    /// Since when a rule wants it.
    pub(crate) since: Timestamp,
}

/// Timers by key.
pub(crate) type Timers = BTreeMap<String, Timer>;

/// Runs the timers that `owned` names, until `stop`.
pub(crate) async fn run(
    deps: SensorDeps,
    mut owned: watch::Receiver<Timers>,
    stop: CancellationToken,
) {
    let mut rows: BTreeMap<String, ScheduleRow> = BTreeMap::new();
    loop {
        let timers = owned.borrow_and_update().clone();
        rows.retain(|key, _| timers.contains_key(key));
        let mut wait = LONGEST_SLEEP;
        match turn(&deps, &timers, &mut rows).await {
            Ok(Some(next)) => {
                let until = next.duration_since(deps.clock.now());
                wait = wait.min(Duration::try_from(until).unwrap_or(Duration::ZERO));
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "timers could not be kept now");
                // What was recorded is not known: read the rows again.
                rows.clear();
                wait = STORE_AWAY;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = owned.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Ticks everything that is due, and gives the earliest time after that.
async fn turn(
    deps: &SensorDeps,
    timers: &Timers,
    rows: &mut BTreeMap<String, ScheduleRow>,
) -> Result<Option<Timestamp>, StoreError> {
    let now = deps.clock.now();
    let unknown: Vec<(String, Timestamp)> = timers
        .iter()
        .filter(|(key, _)| !rows.contains_key(*key))
        .filter_map(|(key, timer)| Some((key.clone(), timer.spec.first(now)?)))
        .collect();
    if !unknown.is_empty() {
        let read = deps.stores.schedules.schedules(&unknown).await?;
        rows.extend(read.into_iter().map(|row| (row.key.clone(), row)));
    }
    let mut ticks = Vec::new();
    for (key, row) in rows.iter_mut() {
        let Some(timer) = timers.get(key) else {
            continue;
        };
        if row.next_at > now {
            continue;
        }
        let Some(due) = timer.spec.due(row.next_at, now, timer.since) else {
            tracing::warn!(key, "the timer has no further time");
            row.next_at = Timestamp::MAX;
            continue;
        };
        if due.missed > 0 {
            tracing::warn!(key, missed = due.missed, "ticks were missed");
            deps.metrics.sensors.misses.add(due.missed);
        }
        match due.tick {
            Some(at) => ticks.push(tick(timer, row, at, due.next)),
            None => deps.stores.schedules.skip_to(key, due.next).await?,
        }
        row.next_at = due.next;
    }
    if !ticks.is_empty() {
        record(deps, ticks, rows).await?;
    }
    Ok(rows.values().map(|row| row.next_at).min())
}

fn tick(timer: &Timer, row: &ScheduleRow, at: Timestamp, next_at: Timestamp) -> Tick {
    let name = format!("{}@{}", row.key, at.as_microsecond());
    let event = TriggerEvent {
        id: EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())),
        trigger: timer.trigger.clone(),
        payload: json!({ "count": row.count + 1, "at": at }),
        at,
        source: Some(format!("timer:{}", row.key)),
        dedupe: None,
        trigger_parameters: Some(timer.parameters.clone()),
    };
    Tick {
        key: row.key.clone(),
        at,
        next_at,
        event: NewEvent { event },
    }
}

async fn record(
    deps: &SensorDeps,
    ticks: Vec<Tick>,
    rows: &mut BTreeMap<String, ScheduleRow>,
) -> Result<(), StoreError> {
    let made: Vec<(String, Timestamp, EventId)> = ticks
        .iter()
        .map(|tick| (tick.key.clone(), tick.at, tick.event.event.id))
        .collect();
    let answers = deps.stores.schedules.tick(ticks).await?;
    let mut events = Vec::new();
    for ((key, at, event), recorded) in made.into_iter().zip(answers) {
        if recorded {
            deps.metrics.sensors.ticks.inc();
            events.push(event);
            if let Some(row) = rows.get_mut(&key) {
                row.count += 1;
                row.last_at = Some(at);
            }
        } else {
            // Another replica made it; its row says how far it got.
            rows.remove(&key);
        }
    }
    emit::hint(deps, events);
    Ok(())
}
