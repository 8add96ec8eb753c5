//! Joins, by the letter: who may still come is worked out afresh each time.

use super::Naive;
use attune_flow::program::{Join, Target, Work};
use attune_types::code;

impl Naive {
    /// The edges that lead to a task, as (task, transition).
    pub(super) fn edges(&self, to: usize) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (from, task) in self.program.tasks.iter().enumerate() {
            for (number, transition) in task.next.iter().enumerate() {
                let leads = transition
                    .to
                    .iter()
                    .any(|target| matches!(target, Target::Task(ix) if ix.0 as usize == to));
                if leads {
                    edges.push((from, number));
                }
            }
        }
        edges
    }

    pub(super) fn arrive(&mut self, join: usize, edge: (usize, usize)) {
        *self.arrivals.entry((join, edge)).or_default() += 1;
    }

    fn count(&self, join: usize, edge: (usize, usize)) -> u32 {
        self.arrivals.get(&(join, edge)).copied().unwrap_or(0)
    }

    fn generation(&self, join: usize) -> u32 {
        self.started.get(&join).copied().unwrap_or(0)
    }

    fn is_gathering(&self, join: usize) -> bool {
        let k = self.generation(join);
        self.edges(join)
            .iter()
            .any(|edge| self.count(join, *edge) > k)
    }

    fn joins(&self) -> Vec<usize> {
        (0..self.program.tasks.len())
            .filter(|task| self.program.tasks[*task].join.is_some())
            .collect()
    }

    /// Whether some activation that has not ended can still make that edge arrive without going
    /// through the join. With `others`, also one that another gathering join is yet to start.
    fn may_come(&self, join: usize, edge: (usize, usize), others: bool) -> bool {
        let mut seen = vec![false; self.program.tasks.len()];
        let mut todo: Vec<usize> = self
            .acts
            .iter()
            .filter(|act| !act.is_ended())
            .map(|act| act.task)
            .collect();
        // One that has ended, but has not gone on yet.
        todo.extend(self.jobs.iter().filter_map(|job| match job {
            super::Job::After(n, _) => Some(self.acts[*n].task),
            _ => None,
        }));
        todo.extend(self.pending.iter().map(|n| self.acts[*n].task));
        if others {
            todo.extend(
                self.joins()
                    .into_iter()
                    .filter(|other| self.is_gathering(*other)),
            );
        }
        while let Some(task) = todo.pop() {
            if task == join || seen[task] {
                continue;
            }
            seen[task] = true;
            if task == edge.0 {
                return true;
            }
            for transition in &self.program.tasks[task].next {
                for target in &transition.to {
                    if let Target::Task(next) = target {
                        todo.push(next.0 as usize);
                    }
                }
            }
            if let Work::Parallel { children, .. } = &self.program.tasks[task].work {
                todo.extend(children.iter().map(|child| child.0 as usize));
            }
            todo.extend(self.program.tasks[task].branch_of.map(|ix| ix.0 as usize));
        }
        false
    }

    /// Starts a join at which enough has arrived, whatever becomes of its other edges.
    pub(super) fn start_if_enough(&mut self, join: usize) -> Option<usize> {
        let k = self.generation(join);
        let edges = self.edges(join);
        let arrived = edges
            .iter()
            .filter(|edge| self.count(join, **edge) > k)
            .count();
        let needed = match self.program.tasks[join].join {
            Some(Join::Count(needed)) => needed as usize,
            _ => edges.len(),
        };
        if arrived < needed || self.is_closing() {
            return None;
        }
        self.open_join(join)
    }

    /// With nothing else left to do: starts a join whose other edges are dead, or fails the run for
    /// one that never can. True if there was one.
    pub(super) fn look_at_joins(&mut self) -> bool {
        if self.is_closing() || self.in_line {
            return false;
        }
        // A join that is yet to start another one's edge goes first; where they wait for one another,
        // the first in the file does.
        let next = [true, false].into_iter().find_map(|others| {
            self.joins()
                .into_iter()
                .find_map(|join| self.verdict(join, others).map(|start| (join, start)))
        });
        match next {
            Some((join, true)) => {
                self.open_join(join);
            }
            Some((join, false)) => {
                let name = self.program.tasks[join].name.clone();
                self.fail_run(code::JOIN_UNREACHABLE, &name);
            }
            None => return false,
        }
        true
    }

    /// Some(true): it starts. Some(false): it never can. None: it waits.
    fn verdict(&self, join: usize, others: bool) -> Option<bool> {
        if !self.is_gathering(join) {
            return None;
        }
        let k = self.generation(join);
        let edges = self.edges(join);
        let arrived = edges
            .iter()
            .filter(|edge| self.count(join, **edge) > k)
            .count();
        let coming = edges
            .iter()
            .filter(|edge| self.count(join, **edge) <= k && self.may_come(join, **edge, others))
            .count();
        match self.program.tasks[join].join {
            Some(Join::All) => (coming == 0).then_some(true),
            Some(Join::Count(needed)) => {
                if arrived >= needed as usize {
                    Some(true)
                } else if arrived + coming < needed as usize {
                    Some(false)
                } else {
                    None
                }
            }
            None => None,
        }
    }

    fn open_join(&mut self, join: usize) -> Option<usize> {
        let started = self.reach(join, None)?;
        let k = self.generation(join) + 1;
        self.started.insert(join, k);
        self.move_dead_edges_of(join);
        Some(started)
    }

    /// An edge that is behind and dead belongs to no generation that anybody waits for.
    /// Not when the run comes to its end: retried, it may arrive.
    pub(super) fn move_dead_edges(&mut self) {
        if self.is_closing() {
            return;
        }
        for join in self.joins() {
            self.move_dead_edges_of(join);
        }
    }

    fn move_dead_edges_of(&mut self, join: usize) {
        let k = self.generation(join);
        for edge in self.edges(join) {
            if self.count(join, edge) < k && !self.may_come(join, edge, true) {
                self.arrivals.insert((join, edge), k);
            }
        }
    }
}
