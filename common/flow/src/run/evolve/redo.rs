//! Appliers of retrying a run that has ended.

use super::tally::{count, result_bytes};
use crate::run::event::{Reopened, RetryJoined, RunRetried};
use crate::run::state::execution::{Execution, Parts, Phase, Redo, Tally};
use crate::run::state::redo::{Held, Retried};
use crate::run::state::vars::Vars;
use crate::run::{Event, RunState};
use attune_types::{ExecutionId, ExecutionStatus, JsonValue};
use std::sync::Arc;

/// The engine commands as a fired transition names them; no task can have such a name.
const FAIL: &str = "fail";
const RETRY: &str = "retry";
const NOOP: &str = "noop";
const CONTINUE: &str = "continue";

pub(super) fn apply(state: &mut RunState, event: &Event) {
    match event {
        Event::RunRetried(it) => retried(state, it),
        Event::RetryJoined(RetryJoined {
            request, attempt, ..
        }) => {
            let at = state.about.opened_at;
            let known = state.about.retried.get_or_insert_with(|| {
                // It never came to an end before.
                Arc::new(Retried {
                    by: String::new(),
                    at,
                    round: 0,
                    requests: Vec::new(),
                    asker: None,
                    cost_usd: 0.0,
                })
            });
            let known = Arc::make_mut(known);
            known.requests.push(*request);
            known.asker = Some(*attempt);
        }
        Event::Reopened(it) => reopened(state, it),
        _ => {}
    }
}

fn retried(state: &mut RunState, event: &RunRetried) {
    let about = &mut state.about;
    let before = about.retried.as_deref();
    let mut requests = before.map_or_else(Vec::new, |it| it.requests.clone());
    requests.push(event.request);
    let cost_usd = match before {
        // Nobody waited for the end before.
        Some(before) if before.asker.is_none() => before.cost_usd,
        _ => about.cost_usd,
    };
    about.retried = Some(Arc::new(Retried {
        by: event.by.clone(),
        at: event.at,
        round: before.map_or(0, |it| it.round).saturating_add(1),
        requests,
        asker: event.attempt,
        cost_usd,
    }));
    about.end = None;
    about.failing = None;
    about.canceling = None;
    about.planned = Arc::default();
    about.paused = false;
    about.paused_by = None;
    about.deadline = event.deadline;
    if event.afresh {
        about.begun_at = None;
        about.slot = None;
        about.vars = Vars::default();
        about.labels = Arc::new(about.header.labels.clone());
        about.trace_tag = None;
    } else if let Some(slot) = &mut about.slot {
        // Its place went with its end.
        let slot = Arc::make_mut(slot);
        slot.granted_at = None;
        slot.holders = None;
    }
}

/// A transition was taken: remembered if nothing can follow from it now, and forgotten once it has.
pub(super) fn fired(state: &mut RunState, id: ExecutionId, transition: u32, to: &[String]) {
    let named = |command: &str| to.iter().any(|to| to == command);
    if named(FAIL) {
        let fails = |execution: &mut Execution| execution.fails = true;
        state.executions.update(id.0.as_u128(), fails);
    }
    let closing = state.is_closing();
    let retry = named(RETRY);
    let leads = to.iter().any(|to| to != NOOP && to != CONTINUE);
    state.about.cut_short |= closing && retry;
    let held = |execution: &Execution| execution.held.iter().any(|it| it.transition == transition);
    let known = state.execution(id).is_some_and(held);
    // A failure that leads nowhere is held too: nothing was tried again.
    let well = |execution: &Execution| execution.status() == ExecutionStatus::Succeeded;
    let holds = leads || !state.execution(id).is_some_and(well);
    if closing && holds && !known {
        state.executions.update(id.0.as_u128(), |execution| {
            execution.held.push(Held { transition, retry });
        });
    } else if !closing && known {
        state.executions.update(id.0.as_u128(), |execution| {
            execution.held.retain(|it| it.transition != transition);
        });
    }
}

fn reopened(state: &mut RunState, event: &Reopened) {
    let id = event.execution;
    let Some(execution) = state.execution(id) else {
        return;
    };
    if !execution.is_ended() {
        return;
    }
    let (task, parent, item) = (execution.task, execution.parent, execution.item);
    let again = Again::of(state, execution);
    state.executions.update(id.0.as_u128(), |execution| {
        execution.failures = 0;
        execution.losses = 0;
        execution.result = Arc::new(JsonValue::Null);
        execution.process = None;
        execution.error = None;
        execution.handled = false;
        execution.fails = false;
        execution.held.clear();
        execution.ended_at = None;
        execution.completed = 0;
        execution.again = execution.child;
        execution.phase = match &mut execution.parts {
            Parts::None => Phase::Ready,
            Parts::Items { tally, redo, .. } => {
                *tally = again.tally;
                *redo = Redo {
                    left: again.count,
                    from: 0,
                };
                Phase::Gathering
            }
            Parts::Branches {
                due,
                timed_out,
                tally,
                ..
            } => {
                *tally = again.tally;
                *due = event.due;
                *timed_out = false;
                Phase::Gathering
            }
        };
    });
    if item.is_none() {
        state.tasks.update(u128::from(task.0), |known| {
            known.live = known.live.saturating_add(1);
        });
        state.about.live.insert(task);
    }
    if let Some(parent) = parent {
        state
            .executions
            .update(parent.0.as_u128(), |above| match &mut above.parts {
                Parts::None => {}
                Parts::Branches { tally, .. } => tally.live = tally.live.saturating_add(1),
                Parts::Items { tally, redo, .. } => {
                    tally.live = tally.live.saturating_add(1);
                    redo.left = redo.left.saturating_sub(1);
                    redo.from = item.map_or(redo.from, |index| index.saturating_add(1));
                }
            });
    }
}

/// How the parts of an execution stand once those that are done again are taken off.
#[derive(Default)]
struct Again {
    tally: Tally,
    count: u32,
}

impl Again {
    fn of(state: &RunState, execution: &Execution) -> Self {
        let mut again = Self::default();
        for part in state.parts_of(execution) {
            if state.is_to_redo(part) {
                again.count = again.count.saturating_add(1);
            } else {
                count(
                    &execution.parts,
                    &mut again.tally,
                    part.item,
                    part.status(),
                    part.handled,
                    result_bytes(part),
                );
            }
        }
        again
    }
}
