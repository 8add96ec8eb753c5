//! `Compensate`: what a run did is undone, one after the other, the last that ended first.
//!
//! An undo is an execution of its own, tried again and recorded like any other. The first one that
//! fails for good ends the undoing, so that nothing is undone before what was built upon it; asked
//! again, the run goes on with what is not undone yet. A child run is asked to undo itself.

use super::step::{Step, Todo};
use crate::program::Work;
use crate::run::event::{
    By, CompensationEnded, CompensationJoined, CompensationStarted, CompensationStopped,
    StopReason, UndoActivated, Undone,
};
use crate::run::state::execution::Execution;
use crate::run::{Event, Rejection};
use attune_types::{AttemptId, ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, RunId, code};
use serde_json::json;
use std::cmp::Reverse;
use std::sync::Arc;
use uuid::Uuid;

impl Step<'_> {
    pub(super) fn compensate(
        &mut self,
        by: &str,
        request: Uuid,
        attempt: Option<AttemptId>,
    ) -> Result<(), Rejection> {
        if self.state.knows_request(request) {
            return Ok(());
        }
        let status = self.state.status();
        if self.state.is_undoing() {
            let Some(attempt) = attempt else {
                return Err(Rejection::NotNow {
                    reason: "the run is being undone already".to_owned(),
                });
            };
            self.push(Event::CompensationJoined(CompensationJoined {
                at: self.at(),
                request,
                attempt,
            }));
            return Ok(());
        }
        if !self.state.is_terminal() {
            return Err(Rejection::NotEnded { status });
        }
        // A run above asks again when it has forgotten the answer; it gets one.
        if status == ExecutionStatus::Compensated && attempt.is_none() {
            return Err(Rejection::Ended { status });
        }
        self.push(Event::CompensationStarted(CompensationStarted {
            at: self.at(),
            by: by.to_owned(),
            request,
            attempt,
            undo: Arc::new(self.to_undo()),
        }));
        self.undo_next();
        Ok(())
    }

    /// What is not undone yet, the last that ended first.
    fn to_undo(&self) -> Vec<Undone> {
        let mut found: Vec<(u32, Undone)> = Vec::new();
        for execution in self.state.in_order() {
            // What was taken over is the work of another run, and for that one to undo.
            if self.state.is_carried(execution) {
                continue;
            }
            let attempts = self.attempts_to_undo(execution).unwrap_or_default();
            let left = attempts
                .into_iter()
                .filter(|attempt| !execution.undone.contains(&attempt.unwrap_or(0)));
            found.extend(left.map(|attempt| {
                let undone = Undone {
                    execution: execution.id,
                    attempt,
                };
                (execution.completed, undone)
            }));
        }
        found.sort_unstable_by_key(|(completed, undone)| Reverse((*completed, undone.attempt)));
        found.into_iter().map(|(_, undone)| undone).collect()
    }

    /// What of an execution can be undone: itself (no attempt) if it succeeded and its task says how;
    /// else the child runs of all its attempts, which may have done much before they failed.
    fn attempts_to_undo(&self, execution: &Execution) -> Option<Vec<Option<u32>>> {
        let task = self.program.task(execution.task)?;
        self.program.graph.undo(execution.task)?;
        // An iteration is undone item by item.
        let iterates = task.items.is_some() && execution.item.is_none();
        if execution.undoes.is_some() || iterates {
            return None;
        }
        if task.compensate.is_some() {
            return (execution.status() == ExecutionStatus::Succeeded).then(|| vec![None]);
        }
        let call = crate::undo::is_child(task)?;
        let waited = !call.is_run_workflow()
            || execution
                .input
                .as_ref()
                .and_then(|input| input.get("wait"))
                .and_then(JsonValue::as_bool)
                != Some(false);
        waited.then(|| (1..=execution.attempts).map(Some).collect())
    }

    /// Undoes the next one, or ends the undoing.
    fn undo_next(&mut self) {
        let Some(undo) = self.state.undo() else {
            return;
        };
        let (round, next) = (undo.round, undo.plan.get(undo.begun as usize).copied());
        let Some(undoes) = next else {
            return self.end_undo(None);
        };
        if let Some(stopping) = &undo.stopping {
            let said = match &stopping.reason {
                Some(reason) => format!("stopped by {}: {reason}", stopping.by),
                None => format!("stopped by {}", stopping.by),
            };
            let error = self.undo_error(None, &said);
            return self.end_undo(Some(error));
        }
        let by = self
            .state
            .execution(undoes.execution)
            .and_then(|undone| self.program.graph.undo(undone.task));
        let Some(by) = by else {
            let error = self.undo_error(None, "its program does not say how");
            return self.end_undo(Some(error));
        };
        let execution = crate::run::RunState::undo_id(undoes, round);
        self.push(Event::UndoActivated(UndoActivated {
            at: self.at(),
            execution,
            undoes,
            name: by.name.clone(),
            action: match &by.work {
                Work::Action(call) => Some(call.reference.clone()),
                Work::Parallel { .. } => None,
            },
        }));
        self.work(execution);
    }

    /// The child run that an execution undoes, if it undoes one.
    pub(super) fn child_to_undo(&self, id: ExecutionId) -> Option<RunId> {
        let undoes = self.state.execution(id)?.undoes?;
        Some(RunId(undoes.execution.attempt(undoes.attempt?).0))
    }

    /// Asks a child run to undo what it did. It has tried everything again itself, so that there is
    /// one attempt.
    pub(super) fn ask_child(&mut self, id: ExecutionId, run: RunId) {
        self.push(Event::AttemptScheduled {
            at: self.at(),
            execution: id,
            number: 1,
            input: None,
            by: By::Undo { run },
            timeout: None,
            due: None,
        });
    }

    /// An execution that undoes something has ended.
    pub(super) fn undid(&mut self, id: ExecutionId) {
        let Some(execution) = self.state.execution(id) else {
            return;
        };
        if execution.status() == ExecutionStatus::Succeeded {
            return self.undo_next();
        }
        let said = match execution.error.as_deref() {
            Some(error) => error.clone(),
            None => super::close::unnamed(),
        };
        let error = self.undo_error(Some(&said), &said.message);
        self.end_undo(Some(error));
    }

    /// Nothing further is undone; what is at it is stopped.
    pub(super) fn stop_undo(&mut self, by: &str, reason: Option<&str>) -> Result<(), Rejection> {
        if self.state.is_undo_stopping() {
            return Err(Rejection::NotNow {
                reason: "the undoing is being stopped already".to_owned(),
            });
        }
        self.push(Event::CompensationStopped(CompensationStopped {
            at: self.at(),
            by: by.to_owned(),
            reason: reason.map(str::to_owned),
        }));
        let live: Vec<Todo> = self
            .state
            .live()
            .iter()
            .map(|live| Todo::Close(live.id, Some(StopReason::Cancelled)))
            .collect();
        self.todo.extend(live);
        Ok(())
    }

    fn end_undo(&mut self, error: Option<ErrorInfo>) {
        self.push(Event::CompensationEnded(CompensationEnded {
            at: self.at(),
            status: match error {
                None => ExecutionStatus::Compensated,
                Some(_) => ExecutionStatus::Failed,
            },
            error: error.map(Arc::new),
        }));
    }

    /// Says which task could not be undone, and which are left with it. `cause` is the error of the
    /// execution that was to undo it.
    fn undo_error(&self, cause: Option<&ErrorInfo>, said: &str) -> ErrorInfo {
        let Some(undo) = self.state.undo() else {
            return super::close::unnamed();
        };
        let done = match cause {
            Some(_) => undo.begun.saturating_sub(1),
            None => undo.begun,
        };
        let mut left: Vec<&str> = Vec::new();
        for undone in undo.plan.iter().skip(done as usize) {
            if let Some(execution) = self.state.execution(undone.execution)
                && !left.contains(&&*execution.name)
            {
                left.push(&execution.name);
            }
        }
        let names: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
        let failed = left.first().copied().filter(|_| cause.is_some());
        let message = match failed {
            Some(task) => format!(
                "`{task}` could not be undone: {said}; not undone: {}",
                names.join(", ")
            ),
            None => format!("{said}; not undone: {}", names.join(", ")),
        };
        let error = ErrorInfo::new(code::COMPENSATION_FAILED, message).with_details(json!({
            "left": left,
            "cause": cause.map(|cause| json!({"code": cause.code, "message": cause.message})),
        }));
        match failed {
            Some(task) => error.of_task(task),
            None => error,
        }
    }
}
