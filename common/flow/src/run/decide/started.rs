//! `AttemptStarted`: a worker took an attempt on.

use super::attempt::GRACE;
use super::duration;
use super::step::Step;
use crate::run::event::By;
use crate::run::{Event, Rejection};
use attune_types::AttemptId;

impl Step<'_> {
    /// Recorded once; from then on the attempt's time limit runs.
    pub(super) fn attempt_started(
        &mut self,
        attempt: AttemptId,
        worker: &str,
    ) -> Result<(), Rejection> {
        let (id, number) = self.open_attempt(attempt)?;
        let Some(open) = self.state.execution(id).and_then(|known| known.attempt()) else {
            return Ok(());
        };
        if open.started.is_some() {
            return Ok(());
        }
        let runs_out = matches!(open.by, By::Worker { .. }) && open.stopping.is_none();
        let due = open
            .timeout
            .filter(|_| runs_out)
            .and_then(|limit| duration::after(self.at(), limit + GRACE));
        self.push(Event::AttemptStarted {
            at: self.at(),
            execution: id,
            number,
            worker: worker.to_owned(),
            due,
        });
        Ok(())
    }
}
