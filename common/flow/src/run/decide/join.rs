//! Joins: when a barrier opens, and what becomes of edges that do not arrive.
//!
//! Generation k gathers the k-th arrival of every inbound edge. An edge is dead for the generation
//! being gathered if it has not arrived and no live activation can reach it by a way that does not
//! lead through the join; the ways are known from the Program's graph, the live ones from the state.

use super::step::Step;
use crate::bits::TaskSet;
use crate::program::{Join, Program, TaskIx};
use crate::run::Event;
use crate::run::event::JoinStart;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, code};

/// Where the generation being gathered stands.
struct Gathering {
    generation: u32,
    arrived: u32,
    /// Not arrived, and may still come.
    awaited: Vec<u32>,
    /// Not arrived, and cannot come any more.
    dead: Vec<u32>,
}

impl Step<'_> {
    fn gathering(&self, join: TaskIx) -> Option<Gathering> {
        let known = &self.state.task(join)?.join;
        if !known.is_gathering() {
            return None;
        }
        let alive = self.alive();
        let mut gathering = Gathering {
            generation: known.started.saturating_add(1),
            arrived: 0,
            awaited: Vec::new(),
            dead: Vec::new(),
        };
        for edge in self.edges(join) {
            if known.has_arrived(edge) {
                gathering.arrived += 1;
            } else if self.may_arrive(join, edge, &alive) {
                gathering.awaited.push(edge);
            } else {
                gathering.dead.push(edge);
            }
        }
        Some(gathering)
    }

    fn edges(&self, join: TaskIx) -> std::ops::Range<u32> {
        0..u32::try_from(self.program.graph.inbound(join).len()).unwrap_or(u32::MAX)
    }

    /// The tasks that something may still come from: those with a live activation or one whose
    /// transitions are yet to be taken, and joins that gather, which have one that is yet to start.
    fn alive(&self) -> TaskSet {
        let mut alive = self.state.about.live.clone();
        for (_, task) in &self.ending {
            alive.insert(*task);
        }
        for join in self.state.about.gathering.iter() {
            alive.insert(*join);
        }
        alive
    }

    /// Whether one of those tasks can still make that edge arrive.
    fn may_arrive(&self, join: TaskIx, edge: u32, alive: &TaskSet) -> bool {
        self.program
            .graph
            .reaching(join, edge)
            .is_some_and(|reaching| reaching.meets(alive))
    }

    /// Opens the barrier if what has arrived is enough, without counting on what cannot come.
    pub(super) fn try_join(&mut self, join: TaskIx) -> Option<ExecutionId> {
        let kind = self.program.task(join)?.join?;
        let mut last = None;
        while !self.state.is_closing()
            && self.is_enough(join, kind)
            && let Some(gathering) = self.gathering(join)
        {
            last = self.open_join(join, gathering);
        }
        last
    }

    fn open_join(&mut self, join: TaskIx, gathering: Gathering) -> Option<ExecutionId> {
        let start = JoinStart {
            generation: gathering.generation,
            moved: gathering.dead,
        };
        self.activate(join, None, Some(start))
    }

    /// Looks, when nothing else is left to do, at joins that wait for what cannot come any more.
    /// True if one was opened or failed the run.
    pub(super) fn settle_joins(&mut self) -> bool {
        let about = &self.state.about;
        // A run that is retried knows only with its place what may still come.
        if about.gathering.is_empty() || self.state.is_closing() || self.state.is_slot_wanted() {
            return false;
        }
        // One that another gathering join may lead to waits for that one. Where joins wait for one
        // another, the first in the file goes first.
        let decided = |alive: &TaskSet| {
            let mut gathering = self.state.about.gathering.iter().copied();
            gathering.find(|join| self.is_decided(*join, alive))
        };
        let first = decided(&self.alive()).or_else(|| decided(&self.state.about.live));
        let first = first.and_then(|join| Some((join, self.gathering(join)?)));
        let Some((join, gathering)) = first else {
            return false;
        };
        match self.program.task(join).and_then(|task| task.join) {
            Some(Join::All) => {
                self.open_join(join, gathering);
            }
            Some(Join::Count(needed)) => self.fail_join(join, needed, &gathering),
            None => return false,
        }
        true
    }

    /// Whether enough edges have arrived, whatever becomes of the others.
    fn is_enough(&self, join: TaskIx, kind: Join) -> bool {
        let Some(known) = self.state.task(join).map(|task| &task.join) else {
            return false;
        };
        let mut edges = self.edges(join);
        match kind {
            Join::All => known.is_gathering() && edges.all(|edge| known.has_arrived(edge)),
            Join::Count(needed) => {
                let needed = needed.max(1) as usize;
                edges
                    .filter(|edge| known.has_arrived(*edge))
                    .take(needed)
                    .count()
                    == needed
            }
        }
    }

    /// Whether what has not arrived makes no difference any more. Stops looking at the first edge
    /// that shows the contrary.
    fn is_decided(&self, join: TaskIx, alive: &TaskSet) -> bool {
        let kind = self.program.task(join).and_then(|task| task.join);
        let (Some(known), Some(kind)) = (self.state.task(join).map(|task| &task.join), kind) else {
            return false;
        };
        let mut edges = self.edges(join);
        match kind {
            Join::All => {
                !edges.any(|edge| !known.has_arrived(edge) && self.may_arrive(join, edge, alive))
            }
            Join::Count(needed) => {
                let needed = needed.max(1) as usize;
                edges
                    .filter(|edge| known.has_arrived(*edge) || self.may_arrive(join, *edge, alive))
                    .take(needed)
                    .count()
                    < needed
            }
        }
    }

    fn fail_join(&mut self, join: TaskIx, needed: u32, gathering: &Gathering) {
        let program: &Program = self.program;
        let Some(task) = program.task(join) else {
            return;
        };
        let mut missing: Vec<&str> = gathering
            .dead
            .iter()
            .filter_map(|edge| program.graph.inbound(join).get(*edge as usize))
            .filter_map(|edge| program.task(edge.from))
            .map(|task| task.name.as_str())
            .collect();
        missing.dedup();
        let more = match gathering.awaited.len() {
            0 => "none other can come".to_owned(),
            more => format!("no more than {more} can come"),
        };
        let message = format!(
            "`{}` waits for {needed} arrivals, has {}, and {more}: missing {}",
            task.name,
            gathering.arrived,
            missing
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let error = ErrorInfo::new(code::JOIN_UNREACHABLE, message)
            .with_details(serde_json::json!({ "missing": missing }));
        self.fail_run(ExecutionStatus::Failed, error.of_task(&task.name));
    }

    /// When a task has no live activation any more, edges that a join left behind because of it may
    /// be past arriving: they are moved on, so that the next time round counts for the next
    /// generation.
    pub(super) fn move_on_behind(&mut self, ended: TaskIx) {
        if !self.state.about.live.contains(ended) {
            self.move_all_behind();
        }
    }

    /// The same for all joins. Not while the run comes to its end: what is stopped then may arrive when
    /// it is retried.
    pub(super) fn move_all_behind(&mut self) {
        if self.state.about.behind.is_empty() || self.state.is_closing() {
            return;
        }
        let joins: Vec<TaskIx> = self.state.about.behind.iter().copied().collect();
        let alive = self.alive();
        for join in joins {
            let Some(known) = self.state.task(join).map(|task| &task.join) else {
                continue;
            };
            let edges: Vec<u32> = self
                .edges(join)
                .filter(|edge| {
                    known.count(*edge) < known.started && !self.may_arrive(join, *edge, &alive)
                })
                .collect();
            if !edges.is_empty() {
                self.push(Event::JoinMoved {
                    at: self.at(),
                    join,
                    edges,
                });
            }
        }
    }
}
