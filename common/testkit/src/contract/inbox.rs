//! The inbox, what falls due, and what an append sends to others.

use super::Harness;
use super::fixture::*;
use anyhow::Result;
use attune_flow::run::Command;
use attune_port::{AppendError, NewInboxCommand};
use attune_types::{AttemptId, ExecutionStatus, RunId};
use std::time::Duration;

const BRIEF: Duration = Duration::from_millis(100);

async fn due(harness: &dyn Harness, grace: Duration) -> Result<Vec<RunId>> {
    let shards = all_shards(harness).await?;
    let due = harness.stores().runs.due(&shards, grace, 100).await?;
    Ok(due.into_iter().map(|(run, _)| run).collect())
}

/// Commands come with the run, oldest first, until an append says that they are answered.
pub async fn commands_wait_until_answered(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let (first, second) = (command(run), command(run));
    runs.send(vec![first.clone(), second.clone()]).await?;
    // The same id again changes nothing.
    runs.send(vec![first.clone()]).await?;
    let inbox = runs.load(&[run]).await?.remove(0).inbox;
    let ids: Vec<_> = inbox.iter().map(|command| command.id).collect();
    assert_eq!(ids, [first.id, second.id]);
    assert_eq!(inbox[0].command, first.command);
    assert_eq!(runs.inbox(run).await?, inbox);
    let mut step = owner.step(harness, run, 1, 1)?;
    step.inbox_done = vec![first.id];
    commit(harness, step).await?;
    let left: Vec<_> = runs
        .inbox(run)
        .await?
        .iter()
        .map(|command| command.id)
        .collect();
    assert_eq!(left, [second.id]);
    Ok(())
}

/// Commands for runs that do not exist or have ended are dropped; others in the call are kept.
pub async fn commands_for_nobody_are_dropped(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (ended, open) = (opened(harness).await?, opened(harness).await?);
    commit(harness, owner.last_step(harness, ended, 1)?).await?;
    runs.send(vec![command(ended), command(run_id()), command(open)])
        .await?;
    assert!(runs.inbox(ended).await?.is_empty());
    assert_eq!(runs.inbox(open).await?.len(), 1);
    Ok(())
}

/// The end of a run clears its inbox.
pub async fn end_clears_the_inbox(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let (answered, ignored) = (command(run), command(run));
    runs.send(vec![answered.clone(), ignored]).await?;
    let mut step = owner.last_step(harness, run, 1)?;
    step.inbox_done = vec![answered.id];
    commit(harness, step).await?;
    assert!(runs.inbox(run).await?.is_empty());
    harness.pass(BRIEF).await;
    assert!(due(harness, Duration::ZERO).await?.is_empty());
    Ok(())
}

/// A run that has ended can still be asked to undo what it did; no other end drops that, and a run
/// that was put aside cannot be asked.
pub async fn ended_runs_may_be_asked_to_undo(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    commit(harness, owner.last_step(harness, run, 1)?).await?;
    let undo = NewInboxCommand {
        command: Command::Compensate {
            by: "ada".to_owned(),
            request: uuid::Uuid::new_v4(),
            attempt: None,
        },
        ..command(run)
    };
    runs.send(vec![undo.clone(), command(run)]).await?;
    assert_eq!(runs.inbox(run).await?.len(), 1);
    harness.pass(BRIEF).await;
    assert_eq!(due(harness, BRIEF).await?, [run]);
    commit(harness, owner.last_step(harness, run, 2)?).await?;
    assert_eq!(runs.inbox(run).await?.len(), 1);
    let mut step = owner.last_step(harness, run, 3)?;
    step.inbox_done = vec![undo.id];
    commit(harness, step).await?;
    assert!(due(harness, Duration::ZERO).await?.is_empty());

    runs.send(vec![undo.clone()]).await?;
    runs.quarantine(run, "it cannot be read").await?;
    assert!(runs.inbox(run).await?.is_empty());
    runs.send(vec![undo]).await?;
    assert!(runs.inbox(run).await?.is_empty());
    let row = harness.stores().reads.execution(run.into()).await?;
    assert!(row.is_some_and(|row| row.status == ExecutionStatus::Abandoned));
    Ok(())
}

fn retry(run: RunId, attempt: Option<AttemptId>) -> NewInboxCommand {
    NewInboxCommand {
        command: Command::Retry {
            by: "ada".to_owned(),
            request: uuid::Uuid::new_v4(),
            attempt,
        },
        ..command(run)
    }
}

/// A run that has ended can be asked to go on. What is said to it after that counts; it takes the request
/// as any other, and is nobody's work no more once it has ended again.
pub async fn ended_runs_may_be_asked_to_go_on(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let mut failed = owner.last_step(harness, run, 1)?;
    failed.update.status = ExecutionStatus::Failed;
    commit(harness, failed).await?;
    let ids = async || -> Result<Vec<uuid::Uuid>> {
        let inbox = runs.inbox(run).await?;
        Ok(inbox.into_iter().map(|command| command.id).collect())
    };
    let (early, again, same, later) = (command(run), retry(run, None), command(run), command(run));
    runs.send(vec![early, again.clone(), same.clone()]).await?;
    runs.send(vec![later.clone()]).await?;
    assert_eq!(ids().await?, [again.id, same.id, later.id]);
    harness.pass(BRIEF).await;
    assert_eq!(due(harness, BRIEF).await?, [run]);
    // An end that knew nothing of it leaves it there.
    commit(harness, owner.last_step(harness, run, 2)?).await?;
    assert_eq!(ids().await?, [again.id, same.id, later.id]);

    let mut step = owner.step(harness, run, 3, 1)?;
    step.inbox_done = vec![again.id];
    commit(harness, step).await?;
    let standing = runs.standing(&[run, run_id()]).await?;
    assert_eq!(standing, [(run, ExecutionStatus::Running)].into());
    assert!(
        runs.active(&[run.shard(16)], None, 10)
            .await?
            .contains(&run)
    );
    runs.send(vec![command(run)]).await?;
    assert_eq!(ids().await?.len(), 3);
    // Answered by the end itself, nothing else is left of it.
    let once_more = retry(run, None);
    runs.send(vec![once_more.clone(), command(run)]).await?;
    let mut step = owner.last_step(harness, run, 4)?;
    step.inbox_done = vec![once_more.id];
    commit(harness, step).await?;
    assert!(ids().await?.is_empty());
    assert!(due(harness, Duration::ZERO).await?.is_empty());
    assert!(
        !runs
            .active(&[run.shard(16)], None, 10)
            .await?
            .contains(&run)
    );
    Ok(())
}

/// One that is put aside then tells every attempt that may wait for it, and takes nothing any more.
pub async fn whoever_had_a_lost_run_retried_is_told(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let parent = opened(harness).await?;
    let child = run_id();
    let new = child_run(harness, child, parent)?;
    let opened_for = new.header.parent.as_ref();
    let opened_for = opened_for.map(|parent| parent.execution.attempt(parent.attempt));
    runs.open(vec![new]).await?;
    let [first, second, third] = [(); 3].map(|()| AttemptId(uuid::Uuid::new_v4()));
    let mut step = owner.last_step(harness, child, 1)?;
    for (kind, attempt) in [("run_retried", first), ("retry_joined", second)] {
        let mut said = event(step.after_seq + step.events.len() as u64 + 1, harness.now());
        said.kind = kind.to_owned();
        said.data = serde_json::json!({"by": "ada", "attempt": attempt});
        step.events.push(said);
    }
    commit(harness, step).await?;
    runs.send(vec![retry(child, Some(third))]).await?;
    runs.quarantine(child, "it cannot be read").await?;
    runs.quarantine(child, "it cannot be read").await?;
    let inbox = runs.inbox(parent).await?.into_iter();
    let mut told: Vec<AttemptId> = inbox
        .filter_map(|told| match told.command {
            Command::AttemptFinished { attempt, .. } => Some(attempt),
            _ => None,
        })
        .collect();
    told.sort_unstable();
    let mut wanted = vec![AttemptId(child.uuid()), first, second, third];
    wanted.extend(opened_for);
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    runs.send(vec![retry(child, None)]).await?;
    assert!(runs.inbox(child).await?.is_empty());
    Ok(())
}

/// A step may send commands to other runs, once each.
pub async fn append_sends_to_other_runs(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (child, parent) = (opened(harness).await?, opened(harness).await?);
    let note = command(parent);
    let mut step = owner.last_step(harness, child, 1)?;
    step.inbox = vec![note.clone(), command(run_id())];
    commit(harness, step).await?;
    runs.send(vec![note.clone()]).await?;
    let inbox = runs.inbox(parent).await?;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].command, note.command);
    Ok(())
}

/// A refused step leaves nothing of itself behind: no event, row, command or answer.
pub async fn refused_append_leaves_no_trace(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let (run, other) = (opened(harness).await?, opened(harness).await?);
    let waiting = command(run);
    stores.runs.send(vec![waiting.clone()]).await?;
    let task = attune_types::ExecutionId(uuid::Uuid::new_v4());
    let mut step = owner.last_step(harness, run, 5)?;
    step.rows = vec![row(run, task, harness.now())];
    step.inbox_done = vec![waiting.id];
    step.inbox = vec![command(other)];
    step.closed = vec![task.attempt(1)];
    let emitted = trigger_event(None)?;
    step.emitted = vec![attune_port::NewEvent {
        event: emitted.clone(),
    }];
    let answer = commit(harness, step).await;
    assert!(
        matches!(answer, Err(AppendError::Moved { .. })),
        "{answer:?}"
    );
    assert_eq!(stores.runs.inbox(run).await?.len(), 1);
    assert!(stores.runs.inbox(other).await?.is_empty());
    assert!(stores.reads.execution(task).await?.is_none());
    assert!(stores.events.get(&[emitted.id]).await?.is_empty());
    assert!(stores.work.claimed(&[task.attempt(1)]).await?.is_empty());
    let detail = stores.reads.run(run).await?;
    assert!(detail.is_some_and(|detail| detail.last_seq == 1));
    Ok(())
}

/// Timers that have passed are due, the latest first to be late first; others are not.
pub async fn timers_fall_due_in_order(harness: &dyn Harness) -> Result<()> {
    let owner = owner(harness, LONG).await?;
    let now = harness.now();
    let mut runs = Vec::new();
    for wait in [20u64, 10, 3_600_000] {
        let run = opened(harness).await?;
        let mut step = owner.step(harness, run, 1, 1)?;
        step.update.wake_at = Some(now.saturating_add(Duration::from_millis(wait))?);
        commit(harness, step).await?;
        runs.push(run);
    }
    harness.pass(Duration::from_millis(200)).await;
    assert_eq!(due(harness, LONG).await?, [runs[1], runs[0]]);
    // Looked at, with nothing further due.
    commit(harness, owner.step(harness, runs[1], 2, 1)?).await?;
    assert_eq!(due(harness, LONG).await?, [runs[0]]);
    let other: Vec<u16> = all_shards(harness)
        .await?
        .into_iter()
        .filter(|shard| *shard != runs[0].shard(16))
        .collect();
    assert!(
        harness
            .stores()
            .runs
            .due(&other, LONG, 10)
            .await?
            .is_empty()
    );
    Ok(())
}

/// Runs that nobody has looked at since they were opened, or since a command came, fall due after the
/// grace.
pub async fn forgotten_runs_fall_due(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let owner = owner(harness, LONG).await?;
    let (fresh, begun) = (opened(harness).await?, opened(harness).await?);
    commit(harness, owner.step(harness, begun, 1, 1)?).await?;
    assert!(due(harness, LONG).await?.is_empty());
    harness.pass(BRIEF).await;
    assert_eq!(due(harness, BRIEF).await?, [fresh]);
    let waiting = command(begun);
    runs.send(vec![waiting.clone()]).await?;
    harness.pass(BRIEF).await;
    assert_eq!(due(harness, BRIEF).await?, [fresh, begun]);
    let shards = all_shards(harness).await?;
    let late = runs.due(&shards, BRIEF, 1).await?;
    assert_eq!(late.len(), 1);
    assert!(late[0].1 >= BRIEF * 2, "{late:?}");
    let mut step = owner.step(harness, begun, 2, 0)?;
    step.inbox_done = vec![waiting.id];
    commit(harness, step).await?;
    commit(harness, owner.step(harness, fresh, 1, 1)?).await?;
    assert!(due(harness, Duration::ZERO).await?.is_empty());
    Ok(())
}

/// The next wake is the earliest one ahead, as a wait.
pub async fn next_wake_lies_ahead(harness: &dyn Harness) -> Result<()> {
    let runs = &harness.stores().runs;
    let shards = all_shards(harness).await?;
    assert_eq!(runs.next_wake(&shards).await?, None);
    let owner = owner(harness, LONG).await?;
    for minutes in [90u64, 30] {
        let run = opened(harness).await?;
        let mut step = owner.step(harness, run, 1, 1)?;
        let wait = Duration::from_secs(minutes * 60);
        step.update.wake_at = Some(harness.now().saturating_add(wait)?);
        commit(harness, step).await?;
    }
    let wait = runs.next_wake(&shards).await?;
    assert!(
        wait.is_some_and(
            |wait| wait > Duration::from_secs(20 * 60) && wait <= Duration::from_secs(31 * 60)
        ),
        "{wait:?}"
    );
    Ok(())
}
