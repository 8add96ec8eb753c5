//! The working copy of one decision: state, events so far, and what is still to be done.

use crate::program::{Program, Task, TaskIx};
use crate::run::event::{StopReason, Values};
use crate::run::evolve::apply;
use crate::run::scope::RunScope;
use crate::run::state::execution::Execution;
use crate::run::{Event, Now, RunState};
use attune_template::Keys;
use attune_types::{ErrorInfo, ExecutionId, Timestamp};
use std::cell::Cell;
use std::collections::VecDeque;

/// One thing still to be done in a decision.
#[derive(Debug)]
pub(super) enum Todo {
    /// Start an activation that was reached.
    Start(ExecutionId),
    /// Do what is due for it by the clock.
    Due(ExecutionId),
    /// End what waits and, if there is a reason, stop what runs.
    Close(ExecutionId, Option<StopReason>),
    /// Try again.
    Again(ExecutionId),
    /// Take the transitions of an activation that ended, and tell what is above it.
    After(ExecutionId, Vec<Fired>),
    /// Look at the parts of an iteration or parallel task; one of them may just have failed.
    Gather { above: ExecutionId, failed: bool },
}

/// A transition that holds, and what it publishes.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) transition: u32,
    pub(super) publish: Values,
}

pub(super) struct Step<'a> {
    pub(super) program: &'a Program,
    pub(super) state: RunState,
    pub(super) events: Vec<Event>,
    pub(super) todo: VecDeque<Todo>,
    /// Activations that have ended, whose transitions are yet to be taken.
    pub(super) ending: Vec<(ExecutionId, TaskIx)>,
    now: Now,
    draws: Cell<u64>,
    keys: Keys,
}

impl<'a> Step<'a> {
    pub(super) const fn new(program: &'a Program, state: RunState, now: Now, keys: Keys) -> Self {
        Self {
            program,
            state,
            events: Vec::new(),
            todo: VecDeque::new(),
            ending: Vec::new(),
            now,
            draws: Cell::new(0),
            keys,
        }
    }

    /// The time of this decision.
    pub(super) const fn at(&self) -> Timestamp {
        self.now.at
    }

    /// The moment with randomness that no other evaluation of this decision sees.
    pub(super) fn draw(&self) -> Now {
        let n = self.draws.get().wrapping_add(1);
        self.draws.set(n);
        let mixed = u128::from_be_bytes(self.now.entropy)
            .wrapping_add(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        Now {
            at: self.now.at,
            entropy: mixed.to_be_bytes(),
        }
    }

    /// Records an event and folds it.
    pub(super) fn push(&mut self, event: Event) {
        apply(&mut self.state, &event);
        self.events.push(event);
    }

    /// An execution with its task.
    pub(super) fn of(&self, id: ExecutionId) -> Option<(&Execution, &'a Task)> {
        let execution = self.state.execution(id)?;
        Some((execution, execution.task_in(self.program)?))
    }

    /// What the templates of an execution see; without one, those of the run.
    pub(super) fn scope<'s>(&'s self, execution: Option<&'s Execution>) -> RunScope<'s> {
        let attempt = match execution {
            // The one under way, the last one, or the one about to be made.
            Some(execution) if execution.attempt().is_some() || execution.is_ended() => {
                execution.attempts.max(1)
            }
            Some(execution) => execution.attempts.saturating_add(1),
            None => self.state.header().parent.as_ref().map_or(1, |p| p.attempt),
        };
        // What undoes something sees what that saw, and how it came out.
        let undone = execution
            .and_then(|execution| execution.undoes)
            .and_then(|undoes| self.state.execution(undoes.execution));
        RunScope {
            program: self.program,
            state: &self.state,
            execution: undone.or(execution),
            undone: undone.map(|undone| self.activation_of(undone)),
            ended: false,
            error: None,
            attempt,
            vars: None,
            now: self.draw(),
            keys: &self.keys,
        }
    }

    /// The task activation that an execution is, or is an item of.
    fn activation_of<'s>(&'s self, execution: &'s Execution) -> &'s Execution {
        let above = execution.parent.filter(|_| execution.item.is_some());
        above
            .and_then(|above| self.state.execution(above))
            .unwrap_or(execution)
    }

    /// Does everything that follows, then looks whether the run is over.
    pub(super) fn settle(mut self) -> Vec<Event> {
        loop {
            while let Some(todo) = self.todo.pop_front() {
                match todo {
                    Todo::Start(id) => self.start(id),
                    Todo::Due(id) => self.due(id),
                    Todo::Close(id, reason) => self.close_one(id, reason),
                    Todo::Again(id) => self.again(id),
                    Todo::After(id, fired) => self.after(id, fired),
                    Todo::Gather { above, failed } => self.gather(above, failed),
                }
            }
            if !self.settle_joins() {
                break;
            }
        }
        self.end_run();
        self.events
    }
}

/// The message of a template error as a task's error.
pub(super) fn template_error(error: &attune_template::TemplateError, of: &str) -> ErrorInfo {
    ErrorInfo::new(attune_types::code::TEMPLATE, format!("{of}: {error}"))
}
