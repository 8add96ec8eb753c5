//! Deciding: a command and a state give events, or a reason why not. The only place with decisions.
//!
//! One file per kind of decision. A decision works on a copy of the state (which costs nothing), folds
//! each event into it at once, and keeps what is still to be done in a work list, so that a chain of
//! inline tasks of any length is decided in one call without recursion.

mod activate;
mod attempt;
mod begin;
mod cancel;
mod close;
mod duration;
mod end;
mod finale;
mod finish;
mod items;
mod join;
mod keys;
mod limits;
mod lost;
mod parallel;
mod pause;
mod redo;
mod render;
mod report;
mod retry;
mod sleep;
mod slot;
mod start;
mod started;
mod step;
mod timer;
mod transition;
mod undo;

use super::{Command, Event, Now, Rejection, RunState};
use crate::program::Program;
use attune_template::KeySet;
use step::Step;

/// What follows from a command. No events: there was nothing to do, or it was done before.
///
/// # Errors
/// A [`Rejection`] if the command does not fit the state; nothing changes then. A decision that reads
/// keys (`kv`) gives [`Rejection::NeedsKeys`]: see [`decide_with_keys`].
pub fn decide(
    program: &Program,
    state: &RunState,
    command: &Command,
    now: &Now,
) -> Result<Vec<Event>, Rejection> {
    decide_with_keys(program, state, command, now, &KeySet::new())
}

/// As [`decide`], with keys that were looked up. Whoever knows all keys gives a
/// [`KeySet::closed`]; others look up what [`Rejection::NeedsKeys`] names, add it to the set, and
/// decide again. What was read is the first of the events.
///
/// # Errors
/// A [`Rejection`] if the command does not fit the state, or keys are missing from the set; nothing
/// changes then.
pub fn decide_with_keys(
    program: &Program,
    state: &RunState,
    command: &Command,
    now: &Now,
    known: &KeySet,
) -> Result<Vec<Event>, Rejection> {
    if state.is_terminal() && !command.is_for_ended() {
        return Err(Rejection::Ended {
            status: state.status(),
        });
    }
    let keys = keys::keys(state, known, now);
    let mut step = Step::new(program, state.clone(), *now, keys.clone());
    match command {
        Command::Begin => step.begin(),
        Command::Wake => step.wake(),
        Command::AttemptStarted { attempt, worker } => step.attempt_started(*attempt, worker)?,
        Command::AttemptFinished { attempt, outcome } => {
            step.attempt_finished(*attempt, outcome.clone())?;
        }
        Command::AttemptLost { attempt, reason } => step.attempt_lost(*attempt, reason)?,
        Command::Reported {
            attempt,
            number,
            report,
        } => step.reported(*attempt, *number, report)?,
        Command::Cancel { by, reason } => step.cancel(by, reason.as_deref())?,
        Command::Pause { by } => step.pause(by)?,
        Command::Resume { by } => step.resume(by)?,
        Command::SlotGranted => step.slot_granted()?,
        Command::SlotQueued { holders } => step.slot_queued(holders)?,
        Command::SlotRefused { holders } => step.slot_refused(holders)?,
        Command::Retry {
            by,
            request,
            attempt,
        } => step.retry(by, *request, *attempt)?,
        Command::Compensate {
            by,
            request,
            attempt,
        } => step.compensate(by, *request, *attempt)?,
    }
    keys::settled(program, state, known, &keys, now, step.settle())
}
