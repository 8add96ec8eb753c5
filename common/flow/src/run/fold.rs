//! Folding a decision into the state and saying what changed, at a cost that follows what changed.
//!
//! What is newly owed is what `outstanding` says afterwards less what it said before, looked at only
//! where an event touched something. Called by the executor for every step; tested to be equal to
//! the whole computation.

use super::evolve::{apply, children};
use super::outstanding::{owed_for, slot, wake};
use super::{Effect, EffectKey, Event, ExecutionRow, Notice, RunState, announce};
use crate::program::Program;
use attune_types::ExecutionId;
use std::collections::{BTreeMap, BTreeSet};

/// What some events changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Obligations that are new, or (the timer) new in content.
    pub owed: Vec<(EffectKey, Effect)>,
    /// Obligations that no longer stand.
    pub settled: Vec<EffectKey>,
    /// Rows of the read model to insert or replace, the run's own first.
    pub rows: Vec<ExecutionRow>,
    /// News for whoever watches.
    pub notices: Vec<Notice>,
}

/// Folds events into the state and says what that changed.
pub fn fold(program: &Program, mut state: RunState, events: &[Event]) -> (RunState, Change) {
    if events.is_empty() {
        return (state, Change::default());
    }
    let touched = touched(&state, events);
    let before = owed_by(program, &state, &touched);
    let mut notices: Vec<Notice> = Vec::new();
    for event in events {
        apply(&mut state, event);
        if let Some(notice) = announce(&state, event)
            && !notices.contains(&notice)
        {
            notices.push(notice);
        }
    }
    let after = owed_by(program, &state, &touched);
    let settled = before
        .keys()
        .filter(|key| !after.contains_key(*key))
        .copied()
        .collect();
    let owed = after
        .into_iter()
        .filter(|(key, effect)| before.get(key) != Some(effect))
        .collect();
    let change = Change {
        owed,
        settled,
        rows: rows(&state, events),
        notices,
    };
    (state, change)
}

/// The executions whose obligations the events may change.
fn touched(state: &RunState, events: &[Event]) -> BTreeSet<ExecutionId> {
    let mut touched = BTreeSet::new();
    for event in events {
        match event {
            // Pausing and resuming go down to every child run; a cancel gives the reason.
            Event::RunPaused { .. } | Event::RunResumed { .. } | Event::CancelRequested { .. } => {
                touched.extend(children(state));
            }
            // Nothing is owed by a run that has ended.
            Event::RunEnded { .. } => touched.extend(state.live().iter().map(|live| live.id)),
            _ => touched.extend(event.execution()),
        }
    }
    touched
}

fn owed_by(
    program: &Program,
    state: &RunState,
    touched: &BTreeSet<ExecutionId>,
) -> BTreeMap<EffectKey, Effect> {
    let mut owed = BTreeMap::new();
    for id in touched {
        if let Some(execution) = state.execution(*id) {
            owed_for(program, state, execution, &mut owed);
        }
    }
    owed.extend(slot(state));
    owed.extend(wake(state));
    owed
}

fn rows(state: &RunState, events: &[Event]) -> Vec<ExecutionRow> {
    let mut changed: BTreeMap<u32, ExecutionId> = BTreeMap::new();
    let mut of_run = false;
    for event in events {
        match event {
            // What a transition does is seen elsewhere.
            Event::TransitionFired { .. }
            | Event::KeysRead { .. }
            | Event::JoinMoved { .. }
            | Event::FailurePlanned { .. } => {}
            Event::Reported { .. } => of_run = true,
            _ => match event.execution() {
                Some(id) => {
                    if let Some(execution) = state.execution(id) {
                        changed.insert(execution.created, id);
                    }
                }
                None => of_run = true,
            },
        }
    }
    let own = of_run.then(|| state.run_row());
    own.into_iter()
        .chain(
            changed
                .values()
                .filter_map(|id| state.execution(*id))
                .map(|execution| state.row_of(execution)),
        )
        .collect()
}
