//! The log: opening, appending, fencing, loading.

use super::Harness;
use super::fixture::*;
use anyhow::Result;
use attune_port::{AppendError, OpenOutcome, PageRequest, RunKey, StoreError, StoredEvent};
use attune_types::{ExecutionId, ExecutionStatus, RunId};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// A run that exists is left as it is.
pub async fn opens_once(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let run = run_id();
    let first = new_run(harness, run)?;
    let mut again = first.clone();
    again.event.data = json!("another");
    assert_eq!(
        runs.open(vec![first.clone()]).await?,
        [OpenOutcome::Created]
    );
    assert_eq!(runs.open(vec![again]).await?, [OpenOutcome::Exists]);
    let loaded = runs.load(&[run]).await?;
    assert_eq!(loaded[0].events[0].data, first.event.data);
    assert_eq!(loaded[0].shard, run.shard(runs.shards().await?));
    assert!(runs.open(Vec::new()).await?.is_empty());
    Ok(())
}

/// What a run takes over of another one is there when the run is, in order, and what it adds follows;
/// a run that exists takes nothing over.
pub async fn takes_over_a_history(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let runs = &stores.runs;
    let owner = owner(harness, LONG).await?;
    let run = run_id();
    let mut new = new_run(harness, run)?;
    // More than one statement takes, so that its parts have to come together.
    let count = 6_000u64;
    let task = |n: u64| ExecutionId(run.derive(&format!("task {n}")));
    new.carried.events = (2..count + 2)
        .map(|seq| event(seq, harness.now()))
        .collect();
    new.carried.rows = (0..5).map(|n| row(run, task(n), harness.now())).collect();
    let other = new_run(harness, run_id())?;
    assert_eq!(
        runs.open(vec![other.clone(), new.clone()]).await?,
        [OpenOutcome::Created, OpenOutcome::Created]
    );
    assert_eq!(runs.open(vec![new.clone()]).await?, [OpenOutcome::Exists]);
    let loaded = runs.load(&[run]).await?;
    let mut wanted = vec![new.event.clone()];
    wanted.extend(new.carried.events.clone());
    let seqs = |events: &[StoredEvent]| -> Vec<u64> { events.iter().map(|e| e.seq).collect() };
    assert_eq!(seqs(&loaded[0].events), seqs(&wanted));
    assert_eq!(loaded[0].events[4_999].data, wanted[4_999].data);
    assert_eq!(runs.load(&[other.header.run]).await?[0].events.len(), 1);

    // It goes on where that ends.
    let step = owner.step(harness, run, count + 1, 2)?;
    commit(harness, step).await?;
    let tail = runs.events(run, count, 10).await?;
    assert_eq!(seqs(&tail), [count + 1, count + 2, count + 3]);
    assert_eq!(seqs(&runs.events(run, 0, 2).await?), [1, 2]);
    assert!(runs.events(run_id(), 0, 10).await?.is_empty());
    let first = &runs.events(run, 0, 1).await?[0];
    assert_eq!(
        (&first.kind, first.version, &first.data),
        (&new.event.kind, new.event.version, &new.event.data,)
    );

    let page = stores.reads.tasks(run, &PageRequest::default()).await?;
    let ids: Vec<ExecutionId> = page.items.iter().take(5).map(|row| row.id).collect();
    assert_eq!(ids, (0..5).map(task).collect::<Vec<_>>());

    let mut gap = new_run(harness, run_id())?;
    gap.carried.events = vec![event(3, harness.now())];
    assert!(matches!(
        runs.open(vec![gap.clone()]).await,
        Err(StoreError::Invalid(_))
    ));
    assert!(runs.load(&[gap.header.run]).await?.is_empty());
    Ok(())
}

/// The same key with another body is refused, with the same body it is the same run.
pub async fn key_names_one_request(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let mut new = new_run(harness, run_id())?;
    let key = |hash: &str| {
        Some(RunKey {
            key: "order-7".to_owned(),
            body_hash: hash.to_owned(),
        })
    };
    new.key = key("h1");
    assert_eq!(runs.open(vec![new.clone()]).await?, [OpenOutcome::Created]);
    assert_eq!(runs.open(vec![new.clone()]).await?, [OpenOutcome::Exists]);
    new.key = key("h2");
    assert_eq!(runs.open(vec![new]).await?, [OpenOutcome::KeyMismatch]);
    Ok(())
}

/// The same run twice in one call is opened once; the others are opened all the same.
pub async fn repeated_in_one_call(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let one = new_run(harness, run_id())?;
    let other = new_run(harness, run_id())?;
    let outcomes = runs.open(vec![one.clone(), other, one.clone()]).await?;
    assert_eq!(
        outcomes,
        [
            OpenOutcome::Created,
            OpenOutcome::Created,
            OpenOutcome::Exists
        ]
    );
    assert_eq!(runs.load(&[one.header.run]).await?[0].events.len(), 1);
    Ok(())
}

/// Order of keys, numbers and texts come back as they were; times to the microsecond.
pub async fn keeps_what_it_is_given(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let mut new = new_run(harness, run_id())?;
    new.event.at = odd_time();
    new.event.data = json!({
        "zulu": 1, "alpha": {"y": [], "x": {}}, "float": 0.1, "big": 9_007_199_254_740_993_i64,
        "one": 1.0, "text": "quote \" backslash \\ newline \n umlaut ü emoji 🦀 \\u0000",
    });
    runs.open(vec![new.clone()]).await?;
    let loaded = runs.load(&[new.header.run]).await?;
    let event = &loaded[0].events[0];
    assert_eq!(event.data.to_string(), new.event.data.to_string());
    assert_eq!(event.at, cut(odd_time()));
    assert_eq!((event.seq, event.version), (1, 3));
    assert_eq!(event.kind, new.event.kind);
    assert_eq!(loaded[0].program, new.header.program);
    Ok(())
}

/// What is appended is loaded, in order.
pub async fn appends_and_loads(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (a, b) = (opened(harness).await?, opened(harness).await?);
    let batch = vec![owner.step(harness, a, 1, 3)?, owner.step(harness, b, 1, 1)?];
    let expected: Vec<_> = batch[0].events.iter().map(|e| e.data.clone()).collect();
    for answer in runs.append(batch).await {
        answer?;
    }
    // A step without events writes the rest.
    let mut step = owner.step(harness, a, 4, 0)?;
    step.update.status = ExecutionStatus::Waiting;
    commit(harness, step).await?;
    let loaded = runs.load(&[b, a]).await?;
    assert_eq!(loaded.iter().map(|run| run.run).collect::<Vec<_>>(), [b, a]);
    let seqs: Vec<u64> = loaded[1].events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let data: Vec<_> = loaded[1].events[1..]
        .iter()
        .map(|e| e.data.clone())
        .collect();
    assert_eq!(data, expected);
    assert_eq!(loaded[0].events.len(), 2);
    assert!(runs.load(&[run_id()]).await?.is_empty());
    Ok(())
}

/// Events that do not follow one another are refused.
pub async fn gap_in_events_is_refused(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let mut step = owner.step(harness, run, 1, 2)?;
    step.events[1].seq = 7;
    let answer = commit(harness, step).await;
    assert!(
        matches!(answer, Err(AppendError::Store(StoreError::Invalid(_)))),
        "{answer:?}"
    );
    assert_eq!(harness.stores().runs.load(&[run]).await?[0].events.len(), 1);
    Ok(())
}

/// Another end of the log than the writer believes fails that run and no other.
pub async fn wrong_seq_fails_that_run_only(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (a, b, c) = (
        opened(harness).await?,
        opened(harness).await?,
        opened(harness).await?,
    );
    commit(harness, owner.step(harness, b, 1, 1)?).await?;
    let answers = runs
        .append(vec![
            owner.step(harness, a, 1, 1)?,
            owner.step(harness, b, 1, 1)?,
            owner.step(harness, run_id(), 1, 1)?,
            owner.step(harness, c, 1, 2)?,
        ])
        .await;
    assert!(answers[0].is_ok() && answers[3].is_ok(), "{answers:?}");
    assert!(
        matches!(answers[1], Err(AppendError::Moved { run, after_seq: 1 }) if run == b),
        "{answers:?}"
    );
    assert!(matches!(answers[2], Err(AppendError::Moved { .. })));
    let lengths: Vec<usize> = runs
        .load(&[a, b, c])
        .await?
        .iter()
        .map(|r| r.events.len())
        .collect();
    assert_eq!(lengths, [2, 2, 3]);
    Ok(())
}

/// A writer without the lease, or with an older epoch, fails; others in the batch do not.
pub async fn wrong_epoch_fails_that_run_only(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (a, b, c) = (
        opened(harness).await?,
        opened(harness).await?,
        opened(harness).await?,
    );
    let mut old_epoch = owner.step(harness, a, 1, 1)?;
    old_epoch.epoch = old_epoch.epoch.wrapping_sub(1);
    let mut stranger = owner.step(harness, b, 1, 1)?;
    stranger.executor = attune_types::ExecutorId(Uuid::new_v4());
    let answers = runs
        .append(vec![old_epoch, stranger, owner.step(harness, c, 1, 1)?])
        .await;
    assert!(
        matches!(answers[0], Err(AppendError::Fenced { .. })),
        "{answers:?}"
    );
    assert!(
        matches!(answers[1], Err(AppendError::Fenced { .. })),
        "{answers:?}"
    );
    assert!(answers[2].is_ok(), "{answers:?}");
    Ok(())
}

/// Whoever was owner before a takeover can write nothing, however late it comes.
pub async fn takeover_fences_the_former_owner(harness: &dyn Harness) -> Result<()> {
    let former = owner(harness, Duration::from_millis(50)).await?;
    let run = opened(harness).await?;
    commit(harness, former.step(harness, run, 1, 1)?).await?;
    harness.pass(Duration::from_millis(300)).await;
    let next = owner(harness, LONG).await?;
    assert_eq!(next.leases.len(), former.leases.len());
    for (new, old) in next.leases.iter().zip(&former.leases) {
        assert!(new.epoch > old.epoch);
    }
    let late = commit(harness, former.step(harness, run, 2, 1)?).await;
    assert!(matches!(late, Err(AppendError::Fenced { .. })), "{late:?}");
    commit(harness, next.step(harness, run, 2, 1)?).await?;
    Ok(())
}

/// Of two steps for the same place in the log at the same time one is written.
pub async fn two_writers_one_wins(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    for _ in 0..10 {
        let run = opened(harness).await?;
        let (one, other) = tokio::join!(
            commit(harness, owner.step(harness, run, 1, 2)?),
            commit(harness, owner.step(harness, run, 1, 3)?),
        );
        let length = harness.stores().runs.load(&[run]).await?[0].events.len();
        match (one, other) {
            (Ok(_), Err(AppendError::Moved { .. })) => assert_eq!(length, 3),
            (Err(AppendError::Moved { .. }), Ok(_)) => assert_eq!(length, 4),
            both => anyhow::bail!("{both:?}"),
        }
    }
    Ok(())
}

/// NUL is refused as a value, for its own run.
pub async fn nul_fails_that_run_only(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (a, b) = (opened(harness).await?, opened(harness).await?);
    let mut in_data = owner.step(harness, a, 1, 1)?;
    in_data.events[0].data = json!({"out": ["fine", "with \0 inside"]});
    let answers = runs
        .append(vec![in_data, owner.step(harness, b, 1, 1)?])
        .await;
    assert!(
        matches!(answers[0], Err(AppendError::Store(StoreError::Invalid(_)))),
        "{answers:?}"
    );
    assert!(answers[1].is_ok(), "{answers:?}");
    let mut in_row = owner.step(harness, a, 1, 1)?;
    let mut row = row(a, ExecutionId(Uuid::new_v4()), harness.now());
    row.result = json!({"key\0": 1});
    in_row.rows.push(row);
    let answer = commit(harness, in_row).await;
    assert!(matches!(
        answer,
        Err(AppendError::Store(StoreError::Invalid(_)))
    ));
    let mut new = new_run(harness, run_id())?;
    new.event.data = json!("\0");
    assert!(matches!(
        runs.open(vec![new]).await,
        Err(StoreError::Invalid(_))
    ));
    commit(harness, owner.step(harness, a, 1, 1)?).await?;
    Ok(())
}

/// Four mebibytes come back byte for byte.
pub async fn big_payload_comes_back(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let text: String = (0..4 << 20)
        .map(|n: u32| {
            char::from(b'!' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 26).unwrap_or(0))
        })
        .collect();
    let mut step = owner.step(harness, run, 1, 1)?;
    step.events[0].data = json!({"result": text});
    let mut row = row(run, ExecutionId::from(run), harness.now());
    row.result = json!(text);
    step.rows.push(row);
    commit(harness, step).await?;
    let loaded = harness.stores().runs.load(&[run]).await?;
    assert!(loaded[0].events[1].data == json!({"result": text}));
    let row = harness
        .stores()
        .reads
        .execution(ExecutionId::from(run))
        .await?;
    assert!(row.is_some_and(|row| row.result == json!(text)));
    Ok(())
}

/// A thousand runs in one batch.
pub async fn large_batch(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let ids: Vec<RunId> = (0..1_000).map(|_| run_id()).collect();
    let new = ids
        .iter()
        .map(|run| new_run(harness, *run))
        .collect::<Result<Vec<_>>>()?;
    let outcomes = runs.open(new).await?;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == OpenOutcome::Created)
    );
    let batch = ids
        .iter()
        .map(|run| owner.step(harness, *run, 1, 5))
        .collect::<Result<Vec<_>>>()?;
    for answer in runs.append(batch).await {
        answer?;
    }
    let loaded = runs.load(&ids).await?;
    assert_eq!(loaded.len(), 1_000);
    assert!(loaded.iter().all(|run| run.events.len() == 6));
    Ok(())
}

/// A second append for the same run in one batch fails.
pub async fn one_append_per_run_in_a_batch(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let answers = harness
        .stores()
        .runs
        .append(vec![
            owner.step(harness, run, 1, 1)?,
            owner.step(harness, run, 2, 1)?,
        ])
        .await;
    assert!(answers[0].is_ok());
    assert!(
        matches!(answers[1], Err(AppendError::Moved { .. })),
        "{answers:?}"
    );
    assert!(harness.stores().runs.append(Vec::new()).await.is_empty());
    Ok(())
}
