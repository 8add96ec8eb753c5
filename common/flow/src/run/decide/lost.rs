//! `AttemptLost`: no live worker knows an attempt any more.

use super::close::Done;
use super::step::{Step, Todo};
use crate::run::{Event, Rejection};
use attune_types::{AttemptId, ErrorInfo, code};

/// How often a lost attempt is done again by itself.
const MOST_LOSSES: u32 = 3;

impl Step<'_> {
    /// What may be repeated is done again without counting as a failure; anything else has failed
    /// with code `lost`, and its retry policy decides.
    pub(super) fn attempt_lost(
        &mut self,
        attempt: AttemptId,
        reason: &str,
    ) -> Result<(), Rejection> {
        let (id, number) = self.open_attempt(attempt)?;
        let Some((execution, task)) = self.of(id) else {
            return Ok(());
        };
        let stopping = execution
            .attempt()
            .is_some_and(|attempt| attempt.stopping.is_some());
        if task.idempotent
            && execution.losses < MOST_LOSSES
            && !stopping
            && (!self.state.is_closing() || self.state.is_undoing())
        {
            self.push(Event::AttemptLost {
                at: self.at(),
                execution: id,
                number,
                reason: reason.to_owned(),
            });
            self.todo.push_back(Todo::Again(id));
            return Ok(());
        }
        let error = ErrorInfo::new(code::LOST, format!("the attempt was lost: {reason}"));
        self.close(id, number, None, Done::bad(error));
        Ok(())
    }
}
