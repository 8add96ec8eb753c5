//! Closing an attempt: the result is checked, then either it is tried again or the execution ends.

use super::step::Step;
use crate::program::{Task, Work};
use crate::run::event::StopReason;
use crate::run::state::execution::Execution;
use crate::run::{Event, Outcome, ProcessInfo};
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue, code};
use serde_json::json;
use std::sync::Arc;

/// How an attempt came out.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) status: ExecutionStatus,
    pub(super) result: JsonValue,
    pub(super) process: Option<ProcessInfo>,
    pub(super) error: Option<ErrorInfo>,
}

impl Done {
    pub(super) const fn good(result: JsonValue) -> Self {
        Self {
            status: ExecutionStatus::Succeeded,
            result,
            process: None,
            error: None,
        }
    }

    pub(super) const fn bad(error: ErrorInfo) -> Self {
        Self {
            status: ExecutionStatus::Failed,
            result: JsonValue::Null,
            process: None,
            error: Some(error),
        }
    }

    pub(super) const fn timed_out(error: ErrorInfo) -> Self {
        Self {
            status: ExecutionStatus::TimedOut,
            result: JsonValue::Null,
            process: None,
            error: Some(error),
        }
    }

    pub(super) const fn cancelled() -> Self {
        Self {
            status: ExecutionStatus::Cancelled,
            result: JsonValue::Null,
            process: None,
            error: None,
        }
    }

    pub(super) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded { result, process } => Self {
                process,
                ..Self::good(result)
            },
            Outcome::Failed {
                error,
                result,
                process,
            } => Self {
                result,
                process,
                ..Self::bad(error)
            },
            Outcome::TimedOut { error, process } => Self {
                process,
                ..Self::timed_out(error)
            },
            Outcome::Cancelled { process } => Self {
                process,
                ..Self::cancelled()
            },
        }
    }
}

impl Step<'_> {
    /// Closes attempt `number` of an execution, which need not have been recorded as open if it was
    /// done inline.
    pub(super) fn close(
        &mut self,
        id: ExecutionId,
        number: u32,
        input: Option<Arc<JsonMap>>,
        done: Done,
    ) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let done = self.checked(task, done);
        let mut done = by_stop(execution, done);
        if let Some(error) = &mut done.error {
            error.attempt.get_or_insert(number);
            if error.exit_code.is_none() {
                error.exit_code = done.process.as_ref().and_then(|process| process.exit_code);
            }
        }
        match self.retry_at(execution, task, &done) {
            Ok(Some(retry_at)) => {
                self.push(Event::AttemptFailed {
                    at: self.at(),
                    execution: id,
                    number,
                    input,
                    status: done.status,
                    error: Arc::new(done.error.unwrap_or_else(unnamed)),
                    result: Arc::new(done.result),
                    process: done.process.map(Arc::new),
                    retry_at,
                });
                if retry_at <= self.at() {
                    self.todo.push_back(super::step::Todo::Again(id));
                }
            }
            Ok(None) => self.end(id, number, input, done),
            Err(error) => {
                let error = Some(error);
                self.end(id, number, input, Done { error, ..done });
            }
        }
    }

    /// A success is one only if its result keeps its promises.
    fn checked(&self, task: &Task, done: Done) -> Done {
        if let Err(error) = self.check_size(&done.result, "the result") {
            return Done {
                status: ExecutionStatus::Failed,
                result: JsonValue::Null,
                error: Some(error),
                ..done
            };
        }
        let Work::Action(call) = &task.work else {
            return done;
        };
        let (ExecutionStatus::Succeeded, Some(schema)) = (done.status, &call.output) else {
            return done;
        };
        let hidden = |text: &str| self.hidden_type(text);
        match schema.validate_open_around(&done.result, &hidden) {
            Ok(result) => Done { result, ..done },
            Err(errors) => {
                let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
                let error = ErrorInfo::new(
                    code::OUTPUT_INVALID,
                    format!(
                        "the result of `{}` is not what its output schema says: {}",
                        call.reference,
                        list.join("; ")
                    ),
                )
                .with_details(json!({ "errors": errors }));
                Done {
                    status: ExecutionStatus::Failed,
                    error: Some(error),
                    ..done
                }
            }
        }
    }
}

/// What came of an attempt that was being stopped is what it was stopped for, unless it succeeded all
/// the same. One that nobody asked to stop has failed.
fn by_stop(execution: &Execution, done: Done) -> Done {
    if done.status == ExecutionStatus::Succeeded {
        return done;
    }
    let attempt = execution.attempt();
    match attempt.and_then(|attempt| attempt.stopping) {
        Some(StopReason::TimedOut) => {
            let limit = attempt.and_then(|attempt| attempt.timeout);
            Done {
                status: ExecutionStatus::TimedOut,
                error: Some(super::timer::timeout_error(limit)),
                ..done
            }
        }
        Some(reason) => Done {
            status: ExecutionStatus::Cancelled,
            error: Some(ErrorInfo::new(code::CANCELLED, stopped_because(reason))),
            ..done
        },
        None if done.status == ExecutionStatus::Cancelled => Done {
            status: ExecutionStatus::Failed,
            error: Some(ErrorInfo::new(
                code::CANCELLED,
                "it was cancelled, but not by this run",
            )),
            ..done
        },
        None => done,
    }
}

pub(super) const fn stopped_because(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Cancelled => "stopped because the run was cancelled",
        StopReason::RunFailed => "stopped because the run failed",
        StopReason::RunTimedOut => "stopped because the run's time ran out",
        StopReason::FailFast => "stopped because another part failed",
        StopReason::ParallelTimedOut => "stopped because the time of the parallel task ran out",
        StopReason::TimedOut => "stopped because its time ran out",
    }
}

pub(super) fn unnamed() -> ErrorInfo {
    ErrorInfo::new(code::INTERNAL, "it failed without saying why")
}
