//! What there is to see of a Program: nodes, edges, and what is said beside them.
//!
//! Owns the stable JSON form that the CLI prints and the API serves, and from which every other form
//! is drawn. Made by [`Graph::of`]; may be marked with the statuses of a run. Fields may be added to
//! it; what is there keeps its name and meaning.
//!
//! Nodes are tasks, and the ends that transitions lead to: the engine commands `noop`, `fail` and
//! `continue`, and `end` for a transition that names nothing. The id of a task is its name; that of
//! an end has a `#` in it, which no name has. A task inside of a parallel one names it as `parent`.

mod back;
mod build;
mod decision;

use attune_types::{ExecutionStatus, ProgramHash, Ref};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A workflow (or a single action) as a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The workflow.
    pub workflow: Ref,
    /// Its version text.
    pub version: String,
    /// The content hash of its Program.
    pub hash: ProgramHash,
    /// Tasks and ends: tasks in the order of the definition, each with its ends behind it.
    pub nodes: Vec<Node>,
    /// What leads where, in the order of the tasks and their transitions.
    pub edges: Vec<Edge>,
}

/// A task, or where a transition ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the graph: a task's name, or `<task>#<transition>.<place>` for an end.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// The task's name, or the engine command.
    pub name: String,
    /// The action that it calls, as `pack.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The parallel task that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether the run starts with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entry: bool,
    /// The barrier before it: `all`, or how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
    /// It is skipped unless this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// It runs once for each item of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// How often it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<u32>,
    /// The longest time of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// The wait before the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// The action or the task that undoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// Whether the first failure of a part stops the others (parallel tasks).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_fast: bool,
    /// How the task stands in a run, where the graph is that of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ExecutionStatus>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Calls an action.
    Action,
    /// Starts a workflow as a child run.
    Workflow,
    /// Starts the nodes whose parent it is together.
    Parallel,
    /// Does nothing but wait for several: `core.noop` with a `join`.
    Join,
    /// `noop`: nothing follows, and a failure is handled.
    Noop,
    /// `fail`: the run fails.
    Fail,
    /// `continue`: as if the transition named nothing.
    Continue,
    /// A transition that names nothing: it publishes, or handles a failure.
    End,
}

impl NodeKind {
    /// Whether it is a task.
    pub const fn is_task(self) -> bool {
        matches!(
            self,
            Self::Action | Self::Workflow | Self::Parallel | Self::Join
        )
    }
}

/// One way from a node to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The id of the task that it leaves.
    pub from: String,
    /// The id of the node that it leads to.
    pub to: String,
    /// What kind of way it is.
    pub kind: EdgeKind,
    /// Which of the task's transitions it belongs to, from 0; none where it belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<u32>,
    /// The condition, as an expression without braces; none where it is always taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The condition in fewer words, where a drawing can do with fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The names that are published on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<String>,
    /// Whether it closes a cycle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub back: bool,
}

/// What kind of way an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The transition names the task or the command.
    Next,
    /// The engine command `retry`: the same task, again.
    Retry,
    /// The second undoes the first when the run is compensated.
    Undo,
}

impl Graph {
    /// The same graph with the statuses that tasks have in a run, by their names.
    #[must_use]
    pub fn with_statuses(mut self, statuses: &BTreeMap<String, ExecutionStatus>) -> Self {
        for node in self.nodes.iter_mut().filter(|node| node.kind.is_task()) {
            node.status = statuses.get(&node.name).copied();
        }
        self
    }
}

impl Node {
    /// What is said below the name, each in a few words.
    pub(crate) fn badges(&self) -> Vec<String> {
        let mut said = Vec::new();
        let mut say = |lead: &str, text: Option<&str>| {
            said.extend(text.map(|text| format!("{lead} {text}")));
        };
        say("join", self.join.as_deref());
        say("if", self.when.as_deref());
        say("for each of", self.items.as_deref());
        say("after", self.delay.as_deref());
        say("timeout", self.timeout.as_deref());
        let times = self.retry.map(|count| match count {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            more => format!("{more} times"),
        });
        say("retry", times.as_deref());
        say("undone by", self.undo.as_deref());
        if self.fail_fast {
            said.push("fail fast".to_owned());
        }
        said
    }
}

impl Edge {
    /// What stands beside it: the condition, and what is published.
    pub(crate) fn says(&self) -> Vec<String> {
        let condition = self.label.as_ref().or(self.when.as_ref()).cloned();
        let publish =
            (!self.publish.is_empty()).then(|| format!("sets {}", self.publish.join(", ")));
        let command = match self.kind {
            EdgeKind::Next => None,
            EdgeKind::Retry => Some("again".to_owned()),
            EdgeKind::Undo => Some("undo".to_owned()),
        };
        condition
            .into_iter()
            .chain(publish)
            .chain(command)
            .collect()
    }
}
