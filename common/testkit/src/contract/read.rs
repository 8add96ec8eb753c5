//! Executions and history as people read them.

use super::Harness;
use super::fixture::*;
use anyhow::{Context as _, Result};
use attune_flow::run::{ExecutionKind, Origin};
use attune_port::{ExecutionFilter, PageRequest, StoreError};
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, RunId, Timestamp};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + n * 60).unwrap_or(Timestamp::UNIX_EPOCH)
}

async fn open_at(harness: &dyn Harness, at: Timestamp) -> Result<RunId> {
    let run = run_id();
    let mut new = new_run(harness, run)?;
    new.row.created_at = at;
    harness.stores().runs.open(vec![new]).await?;
    Ok(run)
}

pub(super) async fn ids(harness: &dyn Harness, filter: &ExecutionFilter) -> Result<Vec<RunId>> {
    let page = harness
        .stores()
        .reads
        .list(filter, &PageRequest::default())
        .await?;
    Ok(page.items.iter().map(|row| row.run).collect())
}

/// Runs without a parent, newest first; each filter narrows them.
pub async fn lists_newest_first_and_filters(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let (a, b, c) = (
        open_at(harness, minute(1)).await?,
        open_at(harness, minute(2)).await?,
        run_id(),
    );
    let event = trigger_event(None)?;
    let mut new = firing(harness, "demo.r1", &event, None)?
        .run
        .context("no run")?;
    new.header.run = c;
    new.header.action = reference("other.deploy")?;
    new.header.started_by = "eve".to_owned();
    new.row.id = ExecutionId::from(c);
    new.row.run = c;
    new.row.created_at = minute(3);
    new.row.labels.insert("env".to_owned(), "prod".to_owned());
    new.row.labels.insert("team".to_owned(), "a\"b".to_owned());
    assert!(matches!(new.header.origin, Origin::Rule { .. }));
    stores.runs.open(vec![*new]).await?;
    stores
        .runs
        .open(vec![child_run(harness, run_id(), a)?])
        .await?;
    commit(harness, owner.last_step(harness, b, 1)?).await?;

    let all = ExecutionFilter::default();
    assert_eq!(ids(harness, &all).await?, [c, b, a]);
    let ascending = ExecutionFilter {
        ascending: true,
        ..all.clone()
    };
    assert_eq!(ids(harness, &ascending).await?, [a, b, c]);
    let status = vec![ExecutionStatus::Succeeded, ExecutionStatus::Failed];
    assert_eq!(
        ids(
            harness,
            &ExecutionFilter {
                status,
                ..all.clone()
            }
        )
        .await?,
        [b]
    );
    let action = Some(reference("demo.greet")?);
    assert_eq!(
        ids(
            harness,
            &ExecutionFilter {
                action,
                ..all.clone()
            }
        )
        .await?,
        [b, a]
    );
    let pack = Some("other".to_owned());
    assert_eq!(
        ids(
            harness,
            &ExecutionFilter {
                pack,
                ..all.clone()
            }
        )
        .await?,
        [c]
    );
    let rule = Some(reference("demo.r1")?);
    assert_eq!(
        ids(
            harness,
            &ExecutionFilter {
                rule,
                ..all.clone()
            }
        )
        .await?,
        [c]
    );
    let of_event = ExecutionFilter {
        event: Some(event.id),
        ..all.clone()
    };
    assert_eq!(ids(harness, &of_event).await?, [c]);
    let started_by = Some("eve".to_owned());
    assert_eq!(
        ids(
            harness,
            &ExecutionFilter {
                started_by,
                ..all.clone()
            }
        )
        .await?,
        [c]
    );
    for (labels, found) in [
        (vec![("env", "prod")], vec![c]),
        (vec![("env", "prod"), ("team", "a\"b")], vec![c]),
        (vec![("env", "test")], vec![]),
        (vec![("env'; drop table run; --", "x")], vec![]),
    ] {
        let labels = labels
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        assert_eq!(
            ids(
                harness,
                &ExecutionFilter {
                    labels,
                    ..all.clone()
                }
            )
            .await?,
            found
        );
    }
    let between = ExecutionFilter {
        since: Some(minute(2)),
        until: Some(minute(3)),
        ..all.clone()
    };
    assert_eq!(ids(harness, &between).await?, [b]);
    let children = ExecutionFilter {
        parent: Some(a),
        ..all
    };
    assert_eq!(ids(harness, &children).await?.len(), 1);
    Ok(())
}

/// Walking the pages while runs are added gives each of the old ones once.
pub async fn pages_are_complete_under_inserts(harness: &dyn Harness) -> Result<()> {
    let reads = &harness.stores().reads;
    let mut old = Vec::new();
    for n in 0..10 {
        // Pairs of the same time: the id decides.
        old.push(open_at(harness, minute(n / 2)).await?);
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    for round in 0.. {
        let page = reads
            .list(
                &ExecutionFilter::default(),
                &PageRequest { limit: 3, cursor },
            )
            .await?;
        assert!(page.items.len() <= 3);
        found.extend(page.items.iter().map(|row| row.run));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        open_at(harness, minute(100 + round)).await?;
    }
    assert_eq!(found.len(), 10);
    found.sort_unstable();
    old.sort_unstable();
    assert_eq!(found, old);
    Ok(())
}

/// A cursor that was not given out is refused.
pub async fn foreign_cursor_is_refused(harness: &dyn Harness) -> Result<()> {
    let reads = &harness.stores().reads;
    for text in ["", "x", "bnVsbA", "' OR 1=1"] {
        let request = PageRequest {
            limit: 1,
            cursor: Some(text.to_owned()),
        };
        let answer = reads.list(&ExecutionFilter::default(), &request).await;
        assert!(
            matches!(answer, Err(StoreError::Invalid(_))),
            "{text}: {answer:?}"
        );
    }
    Ok(())
}

/// Tasks come in the order of the steps that made them, and stay there when they change.
pub async fn tasks_in_the_order_of_the_log(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let at = minute(1);
    let tasks: Vec<ExecutionId> = (0..6).map(|_| ExecutionId(Uuid::new_v4())).collect();
    let mut first = owner.step(harness, run, 1, 1)?;
    first.rows = tasks[..4].iter().map(|task| row(run, *task, at)).collect();
    commit(harness, first).await?;
    let mut second = owner.step(harness, run, 2, 1)?;
    let mut changed = row(run, tasks[0], at);
    changed.status = ExecutionStatus::Failed;
    changed.error = Some(ErrorInfo::new("exit_status", "it ended with 3").of_task("greet"));
    changed.started_at = Some(odd_time());
    changed.ended_at = Some(odd_time());
    changed.result = json!({"z": 1, "a": 0.1});
    changed.item_index = Some(0);
    changed.attempt = 2;
    changed.kind = ExecutionKind::Item;
    changed.cost_usd = 0.1;
    second.rows = tasks[4..].iter().map(|task| row(run, *task, at)).collect();
    second.rows.push(changed.clone());
    second.rows.push(row(run, ExecutionId::from(run), at));
    commit(harness, second).await?;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = stores
            .reads
            .tasks(run, &PageRequest { limit: 4, cursor })
            .await?;
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), tasks);
    changed.started_at = Some(cut(odd_time()));
    changed.ended_at = Some(cut(odd_time()));
    assert_eq!(found[0], changed);
    assert_eq!(found[0].result.to_string(), changed.result.to_string());
    assert_eq!(stores.reads.execution(tasks[0]).await?, Some(changed));
    Ok(())
}

/// Child runs stand after the tasks of their parent.
pub async fn children_are_listed(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let task = ExecutionId(Uuid::new_v4());
    let mut step = owner.step(harness, run, 1, 1)?;
    step.rows = vec![row(run, task, harness.now())];
    commit(harness, step).await?;
    let mut expected = vec![task];
    for n in 0..5 {
        let mut child = child_run(harness, run_id(), run)?;
        child.row.created_at = minute(n);
        expected.push(child.row.id);
        stores.runs.open(vec![child]).await?;
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = stores
            .reads
            .tasks(run, &PageRequest { limit: 2, cursor })
            .await?;
        found.extend(page.items.iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    Ok(())
}

/// History goes on from any event.
pub async fn history_goes_on(harness: &dyn Harness) -> Result<()> {
    let reads = &harness.stores().reads;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let step = owner.step(harness, run, 1, 5)?;
    let sent = step.events.clone();
    commit(harness, step).await?;
    let part = reads.history(run, 2, 3).await?;
    assert_eq!(
        part.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [3, 4, 5]
    );
    assert_eq!(part[0].data.to_string(), sent[1].data.to_string());
    assert_eq!(
        (part[0].kind.as_str(), part[0].at),
        ("noted", cut(sent[1].at))
    );
    assert_eq!(reads.history(run, 5, 10).await?.len(), 1);
    assert!(reads.history(run, 6, 10).await?.is_empty());
    Ok(())
}

/// A run's details: its row, what was fixed when it opened, and where it stands.
pub async fn details_of_a_run(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let run = run_id();
    let new = new_run(harness, run)?;
    stores.runs.open(vec![new.clone()]).await?;
    let wake_at = cut(harness.now().saturating_add(Duration::from_secs(60))?);
    let mut step = owner.step(harness, run, 1, 2)?;
    step.update.wake_at = Some(wake_at);
    let mut changed = new.row.clone();
    changed.status = ExecutionStatus::Running;
    changed.labels.insert("env".to_owned(), "prod".to_owned());
    step.rows = vec![changed.clone()];
    commit(harness, step).await?;
    let detail = stores.reads.run(run).await?.context("not found")?;
    assert_eq!(detail.header, new.header);
    let keys = |map: &attune_types::JsonMap| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&detail.header.parameters),
        keys(&new.header.parameters)
    );
    assert_eq!((detail.last_seq, detail.wake_at), (3, Some(wake_at)));
    changed.created_at = cut(changed.created_at);
    assert_eq!(detail.row, changed);
    assert_eq!(detail.row.input.to_string(), changed.input.to_string());
    Ok(())
}

/// What does not exist is none, not an error.
pub async fn unknown_things_are_none(harness: &dyn Harness) -> Result<()> {
    let reads = &harness.stores().reads;
    assert!(reads.run(run_id()).await?.is_none());
    assert!(
        reads
            .execution(ExecutionId(Uuid::new_v4()))
            .await?
            .is_none()
    );
    assert!(reads.history(run_id(), 0, 10).await?.is_empty());
    assert!(
        reads
            .tasks(run_id(), &PageRequest::default())
            .await?
            .items
            .is_empty()
    );
    assert!(reads.logs(run_id(), None, 0, 10).await?.lines.is_empty());
    reads.ping().await?;
    Ok(())
}
