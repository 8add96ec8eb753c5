//! Appliers of what concerns the run as a whole.

use crate::run::event::{By, CarriedOver};
use crate::run::secret::with_reads;
use crate::run::state::execution::Phase;
use crate::run::state::slot::Slot;
use crate::run::state::{Canceling, End, Failing, PlannedFailure};
use crate::run::{Event, RunState};
use attune_types::ExecutionId;
use std::sync::Arc;

pub(super) fn apply(state: &mut RunState, event: &Event) {
    match event {
        Event::CarriedOver(CarriedOver {
            vars,
            labels,
            trace_tag,
            ..
        }) => {
            let about = &mut state.about;
            about.vars.extend(vars);
            about.labels = Arc::new(labels.clone());
            about.trace_tag = trace_tag.as_deref().map(Arc::from);
        }
        Event::RunBegun {
            at,
            vars,
            labels,
            trace_tag,
            deadline,
        } => {
            let about = &mut state.about;
            about.begun_at = Some(*at);
            about.carried = about.completed;
            about.vars.extend(vars);
            about.labels = Arc::new(labels.clone());
            about.trace_tag = trace_tag.as_deref().map(Arc::from);
            about.deadline = *deadline;
        }
        Event::KeysRead { nonce, read, .. } => {
            let about = &mut state.about;
            about.secrets =
                with_reads(about.secrets.as_deref(), nonce.as_ref(), read).map(Arc::new);
            let keys = Arc::make_mut(&mut about.keys);
            for read in read {
                keys.insert(read.key.to_string(), read.seen.clone());
            }
        }
        Event::SlotRequested {
            key,
            limit,
            on_limit,
            ..
        } => {
            state.about.slot = Some(Arc::new(Slot {
                key: key.clone(),
                limit: *limit,
                on_limit: *on_limit,
                holders: None,
                granted_at: None,
            }));
        }
        Event::SlotQueued { holders, .. } => {
            if let Some(slot) = &mut state.about.slot {
                Arc::make_mut(slot).holders = Some(holders.clone());
            }
        }
        Event::SlotGranted { at } => {
            if let Some(slot) = &mut state.about.slot {
                Arc::make_mut(slot).granted_at = Some(*at);
            }
        }
        Event::FailurePlanned { error, after, .. } => {
            Arc::make_mut(&mut state.about.planned).push(PlannedFailure {
                error: error.clone(),
                after: after.clone(),
            });
        }
        Event::RunFailing { status, error, .. } => {
            state.about.failing = Some(Failing {
                status: *status,
                error: error.clone(),
            });
        }
        Event::CancelRequested { by, reason, .. } => {
            state.about.canceling = Some(Arc::new(Canceling {
                by: by.clone(),
                reason: reason.clone(),
            }));
        }
        Event::RunPaused { by, .. } => {
            state.about.paused = true;
            state.about.paused_by = Some(Arc::from(by.as_str()));
            remember_pause(state);
        }
        Event::RunResumed { .. } => {
            state.about.paused = false;
            state.about.paused_by = None;
        }
        Event::RunEnded {
            at,
            status,
            output,
            error,
        } => {
            state.about.end = Some(End {
                at: *at,
                status: *status,
                output: output.clone(),
                error: error.clone(),
            });
        }
        _ => {}
    }
}

/// Open child runs are paused too, and have to be told when it is over.
fn remember_pause(state: &mut RunState) {
    for id in children(state) {
        state.executions.update(id.0.as_u128(), |execution| {
            if let Phase::Attempting(attempt) = &mut execution.phase {
                attempt.paused = true;
            }
        });
    }
}

/// Executions whose work is an open child run.
pub(in crate::run) fn children(state: &RunState) -> Vec<ExecutionId> {
    state
        .live()
        .into_iter()
        .filter(|execution| {
            execution
                .attempt()
                .is_some_and(|attempt| matches!(attempt.by, By::Child { .. }))
        })
        .map(|execution| execution.id)
        .collect()
}
