//! Reaching a task: a new activation, within the run's limit.

use super::step::{Step, Todo};
use crate::program::{TaskIx, Work};
use crate::run::Event;
use crate::run::event::JoinStart;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, code};

impl Step<'_> {
    /// A new activation of the task, to be started as soon as it may. None if nothing new starts.
    pub(super) fn activate(
        &mut self,
        task: TaskIx,
        parent: Option<ExecutionId>,
        join: Option<JoinStart>,
    ) -> Option<ExecutionId> {
        if self.state.is_closing() {
            return None;
        }
        let definition = self.program.task(task)?;
        let limit = self.limits().activations;
        if self.state.about.activations >= limit {
            let error = ErrorInfo::new(
                code::ACTIVATION_LIMIT,
                format!(
                    "the run reached its limit of {limit} task activations (`limits.activations`); is there a loop that does not end?"
                ),
            );
            self.fail_run(ExecutionStatus::Failed, error.of_task(&definition.name));
            return None;
        }
        let activation = self
            .state
            .task(task)
            .map_or(0, |known| known.activations)
            .saturating_add(1);
        let execution = self.state.activation_id(&definition.name, activation);
        self.push(Event::TaskActivated {
            at: self.at(),
            execution,
            task,
            name: definition.name.clone(),
            activation,
            action: match &definition.work {
                Work::Action(call) => Some(call.reference.clone()),
                Work::Parallel { .. } => None,
            },
            parent,
            join,
        });
        self.todo.push_back(Todo::Start(execution));
        Some(execution)
    }
}
