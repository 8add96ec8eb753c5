//! Bringing a run to its end: cancel, failure, and the end itself.

use super::duration;
use super::step::{Step, Todo};
use crate::program::{Cancellation, OnFailure};
use crate::run::event::{By, StopReason};
use crate::run::state::execution::Phase;
use crate::run::{Event, Rejection};
use attune_types::{Duration, ErrorInfo, ExecutionId, ExecutionStatus, code};
use std::sync::Arc;

/// How long the run waits for an attempt to be stopped before it goes on without the answer: one
/// that nobody took on, and one that is at work. A child run answers always.
const STOP_WAITING: Duration = Duration::from_secs(30);
const STOP_WORKING: Duration = Duration::from_secs(120);

impl Step<'_> {
    pub(super) fn cancel(&mut self, by: &str, reason: Option<&str>) -> Result<(), Rejection> {
        if self.state.is_undoing() {
            return self.stop_undo(by, reason);
        }
        if self.state.about.canceling.is_some() {
            return Err(Rejection::NotNow {
                reason: "the run is being cancelled already".to_owned(),
            });
        }
        self.push(Event::CancelRequested {
            at: self.at(),
            by: by.to_owned(),
            reason: reason.map(str::to_owned),
        });
        let stop = match self.program.cancellation {
            Cancellation::CancelRunning => Some(StopReason::Cancelled),
            Cancellation::AllowFinish => None,
        };
        self.close_down(stop);
        Ok(())
    }

    /// The run cannot succeed any more. What runs may end, or is stopped, as its policy says.
    pub(super) fn fail_run(&mut self, status: ExecutionStatus, error: ErrorInfo) {
        if self.state.is_closing() {
            return;
        }
        self.push(Event::RunFailing {
            at: self.at(),
            status,
            error: Arc::new(error),
        });
        let stop = match self.program.on_failure {
            OnFailure::CancelRunning => Some(StopReason::RunFailed),
            OnFailure::FinishRunning => None,
        };
        self.close_down(stop);
    }

    /// The run's time ran out: whatever runs is stopped.
    pub(super) fn time_out_run(&mut self) {
        let deadline = self.state.deadline();
        let started = self.state.round_at();
        let limit = deadline
            .zip(started)
            .map(|(deadline, started)| deadline.duration_since(started).unsigned_abs());
        let error = ErrorInfo::new(
            code::TIMEOUT,
            match limit {
                Some(limit) => format!(
                    "the run took longer than {}",
                    attune_types::format_duration(limit)
                ),
                None => "the run took too long".to_owned(),
            },
        );
        self.push(Event::RunFailing {
            at: self.at(),
            status: ExecutionStatus::TimedOut,
            error: Arc::new(error),
        });
        self.close_down(Some(StopReason::RunTimedOut));
    }

    /// Nothing new starts: ends what waits, and stops what runs if there is a reason to.
    fn close_down(&mut self, stop: Option<StopReason>) {
        let live: Vec<Todo> = self
            .state
            .live()
            .iter()
            .map(|live| Todo::Close(live.id, stop))
            .collect();
        self.todo.extend(live);
    }

    /// Ends one execution that waits; stops one that runs if there is a reason to.
    pub(super) fn close_one(&mut self, id: ExecutionId, reason: Option<StopReason>) {
        match self.state.execution(id).map(|execution| &execution.phase) {
            Some(Phase::Ready | Phase::Delayed(_)) => {
                self.end_plain(id, ExecutionStatus::Cancelled);
            }
            Some(Phase::Retrying(_)) => self.end_retrying(id),
            Some(Phase::Attempting(_)) => {
                if let Some(reason) = reason {
                    self.stop(id, reason);
                }
            }
            Some(Phase::Gathering) => self.todo.push_back(Todo::Gather {
                above: id,
                failed: false,
            }),
            Some(Phase::Ended(_)) | None => {}
        }
    }

    /// Stops an open attempt: a sleep ends at once, anybody else is owed a stop.
    pub(super) fn stop(&mut self, id: ExecutionId, reason: StopReason) {
        let Some(attempt) = self.state.execution(id).and_then(|known| known.attempt()) else {
            return;
        };
        if attempt.stopping.is_some() {
            return;
        }
        let due = match (&attempt.by, &attempt.started) {
            (By::Timer, _) => {
                self.end_plain(id, ExecutionStatus::Cancelled);
                return;
            }
            (By::Child { .. } | By::Undo { .. }, _) => None,
            (By::Worker { .. }, None) => duration::after(self.at(), STOP_WAITING),
            (By::Worker { .. } | By::Native, _) => duration::after(self.at(), STOP_WORKING),
        };
        self.push(Event::StopRequested {
            at: self.at(),
            execution: id,
            reason,
            due,
        });
    }
}
