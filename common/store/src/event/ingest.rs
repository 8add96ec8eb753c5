//! Events with the verdicts on them and the runs that follow, in one transaction.
//!
//! Five to seven statements whatever the size of the batch. An event is matched once: whoever stores
//! it, or marks it as seen, goes on; everybody else finds it done. A rule's dedupe text is held by
//! the run that it started for as long as that run is active.

use super::record;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::run;
use crate::time::sql;
use attune_port::{Ingest, Ingested, NewEnforcement, NewRun, OpenOutcome, StoreError};
use attune_rules::{Explanation, Reason, TriggerEvent};
use attune_types::{EventId, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Longest key of a guard in bytes.
const MOST_KEY: usize = 1_000;
/// Characters that are left of one that is longer.
const SHOWN_KEY: usize = 100;

/// One verdict of the batch on its way into the database.
struct Verdict<'a> {
    event: usize,
    enforcement: &'a NewEnforcement,
    fired: bool,
    reason: Reason,
    explanation: String,
}

pub(crate) async fn ingest(
    store: &PgStore,
    batch: Vec<Ingest>,
) -> Result<Vec<Ingested>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = store.engine.begin().await.store()?;
    let taken = take(&mut transaction, &batch).await?;

    let mut verdicts = Vec::new();
    for (n, entry) in batch.iter().enumerate() {
        if taken.contains(&n) {
            for enforcement in &entry.enforcements {
                verdicts.push(Verdict {
                    event: n,
                    enforcement,
                    fired: enforcement.fired,
                    reason: enforcement.explanation.reason,
                    explanation: json::encode(&enforcement.explanation)?,
                });
            }
        }
    }
    hold_keys(&mut transaction, &mut verdicts).await?;

    let runs: Vec<&NewRun> = verdicts
        .iter()
        .filter(|verdict| verdict.fired)
        .filter_map(|verdict| verdict.enforcement.run.as_deref())
        .collect();
    let outcomes = run::open(&mut transaction, store.shards, &runs).await?;
    let opened: BTreeSet<RunId> = runs
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| *outcome == OpenOutcome::Created)
        .map(|(new, _)| new.header.run)
        .collect();

    write(&mut transaction, &batch, &verdicts).await?;
    transaction.commit().await.store()?;

    let mut answers: Vec<Ingested> = (0..batch.len())
        .map(|n| {
            if taken.contains(&n) {
                Ingested::Done { opened: Vec::new() }
            } else {
                Ingested::Already
            }
        })
        .collect();
    for verdict in verdicts.iter().filter(|verdict| verdict.fired) {
        let run = verdict.enforcement.run.as_ref().map(|new| new.header.run);
        if let (Some(Ingested::Done { opened: runs }), Some(run)) =
            (answers.get_mut(verdict.event), run)
            && opened.contains(&run)
        {
            runs.push(run);
        }
    }
    Ok(answers)
}

/// Stores what is new and marks what is stored; answers the places of those to be matched now.
async fn take(
    connection: &mut PgConnection,
    batch: &[Ingest],
) -> Result<BTreeSet<usize>, StoreError> {
    let events: Vec<&TriggerEvent> = batch.iter().map(|entry| &entry.event).collect();
    let mut taken: BTreeSet<EventId> = record::insert(connection, &events, false).await?;
    let known: Vec<&&TriggerEvent> = events
        .iter()
        .filter(|event| !taken.contains(&event.id))
        .collect();
    if !known.is_empty() {
        // The duplicate of another event has no row of its own, so it is not found here.
        for row in sqlx::query(include_str!("take.sql"))
            .bind(known.iter().map(|e| e.id.uuid()).collect::<Vec<Uuid>>())
            .bind(known.iter().map(|e| sql(e.at)).collect::<Vec<_>>())
            .fetch_all(connection)
            .await
            .store()?
        {
            taken.insert(EventId(row.try_get("id").store()?));
        }
    }
    Ok(events
        .iter()
        .enumerate()
        .filter(|(_, event)| taken.remove(&event.id))
        .map(|(n, _)| n)
        .collect())
}

/// Takes the dedupe texts of fired verdicts; those whose text is held no longer fire.
async fn hold_keys(
    connection: &mut PgConnection,
    verdicts: &mut [Verdict<'_>],
) -> Result<(), StoreError> {
    let mut wanted: (Vec<String>, Vec<String>, Vec<Uuid>) = Default::default();
    let mut seen = BTreeSet::new();
    for verdict in verdicts.iter() {
        if let Some((rule, key, run)) = key_of(verdict)
            && seen.insert((rule.clone(), key.clone()))
        {
            wanted.0.push(rule);
            wanted.1.push(key);
            wanted.2.push(run);
        }
    }
    if wanted.0.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("lock_guards.sql"))
        .bind(&wanted.0)
        .bind(&wanted.1)
        .bind(&wanted.2)
        .execute(&mut *connection)
        .await
        .store()?;
    let mut holding: BTreeSet<Uuid> = BTreeSet::new();
    for row in sqlx::query(include_str!("take_guards.sql"))
        .bind(&wanted.0)
        .bind(&wanted.1)
        .bind(&wanted.2)
        .fetch_all(connection)
        .await
        .store()?
    {
        holding.insert(row.try_get("run_id").store()?);
    }
    for verdict in verdicts.iter_mut() {
        if let Some((_, key, run)) = key_of(verdict)
            && !holding.contains(&run)
        {
            let explanation = Explanation {
                reason: Reason::Deduplicated,
                message: format!("an active run of this rule holds `{key}`"),
                ..verdict.enforcement.explanation.clone()
            };
            verdict.fired = false;
            verdict.reason = Reason::Deduplicated;
            verdict.explanation = json::encode(&explanation)?;
        }
    }
    Ok(())
}

/// A rule's dedupe text as its guard holds it. It is made from what an event says, so it may be
/// anything; an index entry has bounds.
fn guard_key(text: &str) -> String {
    if text.len() <= MOST_KEY && !text.contains('\0') {
        return text.to_owned();
    }
    let start: String = text
        .chars()
        .filter(|letter| *letter != '\0')
        .take(SHOWN_KEY)
        .collect();
    format!(
        "{start} {}",
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
    )
}

fn key_of(verdict: &Verdict<'_>) -> Option<(String, String, Uuid)> {
    let key = guard_key(verdict.enforcement.dedupe.as_deref()?);
    let run = verdict.enforcement.run.as_ref()?.header.run;
    verdict.fired.then(|| {
        (
            verdict.enforcement.rule.as_str().to_owned(),
            key,
            run.uuid(),
        )
    })
}

async fn write(
    connection: &mut PgConnection,
    batch: &[Ingest],
    verdicts: &[Verdict<'_>],
) -> Result<(), StoreError> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let event = |verdict: &Verdict<'_>| batch.get(verdict.event).map(|entry| &entry.event);
    let run = |verdict: &Verdict<'_>| {
        let new = verdict.enforcement.run.as_ref().filter(|_| verdict.fired)?;
        Some(new.header.run.uuid())
    };
    sqlx::query(include_str!("enforce.sql"))
        .bind(
            verdicts
                .iter()
                .map(|v| v.enforcement.id.uuid())
                .collect::<Vec<Uuid>>(),
        )
        .bind(
            verdicts
                .iter()
                .map(|v| event(v).map(|e| e.id.uuid()))
                .collect::<Vec<_>>(),
        )
        .bind(
            verdicts
                .iter()
                .map(|v| event(v).map(|e| e.trigger.as_str().to_owned()))
                .collect::<Vec<_>>(),
        )
        .bind(
            verdicts
                .iter()
                .map(|v| v.enforcement.rule.as_str().to_owned())
                .collect::<Vec<_>>(),
        )
        .bind(verdicts.iter().map(|v| v.fired).collect::<Vec<_>>())
        .bind(
            verdicts
                .iter()
                .map(|v| v.reason.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            verdicts
                .iter()
                .map(|v| v.explanation.clone())
                .collect::<Vec<_>>(),
        )
        .bind(verdicts.iter().map(run).collect::<Vec<_>>())
        .execute(connection)
        .await
        .store()?;
    Ok(())
}
