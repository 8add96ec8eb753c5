//! Places among the runs of a workflow.

use super::Harness;
use super::fixture::*;
use anyhow::{Context as _, Result};
use attune_flow::program::OnLimit;
use attune_flow::run::Command;
use attune_port::{Append, AppendError, SlotAnswer, SlotLine, SlotRequest};
use attune_types::RunId;
use std::collections::BTreeSet;

fn line(key: Option<&str>) -> Result<SlotLine> {
    Ok(SlotLine {
        workflow: reference("demo.greet")?,
        key: key.map(str::to_owned),
    })
}

fn request(run: RunId, limit: u32, on_limit: OnLimit) -> Result<SlotRequest> {
    Ok(SlotRequest {
        run,
        line: line(None)?,
        limit,
        on_limit,
    })
}

async fn ask(harness: &dyn Harness, request: SlotRequest) -> Result<SlotAnswer> {
    let answers = harness.stores().slots.acquire(vec![request]).await?;
    answers.answers.into_iter().next().context("one answer")
}

async fn queue(harness: &dyn Harness, run: RunId, limit: u32) -> Result<SlotAnswer> {
    ask(harness, request(run, limit, OnLimit::Queue)?).await
}

async fn some(harness: &dyn Harness, count: usize) -> Result<Vec<RunId>> {
    let mut runs = Vec::new();
    for _ in 0..count {
        runs.push(opened(harness).await?);
    }
    Ok(runs)
}

fn end(harness: &dyn Harness, owner: &Owner, run: RunId) -> Result<Append> {
    let mut step = owner.last_step(harness, run, 1)?;
    step.slot = Some(line(None)?);
    Ok(step)
}

/// Commands in a run's inbox, by what they are.
async fn told(harness: &dyn Harness, run: RunId) -> Result<Vec<Command>> {
    let inbox = harness.stores().runs.inbox(run).await?;
    Ok(inbox.into_iter().map(|command| command.command).collect())
}

fn queued(holders: &[RunId]) -> SlotAnswer {
    SlotAnswer::Queued {
        holders: holders.to_vec(),
    }
}

/// As many as the limit says hold a place; the end of one gives it to the next, who is told.
pub async fn places_go_round_in_order(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let runs = some(harness, 5).await?;
    let [a, b, c, d, e] = runs[..] else {
        anyhow::bail!("five")
    };
    assert_eq!(queue(harness, a, 2).await?, SlotAnswer::Granted);
    assert_eq!(queue(harness, b, 2).await?, SlotAnswer::Granted);
    assert_eq!(queue(harness, c, 2).await?, queued(&[a, b]));
    assert_eq!(queue(harness, d, 2).await?, queued(&[a, b]));
    assert_eq!(queue(harness, e, 2).await?, queued(&[a, b]));
    // Asked again, the answer is how it stands.
    assert_eq!(queue(harness, a, 2).await?, SlotAnswer::Granted);
    assert_eq!(queue(harness, d, 2).await?, queued(&[a, b]));
    assert_eq!(commit(harness, end(harness, &owner, b)?).await?, [c]);
    assert_eq!(told(harness, c).await?, [Command::SlotGranted]);
    assert!(told(harness, d).await?.is_empty());
    // One that ends in line leaves the line.
    assert!(commit(harness, end(harness, &owner, d)?).await?.is_empty());
    assert_eq!(commit(harness, end(harness, &owner, a)?).await?, [e]);
    assert_eq!(queue(harness, e, 2).await?, SlotAnswer::Granted);
    let slots = &harness.stores().slots;
    assert!(slots.slot(a).await?.is_none());
    let row = slots.slot(c).await?.context("it holds one")?;
    assert_eq!((row.before, row.limit), (None, 2));
    assert_eq!(row.holders, [c, e]);
    Ok(())
}

/// Another key and another workflow are other lines; no key is not the empty key.
pub async fn lines_are_told_apart(harness: &dyn Harness) -> Result<()> {
    let runs = some(harness, 5).await?;
    let mut other = line(None)?;
    other.workflow = reference("demo.other")?;
    let lines = [line(None)?, line(Some(""))?, line(Some("a"))?, other];
    for (run, line) in runs.iter().zip(&lines) {
        let mut request = request(*run, 1, OnLimit::Queue)?;
        request.line = line.clone();
        assert_eq!(
            ask(harness, request).await?,
            SlotAnswer::Granted,
            "{line:?}"
        );
    }
    let mut request = request(runs[4], 1, OnLimit::Queue)?;
    request.line = line(Some("a"))?;
    assert_eq!(ask(harness, request).await?, queued(&[runs[2]]));
    let row = harness.stores().slots.slot(runs[4]).await?;
    let row = row.context("it stands in line")?;
    assert_eq!((row.line.key.as_deref(), row.before), (Some("a"), Some(0)));
    Ok(())
}

/// Whoever does not want to wait is refused, is in no line, and may be lucky the next time.
pub async fn refused_ones_stand_in_no_line(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let runs = some(harness, 3).await?;
    let [a, b, c] = runs[..] else {
        anyhow::bail!("three")
    };
    let reject = |run| request(run, 1, OnLimit::Reject);
    let asked = vec![reject(a)?, reject(b)?];
    let answers = harness.stores().slots.acquire(asked).await?.answers;
    assert_eq!(
        answers,
        [
            SlotAnswer::Granted,
            SlotAnswer::Refused { holders: vec![a] }
        ]
    );
    assert!(harness.stores().slots.slot(b).await?.is_none());
    assert_eq!(queue(harness, c, 1).await?, queued(&[a]));
    assert_eq!(commit(harness, end(harness, &owner, a)?).await?, [c]);
    assert!(matches!(
        ask(harness, reject(b)?).await?,
        SlotAnswer::Refused { .. }
    ));
    commit(harness, end(harness, &owner, c)?).await?;
    assert_eq!(ask(harness, reject(b)?).await?, SlotAnswer::Granted);
    Ok(())
}

/// The oldest are cancelled, each once, also those that have not got their place yet.
pub async fn the_oldest_make_room(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let runs = some(harness, 4).await?;
    let [a, b, c, d] = runs[..] else {
        anyhow::bail!("four")
    };
    let push = |run| request(run, 2, OnLimit::CancelOldest);
    assert_eq!(ask(harness, push(a)?).await?, SlotAnswer::Granted);
    assert_eq!(ask(harness, push(b)?).await?, SlotAnswer::Granted);
    let slots = &harness.stores().slots;
    let answers = slots.acquire(vec![push(c)?]).await?;
    assert_eq!(answers.told, [a]);
    assert_eq!(answers.answers, [queued(&[a, b])]);
    let cancels = told(harness, a).await?;
    let [Command::Cancel { by, reason }] = &cancels[..] else {
        anyhow::bail!("{cancels:?}")
    };
    assert_eq!(by, "concurrency");
    assert!(
        reason
            .as_ref()
            .is_some_and(|text| text.contains(&c.to_string()))
    );
    // Asked again, nobody further goes.
    assert!(slots.acquire(vec![push(c)?]).await?.told.is_empty());
    assert!(told(harness, b).await?.is_empty());
    assert_eq!(slots.acquire(vec![push(d)?]).await?.told, [b]);
    assert_eq!(commit(harness, end(harness, &owner, a)?).await?, [c]);
    assert_eq!(commit(harness, end(harness, &owner, b)?).await?, [d]);
    Ok(())
}

/// A run that has ended or does not exist gets none.
pub async fn ended_runs_get_no_place(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    commit(harness, end(harness, &owner, run)?).await?;
    assert_eq!(queue(harness, run, 1).await?, SlotAnswer::Over);
    assert_eq!(queue(harness, run_id(), 1).await?, SlotAnswer::Over);
    let next = opened(harness).await?;
    assert_eq!(queue(harness, next, 1).await?, SlotAnswer::Granted);
    Ok(())
}

/// A run that goes on after its end stands in line like any other.
pub async fn a_place_is_asked_for_again(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let (a, b) = (opened(harness).await?, opened(harness).await?);
    queue(harness, a, 1).await?;
    queue(harness, b, 1).await?;
    assert_eq!(commit(harness, end(harness, &owner, a)?).await?, [b]);
    commit(harness, owner.step(harness, a, 2, 1)?).await?;
    assert_eq!(queue(harness, a, 1).await?, queued(&[b]));
    let mut last = owner.last_step(harness, b, 1)?;
    last.slot = Some(line(None)?);
    assert_eq!(commit(harness, last).await?, [a]);
    assert_eq!(queue(harness, a, 1).await?, SlotAnswer::Granted);
    // Named once more, although the row of the first time had the same id.
    assert_eq!(told(harness, a).await?, [Command::SlotGranted]);
    Ok(())
}

/// A refused append frees nothing.
pub async fn a_refused_end_keeps_the_place(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let (a, b) = (opened(harness).await?, opened(harness).await?);
    queue(harness, a, 1).await?;
    queue(harness, b, 1).await?;
    let mut wrong = end(harness, &owner, a)?;
    wrong.after_seq = 7;
    wrong.events[0].seq = 8;
    let answer = commit(harness, wrong).await;
    assert!(matches!(answer, Err(AppendError::Moved { .. })));
    assert_eq!(queue(harness, b, 1).await?, queued(&[a]));
    assert_eq!(commit(harness, end(harness, &owner, a)?).await?, [b]);
    Ok(())
}

/// A run that is put aside gives its place on; a place left behind by one that is over is found.
pub async fn no_place_is_lost(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let runs = some(harness, 3).await?;
    let [a, b, c] = runs[..] else {
        anyhow::bail!("three")
    };
    for run in [a, b, c] {
        queue(harness, run, 1).await?;
    }
    let stores = harness.stores();
    stores.runs.quarantine(a, "unreadable").await?;
    assert_eq!(told(harness, b).await?, [Command::SlotGranted]);
    assert!(stores.slots.free_left_behind(10).await?.is_empty());
    // Ended by somebody who knew nothing of places.
    let mut end = owner.last_step(harness, b, 1)?;
    end.slot = None;
    assert!(commit(harness, end).await?.is_empty());
    assert!(told(harness, c).await?.is_empty());
    assert_eq!(stores.slots.free_left_behind(10).await?, [c]);
    assert_eq!(told(harness, c).await?, [Command::SlotGranted]);
    Ok(())
}

/// Asked and ended by many at once, never more than the limit hold a place, and all get their turn.
pub async fn many_at_once_keep_the_limit(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let runs = some(harness, 24).await?;
    let slots = &harness.stores().slots;
    let asked = futures::future::join_all(runs.iter().map(|run| queue(harness, *run, 3))).await;
    let mut holding = BTreeSet::new();
    for (run, answer) in runs.iter().zip(asked) {
        if answer? == SlotAnswer::Granted {
            holding.insert(*run);
        }
    }
    let mut served = 0;
    while !holding.is_empty() {
        assert!(holding.len() <= 3, "{holding:?}");
        let Some(one) = holding.iter().next() else {
            break;
        };
        let row = slots.slot(*one).await?.context("it holds one")?;
        assert!(row.holders.len() <= 3, "{row:?}");
        served += holding.len();
        // In one batch and in batches of their own.
        let mut ends = Vec::new();
        for run in std::mem::take(&mut holding) {
            ends.push(end(harness, &owner, run)?);
        }
        let rest = ends.split_off(ends.len().min(2));
        let runs = &harness.stores().runs;
        let (one, other) = tokio::join!(runs.append(ends), runs.append(rest));
        for answer in one.into_iter().chain(other) {
            holding.extend(answer?);
        }
    }
    assert_eq!(served, 24);
    Ok(())
}
