//! Trigger events, verdicts and the runs that follow.

use super::Harness;
use super::fixture::*;
use anyhow::Result;
use attune_port::{
    EnforcementFilter, EventFilter, Ingest, Ingested, NewEvent, PageRequest, RecordedEvent,
    StoreError,
};
use attune_rules::TriggerEvent;
use attune_types::RunId;
use std::time::Duration;

pub(super) fn ingest(
    event: &TriggerEvent,
    enforcements: Vec<attune_port::NewEnforcement>,
) -> Ingest {
    Ingest {
        event: event.clone(),
        enforcements,
    }
}

pub(super) fn run_of(rule: &str, event: &TriggerEvent) -> Result<RunId> {
    Ok(RunId::of_rule(&reference(rule)?, event.id))
}

/// An event is stored once by its id and once by its dedupe text.
pub async fn recorded_once(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let new = |event: &TriggerEvent| NewEvent {
        event: event.clone(),
    };
    let plain = trigger_event(None)?;
    let keyed = trigger_event(Some("k1"))?;
    let twin = trigger_event(Some("k1"))?;
    let first = events
        .record(vec![new(&plain), new(&keyed), new(&twin)])
        .await?;
    let duplicate = RecordedEvent::Duplicate { of: keyed.id };
    assert_eq!(first, [RecordedEvent::New, RecordedEvent::New, duplicate]);
    let again = events
        .record(vec![new(&plain), new(&twin), new(&keyed)])
        .await?;
    let of_plain = RecordedEvent::Duplicate { of: plain.id };
    assert_eq!(again, [of_plain, duplicate, duplicate]);
    // Another trigger may use the same text.
    let mut elsewhere = trigger_event(Some("k1"))?;
    elsewhere.trigger = reference("demo.other")?;
    assert_eq!(
        events.record(vec![new(&elsewhere)]).await?,
        [RecordedEvent::New]
    );
    let rows = events.get(&[plain.id, twin.id]).await?;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0].event,
        TriggerEvent {
            at: cut(plain.at),
            ..plain
        }
    );
    assert_eq!(rows[0].processed_at, None);
    assert!(events.record(Vec::new()).await?.is_empty());
    Ok(())
}

/// A redelivered batch changes nothing.
pub async fn ingested_once(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let event = trigger_event(None)?;
    let twin = trigger_event(Some("k"))?;
    let duplicate = trigger_event(Some("k"))?;
    let batch = || -> Result<Vec<Ingest>> {
        Ok(vec![
            ingest(&event, vec![firing(harness, "demo.r1", &event, None)?]),
            ingest(&twin, vec![firing(harness, "demo.r1", &twin, None)?]),
            ingest(
                &duplicate,
                vec![firing(harness, "demo.r1", &duplicate, None)?],
            ),
        ])
    };
    let first = stores.events.ingest(batch()?).await?;
    let done = |event: &TriggerEvent| -> Result<Ingested> {
        Ok(Ingested::Done {
            opened: vec![run_of("demo.r1", event)?],
        })
    };
    assert_eq!(first, [done(&event)?, done(&twin)?, Ingested::Already]);
    let again = stores.events.ingest(batch()?).await?;
    assert_eq!(
        again,
        [Ingested::Already, Ingested::Already, Ingested::Already]
    );
    let log = stores
        .events
        .enforcements(&EnforcementFilter::default(), &PageRequest::default())
        .await?;
    assert_eq!(log.items.len(), 2);
    assert!(
        stores
            .runs
            .load(&[run_of("demo.r1", &duplicate)?])
            .await?
            .is_empty()
    );
    Ok(())
}

/// An event that was stored for matching is matched once.
pub async fn recorded_then_ingested(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let event = trigger_event(Some("x"))?;
    events
        .record(vec![NewEvent {
            event: event.clone(),
        }])
        .await?;
    let batch = || -> Result<Vec<Ingest>> {
        Ok(vec![ingest(
            &event,
            vec![firing(harness, "demo.r1", &event, None)?],
        )])
    };
    let opened = vec![run_of("demo.r1", &event)?];
    assert_eq!(events.ingest(batch()?).await?, [Ingested::Done { opened }]);
    assert_eq!(events.ingest(batch()?).await?, [Ingested::Already]);
    let row = &events.get(&[event.id]).await?[0];
    assert!(row.processed_at.is_some());
    assert!(events.pending(Duration::ZERO, 10).await?.is_empty());
    Ok(())
}

/// Verdicts are kept with their explanation; those that fired open their runs.
pub async fn fired_runs_are_opened(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let event = trigger_event(None)?;
    let enforcements = vec![
        firing(harness, "demo.r1", &event, None)?,
        missing("demo.r2", &event)?,
        firing(harness, "demo.r3", &event, None)?,
    ];
    let answers = stores
        .events
        .ingest(vec![ingest(&event, enforcements)])
        .await?;
    let opened = vec![run_of("demo.r1", &event)?, run_of("demo.r3", &event)?];
    assert_eq!(
        answers,
        [Ingested::Done {
            opened: opened.clone()
        }]
    );
    assert_eq!(stores.runs.load(&opened).await?.len(), 2);
    let filter = EnforcementFilter {
        event: Some(event.id),
        ..EnforcementFilter::default()
    };
    let mut log = stores
        .events
        .enforcements(&filter, &PageRequest::default())
        .await?
        .items;
    log.sort_by(|a, b| a.rule.cmp(&b.rule));
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].run, Some(opened[0]));
    assert_eq!((log[0].fired, log[0].reason.as_str()), (true, "fired"));
    assert_eq!(
        (log[1].fired, log[1].reason.as_str()),
        (false, "criteria_not_met")
    );
    assert_eq!(log[1].explanation.message, "a criterion does not hold");
    assert_eq!(log[1].run, None);
    assert_eq!(log[1].trigger, event.trigger);
    Ok(())
}

/// Events that no rule has seen are found again after the grace, oldest first.
pub async fn pending_until_seen(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let (old, seen, young) = (
        trigger_event(None)?,
        trigger_event(None)?,
        trigger_event(None)?,
    );
    events.record(vec![NewEvent { event: old.clone() }]).await?;
    harness.pass(Duration::from_millis(20)).await;
    events
        .record(vec![NewEvent {
            event: seen.clone(),
        }])
        .await?;
    events.ingest(vec![ingest(&seen, Vec::new())]).await?;
    events
        .record(vec![NewEvent {
            event: young.clone(),
        }])
        .await?;
    assert!(events.pending(LONG, 10).await?.is_empty());
    harness.pass(Duration::from_millis(20)).await;
    let waiting = events.pending(Duration::from_millis(20), 10).await?;
    assert_eq!(
        waiting.iter().map(|e| e.id).collect::<Vec<_>>(),
        [old.id, young.id]
    );
    assert_eq!(events.pending(Duration::ZERO, 1).await?.len(), 1);
    Ok(())
}

/// Events that follow from a run's step are stored with it, for matching, once.
pub async fn emitted_by_an_append(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let (a, b) = (opened(harness).await?, opened(harness).await?);
    let (plain, keyed, twin) = (
        trigger_event(None)?,
        trigger_event(Some("done"))?,
        trigger_event(Some("done"))?,
    );
    let mut steps = Vec::new();
    for (run, emitted) in [(a, vec![&plain, &keyed]), (b, vec![&twin])] {
        let mut step = owner.last_step(harness, run, 1)?;
        step.emitted = emitted
            .into_iter()
            .map(|event| NewEvent {
                event: event.clone(),
            })
            .collect();
        steps.push(step);
    }
    for answer in stores.runs.append(steps).await {
        answer?;
    }
    let mut waiting: Vec<_> = stores
        .events
        .pending(Duration::ZERO, 10)
        .await?
        .iter()
        .map(|e| e.id)
        .collect();
    waiting.sort_unstable();
    let mut expected = vec![plain.id, keyed.id];
    expected.sort_unstable();
    assert_eq!(waiting, expected);
    Ok(())
}

/// Lists are complete, newest first, and go by filter.
pub async fn events_and_enforcements_in_pages(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let mut ids = Vec::new();
    for n in 0..7 {
        let mut event = trigger_event(None)?;
        if n % 2 == 1 {
            event.trigger = reference("demo.other")?;
        }
        let verdicts = vec![missing("demo.r1", &event)?, missing("demo.r2", &event)?];
        events.ingest(vec![ingest(&event, verdicts)]).await?;
        ids.push(event.id);
        harness.pass(Duration::from_millis(2)).await;
    }
    ids.reverse();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest { limit: 3, cursor };
        let page = events.list(&EventFilter::default(), &request).await?;
        found.extend(page.items.iter().map(|row| row.event.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, ids);
    let filter = EventFilter {
        trigger: Some(reference("demo.other")?),
    };
    assert_eq!(
        events
            .list(&filter, &PageRequest::default())
            .await?
            .items
            .len(),
        3
    );
    let filter = EnforcementFilter {
        rule: Some(reference("demo.r2")?),
        ..EnforcementFilter::default()
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest { limit: 2, cursor };
        let page = events.enforcements(&filter, &request).await?;
        found.extend(page.items.iter().map(|row| row.event));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, ids);
    Ok(())
}

/// NUL is refused and nothing is stored.
pub async fn events_with_nul_are_refused(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let mut bad = trigger_event(None)?;
    bad.payload = serde_json::json!({"a": "\0"});
    let fine = trigger_event(None)?;
    let batch = vec![
        NewEvent {
            event: fine.clone(),
        },
        NewEvent { event: bad.clone() },
    ];
    assert!(matches!(
        events.record(batch).await,
        Err(StoreError::Invalid(_))
    ));
    let batch = vec![ingest(&fine, Vec::new()), ingest(&bad, Vec::new())];
    assert!(matches!(
        events.ingest(batch).await,
        Err(StoreError::Invalid(_))
    ));
    assert!(events.get(&[fine.id, bad.id]).await?.is_empty());
    Ok(())
}
