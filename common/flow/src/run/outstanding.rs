//! What a run owes to the world, derived from its state: the same for live running, recovery and audit.
//!
//! Pure. An obligation stands until an event settles it; performing it again is harmless.

use super::event::By;
use super::state::execution::{Attempt, Execution};
use super::{ChildOrder, Effect, EffectKey, NativeOrder, RunState, SlotOrder, WorkOrder};
use crate::program::{Performer, Program, Work};
use attune_types::{AttemptId, JsonMap, JsonValue, RunId};
use std::collections::BTreeMap;

/// Everything that the run owes now.
pub fn outstanding(program: &Program, state: &RunState) -> BTreeMap<EffectKey, Effect> {
    let mut owed = BTreeMap::new();
    if state.is_terminal() {
        return owed;
    }
    for execution in state.live() {
        owed_for(program, state, execution, &mut owed);
    }
    owed.extend(slot(state));
    owed.extend(wake(state));
    owed
}

/// The place that the run waits for.
pub(super) fn slot(state: &RunState) -> Option<(EffectKey, Effect)> {
    let slot = state.slot().filter(|_| state.is_slot_wanted())?;
    let header = state.header();
    let order = SlotOrder {
        run: header.run,
        workflow: header.action.clone(),
        key: slot.key.clone(),
        limit: slot.limit,
        on_limit: slot.on_limit,
    };
    Some((EffectKey::Slot, Effect::AcquireSlot(Box::new(order))))
}

/// The timer that the run owes.
pub(super) fn wake(state: &RunState) -> Option<(EffectKey, Effect)> {
    state
        .wake_at()
        .map(|at| (EffectKey::Wake, Effect::WakeAt(at)))
}

/// What is owed because of one execution.
pub(super) fn owed_for(
    program: &Program,
    state: &RunState,
    execution: &Execution,
    owed: &mut BTreeMap<EffectKey, Effect>,
) {
    if state.is_terminal() {
        return;
    }
    let Some(attempt) = execution.attempt() else {
        return;
    };
    let id = execution.id.attempt(attempt.number);
    if let Some(effect) = work(program, state, execution, attempt, id) {
        owed.insert(EffectKey::Attempt(id), effect);
    }
    let child = execution.child_run().unwrap_or(RunId(id.0));
    match &attempt.by {
        By::Timer => {}
        By::Undo { run } => {
            let effect = Effect::CompensateChild {
                run: *run,
                attempt: id,
                by: state.undo().map(|undo| undo.by.clone()).unwrap_or_default(),
            };
            owed.insert(EffectKey::Attempt(id), effect);
            if attempt.stopping.is_some() {
                let reason = "the undoing of the run above was stopped".to_owned();
                let effect = Effect::CancelChild { run: *run, reason };
                owed.insert(EffectKey::Stop(id), effect);
            }
        }
        By::Worker { .. } | By::Native => {
            if attempt.stopping.is_some() {
                let pool = match &attempt.by {
                    By::Worker { pool, .. } => Some(pool.clone()),
                    _ => None,
                };
                owed.insert(
                    EffectKey::Stop(id),
                    Effect::StopAttempt { attempt: id, pool },
                );
            }
        }
        By::Child { wait, .. } => {
            if attempt.stopping.is_some() {
                let reason = cancel_reason(state, execution);
                owed.insert(
                    EffectKey::Stop(id),
                    Effect::CancelChild { run: child, reason },
                );
            }
            // One that nobody waits for goes its own way once it is open.
            if !wait {
                return;
            }
            if state.is_paused() {
                owed.insert(EffectKey::Pause(child), Effect::PauseChild { run: child });
            } else if attempt.paused {
                owed.insert(EffectKey::Resume(child), Effect::ResumeChild { run: child });
            }
        }
    }
}

fn cancel_reason(state: &RunState, execution: &Execution) -> String {
    match &state.about.canceling {
        Some(canceling) => match &canceling.reason {
            Some(reason) => format!("the run above was cancelled: {reason}"),
            None => "the run above was cancelled".to_owned(),
        },
        None => format!("task `{}` of the run above was stopped", execution.name),
    }
}

/// Having the attempt done.
fn work(
    program: &Program,
    state: &RunState,
    execution: &Execution,
    attempt: &Attempt,
    id: AttemptId,
) -> Option<Effect> {
    let Work::Action(call) = &execution.task_in(program)?.work else {
        return None;
    };
    let header = state.header();
    let input = execution.input.as_deref().cloned().unwrap_or_default();
    let secrets = state.about.secrets.as_deref();
    let secrets = secrets.and_then(|secrets| secrets.in_input(&input));
    Some(match (&attempt.by, &call.performer) {
        (By::Worker { pool, selector }, Performer::Worker { spec, .. }) => {
            Effect::Dispatch(Box::new(WorkOrder {
                run: header.run,
                execution: execution.id,
                attempt: id,
                number: attempt.number,
                task: execution.name.to_string(),
                action: call.reference.clone(),
                pack_hash: header
                    .packs
                    .get(call.reference.pack())
                    .cloned()
                    .unwrap_or_default(),
                spec: (**spec).clone(),
                pool: pool.clone(),
                selector: selector.clone(),
                input,
                timeout: attempt.timeout,
                scheduled_at: attempt.scheduled_at,
                trace: header.trace.clone(),
                api_url: header.api_url.clone(),
                secrets,
                hidden: call.parameters.secrets().to_vec(),
            }))
        }
        (By::Native, Performer::Native(action)) => Effect::Native(Box::new(NativeOrder {
            run: header.run,
            execution: execution.id,
            attempt: id,
            number: attempt.number,
            task: execution.name.to_string(),
            action: *action,
            input,
            timeout: attempt.timeout,
            secrets,
        })),
        (
            By::Child {
                action,
                wait,
                again,
            },
            _,
        ) => Effect::OpenChild(Box::new(ChildOrder {
            run: again.unwrap_or(RunId(id.0)),
            again: again.map(|_| state.retried_by().to_owned()),
            attempt: id,
            number: attempt.number,
            execution: execution.id,
            action: action.clone(),
            parameters: if call.is_run_workflow() {
                nested(input)
            } else {
                input
            },
            secrets,
            depth: header.depth.saturating_add(1),
            wait: *wait,
        })),
        _ => return None,
    })
}

/// The parameters that `core.run_workflow` passes on.
fn nested(mut input: JsonMap) -> JsonMap {
    match input.remove("parameters") {
        Some(JsonValue::Object(parameters)) => parameters,
        _ => JsonMap::new(),
    }
}
