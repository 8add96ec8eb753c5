//! The end of an execution: it is recorded, and its transitions are chosen by how it ended.

use super::close::{Done, unnamed};
use super::step::{Fired, Step, Todo};
use crate::program::Target;
use crate::run::Event;
use crate::run::state::execution::Phase;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue};
use std::sync::Arc;

impl Step<'_> {
    /// Ends an execution without an attempt having decided it.
    pub(super) fn end_plain(&mut self, id: ExecutionId, status: ExecutionStatus) {
        let attempts = self.state.execution(id).map_or(0, |known| known.attempts);
        let done = Done {
            status,
            ..Done::good(JsonValue::Null)
        };
        self.end(id, attempts, None, done);
    }

    /// Ends an execution with an error of the engine: trying again would not help.
    pub(super) fn end_failed(&mut self, id: ExecutionId, error: ErrorInfo) {
        self.end_with_input(id, None, error);
    }

    /// The same, with the input that had been rendered.
    pub(super) fn end_with_input(
        &mut self,
        id: ExecutionId,
        input: Option<Arc<JsonMap>>,
        error: ErrorInfo,
    ) {
        let attempts = self.state.execution(id).map_or(0, |known| known.attempts);
        self.end(id, attempts, input, Done::bad(error));
    }

    /// Ends what waits for another attempt, with the failure of the one before.
    pub(super) fn end_retrying(&mut self, id: ExecutionId) {
        let Some(execution) = self.state.execution(id) else {
            return;
        };
        if !matches!(execution.phase, Phase::Retrying(_)) {
            return;
        }
        let done = Done {
            status: ExecutionStatus::Failed,
            result: (*execution.result).clone(),
            process: execution.process.as_deref().cloned(),
            error: execution.error.as_deref().cloned(),
        };
        let attempts = execution.attempts;
        self.end(id, attempts, None, done);
    }

    /// Records the end and chooses what follows. What cannot be chosen or published because of a
    /// template makes the task a failed one, which then may be handled as such; one that had failed
    /// anyway keeps its own error.
    pub(super) fn end(
        &mut self,
        id: ExecutionId,
        attempts: u32,
        input: Option<Arc<JsonMap>>,
        done: Done,
    ) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        if execution.is_ended() {
            return;
        }
        let decides = execution.item.is_none()
            && !task.next.is_empty()
            && done.status != ExecutionStatus::Cancelled;
        let mut event = Self::ended_event(self.at(), id, attempts, input, done);
        if !decides {
            // Items and branches are for what is above them to judge.
            let unhandled =
                is_failure(&event) && execution.item.is_none() && task.branch_of.is_none();
            self.push(event);
            self.follow(id, Vec::new(), unhandled);
            return;
        }
        let before = self.state.clone();
        self.push(event.clone());
        let mut chosen = self.choose(id);
        let mut changed = false;
        if let Some(wrong) = chosen.wrong.take() {
            if is_failure(&event) {
                // What went wrong first stands, and why a transition was not taken is told beside it.
                tell_not_taken(&mut event, &wrong, self.handles_by(id, &chosen.fired));
                changed = true;
            } else {
                make_failed(&mut event, wrong);
                self.replace(&before, event.clone());
                // What cannot be evaluated now either is not taken; what handles failures is.
                chosen = self.choose(id);
            }
        }
        let fired = chosen.fired;
        if is_failure(&event) && self.handles_by(id, &fired) {
            if let Event::ExecutionEnded { handled, .. } = &mut event {
                *handled = true;
            }
            changed = true;
        }
        if changed {
            self.replace(&before, event.clone());
        }
        let handled = matches!(event, Event::ExecutionEnded { handled: true, .. });
        // As above: what a branch's failure means is for the parallel task to judge.
        let unhandled = is_failure(&event) && !handled && task.branch_of.is_none();
        self.follow(id, fired, unhandled);
    }

    /// Lets what follows be done at once; but what fails the run comes after the tasks that were
    /// reached together with this one: they start together, and then count as running.
    fn follow(&mut self, id: ExecutionId, fired: Vec<Fired>, unhandled: bool) {
        let fails = unhandled || fired.iter().any(|fired| self.fails(id, fired.transition));
        if fails {
            if let Some(execution) = self.state.execution(id) {
                self.ending.push((id, execution.task));
            }
            self.todo.push_back(Todo::After(id, fired));
        } else {
            self.todo.push_front(Todo::After(id, fired));
        }
    }

    /// Whether one of the transitions takes care of a failure.
    fn handles_by(&self, id: ExecutionId, fired: &[Fired]) -> bool {
        fired.iter().any(|fired| self.handles(id, fired.transition))
    }

    /// Whether a transition names the command `fail`.
    fn fails(&self, id: ExecutionId, transition: u32) -> bool {
        self.of(id)
            .and_then(|(_, task)| task.next.get(transition as usize))
            .is_some_and(|next| next.to.contains(&Target::Fail))
    }

    fn ended_event(
        at: attune_types::Timestamp,
        execution: ExecutionId,
        attempts: u32,
        input: Option<Arc<JsonMap>>,
        done: Done,
    ) -> Event {
        let failed = matches!(
            done.status,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut
        );
        let mut error = match done.error {
            None if failed => Some(unnamed()),
            error => error,
        };
        // Conditions may count on the number: what failed before its first attempt counts as that.
        if let Some(error) = &mut error {
            error.attempt.get_or_insert(attempts.max(1));
        }
        Event::ExecutionEnded {
            at,
            execution,
            status: done.status,
            attempts,
            input,
            result: Arc::new(done.result),
            process: done.process.map(Arc::new),
            error: error.map(Arc::new),
            handled: false,
        }
    }

    /// Puts another event in the place of the last one.
    fn replace(&mut self, before: &crate::run::RunState, event: Event) {
        self.state = before.clone();
        self.events.pop();
        self.push(event);
    }
}

fn is_failure(event: &Event) -> bool {
    matches!(
        event,
        Event::ExecutionEnded {
            status: ExecutionStatus::Failed | ExecutionStatus::TimedOut,
            ..
        }
    )
}

/// Adds to a failure why a transition was not taken: for people where nothing handles it, in its
/// details always.
fn tell_not_taken(event: &mut Event, wrong: &ErrorInfo, handled: bool) {
    let Event::ExecutionEnded {
        error: Some(error), ..
    } = event
    else {
        return;
    };
    let error = Arc::make_mut(error);
    if !handled {
        error.message = format!("{}; and {}", error.message, wrong.message);
    }
    if error.details.is_null() {
        error.details = JsonValue::Object(JsonMap::new());
    }
    if let JsonValue::Object(details) = &mut error.details {
        details.insert("not_taken".to_owned(), wrong.message.as_str().into());
    }
}

fn make_failed(event: &mut Event, mut wrong: ErrorInfo) {
    if let Event::ExecutionEnded {
        status,
        error,
        attempts,
        ..
    } = event
    {
        wrong.attempt.get_or_insert((*attempts).max(1));
        *status = ExecutionStatus::Failed;
        *error = Some(Arc::new(wrong));
    }
}
