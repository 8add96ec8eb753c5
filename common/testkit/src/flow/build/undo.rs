//! How tasks are undone, in a few words.

use super::TaskBuilder;
use attune_flow::program::{Compensate, Work};

impl TaskBuilder {
    /// Undone by the action of that task, with its input, retry and time limit.
    #[must_use]
    pub fn undo(mut self, by: Self) -> Self {
        self.task.compensate = Some(by.as_undo());
        self
    }

    /// Its action as the undo of another task.
    pub fn as_undo(self) -> Compensate {
        let Work::Action(call) = self.task.work else {
            panic!("an action");
        };
        Compensate::Action {
            call,
            input: self.task.input,
            retry: self.task.retry,
            timeout: self.task.timeout,
            idempotent: self.task.idempotent,
        }
    }

    /// Undone by the task of that name.
    #[must_use]
    pub fn undone_by(mut self, name: &str) -> Self {
        self.undone_by = Some(name.to_owned());
        self
    }
}
