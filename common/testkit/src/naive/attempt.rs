//! How attempts end, and whether another follows.

use super::act::{At, Kind, Why};
use super::scope::error_value;
use super::{Job, Naive, scope};
use attune_flow::program::{Backoff, Retry};
use attune_flow::run::Outcome;
use attune_template::Root;
use attune_types::{Duration, ErrorInfo, ExecutionStatus, JsonValue, code};
use serde_json::json;

/// How often a lost attempt is done again without asking.
const MOST_LOSSES: u32 = 3;

impl Naive {
    /// Somebody says how an open attempt ended.
    pub(super) fn outcome(&mut self, n: usize, outcome: &Outcome) {
        match outcome {
            Outcome::Succeeded { result, process } => {
                self.acts[n].error = None;
                self.acts[n].result = scope::with_process(result, process.as_ref());
                self.end(n, ExecutionStatus::Succeeded);
            }
            Outcome::Failed {
                error,
                result,
                process,
            } => {
                self.acts[n].result = scope::with_process(result, process.as_ref());
                self.failed(n, ExecutionStatus::Failed, error.clone());
            }
            Outcome::TimedOut { error, process } => {
                self.acts[n].result = scope::with_process(&JsonValue::Null, process.as_ref());
                self.failed(n, ExecutionStatus::TimedOut, error.clone());
            }
            Outcome::Cancelled { process } => {
                self.acts[n].result = scope::with_process(&JsonValue::Null, process.as_ref());
                // Not by this run, if that did not ask for it; then trying again is not meant either.
                let error = ErrorInfo::new(code::CANCELLED, "it was stopped");
                self.failed(n, ExecutionStatus::Failed, error);
            }
        }
    }

    fn cancelled(&mut self, n: usize) {
        self.acts[n].error = Some(ErrorInfo::new(code::CANCELLED, "it was stopped"));
        self.end(n, ExecutionStatus::Cancelled);
    }

    /// The worker is gone: done again where that is allowed without asking, a failure otherwise. An
    /// action that takes its workers down with it is not done again for ever.
    pub(super) fn lost(&mut self, n: usize) {
        let At::Open(open) = self.acts[n].at.clone() else {
            return;
        };
        let idempotent = self.program.tasks[self.acts[n].task].idempotent;
        let error = ErrorInfo::new(code::LOST, "its worker is gone");
        self.acts[n].result = JsonValue::Null;
        if idempotent
            && open.stopping.is_none()
            && self.acts[n].losses < MOST_LOSSES
            && !self.is_closing()
        {
            self.acts[n].losses += 1;
            self.acts[n].error = Some(error);
            self.acts[n].at = At::Retrying(self.now);
            self.jobs.push_back(Job::Again(n));
        } else {
            self.failed(n, ExecutionStatus::Failed, error);
        }
    }

    /// The run's own patience ended: as if it had been stopped.
    pub(super) fn given_up(&mut self, n: usize, status: ExecutionStatus) {
        let error = ErrorInfo::new(code::CANCELLED, "nobody answers for it");
        self.acts[n].result = JsonValue::Null;
        self.failed(n, ExecutionStatus::Failed, error);
        let known = self.acts[n].at.clone();
        let agrees = match known {
            At::Ended(ended) => ended == status,
            _ => status == ExecutionStatus::TimedOut,
        };
        if !agrees {
            self.complain(format!("given up as {status}, but it is {known:?}"));
        }
    }

    /// A sleep is over, or its timeout came first.
    pub(super) fn timer(&mut self, n: usize) {
        let At::Open(open) = self.acts[n].at.clone() else {
            return;
        };
        let Kind::Timer { until, seconds } = open.kind else {
            return;
        };
        let limit = open
            .limit
            .zip(open.since)
            .and_then(|(limit, since)| since.checked_add(limit).ok());
        if limit.is_some_and(|limit| limit < until) {
            let error = ErrorInfo::new(code::TIMEOUT, "it took too long");
            self.failed(n, ExecutionStatus::TimedOut, error);
        } else {
            self.acts[n].error = None;
            self.acts[n].result = json!({"slept_seconds": seconds});
            self.end(n, ExecutionStatus::Succeeded);
        }
    }

    /// An attempt went wrong. If it was being stopped, it is what it was stopped for. Another one
    /// follows by the task's retry policy; otherwise that is the end.
    pub(super) fn failed(&mut self, n: usize, status: ExecutionStatus, error: ErrorInfo) {
        let stopping = match &self.acts[n].at {
            At::Open(open) => open.stopping,
            _ => None,
        };
        let (status, mut error) = match stopping {
            Some(Why::Asked) => return self.cancelled(n),
            Some(Why::Expired) => (
                ExecutionStatus::TimedOut,
                ErrorInfo::new(code::TIMEOUT, "it took too long"),
            ),
            None => (status, error),
        };
        error.attempt.get_or_insert(self.acts[n].attempts);
        self.acts[n].error = Some(error.clone());
        let retry = self.program.tasks[self.acts[n].task].retry.clone();
        if let Some(retry) = retry
            && !self.is_closing()
            && self.acts[n].failures < retry.count
            && error.code != code::CANCELLED
            && !self.is_spoilt_above(n)
        {
            match self.is_retried(n, &retry, &error) {
                Ok(true) => {
                    self.acts[n].failures += 1;
                    let wait = delay(&retry, self.acts[n].failures);
                    let due = self.now.checked_add(wait).unwrap_or(self.now);
                    self.acts[n].at = At::Retrying(due);
                    if wait.is_zero() {
                        self.jobs.push_back(Job::Again(n));
                    }
                    return;
                }
                Ok(false) => {}
                Err(wrong) => {
                    self.acts[n].error = Some(ErrorInfo::new(code::TEMPLATE, wrong));
                }
            }
        }
        self.end(n, status);
    }

    fn is_retried(&self, n: usize, retry: &Retry, error: &ErrorInfo) -> Result<bool, String> {
        // It speaks of the attempt that failed.
        let number = self.acts[n].attempts.max(1);
        let scope = self.scope(Some(n), Some(error_value(error))).with_member(
            Root::System,
            "attempt",
            json!(number),
        );
        match &retry.on_error {
            Some(condition) => condition.test(&scope).map_err(|error| error.to_string()),
            None => Ok(true),
        }
    }

    /// Asks an open attempt to stop. A sleep ends at once.
    pub(super) fn stop(&mut self, n: usize, why: Why) {
        let At::Open(open) = &mut self.acts[n].at else {
            return;
        };
        if matches!(open.kind, Kind::Timer { .. }) {
            // What an attempt before came to is nothing of this one's.
            self.acts[n].error = None;
            self.end(n, ExecutionStatus::Cancelled);
        } else if open.stopping.is_none() {
            open.stopping = Some(why);
        }
    }
}

/// The wait before the attempt after so many failures.
fn delay(retry: &Retry, failures: u32) -> Duration {
    let mut wait = retry.delay;
    for n in 1..failures {
        wait = match retry.backoff {
            Backoff::Constant => wait,
            Backoff::Linear => retry.delay * (n + 1),
            Backoff::Exponential => wait * 2,
        };
    }
    retry.max_delay.map_or(wait, |most| wait.min(most))
}
