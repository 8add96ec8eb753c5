//! Places among the runs of a workflow, as the store would give them: first come, first served.
//!
//! Only the runs of the walk are counted: child runs of a workflow that bounds how many of its runs
//! are active at once. A run that waits for a place which never comes free is told at the end.

use super::world::{Todo, World};
use attune_flow::program::OnLimit;
use attune_flow::run::{Command, SlotOrder};
use attune_types::{Ref, RunId};
use std::collections::{HashMap, VecDeque};

/// Who holds and who waits, by workflow and key.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<(Ref, Option<String>), Line>);

#[derive(Debug, Default)]
struct Line {
    limit: usize,
    holders: Vec<usize>,
    queue: VecDeque<usize>,
}

impl World<'_> {
    /// Answers a run that wants a place.
    pub(super) fn slot(&mut self, run: usize, order: &SlotOrder) {
        let key = (order.workflow.clone(), order.key.clone());
        let line = self.slots.0.entry(key).or_default();
        line.limit = order.limit as usize;
        if line.holders.contains(&run) || line.queue.contains(&run) {
            return;
        }
        if line.holders.len() < line.limit {
            line.holders.push(run);
            self.todo.push_back(Todo::Send(run, Command::SlotGranted));
            return;
        }
        let held = line.holders.clone();
        if order.on_limit != OnLimit::Reject {
            line.queue.push_back(run);
        }
        let holders: Vec<RunId> = held
            .iter()
            .filter_map(|holder| Some(self.runs.get(*holder)?.state.run()))
            .collect();
        let answer = match order.on_limit {
            OnLimit::Reject => Command::SlotRefused { holders },
            OnLimit::Queue | OnLimit::CancelOldest => Command::SlotQueued { holders },
        };
        self.todo.push_back(Todo::Send(run, answer));
        if let (OnLimit::CancelOldest, Some(oldest)) = (order.on_limit, held.first()) {
            let cancel = Command::Cancel {
                by: self.setup.started_by.clone(),
                reason: Some("another run of the workflow takes its place".to_owned()),
            };
            self.todo.push_back(Todo::Send(*oldest, cancel));
        }
    }

    /// Gives the place of a run that has ended to the next in line.
    pub(super) fn release(&mut self, run: usize) {
        for line in self.slots.0.values_mut() {
            line.queue.retain(|waiting| *waiting != run);
            let before = line.holders.len();
            line.holders.retain(|holder| *holder != run);
            if line.holders.len() < before
                && line.holders.len() < line.limit
                && let Some(next) = line.queue.pop_front()
            {
                line.holders.push(next);
                self.todo.push_back(Todo::Send(next, Command::SlotGranted));
            }
        }
    }
}
