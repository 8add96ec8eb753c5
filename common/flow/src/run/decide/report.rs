//! `Reported`: what a running action tells. Only what is kept becomes an event, and each report once.

use super::step::Step;
use crate::run::{Event, Rejection, Report};
use attune_types::AttemptId;

impl Step<'_> {
    /// Also takes reports that come after their attempt was closed: money was spent all the same.
    pub(super) fn reported(
        &mut self,
        attempt: AttemptId,
        report_number: u64,
        report: &Report,
    ) -> Result<(), Rejection> {
        let execution = self
            .state
            .execution_of(attempt)
            .ok_or(Rejection::UnknownAttempt { attempt })?;
        let Some(number) = (1..=execution.attempts)
            .rev()
            .find(|number| execution.id.attempt(*number) == attempt)
        else {
            return Ok(());
        };
        let seen = execution
            .reports
            .get(&number)
            .is_some_and(|reports| reports.contains(report_number));
        if seen || !is_kept(report) {
            return Ok(());
        }
        self.push(Event::Reported {
            at: self.at(),
            execution: execution.id,
            number,
            report_number,
            report: Report {
                progress: None,
                cost_usd: report.cost_usd.filter(|cost| cost.is_finite()),
                ..report.clone()
            },
        });
        Ok(())
    }
}

const fn is_kept(report: &Report) -> bool {
    report.cost_usd.is_some()
        || report.label.is_some()
        || report.annotation.is_some()
        || report.artifact.is_some()
}
