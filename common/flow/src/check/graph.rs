//! Checks of the shape: entries, reachability, joins, cycles.
//!
//! Owns the edges as they were written. Works on the tree and not on the Program, so that it can
//! speak although other parts have errors. Linear in tasks and transitions, but for the reports.

use super::fate::{self, Fate};
use crate::program::{Join, TaskIx};
use crate::reach::Reach;
use crate::syntax::ast::{Compensate, Condition, Task, Work};
use crate::syntax::codes;
use attune_pack::{Severity, Sink, Span};
use std::collections::{BTreeSet, HashMap};

/// What `do` takes beside names of tasks.
const COMMANDS: [&str; 4] = ["noop", "fail", "continue", "retry"];

/// All tasks of a definition, children of parallel tasks included, in the order of their numbers.
pub(super) struct Flat<'a> {
    /// The tasks.
    pub(super) tasks: Vec<&'a Task>,
    /// The parallel task that each is a child of.
    pub(super) parents: Vec<Option<TaskIx>>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Flat<'a> {
    /// Numbers the tasks: a parallel task, then its children, then what comes next in the file.
    pub(super) fn of(tasks: &'a [Task]) -> Self {
        let mut flat = Self {
            tasks: Vec::new(),
            parents: Vec::new(),
            by_name: HashMap::new(),
        };
        let mut open: Vec<(&'a Task, Option<TaskIx>)> =
            tasks.iter().rev().map(|task| (task, None)).collect();
        while let Some((task, parent)) = open.pop() {
            let ix = TaskIx(u32::try_from(flat.tasks.len()).unwrap_or(u32::MAX));
            flat.by_name
                .entry(&task.name.value)
                .or_insert(flat.tasks.len());
            flat.tasks.push(task);
            flat.parents.push(parent);
            if let Some(Work::Parallel { children, .. }) = &task.work {
                open.extend(children.iter().rev().map(|child| (child, Some(ix))));
            }
        }
        flat
    }

    /// The task of a name; of several, the first.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The task of a name, or the one that is meant where there is none of that name, which is an error
    /// of its own: what hangs on the way there is not told as well.
    pub(super) fn meant(&self, name: &str) -> Option<usize> {
        self.find(name).or_else(|| {
            let near = attune_pack::suggest(name, self.known())?;
            self.find(near)
        })
    }

    /// All that a way may lead to.
    pub(super) fn known(&self) -> impl Iterator<Item = &'a str> {
        self.names().chain(COMMANDS)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.tasks.iter().map(|task| task.name.value.as_str())
    }

    /// The task that stands in the graph for this one: itself, or the outermost parallel task
    /// around it.
    pub(super) fn outermost(&self, mut ix: usize) -> usize {
        while let Some(Some(parent)) = self.parents.get(ix) {
            ix = parent.0 as usize;
        }
        ix
    }
}

/// One arrow between tasks.
pub(super) struct Edge {
    pub(super) from: usize,
    /// Which transition of that task.
    pub(super) transition: usize,
    pub(super) to: usize,
    /// Whether it is taken whatever happens, short of a failure that ends the run anyway.
    pub(super) certain: bool,
    /// Whether it is taken each time or never: nothing that its condition looks at changes.
    pub(super) same: bool,
    /// Whether the task is only meant: such a way brings nothing up by itself.
    pub(super) guessed: bool,
    pub(super) span: Span,
}

/// The arrows of a definition and what follows from them.
pub(super) struct Shape {
    pub(super) edges: Vec<Edge>,
    /// Edges by where they come from.
    pub(super) out: Vec<Vec<usize>>,
    /// Edges by where they lead.
    pub(super) into: Vec<Vec<usize>>,
    /// For each task, all that can run after it.
    pub(super) after: Reach,
}

impl Shape {
    /// Draws the arrows; names that lead nowhere were reported by the lowering.
    pub(super) fn of(flat: &Flat<'_>) -> Self {
        let count = flat.tasks.len();
        let mut edges: Vec<Edge> = Vec::new();
        let mut out = vec![Vec::new(); count];
        let mut into = vec![Vec::new(); count];
        let mut next_to: Vec<Vec<usize>> = vec![Vec::new(); count];
        let published = fate::published(flat.tasks.iter().flat_map(|task| &task.next));
        for (from, task) in flat.tasks.iter().enumerate() {
            let may_end = may_end_the_run(task, flat);
            for (transition, next) in task.next.iter().enumerate() {
                let fate = fate::of(&next.when, &published);
                let certain = fate == Fate::Holds && !may_end;
                let same = matches!(fate, Fate::Holds | Fate::Same) && !may_end;
                for target in &next.to {
                    let to = match target.value.as_str() {
                        "retry" => Some(from),
                        name => flat.meant(name),
                    };
                    let Some(to) = to else { continue };
                    // Arrows across a parallel block are errors of their own.
                    if flat.parents[from].is_some() || flat.parents[to].is_some() {
                        continue;
                    }
                    let number = edges.len();
                    edges.push(Edge {
                        from,
                        transition,
                        to,
                        certain,
                        same,
                        guessed: target.value != "retry" && flat.find(&target.value).is_none(),
                        span: target.span,
                    });
                    out[from].push(number);
                    into[to].push(number);
                    next_to[from].push(to);
                }
            }
        }
        Self {
            edges,
            out,
            into,
            after: Reach::of(&next_to),
        }
    }
}

/// Whether a condition of the task leads to the end of the run as failed: `fail`, or `core.fail`.
fn may_end_the_run(task: &Task, flat: &Flat<'_>) -> bool {
    let fails = |name: &str| {
        let task = flat.find(name).map(|ix| flat.tasks[ix]);
        name == "fail"
            || task.is_some_and(|task| {
                matches!(&task.work, Some(Work::Action { reference, .. })
                    if reference.value.as_str() == "core.fail")
            })
    };
    task.next
        .iter()
        .filter(|next| matches!(next.when, Condition::Written(_) | Condition::Branch { .. }))
        .any(|next| next.to.iter().any(|target| fails(&target.value)))
}

/// All checks of the shape.
pub(super) fn check(flat: &Flat<'_>, shape: &Shape, sink: &mut Sink) {
    let only_undo = compensating(flat);
    let entries: Vec<usize> = (0..flat.tasks.len())
        .filter(|ix| flat.parents[*ix].is_none())
        .filter(|ix| {
            shape.into[*ix]
                .iter()
                .map(|edge| &shape.edges[*edge])
                .all(|edge| edge.guessed || is_retry(flat, edge))
        })
        .filter(|ix| !only_undo.contains(ix))
        .collect();
    if entries.is_empty() {
        if let Some(first) = flat.tasks.first() {
            sink.error(
                codes::NO_ENTRY,
                first.name.span,
                "no task can start: each one follows another",
            )
            .help = Some("at least one task must have nothing that leads to it".to_owned());
        }
    } else {
        unreachable(flat, shape, &entries, &only_undo, sink);
    }
    joins(flat, shape, sink);
    cycles(flat, shape, sink);
}

/// The command `retry` is no way to come to a task.
fn is_retry(flat: &Flat<'_>, edge: &Edge) -> bool {
    edge.from == edge.to
        && flat.tasks[edge.from]
            .next
            .iter()
            .flat_map(|next| &next.to)
            .any(|target| target.span == edge.span && target.value == "retry")
}

/// Tasks that stand there to undo others.
pub(super) fn compensating(flat: &Flat<'_>) -> BTreeSet<usize> {
    let tasks = flat.tasks.iter().enumerate();
    tasks
        .filter_map(|(ix, task)| match &task.compensate {
            Some(Compensate::Task(name)) => flat.meant(&name.value).filter(|by| *by != ix),
            _ => None,
        })
        .collect()
}

fn unreachable(
    flat: &Flat<'_>,
    shape: &Shape,
    entries: &[usize],
    only_undo: &BTreeSet<usize>,
    sink: &mut Sink,
) {
    let mut reached = vec![false; flat.tasks.len()];
    visit(shape, entries.to_vec(), &mut reached);
    for (ix, task) in flat.tasks.iter().enumerate() {
        if reached[ix] || only_undo.contains(&ix) || flat.parents[ix].is_some() {
            continue;
        }
        // What follows from it is unreachable for no other reason.
        let others = visit(shape, vec![ix], &mut reached);
        let others: BTreeSet<usize> = others.into_iter().filter(|other| *other != ix).collect();
        let name = &task.name.value;
        let message = match others.len() {
            0 => format!("nothing leads to `{name}`"),
            1..=5 => format!(
                "nothing that runs leads to `{name}`, and so not to {}",
                listed(flat, others.into_iter())
            ),
            many => {
                format!("nothing that runs leads to `{name}`, and so not to {many} others")
            }
        };
        sink.error(codes::UNREACHABLE, task.name.span, message).help =
            Some("name it in `do` or a shorthand of a task that runs, or take it out".to_owned());
    }
}

/// Marks what can be reached from these, and gives what was not marked before.
fn visit(shape: &Shape, mut open: Vec<usize>, reached: &mut [bool]) -> Vec<usize> {
    let mut new = Vec::new();
    while let Some(ix) = open.pop() {
        if !std::mem::replace(&mut reached[ix], true) {
            new.push(ix);
            open.extend(shape.out[ix].iter().map(|edge| shape.edges[*edge].to));
        }
    }
    new
}

fn joins(flat: &Flat<'_>, shape: &Shape, sink: &mut Sink) {
    for (ix, task) in flat.tasks.iter().enumerate() {
        let Some(join) = &task.join else { continue };
        if flat.parents[ix].is_some() {
            continue;
        }
        // As `decide` counts them: one for each transition that leads here.
        let ways: BTreeSet<(usize, usize)> = shape.into[ix]
            .iter()
            .map(|edge| (shape.edges[*edge].from, shape.edges[*edge].transition))
            .collect();
        let name = &task.name.value;
        if ways.is_empty() {
            let message = format!("`{name}` joins, but nothing leads to it");
            sink.error(codes::JOIN_TOO_LARGE, join.span, message).help =
                Some("take `join` out, or lead tasks here".to_owned());
            continue;
        }
        if let Join::Count(count) = join.value
            && count as usize > ways.len()
        {
            let sources: BTreeSet<usize> = ways.iter().map(|(from, _)| *from).collect();
            let message = format!(
                "`{name}` waits for {count} arrivals, but only {} can come, from {}",
                ways.len(),
                listed(flat, sources.into_iter())
            );
            sink.error(codes::JOIN_TOO_LARGE, join.span, message).help =
                Some(format!("write `join: {}` or `join: all`", ways.len()));
        }
    }
}

/// `a`, `b`, `c`.
fn listed(flat: &Flat<'_>, tasks: impl Iterator<Item = usize>) -> String {
    tasks
        .map(|ix| format!("`{}`", flat.tasks[ix].name.value))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Cycles of arrows that are all taken each time: nothing but a failure would end them.
fn cycles(flat: &Flat<'_>, shape: &Shape, sink: &mut Sink) {
    let mut alive: Vec<bool> = vec![true; flat.tasks.len()];
    let mut open = |severity: Severity, admits: &dyn Fn(&Edge) -> bool| {
        while let Some(cycle) = a_cycle(shape, &alive, admits) {
            endless(flat, shape, &cycle, severity, sink);
            for edge in cycle {
                alive[shape.edges[edge].from] = false;
            }
        }
    };
    open(Severity::Error, &|edge| edge.certain && !edge.guessed);
    open(Severity::Warning, &|edge| edge.same && !edge.guessed);
}

fn endless(flat: &Flat<'_>, shape: &Shape, cycle: &[usize], severity: Severity, sink: &mut Sink) {
    let first = &shape.edges[cycle[0]];
    let mut names: Vec<String> = cycle
        .iter()
        .map(|edge| flat.tasks[shape.edges[*edge].from].name.value.clone())
        .collect();
    names.push(flat.tasks[first.from].name.value.clone());
    let closing = cycle
        .last()
        .map_or(first.span, |edge| shape.edges[*edge].span);
    let way = names.join(" -> ");
    let diagnostic = match severity {
        Severity::Error => {
            let message = format!("nothing ends the cycle {way}");
            sink.error(codes::ENDLESS_CYCLE, closing, message)
        }
        Severity::Warning => {
            let message = format!(
                "nothing ends the cycle {way} once it is begun: its conditions look only at what never changes in a run"
            );
            sink.warning(codes::ENDLESS_CYCLE, closing, message)
        }
    };
    diagnostic.help =
        Some("give one of its transitions a `when` that will not hold some day".to_owned());
}

/// One cycle of such edges among the tasks that are alive, as a list of edges.
fn a_cycle(shape: &Shape, alive: &[bool], admits: &dyn Fn(&Edge) -> bool) -> Option<Vec<usize>> {
    let count = alive.len();
    // 0: not seen, 1: on the path, 2: done.
    let mut mark = vec![0u8; count];
    for start in 0..count {
        if !alive[start] || mark[start] != 0 {
            continue;
        }
        // The path as (task, next edge to look at, edge that led here).
        let mut path: Vec<(usize, usize, Option<usize>)> = vec![(start, 0, None)];
        mark[start] = 1;
        while let Some((task, at, _)) = path.last_mut() {
            let Some(number) = shape.out[*task].get(*at).copied() else {
                mark[*task] = 2;
                path.pop();
                continue;
            };
            *at += 1;
            let edge = &shape.edges[number];
            if !admits(edge) || !alive[edge.to] {
                continue;
            }
            match mark[edge.to] {
                0 => {
                    mark[edge.to] = 1;
                    path.push((edge.to, 0, Some(number)));
                }
                1 => {
                    let from = path.iter().position(|(task, ..)| *task == edge.to)?;
                    let mut cycle: Vec<usize> = path[from + 1..]
                        .iter()
                        .filter_map(|(_, _, edge)| *edge)
                        .collect();
                    cycle.push(number);
                    return Some(cycle);
                }
                _ => {}
            }
        }
    }
    None
}
