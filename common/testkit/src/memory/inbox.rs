//! Commands that wait for runs in memory: who takes which, and what an end leaves of them.

use super::run::Runs;
use attune_flow::run::Command;
use attune_port::{InboxCommand, NewInboxCommand};
use attune_types::{AttemptId, ExecutionStatus, RunId, Timestamp};
use std::collections::BTreeSet;

pub(super) struct Waiting {
    pub(super) run: RunId,
    pub(super) command: InboxCommand,
    pub(super) at: Timestamp,
}

impl Waiting {
    fn retries(&self, run: RunId) -> bool {
        self.run == run && matches!(self.command.command, Command::Retry { .. })
    }
}

impl Runs {
    /// Only undoing and going on may be asked of a run that has ended, and what is said to one that was
    /// asked to go on counts from then; not of one that was put aside.
    fn takes(&self, run: RunId, command: &Command) -> bool {
        let known = self.runs.get(&run);
        known.is_some_and(|known| {
            known.active
                || (known.status != ExecutionStatus::Abandoned
                    && (command.is_for_ended() || self.inbox.iter().any(|it| it.retries(run))))
        })
    }

    /// The run has ended: it answers nothing more but what an ended run is asked for, and what was said
    /// after it was asked to go on.
    pub(super) fn end_inbox(&mut self, run: RunId) {
        let mut going_on = false;
        self.inbox.retain(|waiting| {
            going_on |= waiting.retries(run);
            waiting.run != run || waiting.command.command.is_for_ended() || going_on
        });
    }

    /// The attempts of the run above that may wait for a run.
    pub(super) fn waiting_above(&self, run: RunId) -> BTreeSet<AttemptId> {
        let mut waiting = BTreeSet::from([AttemptId(run.uuid())]);
        let Some(stored) = self.runs.get(&run) else {
            return waiting;
        };
        let parent = stored.header.parent.as_ref();
        waiting.extend(parent.map(|parent| parent.execution.attempt(parent.attempt)));
        let said = stored
            .events
            .iter()
            .filter(|event| matches!(event.kind.as_str(), "run_retried" | "retry_joined"))
            .filter_map(|event| {
                event
                    .data
                    .get("attempt")?
                    .as_str()?
                    .parse::<AttemptId>()
                    .ok()
            });
        waiting.extend(said);
        for waits in &self.inbox {
            if let Command::Retry { attempt, .. } = &waits.command.command
                && waits.run == run
            {
                waiting.extend(attempt);
            }
        }
        waiting
    }

    pub(super) fn send(&mut self, commands: Vec<NewInboxCommand>, now: Timestamp) {
        for new in commands {
            let known = self
                .inbox
                .iter()
                .any(|waiting| waiting.command.id == new.id);
            if self.takes(new.run, &new.command) && !known {
                self.inbox.push(Waiting {
                    run: new.run,
                    command: InboxCommand {
                        id: new.id,
                        command: new.command,
                    },
                    at: now,
                });
            }
        }
    }

    pub(super) fn inbox_of(&self, run: RunId) -> Vec<InboxCommand> {
        self.inbox
            .iter()
            .filter(|waiting| waiting.run == run)
            .map(|waiting| waiting.command.clone())
            .collect()
    }
}
