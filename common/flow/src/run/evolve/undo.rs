//! Appliers of undoing a run.

use super::executions::fresh;
use crate::run::event::{
    CompensationEnded, CompensationJoined, CompensationStarted, CompensationStopped, UndoActivated,
};
use crate::run::state::execution::Execution;
use crate::run::state::undo::Undo;
use crate::run::state::{Canceling, End};
use crate::run::{Event, RunState};
use attune_types::{ExecutionId, ExecutionStatus};
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) {
    match event {
        Event::CompensationStarted(CompensationStarted {
            by,
            request,
            attempt,
            undo,
            ..
        }) => {
            let Some(end) = &state.about.end else { return };
            let before = state.about.undo.as_deref();
            let mut requests = before.map_or_else(Vec::new, |undo| undo.requests.clone());
            requests.push(*request);
            state.about.undo = Some(Arc::new(Undo {
                by: by.clone(),
                active: true,
                round: before.map_or(0, |undo| undo.round).saturating_add(1),
                requests,
                askers: attempt.iter().copied().collect(),
                plan: undo.clone(),
                begun: 0,
                stopping: None,
                first: before.map_or_else(|| end.clone(), |undo| undo.first.clone()),
            }));
        }
        Event::CompensationJoined(CompensationJoined {
            request, attempt, ..
        }) => change(state, |undo| {
            undo.requests.push(*request);
            undo.askers.push(*attempt);
        }),
        Event::UndoActivated(it) => activated(state, it),
        Event::CompensationStopped(CompensationStopped { by, reason, .. }) => {
            change(state, |undo| {
                undo.stopping = Some(Canceling {
                    by: by.clone(),
                    reason: reason.clone(),
                });
            })
        }
        Event::CompensationEnded(CompensationEnded { at, status, error }) => {
            let mut end = None;
            change(state, |undo| {
                undo.active = false;
                end = Some(End {
                    at: *at,
                    status: *status,
                    error: error.clone().or_else(|| undo.first.error.clone()),
                    ..undo.first.clone()
                });
            });
            if end.is_some() {
                state.about.end = end;
            }
        }
        _ => {}
    }
}

fn change(state: &mut RunState, f: impl FnOnce(&mut Undo)) {
    if let Some(undo) = &mut state.about.undo {
        f(Arc::make_mut(undo));
    }
}

fn activated(state: &mut RunState, event: &UndoActivated) {
    let UndoActivated {
        at,
        execution,
        undoes,
        name,
        action,
    } = event;
    change(state, |undo| undo.begun = undo.begun.saturating_add(1));
    let Some(undone) = state.execution(undoes.execution) else {
        return;
    };
    let made = Execution {
        activation: undone.activation,
        undoes: Some(*undoes),
        ..fresh(
            state,
            *execution,
            undone.task,
            name.as_str().into(),
            action.clone(),
            *at,
        )
    };
    state.executions.insert(execution.0.as_u128(), made);
    state.about.created = state.about.created.saturating_add(1);
}

/// An execution that undoes something ended. True: nothing else follows from it.
pub(super) fn ended(state: &mut RunState, id: ExecutionId, status: ExecutionStatus) -> bool {
    let Some(undoes) = state.execution(id).and_then(|known| known.undoes) else {
        return false;
    };
    if status == ExecutionStatus::Succeeded {
        state
            .executions
            .update(undoes.execution.0.as_u128(), |undone| {
                undone.undone.insert(undoes.attempt.unwrap_or(0));
            });
    }
    true
}
