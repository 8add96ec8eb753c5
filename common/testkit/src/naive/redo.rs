//! Retrying a run that has ended: what did not go well is done again.

use super::act::At;
use super::{Job, Naive, next};
use attune_flow::program::{Target, Work};
use attune_types::{ExecutionStatus, JsonValue};

impl Naive {
    /// The end is taken back, and with it all that brought it about.
    pub(super) fn retry(&mut self) {
        if self.ended.take().is_none() {
            return;
        }
        self.failing = None;
        self.canceling = false;
        self.planned.clear();
        self.paused = false;
        let limit = self
            .deadline
            .map(|deadline| deadline.duration_since(self.round_at));
        self.deadline = limit.and_then(|limit| self.now.checked_add(limit).ok());
        self.round_at = self.now;
        if self.acts.is_empty() {
            self.vars.clear();
            self.deadline = None;
            self.in_line = false;
            self.begun = false;
            self.begin();
        } else if self.program.concurrency.is_some() {
            self.in_line = true;
        } else {
            self.take_up();
        }
    }

    /// Its tasks go on: those that did not go well once more, and what was to follow from the others.
    pub(super) fn take_up(&mut self) {
        self.in_line = false;
        for n in 0..self.acts.len() {
            if self.acts[n].parent.is_none() && self.is_to_redo(n) {
                self.redo(n);
            }
        }
        let mut fired: Vec<(usize, Vec<next::Fired>)> = Vec::new();
        for (n, number) in std::mem::take(&mut self.left) {
            if self.acts[n].parent.is_some() || !self.acts[n].left.contains(&number) {
                continue;
            }
            match fired.iter_mut().find(|(other, _)| *other == n) {
                Some((_, numbers)) => numbers.push((number, Vec::new())),
                None => fired.push((n, vec![(number, Vec::new())])),
            }
        }
        self.pending = fired.iter().map(|(n, _)| *n).collect();
        for (n, fired) in fired {
            self.pending.retain(|other| *other != n);
            self.acts[n].left.clear();
            self.follow(n, fired);
        }
        self.move_dead_edges();
    }

    /// Whether something that has ended did not go well.
    fn is_to_redo(&self, n: usize) -> bool {
        let act = &self.acts[n];
        let bad = match act.ended_as() {
            Some(ExecutionStatus::Cancelled) => true,
            Some(ExecutionStatus::Failed | ExecutionStatus::TimedOut) => {
                // A failure of which nothing has come yet.
                !act.handled || !act.left.is_empty()
            }
            Some(_) => false,
            None => return false,
        };
        bad || act.lethal || self.is_cut_short(n)
    }

    /// A branch that was to be done once more, and no more could be; or something with one.
    fn is_cut_short(&self, n: usize) -> bool {
        let act = &self.acts[n];
        let next = &self.program.tasks[act.task].next;
        let own = act.parent.is_some()
            && act
                .left
                .iter()
                .any(|number| next[*number].to.contains(&Target::Retry));
        let is_whole = act.plan.is_some() || act.branches.is_some();
        own || (is_whole && self.parts_of(n).into_iter().any(|n| self.is_cut_short(n)))
    }

    /// Once more; of items and branches those that did not go well.
    pub(super) fn redo(&mut self, n: usize) {
        let again: Vec<usize> = match self.acts[n].plan.is_some() || self.acts[n].branches.is_some()
        {
            true => self.parts_of(n),
            false => Vec::new(),
        };
        let again: Vec<usize> = again
            .into_iter()
            .filter(|part| self.is_to_redo(*part))
            .collect();
        let now = self.now;
        let act = &mut self.acts[n];
        act.failures = 0;
        act.losses = 0;
        act.result = JsonValue::Null;
        act.error = None;
        act.handled = false;
        act.lethal = false;
        act.again = false;
        act.left.clear();
        if act.plan.is_some() {
            act.at = At::Gathering;
            for part in again {
                self.acts[part].again = true;
            }
            self.jobs.push_back(Job::Gather(n, false));
        } else if let Some(branches) = act.branches.clone() {
            act.at = At::Gathering;
            act.attempts += 1;
            act.branches_late = false;
            act.branches_due = act
                .branches_limit
                .and_then(|limit| now.checked_add(limit).ok());
            for part in again {
                self.redo(part);
            }
            // Some may not have been reached at all.
            if let Work::Parallel { children, .. } =
                self.program.tasks[self.acts[n].task].work.clone()
            {
                for child in children {
                    let task = child.0 as usize;
                    if branches
                        .iter()
                        .all(|branch| self.acts[*branch].task != task)
                    {
                        self.branch(task, n);
                    }
                }
            }
            self.jobs.push_back(Job::Gather(n, false));
        } else {
            act.at = At::Ready;
            match act.item {
                Some(_) => self.work(n),
                None => self.jobs.push_back(Job::Start(n)),
            }
        }
    }
}
