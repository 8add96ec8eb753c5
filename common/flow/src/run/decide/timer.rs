//! `Wake`: everything that is due by the clock.

use super::close::Done;
use super::sleep;
use super::step::{Step, Todo};
use crate::run::event::{By, StopReason};
use crate::run::state::execution::{Attempt, Phase};
use attune_types::{Duration, ErrorInfo, ExecutionId, code, format_duration};

impl Step<'_> {
    /// Does what is due. Nothing is ever done early; a wake that comes too soon changes nothing.
    pub(super) fn wake(&mut self) {
        let late = self
            .state
            .deadline()
            .is_some_and(|deadline| deadline <= self.at());
        if late && !self.state.is_closing() && self.state.has_begun() {
            self.time_out_run();
        }
        let due: Vec<ExecutionId> = self
            .state
            .due(self.at())
            .into_iter()
            .map(|execution| execution.id)
            .collect();
        // One after the other, each with all that follows from it.
        self.todo.extend(due.into_iter().map(Todo::Due));
    }

    /// Does what is due for one execution.
    pub(super) fn due(&mut self, id: ExecutionId) {
        match self.state.execution(id).map(|execution| &execution.phase) {
            Some(Phase::Delayed(until)) if *until <= self.at() => self.launch(id),
            Some(Phase::Retrying(until)) if *until <= self.at() => self.again(id),
            Some(Phase::Attempting(attempt)) if attempt.due.is_some_and(|due| due <= self.at()) => {
                let attempt = attempt.clone();
                self.attempt_due(id, &attempt);
            }
            Some(Phase::Gathering)
                if self
                    .state
                    .execution(id)
                    .and_then(|execution| execution.parts.due())
                    .is_some_and(|due| due <= self.at()) =>
            {
                self.time_out_branches(id);
            }
            _ => {}
        }
    }

    fn attempt_due(&mut self, id: ExecutionId, attempt: &Attempt) {
        if attempt.stopping.is_some() {
            // Nobody answered the request to stop: the run goes on without the answer.
            self.close(id, attempt.number, None, Done::cancelled());
            return;
        }
        match &attempt.by {
            By::Timer => self.sleep_due(id, attempt),
            By::Worker { .. } | By::Native | By::Child { .. } | By::Undo { .. } => {
                self.stop(id, StopReason::TimedOut);
            }
        }
    }

    fn sleep_due(&mut self, id: ExecutionId, attempt: &Attempt) {
        let from = attempt.scheduled_at;
        let input = self
            .state
            .execution(id)
            .and_then(|known| known.input.clone());
        let until = input
            .and_then(|input| sleep::until(&input, from).ok())
            .unwrap_or(from);
        // Which of the two comes first decides, not how late the run is woken.
        let done = if attempt.due.is_none_or(|due| until <= due) {
            Done::good(sleep::result(from, until.max(from)))
        } else {
            Done::timed_out(timeout_error(attempt.timeout))
        };
        self.close(id, attempt.number, None, done);
    }
}

/// The error of an attempt that took longer than it may.
pub(super) fn timeout_error(limit: Option<Duration>) -> ErrorInfo {
    let message = match limit {
        Some(limit) => format!("it took longer than {}", format_duration(limit)),
        None => "it took too long".to_owned(),
    };
    ErrorInfo::new(code::TIMEOUT, message)
}
