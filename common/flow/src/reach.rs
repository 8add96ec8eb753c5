//! Who can be reached from whom, for all tasks at once.
//!
//! Owns one calculation over arrows: tasks on a common cycle reach the same, and a task reaches what
//! its successors reach, so that each arrow is looked at once and its set of bits added once. Called
//! by the graph of a Program and by the checks of a definition's shape. Total; knows nothing of what
//! the arrows mean.

use crate::bits::TaskSet;
use crate::program::TaskIx;
use std::sync::Arc;

/// What can be reached from each task by at least one arrow.
pub(crate) struct Reach {
    /// The set of each task; tasks of one cycle share theirs.
    sets: Vec<Arc<TaskSet>>,
    /// All tasks, each behind those that lead to it, as far as cycles let that be.
    order: Vec<usize>,
}

impl Reach {
    /// Along these arrows: `next` has the targets of each task.
    pub(crate) fn of(next: &[Vec<usize>]) -> Self {
        Self::without(next, None)
    }

    /// The same with one task taken out: nothing leads to it or on from it.
    pub(crate) fn without(next: &[Vec<usize>], out: Option<usize>) -> Self {
        let mut search = Search::new(next, out);
        for task in 0..next.len() {
            search.from(task);
        }
        let mut order = search.order;
        order.reverse();
        Self {
            sets: search.sets,
            order,
        }
    }

    /// What can be reached from a task.
    pub(crate) fn from(&self, task: usize) -> Option<&Arc<TaskSet>> {
        self.sets.get(task)
    }

    /// Whether one can be reached from another.
    pub(crate) fn leads(&self, from: usize, to: usize) -> bool {
        self.sets
            .get(from)
            .is_some_and(|set| set.contains(number(to)))
    }

    /// All tasks in an order in which what leads to a task comes first, cycles aside.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }
}

fn number(task: usize) -> TaskIx {
    TaskIx(u32::try_from(task).unwrap_or(u32::MAX))
}

/// Tarjan's search for tasks that lie on common cycles, which it finds after all that they lead to.
struct Search<'a> {
    next: &'a [Vec<usize>],
    out: Option<usize>,
    /// When each task was first seen, from 1; 0 if it was not.
    seen: Vec<usize>,
    /// The earliest task that is known to be reached from each.
    low: Vec<usize>,
    open: Vec<bool>,
    stack: Vec<usize>,
    clock: usize,
    sets: Vec<Arc<TaskSet>>,
    order: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(next: &'a [Vec<usize>], out: Option<usize>) -> Self {
        let count = next.len();
        let nothing = Arc::new(TaskSet::default());
        Self {
            next,
            out,
            seen: vec![0; count],
            low: vec![0; count],
            open: vec![false; count],
            stack: Vec::new(),
            clock: 0,
            sets: vec![nothing; count],
            order: Vec::with_capacity(count),
        }
    }

    /// Looks at all that a task leads to, without recursion: chains may be long.
    fn from(&mut self, start: usize) {
        if self.seen[start] != 0 || self.out == Some(start) {
            return;
        }
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        self.enter(start);
        while let Some((task, at)) = path.last_mut() {
            let task = *task;
            let Some(to) = self.next[task].get(*at).copied() else {
                path.pop();
                if let Some((above, _)) = path.last() {
                    self.low[*above] = self.low[*above].min(self.low[task]);
                }
                if self.low[task] == self.seen[task] {
                    self.close(task);
                }
                continue;
            };
            *at += 1;
            if self.out == Some(to) {
                continue;
            }
            if self.seen[to] == 0 {
                self.enter(to);
                path.push((to, 0));
            } else if self.open[to] {
                self.low[task] = self.low[task].min(self.seen[to]);
            }
        }
    }

    fn enter(&mut self, task: usize) {
        self.clock += 1;
        self.seen[task] = self.clock;
        self.low[task] = self.clock;
        self.open[task] = true;
        self.stack.push(task);
    }

    /// The tasks on the stack from this one on lie on common cycles, or it is alone.
    fn close(&mut self, first: usize) {
        let at = self.stack.iter().rposition(|task| *task == first);
        let members = self.stack.split_off(at.unwrap_or(0));
        let mut set = TaskSet::default();
        for task in &members {
            self.open[*task] = false;
        }
        for to in members.iter().flat_map(|task| &self.next[*task]) {
            // A set that is shared needs adding once, which its first task shows.
            if self.out != Some(*to) && set.insert(number(*to)) {
                set.add(&self.sets[*to]);
            }
        }
        let set = Arc::new(set);
        for task in members.iter().rev() {
            self.sets[*task] = set.clone();
            self.order.push(*task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By walking from each task anew.
    fn walked(next: &[Vec<usize>], from: usize, out: Option<usize>) -> Vec<usize> {
        let mut found = vec![false; next.len()];
        let mut todo = vec![from];
        while let Some(task) = todo.pop() {
            if out == Some(task) {
                continue;
            }
            for to in &next[task] {
                if out != Some(*to) && !found[*to] {
                    found[*to] = true;
                    todo.push(*to);
                }
            }
        }
        (0..next.len()).filter(|task| found[*task]).collect()
    }

    #[test]
    fn all_sets_are_what_walking_finds() {
        let mut state = 7u64;
        let mut dice = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or(0) % bound
        };
        for _ in 0..300 {
            let count = 1 + dice(80);
            let arrows = dice(3 * count);
            let mut next = vec![Vec::new(); count];
            for _ in 0..arrows {
                next[dice(count)].push(dice(count));
            }
            let out = [None, Some(dice(count))][dice(2)];
            let reach = Reach::without(&next, out);
            for from in 0..count {
                let found: Vec<usize> = (0..count).filter(|to| reach.leads(from, *to)).collect();
                assert_eq!(found, walked(&next, from, out), "from {from} of {next:?}");
            }
            if out.is_none() {
                let mut all = reach.order().to_vec();
                for (at, task) in reach.order().iter().enumerate() {
                    for to in &next[*task] {
                        let later = reach.order()[at..].contains(to);
                        assert!(later || reach.leads(*to, *task), "{task} -> {to}");
                    }
                }
                all.sort_unstable();
                assert_eq!(all, (0..count).collect::<Vec<_>>());
            }
        }
    }
}
