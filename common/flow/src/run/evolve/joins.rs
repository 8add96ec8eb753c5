//! Appliers of what happens at joins.

use crate::program::TaskIx;
use crate::run::RunState;
use crate::run::event::{Arrival, JoinStart};
use crate::run::state::task::JoinState;
use std::sync::Arc;

/// One edge arrived.
pub(super) fn arrived(state: &mut RunState, arrival: &Arrival) {
    change(state, arrival.join, |join| {
        join.widen(arrival.edges);
        join.move_on(&[arrival.edge], join.count(arrival.edge).saturating_add(1));
    });
}

/// A generation started.
pub(super) fn started(state: &mut RunState, task: TaskIx, start: &JoinStart) {
    change(state, task, |join| {
        join.started = join.started.max(start.generation);
        join.move_on(&start.moved, start.generation);
    });
}

/// Edges left behind were moved on.
pub(super) fn moved(state: &mut RunState, task: TaskIx, edges: &[u32]) {
    change(state, task, |join| join.move_on(edges, join.started));
}

fn change(state: &mut RunState, task: TaskIx, f: impl FnOnce(&mut JoinState)) {
    let key = u128::from(task.0);
    if state.task(task).is_none() {
        state.tasks.insert(key, Default::default());
    }
    let facts = state.tasks.update(key, |task| {
        f(&mut task.join);
        (task.join.is_gathering(), task.join.is_behind())
    });
    let (gathering, behind) = facts.unwrap_or((false, false));
    let about = &mut state.about;
    for (set, is_in) in [
        (&mut about.gathering, gathering),
        (&mut about.behind, behind),
    ] {
        if set.contains(&task) != is_in {
            let set = Arc::make_mut(set);
            if is_in {
                set.insert(task);
            } else {
                set.remove(&task);
            }
        }
    }
}
