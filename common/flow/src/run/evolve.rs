//! Folding: one event into the state. Total: every event applies, nothing can fail.
//!
//! The only place that changes a [`RunState`]. Reads no Program, clock or template, so that a change
//! of the language cannot change what happened. One short applier per event.

mod executions;
mod joins;
mod redo;
mod run;
mod tally;
mod undo;

pub(super) use run::children;

use super::{Event, RunHeader, RunState};
use attune_types::{ErrorInfo, Timestamp};
use std::sync::Arc;

/// The state after one more event.
#[must_use]
pub fn evolve(mut state: RunState, event: &Event) -> RunState {
    apply(&mut state, event);
    state
}

impl RunState {
    /// The state that a whole history gives; none if it does not begin with an opening.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let Some(Event::RunOpened { at, header }) = events.next() else {
            return None;
        };
        let mut state = Self::opened(RunHeader::clone(header), *at);
        for event in events {
            apply(&mut state, event);
        }
        Some(state)
    }
}

/// Folds one event in place.
pub(super) fn apply(state: &mut RunState, event: &Event) {
    match event {
        // The state is made from the opening; a second one changes nothing.
        Event::RunOpened { .. } => {}
        Event::CarriedOver { .. }
        | Event::RunBegun { .. }
        | Event::KeysRead { .. }
        | Event::SlotRequested { .. }
        | Event::SlotQueued { .. }
        | Event::SlotGranted { .. }
        | Event::FailurePlanned { .. }
        | Event::RunFailing { .. }
        | Event::CancelRequested { .. }
        | Event::RunPaused { .. }
        | Event::RunResumed { .. }
        | Event::RunEnded { .. } => run::apply(state, event),
        Event::CompensationStarted { .. }
        | Event::CompensationJoined { .. }
        | Event::UndoActivated { .. }
        | Event::CompensationStopped { .. }
        | Event::CompensationEnded { .. } => undo::apply(state, event),
        Event::RunRetried { .. } | Event::RetryJoined { .. } | Event::Reopened { .. } => {
            redo::apply(state, event);
        }
        Event::JoinMoved { join, edges, .. } => joins::moved(state, *join, edges),
        Event::TransitionFired {
            execution,
            transition,
            publish,
            to,
            arrived,
            ..
        } => {
            redo::fired(state, *execution, *transition, to);
            state.about.vars.extend(publish);
            for arrival in arrived {
                joins::arrived(state, arrival);
            }
        }
        Event::TaskActivated { .. } | Event::ItemActivated { .. } => {
            executions::activated(state, event);
        }
        Event::Tagged { .. }
        | Event::Delayed { .. }
        | Event::ItemsPlanned { .. }
        | Event::BranchesPlanned { .. }
        | Event::BranchesTimedOut { .. }
        | Event::AttemptScheduled { .. }
        | Event::AttemptStarted { .. }
        | Event::Reported { .. }
        | Event::AttemptFailed { .. }
        | Event::AttemptLost { .. }
        | Event::StopRequested { .. } => executions::changed(state, event),
        Event::ExecutionEnded { .. } => executions::ended(state, event),
    }
}

/// An error that is only there so that a state is complete: no decision is taken by it.
fn lost(reason: &str, at: Timestamp) -> Arc<ErrorInfo> {
    Arc::new(ErrorInfo::new(
        attune_types::code::LOST,
        format!("lost at {at}: {reason}"),
    ))
}
