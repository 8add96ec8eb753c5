//! What follows from a Program's tasks: entries, inbound edges, and who can reach whom.
//!
//! Computed once per Program by [`Program::seal`](crate::program::Program::seal) and again after
//! loading; never stored. `decide` reads it for joins, `check` for its diagnostics.

use crate::bits::TaskSet;
use crate::program::{Compensate, Program, Target, Task, TaskIx, Work};
use crate::reach::Reach;
use std::collections::HashMap;
use std::sync::Arc;

/// Derived facts of a Program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    by_name: HashMap<String, TaskIx>,
    entries: Vec<TaskIx>,
    inbound: Vec<Vec<Edge>>,
    joins: HashMap<TaskIx, Vec<Arc<TaskSet>>>,
    looks_back: TaskSet,
    undo: HashMap<TaskIx, Task>,
}

/// One inbound edge: a transition of another task (or of the same) that names the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The task that it comes from.
    pub from: TaskIx,
    /// Which of that task's transitions.
    pub transition: u32,
}

impl Graph {
    /// The facts of these tasks.
    pub fn of(program: &Program) -> Self {
        let tasks = &program.tasks;
        let ix = |n: usize| TaskIx(u32::try_from(n).unwrap_or(u32::MAX));
        let mut inbound: Vec<Vec<Edge>> = vec![Vec::new(); tasks.len()];
        // Predecessors by any way on: transitions, and a parallel task that starts its children.
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
        let mut undoing = TaskSet::default();
        for (n, task) in tasks.iter().enumerate() {
            for (t, transition) in task.next.iter().enumerate() {
                let edge = Edge {
                    from: ix(n),
                    transition: u32::try_from(t).unwrap_or(u32::MAX),
                };
                for target in &transition.to {
                    let Target::Task(to) = target else { continue };
                    // One that names a task twice is one way to it.
                    if let Some(edges) = inbound.get_mut(to.0 as usize)
                        && edges.last() != Some(&edge)
                    {
                        edges.push(edge);
                    }
                    if let Some(sources) = before.get_mut(to.0 as usize)
                        && sources.last() != Some(&n)
                    {
                        sources.push(n);
                    }
                }
            }
            if let Work::Parallel { children, .. } = &task.work {
                for child in children {
                    if let Some(sources) = before.get_mut(child.0 as usize) {
                        sources.push(n);
                    }
                    // A child that is still at work keeps its parallel, and what follows it, alive.
                    if let Some(sources) = before.get_mut(n) {
                        sources.push(child.0 as usize);
                    }
                }
            }
            if let Some(Compensate::Task(by)) = &task.compensate {
                undoing.insert(*by);
            }
        }
        let entries = (0..tasks.len())
            .map(ix)
            .filter(|t| {
                inbound.get(t.0 as usize).is_none_or(Vec::is_empty)
                    && program
                        .task(*t)
                        .is_some_and(|task| task.branch_of.is_none())
                    && !undoing.contains(*t)
            })
            .collect();
        let joins = reaching(tasks, &inbound, &before);
        let by_name: HashMap<String, TaskIx> = tasks
            .iter()
            .enumerate()
            .map(|(n, task)| (task.name.clone(), ix(n)))
            .collect();
        let looks_back = crate::looks_back::looks_back(program, &by_name);
        Self {
            by_name,
            entries,
            inbound,
            joins,
            looks_back,
            undo: crate::undo::undoing(program),
        }
    }

    /// Tasks that nothing leads to: they start together.
    pub fn entries(&self) -> &[TaskIx] {
        &self.entries
    }

    /// The edges that lead to a task, in the order of their tasks and transitions.
    pub fn inbound(&self, task: TaskIx) -> &[Edge] {
        self.inbound.get(task.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The number of an inbound edge among its task's.
    pub fn edge(&self, to: TaskIx, edge: Edge) -> Option<u32> {
        let place = |edge: &Edge| (edge.from, edge.transition);
        let n = self
            .inbound(to)
            .binary_search_by_key(&place(&edge), place)
            .ok()?;
        u32::try_from(n).ok()
    }

    /// The tasks that can still make that inbound edge of a join arrive, by ways that do not lead
    /// through the join.
    pub fn reaching(&self, join: TaskIx, edge: u32) -> Option<&TaskSet> {
        self.joins.get(&join)?.get(edge as usize).map(|set| &**set)
    }

    /// The task of that name.
    pub fn named(&self, name: &str) -> Option<TaskIx> {
        self.by_name.get(name).copied()
    }

    /// What undoes a task; none if nothing does.
    pub fn undo(&self, task: TaskIx) -> Option<&Task> {
        self.undo.get(&task)
    }

    /// Whether some template asks for all activations of that task.
    pub fn is_looked_back_at(&self, task: TaskIx) -> bool {
        self.looks_back.contains(task)
    }
}

/// For each edge of each join the tasks that reach it with the join taken out. One that does not lead
/// back to itself stands on no way to itself: for all of those the calculation is the same.
fn reaching(
    tasks: &[Task],
    inbound: &[Vec<Edge>],
    before: &[Vec<usize>],
) -> HashMap<TaskIx, Vec<Arc<TaskSet>>> {
    if tasks.iter().all(|task| task.join.is_none()) {
        return HashMap::new();
    }
    let whole = Reach::of(before);
    let mut joins = HashMap::new();
    for (n, (task, edges)) in tasks.iter().zip(inbound).enumerate() {
        if task.join.is_none() {
            continue;
        }
        let apart = whole.leads(n, n).then(|| Reach::without(before, Some(n)));
        let reach = apart.as_ref().unwrap_or(&whole);
        let mut known: HashMap<TaskIx, Arc<TaskSet>> = HashMap::new();
        let sets = edges
            .iter()
            .map(|edge| {
                let set = known
                    .entry(edge.from)
                    .or_insert_with(|| ancestors(edge.from, n, reach));
                set.clone()
            })
            .collect();
        joins.insert(TaskIx(u32::try_from(n).unwrap_or(u32::MAX)), sets);
    }
    joins
}

/// The task itself and all that reach it; nothing does if it is the join that was taken out.
fn ancestors(from: TaskIx, join: usize, reach: &Reach) -> Arc<TaskSet> {
    let mut set = reach.from(from.0 as usize).cloned().unwrap_or_default();
    if from.0 as usize != join && !set.contains(from) {
        Arc::make_mut(&mut set).insert(from);
    }
    set
}
