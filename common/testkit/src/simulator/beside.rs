//! Telling the naive interpreter what the world did to the run.
//!
//! It knows no ids and no events, so attempts are named by task, activation, item and number. From the
//! events it learns only what the run's own patience did to attempts that nobody answers for.

use crate::naive::{Input, Naive, Who};
use attune_flow::run::{By, Command, Event, Execution, Now, RunState, StopReason};
use attune_types::{AttemptId, ExecutionId, ExecutionStatus};

pub(super) fn feed(
    naive: &mut Naive,
    command: &Command,
    before: &RunState,
    after: &RunState,
    events: &[Event],
    now: &Now,
) {
    let named = |attempt: &AttemptId| before.execution_of(*attempt).map(who);
    let input = match command {
        Command::Begin => Some(Input::Begin),
        Command::Wake => Some(Input::Wake {
            expired: expired(after, events),
            given_up: given_up(before, events),
        }),
        Command::AttemptStarted { attempt, .. } => named(attempt).map(Input::Started),
        Command::AttemptFinished { attempt, outcome } => {
            named(attempt).map(|who| Input::Finished(who, outcome.clone()))
        }
        Command::AttemptLost { attempt, .. } => named(attempt).map(Input::Lost),
        Command::Reported { .. } | Command::Compensate { .. } => None,
        Command::Retry { .. } => (!events.is_empty()).then_some(Input::Retry),
        Command::SlotGranted => Some(Input::Granted),
        Command::SlotRefused { .. } => Some(Input::Refused),
        Command::SlotQueued { .. } => None,
        Command::Cancel { .. } => Some(Input::Cancel),
        Command::Pause { .. } => Some(Input::Pause),
        Command::Resume { .. } => Some(Input::Resume {
            expired: expired(after, events),
            given_up: given_up(before, events),
        }),
    };
    if let Some(input) = input {
        naive.feed(&input, now.at, now.entropy);
    }
}

fn who(execution: &Execution) -> Who {
    Who {
        task: execution.name.to_string(),
        activation: execution.activation,
        item: execution.item,
        attempt: execution.attempts,
    }
}

fn expired(after: &RunState, events: &[Event]) -> Vec<Who> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::StopRequested {
                execution,
                reason: StopReason::TimedOut,
                ..
            } => after.execution(*execution).map(who),
            _ => None,
        })
        .collect()
}

/// Attempts of somebody outside that closed although nobody said how they ended.
fn given_up(before: &RunState, events: &[Event]) -> Vec<(Who, ExecutionStatus)> {
    let open = |id: &ExecutionId| {
        before.execution(*id).filter(|execution| {
            execution
                .attempt()
                .is_some_and(|attempt| attempt.by != By::Timer)
        })
    };
    events
        .iter()
        .filter_map(|event| match event {
            Event::AttemptFailed {
                execution, status, ..
            }
            | Event::ExecutionEnded {
                execution, status, ..
            } => open(execution).map(|found| (who(found), *status)),
            _ => None,
        })
        .collect()
}
