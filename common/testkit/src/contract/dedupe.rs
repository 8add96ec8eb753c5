//! Dedupe texts of rules: held by the run that they started, for as long as it is active.

use super::Harness;
use super::event::{ingest, run_of};
use super::fixture::*;
use anyhow::Result;
use attune_port::{EnforcementFilter, Ingested, PageRequest};
use attune_rules::Reason;

/// While the run that a rule started is active, the same dedupe text starts nothing; afterwards it
/// does again. Other rules and other texts do not care.
pub async fn dedupe_text_is_held_while_its_run_is_active(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let mut opened = Vec::new();
    for (rule, text) in [
        ("demo.r1", "a"),
        ("demo.r1", "a"),
        ("demo.r1", "b"),
        ("demo.r2", "a"),
    ] {
        let event = trigger_event(None)?;
        let fired = firing(harness, rule, &event, Some(text))?;
        let answers = stores
            .events
            .ingest(vec![ingest(&event, vec![fired])])
            .await?;
        let Ingested::Done { opened: runs } = &answers[0] else {
            anyhow::bail!("{answers:?}");
        };
        opened.push(runs.first().copied());
    }
    assert_eq!(
        opened.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    let filter = EnforcementFilter {
        fired: Some(false),
        ..EnforcementFilter::default()
    };
    let log = stores
        .events
        .enforcements(&filter, &PageRequest::default())
        .await?
        .items;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].reason, "deduplicated");
    assert_eq!(log[0].explanation.reason, Reason::Deduplicated);
    assert_eq!(log[0].run, None);

    if let Some(run) = opened[0] {
        commit(harness, owner.last_step(harness, run, 1)?).await?;
    }
    let event = trigger_event(None)?;
    let fired = firing(harness, "demo.r1", &event, Some("a"))?;
    let answers = stores
        .events
        .ingest(vec![ingest(&event, vec![fired])])
        .await?;
    let opened = vec![run_of("demo.r1", &event)?];
    assert_eq!(answers, [Ingested::Done { opened }]);
    Ok(())
}

/// Of several events in one batch the first holds the text.
pub async fn dedupe_within_one_batch(harness: &dyn Harness) -> Result<()> {
    let events = &harness.stores().events;
    let (one, other) = (trigger_event(None)?, trigger_event(None)?);
    let answers = events
        .ingest(vec![
            ingest(&one, vec![firing(harness, "demo.r1", &one, Some("a"))?]),
            ingest(&other, vec![firing(harness, "demo.r1", &other, Some("a"))?]),
        ])
        .await?;
    let opened = vec![run_of("demo.r1", &one)?];
    assert_eq!(
        answers,
        [
            Ingested::Done { opened },
            Ingested::Done { opened: Vec::new() }
        ]
    );
    Ok(())
}

/// The same event and the same dedupe text from many sides at once fire once.
pub async fn concurrent_ingests_fire_once(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let same = trigger_event(None)?;
    let mut batches = Vec::new();
    for _ in 0..8 {
        let own = trigger_event(None)?;
        batches.push(vec![
            ingest(&same, vec![firing(harness, "demo.r1", &same, None)?]),
            ingest(&own, vec![firing(harness, "demo.r2", &own, Some("held"))?]),
        ]);
    }
    let answers =
        futures::future::join_all(batches.into_iter().map(|batch| stores.events.ingest(batch)))
            .await;
    let (mut first, mut second) = (0, 0);
    for answer in answers {
        let answer = answer?;
        first += usize::from(matches!(&answer[0], Ingested::Done { .. }));
        if let Ingested::Done { opened } = &answer[1] {
            second += opened.len();
        }
    }
    assert_eq!((first, second), (1, 1));
    Ok(())
}
