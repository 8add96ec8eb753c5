//! The next attempt of an execution: inline actions are done here, others are owed to somebody.

use super::close::Done;
use super::duration;
use super::sleep;
use super::step::Step;
use crate::program::{ActionCall, InlineAction, Performer};
use crate::run::Event;
use crate::run::event::By;
use attune_types::{
    Duration, ErrorInfo, ExecutionId, JsonMap, JsonValue, Ref, RunId, Timestamp, code,
};
use std::sync::Arc;

/// How much later than an attempt's own time limit the run gives it up, should whoever performs it
/// not do so.
pub(super) const GRACE: Duration = Duration::from_secs(30);

impl Step<'_> {
    pub(super) fn attempt(&mut self, id: ExecutionId, call: &ActionCall) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let prepared = self.render_input(execution, task, call).and_then(|input| {
            self.render_timeout(execution, task)
                .map(|timeout| (input, timeout))
        });
        let (input, timeout) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return self.end_failed(id, error),
        };
        let number = execution.attempts.saturating_add(1);
        // What a child run did is kept only if it is asked for the same.
        let again = execution
            .again
            .filter(|_| execution.input.as_deref() == Some(&input));
        // An attempt with the same input as the one before does not record it again.
        let input = match &execution.input {
            Some(known) if **known == input => (known.clone(), None),
            _ => {
                let input = Arc::new(input);
                (input.clone(), Some(input))
            }
        };
        match &call.performer {
            Performer::Inline(InlineAction::Sleep) => self.sleep(id, number, input, timeout),
            Performer::Inline(action) => {
                let done = inline(*action, &input.0);
                self.close(id, number, input.1, done);
            }
            Performer::Native(_) => {
                let due = timeout.and_then(|limit| duration::after(self.at(), limit + GRACE));
                self.schedule(id, number, input.1, By::Native, timeout, due);
            }
            Performer::Worker { pool, selector, .. } => {
                let by = By::Worker {
                    pool: pool.clone(),
                    selector: selector.clone(),
                };
                self.schedule(id, number, input.1, by, timeout, None);
            }
            Performer::Child => match self.child(call, &input.0, again) {
                Ok(by) => {
                    let due = timeout.and_then(|limit| duration::after(self.at(), limit));
                    self.schedule(id, number, input.1, by, timeout, due);
                }
                Err(error) => self.end_with_input(id, input.1, error),
            },
            Performer::Unavailable { reason } => {
                let error = ErrorInfo::new(
                    code::UNAVAILABLE,
                    format!("`{}` cannot be run: {reason}", call.reference),
                );
                self.end_with_input(id, input.1, error);
            }
        }
    }

    fn sleep(
        &mut self,
        id: ExecutionId,
        number: u32,
        input: (Arc<JsonMap>, Option<Arc<JsonMap>>),
        timeout: Option<Duration>,
    ) {
        match sleep::until(&input.0, self.at()) {
            Ok(until) if until <= self.at() => {
                self.close(
                    id,
                    number,
                    input.1,
                    Done::good(sleep::result(self.at(), self.at())),
                );
            }
            Ok(until) => {
                let limit = timeout.and_then(|limit| duration::after(self.at(), limit));
                let due = limit.map_or(until, |limit| limit.min(until));
                self.schedule(id, number, input.1, By::Timer, timeout, Some(due));
            }
            Err(message) => {
                let error = ErrorInfo::new(code::INPUT_INVALID, message);
                self.end_with_input(id, input.1, error);
            }
        }
    }

    /// Which child run is to be opened, or gone on with.
    fn child(
        &self,
        call: &ActionCall,
        input: &JsonMap,
        again: Option<RunId>,
    ) -> Result<By, ErrorInfo> {
        let depth = self.state.header().depth.saturating_add(1);
        let limit = self.limits().depth;
        if depth >= limit {
            return Err(ErrorInfo::new(
                code::DEPTH_LIMIT,
                format!(
                    "runs are nested {limit} deep at most (`limits.depth`); does a workflow call itself?"
                ),
            ));
        }
        if !call.is_run_workflow() {
            return Ok(By::Child {
                action: call.reference.clone(),
                wait: true,
                again,
            });
        }
        let named = input.get("ref").and_then(JsonValue::as_str).unwrap_or("");
        Ok(By::Child {
            action: Ref::parse(named)
                .map_err(|error| ErrorInfo::new(code::INPUT_INVALID, format!("ref: {error}")))?,
            wait: input.get("wait").and_then(JsonValue::as_bool) != Some(false),
            again,
        })
    }

    fn schedule(
        &mut self,
        execution: ExecutionId,
        number: u32,
        input: Option<Arc<JsonMap>>,
        by: By,
        timeout: Option<Duration>,
        due: Option<Timestamp>,
    ) {
        self.push(Event::AttemptScheduled {
            at: self.at(),
            execution,
            number,
            input,
            by,
            timeout,
            due,
        });
    }
}

/// Does a pure action.
fn inline(action: InlineAction, input: &JsonMap) -> Done {
    match action {
        InlineAction::Noop | InlineAction::Sleep => Done::good(JsonValue::Null),
        InlineAction::Set => Done::good(JsonValue::Object(input.clone())),
        InlineAction::Fail => {
            let text = |name: &str| input.get(name).and_then(JsonValue::as_str);
            Done::bad(ErrorInfo::new(
                text("code").unwrap_or(code::FAILED),
                text("message").unwrap_or("failed by `core.fail`"),
            ))
        }
    }
}
