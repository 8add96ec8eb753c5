//! What somebody asks of a run from outside: to be cancelled, to be paused, to go on after its end, to be
//! undone.
//!
//! Puts the commands in that the API would. What a run refuses, because it comes too late, is refused
//! as it would be for real and leaves the walk as it is.

use super::world::{Todo, World};
use attune_flow::run::Command;
use attune_types::{Duration, Timestamp};
use uuid::Uuid;

/// The run itself.
const ROOT: usize = 0;

impl World<'_> {
    /// Notes what is to be asked in the course of the run.
    pub(super) fn ask(&mut self) {
        let by = || self.setup.started_by.clone();
        let mut asked: Vec<(Duration, Command)> = Vec::new();
        if let Some(pause) = self.setup.pause {
            let end = pause.after.saturating_add(pause.lasts);
            asked.push((pause.after, Command::Pause { by: by() }));
            asked.push((end, Command::Resume { by: by() }));
        }
        if let Some(cancel) = &self.setup.cancel {
            let reason = cancel.reason.clone();
            asked.push((cancel.after, Command::Cancel { by: by(), reason }));
        }
        for (after, command) in asked {
            let at = self.at.checked_add(after).unwrap_or(Timestamp::MAX);
            self.agenda.add(at, ROOT, command);
        }
    }

    /// Asks the run to go on from what went wrong, if it has ended.
    pub(super) fn retry(&mut self) {
        if let Some(request) = self.request("retry") {
            let command = Command::Retry {
                by: self.setup.started_by.clone(),
                request,
                attempt: None,
            };
            self.todo.push_back(Todo::Send(ROOT, command));
        }
    }

    /// Asks for the run to be undone, if it has ended.
    pub(super) fn compensate(&mut self) {
        if let Some(request) = self.request("compensate") {
            let command = Command::Compensate {
                by: self.setup.started_by.clone(),
                request,
                attempt: None,
            };
            self.todo.push_back(Todo::Send(ROOT, command));
        }
    }

    /// Names a request to the run, if it has ended.
    fn request(&self, what: &str) -> Option<Uuid> {
        let root = self.runs.get(ROOT)?;
        let ended = root.state.is_terminal();
        ended.then(|| root.state.run().derive(what))
    }
}
