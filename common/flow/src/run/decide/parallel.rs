//! Parallel tasks: branches start together, and the whole ends with its branches. Also what
//! iterations and parallel tasks have in common.

use super::close::Done;
use super::duration;
use super::step::{Step, Todo};
use super::timer::timeout_error;
use crate::program::TaskIx;
use crate::run::Event;
use crate::run::event::StopReason;
use crate::run::state::execution::{Execution, Parts, Phase};
use attune_types::{ErrorInfo, ExecutionId, JsonValue, code};
use serde_json::json;
use std::sync::Arc;

impl Step<'_> {
    /// Starts all branches; their time begins to run.
    pub(super) fn open_branches(&mut self, id: ExecutionId, children: &[TaskIx], fail_fast: bool) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let timeout = match self.render_timeout(execution, task) {
            Ok(timeout) => timeout,
            Err(error) => return self.end_failed(id, error),
        };
        self.push(Event::BranchesPlanned {
            at: self.at(),
            execution: id,
            branches: u32::try_from(children.len()).unwrap_or(u32::MAX),
            fail_fast,
            timeout,
            due: timeout.and_then(|limit| duration::after(self.at(), limit)),
        });
        for child in children {
            self.activate(*child, Some(id), None);
        }
        self.todo.push_back(Todo::Gather {
            above: id,
            failed: false,
        });
    }

    /// Looks at the parts of an execution.
    pub(super) fn gather(&mut self, above: ExecutionId, failed: bool) {
        match self.state.execution(above) {
            Some(execution) if execution.phase == Phase::Gathering => match &execution.parts {
                Parts::Items { .. } => self.gather_items(above, failed),
                Parts::Branches { .. } => self.gather_branches(above, failed),
                Parts::None => {}
            },
            _ => {}
        }
    }

    fn gather_branches(&mut self, id: ExecutionId, failed: bool) {
        let Some(execution) = self.state.execution(id) else {
            return;
        };
        let Parts::Branches {
            fail_fast,
            timeout,
            timed_out,
            tally,
            ..
        } = &execution.parts
        else {
            return;
        };
        if tally.live > 0 {
            if failed && *fail_fast {
                self.stop_parts(id, StopReason::FailFast);
            }
            return;
        }
        let done = if *timed_out {
            Done::timed_out(timeout_error(*timeout))
        } else if self.are_too_large(tally) {
            Done::bad(self.too_large(tally, "branches"))
        } else if tally.failed > 0 {
            Done::bad(self.branch_error(execution))
        } else if tally.cancelled > 0 {
            Done::cancelled()
        } else {
            Done::good(JsonValue::Null)
        };
        let number = execution.attempts.saturating_add(1);
        self.close_parts(id, number, done);
    }

    /// Ends a parallel task, or does it once more if its retry policy says so.
    fn close_parts(&mut self, id: ExecutionId, number: u32, mut done: Done) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        if let Some(error) = &mut done.error {
            error.attempt.get_or_insert(number);
        }
        match self.retry_at(execution, task, &done) {
            Ok(Some(retry_at)) => {
                self.push(Event::AttemptFailed {
                    at: self.at(),
                    execution: id,
                    number,
                    input: None,
                    status: done.status,
                    error: Arc::new(done.error.unwrap_or_else(super::close::unnamed)),
                    result: Arc::new(JsonValue::Null),
                    process: None,
                    retry_at,
                });
                if retry_at <= self.at() {
                    self.todo.push_back(Todo::Again(id));
                }
            }
            Ok(None) => self.end(id, number, None, done),
            Err(error) => {
                let error = Some(error);
                self.end(id, number, None, Done { error, ..done });
            }
        }
    }

    /// The time of a parallel task is over: what has not ended of it is stopped.
    pub(super) fn time_out_branches(&mut self, id: ExecutionId) {
        self.push(Event::BranchesTimedOut {
            at: self.at(),
            execution: id,
        });
        self.stop_parts(id, StopReason::ParallelTimedOut);
    }

    fn branch_error(&self, execution: &Execution) -> ErrorInfo {
        let Parts::Branches { begun, .. } = &execution.parts else {
            return super::close::unnamed();
        };
        let failed: Vec<(&str, &str)> = begun
            .all()
            .into_iter()
            .filter_map(|id| self.state.execution(id))
            .filter(|branch| !branch.handled)
            .filter_map(|branch| Some((&*branch.name, branch.error.as_deref()?.message.as_str())))
            .collect();
        let said: Vec<String> = failed
            .iter()
            .map(|(name, message)| format!("`{name}`: {message}"))
            .collect();
        let names: Vec<&str> = failed.iter().map(|(name, _)| *name).collect();
        ErrorInfo::new(
            code::BRANCH_FAILED,
            format!("a branch failed: {}", said.join("; ")),
        )
        .with_details(json!({ "branches": names }))
    }

    /// Stops all parts of an execution that have not ended, those of its parts included.
    pub(super) fn stop_parts(&mut self, above: ExecutionId, reason: StopReason) {
        let parts: Vec<ExecutionId> = self
            .state
            .live()
            .into_iter()
            .filter(|execution| self.stands_below(execution, above))
            .map(|execution| execution.id)
            .collect();
        self.todo.extend(
            parts
                .into_iter()
                .map(|part| Todo::Close(part, Some(reason))),
        );
    }

    fn stands_below(&self, execution: &Execution, above: ExecutionId) -> bool {
        let mut next = execution.parent;
        while let Some(id) = next {
            if id == above {
                return true;
            }
            next = self.state.execution(id).and_then(|known| known.parent);
        }
        false
    }

    /// Whether what stands above is being stopped or is about to be.
    pub(super) fn is_being_stopped(&self, id: ExecutionId) -> bool {
        self.state
            .execution(id)
            .is_some_and(|execution| self.is_stopped_from_above(execution))
    }

    /// Whether something above an execution has been spoilt by a failure or by its time, so that
    /// nothing of it is begun or tried again.
    pub(super) fn is_stopped_from_above(&self, execution: &Execution) -> bool {
        let mut next = execution.parent;
        while let Some(above) = next.and_then(|id| self.state.execution(id)) {
            let spoilt = match &above.parts {
                Parts::Items {
                    fail_fast,
                    tally,
                    tolerated,
                    ..
                } => *fail_fast && tally.failed_items > *tolerated,
                Parts::Branches {
                    fail_fast,
                    timed_out,
                    tally,
                    ..
                } => *timed_out || (*fail_fast && tally.failed > 0),
                Parts::None => false,
            };
            if spoilt {
                return true;
            }
            next = above.parent;
        }
        false
    }
}
