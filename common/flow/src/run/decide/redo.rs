//! `Retry`: a run that has ended goes on from what went wrong. What went well stays as it is.
//!
//! What failed with nothing following from it, was stopped, or was never begun is done again, each
//! under its id; transitions that were taken while nothing new started lead on now. A run that had
//! reached no task begins once more. Which execution is done again, the state says; here it is put in
//! order and begun.

use super::duration;
use super::step::{Fired, Step, Todo};
use crate::program::{TaskIx, Work};
use crate::run::event::{Reopened, RetryJoined, RunRetried, Values};
use crate::run::state::execution::{Execution, Parts, Phase};
use crate::run::{Event, Rejection, RunState};
use attune_types::{AttemptId, ExecutionId, ExecutionStatus, Timestamp, code};
use uuid::Uuid;

impl Step<'_> {
    pub(super) fn retry(
        &mut self,
        by: &str,
        request: Uuid,
        attempt: Option<AttemptId>,
    ) -> Result<(), Rejection> {
        // The attempt that opened it is told of its first end anyway.
        let opened_for_it = attempt.is_some() && self.state.opened_for() == attempt;
        if self.state.knows_retry(request) || opened_for_it {
            return Ok(());
        }
        if let (false, Some(attempt)) =
            (self.state.is_terminal() || self.state.is_undoing(), attempt)
        {
            self.push(Event::RetryJoined(RetryJoined {
                at: self.at(),
                request,
                attempt,
            }));
            return Ok(());
        }
        self.refuse_retry(attempt.is_some())?;
        let afresh = self.state.about.activations == 0;
        self.push(Event::RunRetried(RunRetried {
            at: self.at(),
            by: by.to_owned(),
            request,
            attempt,
            deadline: self.renewed_deadline().filter(|_| !afresh),
            afresh,
        }));
        if afresh || !self.state.has_begun() {
            self.begin();
        } else if self.state.slot().is_none() {
            self.take_up();
        }
        Ok(())
    }

    /// Why the run cannot be retried, if it cannot. The run above may ask one that ended well: it is
    /// told of that end.
    fn refuse_retry(&self, from_above: bool) -> Result<(), Rejection> {
        let about = &self.state.about;
        let status = self.state.status();
        let no = |reason: String| Err(Rejection::NotNow { reason });
        if about.undo.is_some() {
            return no(format!(
                "the run is {status}: what it did was undone, or some of it; start it anew instead"
            ));
        }
        if !self.state.is_terminal() {
            return no(format!(
                "the run is {status}: only a run that has ended can be retried"
            ));
        }
        if status == ExecutionStatus::Succeeded {
            return match from_above {
                true => Ok(()),
                false => no(
                    "the run succeeded: there is nothing to retry; rerun it from a task to do a part of it again"
                        .to_owned(),
                ),
            };
        }
        let Some(failing) = about.failing.as_ref().filter(|_| about.activations > 0) else {
            return Ok(());
        };
        // What it was to reach then is not known any more.
        let limit = failing.error.code == code::ACTIVATION_LIMIT;
        if limit || (!from_above && !self.has_something_to_redo()) {
            return no(format!(
                "nothing of the run can be done again to mend it: {} (`{}`); start it anew, or rerun it from a task",
                failing.error.message, failing.error.code
            ));
        }
        Ok(())
    }

    fn has_something_to_redo(&self) -> bool {
        self.state.in_order().into_iter().any(|execution| {
            let alone = execution.parent.is_none();
            execution.is_held() || (alone && self.state.is_to_redo(execution))
        })
    }

    /// The same time as it had, from now.
    fn renewed_deadline(&self) -> Option<Timestamp> {
        let limit = self
            .state
            .deadline()
            .zip(self.state.round_at())
            .map(|(deadline, from)| deadline.duration_since(from).unsigned_abs())?;
        duration::after(self.at(), limit)
    }

    /// Goes on where the run stood when it came to its end.
    pub(super) fn take_up(&mut self) {
        let again: Vec<ExecutionId> = self
            .state
            .in_order()
            .into_iter()
            .filter(|execution| execution.parent.is_none() && self.state.is_to_redo(execution))
            .map(|execution| execution.id)
            .collect();
        for id in again {
            self.reopen(id);
        }
        let held = self.held();
        // Until all have been taken, each may still lead anywhere.
        let yet = held.iter().rev().map(|(id, task, _)| (*id, *task));
        self.ending.extend(yet);
        for (id, task, fired) in held {
            self.ending.pop();
            self.fire_all(id, task, fired);
        }
        self.move_all_behind();
    }

    /// The transitions that are still to lead somewhere, by the execution that ended, in the order in
    /// which they did. From a branch nothing follows but the end of its parallel task.
    fn held(&self) -> Vec<(ExecutionId, TaskIx, Vec<Fired>)> {
        let all = self.state.in_order().into_iter();
        let mut held: Vec<&Execution> = all.filter(|it| it.is_held()).collect();
        held.sort_unstable_by_key(|execution| execution.completed);
        held.into_iter()
            .map(|execution| {
                let fired = execution.held.iter().map(|held| Fired {
                    transition: held.transition,
                    publish: Values::new(),
                });
                (execution.id, execution.task, fired.collect())
            })
            .collect()
    }

    /// Does an execution again, or what of it did not go well.
    pub(super) fn reopen(&mut self, id: ExecutionId) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let is_item = execution.item.is_some();
        let due = match &execution.parts {
            Parts::Branches { timeout, .. } => {
                timeout.and_then(|limit| duration::after(self.at(), limit))
            }
            Parts::None | Parts::Items { .. } => None,
        };
        self.push(Event::Reopened(Reopened {
            at: self.at(),
            execution: id,
            due,
        }));
        if let Work::Parallel { children, .. } = &task.work
            && self
                .state
                .execution(id)
                .is_some_and(|known| matches!(known.parts, Parts::Branches { .. }))
        {
            self.reopen_branches(id, children);
        }
        match self.state.execution(id).map(|known| &known.phase) {
            // Items are begun by what is above them.
            Some(Phase::Ready) if is_item => self.work(id),
            Some(Phase::Ready) => self.todo.push_back(Todo::Start(id)),
            Some(Phase::Gathering) => self.todo.push_back(Todo::Gather {
                above: id,
                failed: false,
            }),
            _ => {}
        }
    }

    fn reopen_branches(&mut self, id: ExecutionId, children: &[TaskIx]) {
        let Some(execution) = self.state.execution(id) else {
            return;
        };
        let begun: Vec<&Execution> = self.state.parts_of(execution).collect();
        let missing: Vec<TaskIx> = children
            .iter()
            .copied()
            .filter(|child| begun.iter().all(|branch| branch.task != *child))
            .collect();
        let again: Vec<ExecutionId> = begun
            .into_iter()
            .filter(|branch| self.state.is_to_redo(branch))
            .map(|branch| branch.id)
            .collect();
        for branch in again {
            self.reopen(branch);
        }
        for child in missing {
            self.activate(child, Some(id), None);
        }
    }

    /// The next item that is to be done again.
    pub(super) fn next_redo(&self, above: &Execution) -> Option<ExecutionId> {
        let Parts::Items { redo, begun, .. } = &above.parts else {
            return None;
        };
        (redo.left > 0)
            .then(|| {
                (redo.from..*begun)
                    .map(|index| RunState::item_id(above.id, index))
                    .find(|item| {
                        self.state
                            .execution(*item)
                            .is_some_and(|item| self.state.is_to_redo(item))
                    })
            })
            .flatten()
    }
}
