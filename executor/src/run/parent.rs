//! Telling the parent of a run that it has ended.
//!
//! The command is a row of the parent's inbox, stored with the end itself; the hint only makes the
//! parent look sooner.

use super::actor::RunCell;
use attune_flow::run::RunState;
use attune_port::NewInboxCommand;
use attune_types::{AttemptId, RunId};

impl RunCell {
    /// The parent has the end in its inbox already; this only makes it look sooner.
    pub(super) fn hint_parent(&self) {
        let Some(live) = &self.live else { return };
        let Some(command) = to_parent(&live.state) else {
            return;
        };
        self.registry.shared.performer.tell_run(
            &self.registry,
            command.run,
            command.command,
            Some(command.id),
        );
    }
}

/// The end of a child run, as its parent is told. The same end has the same id, however often it is
/// told.
pub(super) fn to_parent(state: &RunState) -> Option<NewInboxCommand> {
    let parent = state.header().parent.as_ref()?;
    let run: RunId = state.header().run;
    let outcome = state.outcome()?;
    Some(NewInboxCommand {
        id: run.derive("to parent"),
        run: parent.run,
        command: attune_flow::run::Command::AttemptFinished {
            attempt: AttemptId(run.uuid()),
            outcome,
        },
    })
}
