//! What is to happen when: a queue by time, first come first served at the same time.
//!
//! Data only. Time is virtual: whoever takes the next entry lets it pass.

use attune_flow::run::Command;
use attune_types::{AttemptId, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// A command that reaches a run at some time.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) run: usize,
    pub(super) command: Command,
}

/// Everything that is to come.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Coming>,
    ends: HashMap<AttemptId, (Timestamp, u64)>,
    number: u64,
}

impl Agenda {
    /// Puts a command in.
    pub(super) fn add(&mut self, at: Timestamp, run: usize, command: Command) {
        self.number += 1;
        let key = (at, self.number);
        if let Command::AttemptFinished { attempt, .. } | Command::AttemptLost { attempt, .. } =
            &command
        {
            self.ends.insert(*attempt, key);
        }
        self.entries.insert(key, Coming { run, command });
    }

    /// Takes out the end of an attempt. False: it has none to come.
    pub(super) fn withdraw(&mut self, attempt: AttemptId) -> bool {
        let key = self.ends.remove(&attempt);
        key.is_some_and(|key| self.entries.remove(&key).is_some())
    }

    /// When the next entry is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next entry.
    pub(super) fn pop(&mut self) -> Option<Coming> {
        let coming = self.entries.pop_first().map(|(_, coming)| coming)?;
        if let Command::AttemptFinished { attempt, .. } | Command::AttemptLost { attempt, .. } =
            &coming.command
        {
            self.ends.remove(attempt);
        }
        Some(coming)
    }
}
