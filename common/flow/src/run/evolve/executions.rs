//! Appliers of what happens to executions: task activations and items.

use super::tally::{result_bytes, tally};
use super::{joins, lost, undo};
use crate::program::TaskIx;
use crate::run::event::By;
use crate::run::state::cache::Cache;
use crate::run::state::execution::{Attempt, Execution, Parts, Phase, Redo, Tally};
use crate::run::{Event, RunState};
use attune_types::{ExecutionId, ExecutionStatus, JsonValue, Ref, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A task or an item came to be.
pub(super) fn activated(state: &mut RunState, event: &Event) {
    match event {
        Event::TaskActivated {
            at,
            execution,
            task,
            name,
            activation,
            action,
            parent,
            join,
        } => {
            let made = Execution {
                activation: *activation,
                parent: *parent,
                ..fresh(
                    state,
                    *execution,
                    *task,
                    name.as_str().into(),
                    action.clone(),
                    *at,
                )
            };
            state.executions.insert(execution.0.as_u128(), made);
            state.about.created = state.about.created.saturating_add(1);
            state.about.activations = state.about.activations.saturating_add(1);
            if state.task(*task).is_none() {
                state.tasks.insert(u128::from(task.0), Default::default());
            }
            state.tasks.update(u128::from(task.0), |known| {
                known.activations = known.activations.max(*activation);
                known.live = known.live.saturating_add(1);
            });
            state.about.live.insert(*task);
            if let Some(start) = join {
                joins::started(state, *task, start);
            }
            if let Some(parent) = parent {
                state.executions.update(parent.0.as_u128(), |above| {
                    if let Parts::Branches { begun, tally, .. } = &mut above.parts {
                        begun.push(*execution);
                        tally.live = tally.live.saturating_add(1);
                    }
                });
            }
        }
        Event::ItemActivated {
            at,
            execution,
            parent,
            index,
        } => {
            let Some(above) = state.execution(*parent) else {
                return;
            };
            let made = Execution {
                activation: above.activation,
                parent: Some(*parent),
                item: Some(*index),
                ..fresh(
                    state,
                    *execution,
                    above.task,
                    above.name.clone(),
                    above.action.clone(),
                    *at,
                )
            };
            state.executions.insert(execution.0.as_u128(), made);
            state.about.created = state.about.created.saturating_add(1);
            state.executions.update(parent.0.as_u128(), |above| {
                if let Parts::Items { begun, tally, .. } = &mut above.parts {
                    *begun = begun.saturating_add(1);
                    tally.live = tally.live.saturating_add(1);
                }
            });
        }
        _ => {}
    }
}

/// Something happened to an execution that goes on.
pub(super) fn changed(state: &mut RunState, event: &Event) {
    if let Event::AttemptScheduled {
        execution, number, ..
    }
    | Event::AttemptFailed {
        execution, number, ..
    } = event
    {
        note_attempts(state, *execution, *number);
    }
    if let Event::Reported { report, .. } = event {
        state.about.cost_usd += report.cost_usd.unwrap_or(0.0);
        if let Some(labels) = &report.label {
            let known = Arc::make_mut(&mut state.about.labels);
            known.extend(labels.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
    }
    if let Some(id) = event.execution() {
        state
            .executions
            .update(id.0.as_u128(), |execution| change(execution, event));
    }
}

/// Makes attempts up to that number known by their ids.
fn note_attempts(state: &mut RunState, id: ExecutionId, number: u32) {
    let Some(known) = state.execution(id).map(|execution| execution.attempts) else {
        return;
    };
    for number in known.saturating_add(1)..=number {
        let attempt = id.attempt(number);
        state.attempts.insert(attempt.0.as_u128(), id);
    }
}

fn change(execution: &mut Execution, event: &Event) {
    match event {
        Event::Tagged { trace_tag, .. } => execution.trace_tag = Some(trace_tag.as_str().into()),
        Event::Delayed { until, .. } => execution.phase = Phase::Delayed(*until),
        Event::ItemsPlanned {
            at,
            items,
            total,
            batched,
            concurrency,
            tolerated,
            fail_fast,
            ..
        } => {
            execution.started_at = Some(*at);
            execution.phase = Phase::Gathering;
            execution.parts = Parts::Items {
                items: items.clone(),
                total: *total,
                batched: *batched,
                concurrency: *concurrency,
                tolerated: *tolerated,
                fail_fast: *fail_fast,
                begun: 0,
                redo: Redo::default(),
                tally: Tally::default(),
            };
        }
        Event::BranchesPlanned {
            at,
            branches,
            fail_fast,
            timeout,
            due,
            ..
        } => {
            execution.started_at = Some(*at);
            execution.phase = Phase::Gathering;
            execution.parts = Parts::Branches {
                branches: *branches,
                fail_fast: *fail_fast,
                timeout: *timeout,
                due: *due,
                timed_out: false,
                begun: Default::default(),
                tally: Tally::default(),
            };
        }
        Event::BranchesTimedOut { .. } => {
            if let Parts::Branches { due, timed_out, .. } = &mut execution.parts {
                *due = None;
                *timed_out = true;
            }
        }
        Event::AttemptScheduled {
            at,
            number,
            input,
            by,
            timeout,
            due,
            ..
        } => {
            execution.attempts = execution.attempts.max(*number);
            execution.started_at.get_or_insert(*at);
            if let Some(input) = input {
                execution.input = Some(input.clone());
            }
            execution.phase = Phase::Attempting(Attempt {
                number: *number,
                by: by.clone(),
                timeout: *timeout,
                scheduled_at: *at,
                started: None,
                due: *due,
                stopping: None,
                paused: false,
            });
            let waits = matches!(by, By::Child { wait: true, .. });
            execution.child = waits.then(|| execution.child_run()).flatten();
            execution.again = None;
        }
        Event::AttemptStarted {
            at,
            number,
            worker,
            due,
            ..
        } => {
            if let Phase::Attempting(attempt) = &mut execution.phase
                && attempt.number == *number
            {
                attempt.started = Some((*at, worker.clone()));
                if due.is_some() {
                    attempt.due = *due;
                }
            }
        }
        Event::Reported {
            number,
            report_number,
            ..
        } => execution
            .reports
            .entry(*number)
            .or_default()
            .insert(*report_number),
        Event::AttemptFailed {
            at,
            number,
            input,
            error,
            result,
            process,
            retry_at,
            ..
        } => {
            execution.started_at.get_or_insert(*at);
            execution.attempts = execution.attempts.max(*number);
            execution.failures = execution.failures.saturating_add(1);
            if let Some(input) = input {
                execution.input = Some(input.clone());
            }
            execution.error = Some(error.clone());
            execution.result = result.clone();
            execution.process = process.clone();
            execution.phase = Phase::Retrying(*retry_at);
        }
        Event::AttemptLost { at, reason, .. } => {
            execution.losses = execution.losses.saturating_add(1);
            execution.error = Some(lost(reason, *at));
            // It gave nothing back; what an attempt before did is nothing of this one's.
            execution.result = Arc::new(JsonValue::Null);
            execution.process = None;
            execution.phase = Phase::Retrying(*at);
        }
        Event::StopRequested { reason, due, .. } => {
            if let Phase::Attempting(attempt) = &mut execution.phase {
                attempt.stopping = Some(*reason);
                attempt.due = *due;
            }
        }
        _ => {}
    }
}

/// An execution reached its end.
pub(super) fn ended(state: &mut RunState, event: &Event) {
    let Event::ExecutionEnded {
        at,
        execution: id,
        status,
        attempts,
        input,
        result,
        process,
        error,
        handled,
    } = event
    else {
        return;
    };
    note_attempts(state, *id, *attempts);
    let completed = state.about.completed.saturating_add(1);
    let facts = state.executions.update(id.0.as_u128(), |execution| {
        if execution.is_ended() {
            return None;
        }
        if *attempts > 0 {
            execution.started_at.get_or_insert(*at);
        }
        execution.attempts = execution.attempts.max(*attempts);
        if let Some(input) = input {
            execution.input = Some(input.clone());
        }
        execution.result = result.clone();
        execution.process = process.clone();
        execution.error = error.clone();
        execution.handled = *handled;
        execution.ended_at = Some(*at);
        execution.completed = completed;
        execution.phase = Phase::Ended(*status);
        // Only what stands above asks for it.
        let bytes = execution.parent.map_or(0, |_| result_bytes(execution));
        Some((execution.task, execution.parent, execution.item, bytes))
    });
    let Some(Some((task, parent, item, bytes))) = facts else {
        return;
    };
    state.about.completed = completed;
    if undo::ended(state, *id, *status) {
        return;
    }
    if item.is_none() {
        close_activation(state, task);
        state.about.planned_ended(*id);
        if parent.is_none() && counts_as_last(*status) {
            state.about.last = Some(*id);
        }
    }
    if let Some(parent) = parent {
        tally(state, parent, item, *status, *handled, bytes);
    }
}

fn close_activation(state: &mut RunState, task: TaskIx) {
    let live = state.tasks.update(u128::from(task.0), |known| {
        known.live = known.live.saturating_sub(1);
        known.live
    });
    if live == Some(0) {
        state.about.live.remove(task);
    }
}

const fn counts_as_last(status: ExecutionStatus) -> bool {
    !matches!(
        status,
        ExecutionStatus::Skipped | ExecutionStatus::Cancelled
    )
}

pub(super) fn fresh(
    state: &RunState,
    id: ExecutionId,
    task: TaskIx,
    name: Arc<str>,
    action: Option<Ref>,
    at: Timestamp,
) -> Execution {
    Execution {
        id,
        created: state.about.created,
        task,
        name,
        action,
        activation: 1,
        parent: None,
        item: None,
        phase: Phase::Ready,
        parts: Parts::None,
        attempts: 0,
        failures: 0,
        losses: 0,
        input: None,
        result: Arc::new(JsonValue::Null),
        process: None,
        error: None,
        created_at: at,
        started_at: None,
        ended_at: None,
        handled: false,
        completed: 0,
        undoes: None,
        undone: BTreeSet::new(),
        trace_tag: None,
        reports: BTreeMap::new(),
        fails: false,
        held: Vec::new(),
        child: None,
        again: None,
        view: Cache::default(),
    }
}
