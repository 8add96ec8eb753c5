//! `AttemptFinished`: an attempt's outcome comes back from whoever performed it.

use super::close::Done;
use super::step::Step;
use crate::run::{Outcome, Rejection};
use attune_types::{AttemptId, ExecutionId};

impl Step<'_> {
    pub(super) fn attempt_finished(
        &mut self,
        attempt: AttemptId,
        outcome: Outcome,
    ) -> Result<(), Rejection> {
        let (id, number) = self.open_attempt(attempt)?;
        self.close(id, number, None, Done::of(outcome));
        Ok(())
    }

    /// The execution of an open attempt and the attempt's number.
    pub(super) fn open_attempt(&self, attempt: AttemptId) -> Result<(ExecutionId, u32), Rejection> {
        let execution = self
            .state
            .execution_of(attempt)
            .ok_or(Rejection::UnknownAttempt { attempt })?;
        match execution.attempt() {
            Some(open) if execution.id.attempt(open.number) == attempt => {
                Ok((execution.id, open.number))
            }
            _ => Err(Rejection::ClosedAttempt { attempt }),
        }
    }
}
