//! From a Program to its [`Graph`].
//!
//! Owns what of a Program is shown. Never fails: a number that leads nowhere gives no edge.

use super::{Edge, EdgeKind, Graph, Node, NodeKind, back, decision};
use crate::text::expression;
use attune_flow::program::{
    Compensate, InlineAction, Join, Performer, Program, Target, Task, TaskIx, Transition, Work,
};
use attune_template::Template;
use attune_types::JsonValue;

impl Graph {
    /// What there is to see of a Program.
    pub fn of(program: &Program) -> Self {
        let mut nodes = Vec::new();
        let mut edges = Vec::new();
        for (n, task) in program.tasks.iter().enumerate() {
            let entry = program.graph.entries().contains(&ix(n));
            let node = node(program, task, entry);
            let parent = node.parent.clone();
            nodes.push(node);
            let labels = decision::labels(&task.next);
            for (t, transition) in task.next.iter().enumerate() {
                let way = Way {
                    program,
                    task,
                    number: u32::try_from(t).unwrap_or(u32::MAX),
                    transition,
                    label: labels.get(t).cloned().flatten(),
                    parent: parent.as_deref(),
                };
                way.take(&mut nodes, &mut edges);
            }
            if let Some(Compensate::Task(by)) = &task.compensate
                && let Some(by) = program.task(*by)
            {
                edges.push(Edge {
                    from: task.name.clone(),
                    to: by.name.clone(),
                    kind: EdgeKind::Undo,
                    transition: None,
                    when: None,
                    label: None,
                    publish: Vec::new(),
                    back: false,
                });
            }
        }
        let mut graph = Self {
            workflow: program.reference.clone(),
            version: program.version.clone(),
            hash: program.hash.clone(),
            nodes,
            edges,
        };
        back::mark(&mut graph);
        graph
    }
}

fn ix(n: usize) -> TaskIx {
    TaskIx(u32::try_from(n).unwrap_or(u32::MAX))
}

fn node(program: &Program, task: &Task, entry: bool) -> Node {
    let name_of = |ix: TaskIx| program.task(ix).map(|task| task.name.clone());
    let (kind, action, fail_fast) = match &task.work {
        Work::Action(call) => {
            let kind = match call.performer {
                Performer::Child => NodeKind::Workflow,
                Performer::Inline(InlineAction::Noop) if task.join.is_some() => NodeKind::Join,
                _ => NodeKind::Action,
            };
            (kind, Some(call.reference.to_string()), false)
        }
        Work::Parallel { fail_fast, .. } => (NodeKind::Parallel, None, *fail_fast),
    };
    Node {
        id: task.name.clone(),
        kind,
        name: task.name.clone(),
        action,
        parent: task.branch_of.and_then(name_of),
        entry,
        join: task.join.map(|join| match join {
            Join::All => "all".to_owned(),
            Join::Count(count) => count.to_string(),
        }),
        when: task.when.as_ref().map(written),
        items: task.items.as_ref().map(|items| written(&items.over)),
        retry: task.retry.as_ref().map(|retry| retry.count),
        timeout: task.timeout.as_ref().map(time),
        delay: task.delay.as_ref().map(time),
        undo: task.compensate.as_ref().and_then(|undo| match undo {
            Compensate::Action { call, .. } => Some(call.reference.to_string()),
            Compensate::Task(by) => name_of(*by),
        }),
        fail_fast,
        status: None,
    }
}

/// A template as it was written, without the braces of a single expression.
pub(super) fn written(template: &Template) -> String {
    match template.source() {
        JsonValue::String(text) => expression(text).to_owned(),
        other => other.to_string(),
    }
}

/// The same for a length of time: a bare number counts seconds.
fn time(template: &Template) -> String {
    match template.source() {
        JsonValue::Number(seconds) => format!("{seconds}s"),
        _ => written(template),
    }
}

/// One transition on its way into the graph.
struct Way<'a> {
    program: &'a Program,
    task: &'a Task,
    number: u32,
    transition: &'a Transition,
    label: Option<String>,
    parent: Option<&'a str>,
}

impl Way<'_> {
    fn take(&self, nodes: &mut Vec<Node>, edges: &mut Vec<Edge>) {
        if self.transition.to.is_empty() {
            edges.push(self.to_end(0, NodeKind::End, "end", nodes));
        }
        for (place, target) in self.transition.to.iter().enumerate() {
            let edge = match target {
                Target::Task(to) => match self.program.task(*to) {
                    Some(to) => self.edge(to.name.clone(), EdgeKind::Next),
                    None => continue,
                },
                Target::Retry => self.edge(self.task.name.clone(), EdgeKind::Retry),
                Target::Noop => self.to_end(place, NodeKind::Noop, "noop", nodes),
                Target::Fail => self.to_end(place, NodeKind::Fail, "fail", nodes),
                Target::Continue => self.to_end(place, NodeKind::Continue, "continue", nodes),
            };
            edges.push(edge);
        }
    }

    fn edge(&self, to: String, kind: EdgeKind) -> Edge {
        Edge {
            from: self.task.name.clone(),
            to,
            kind,
            transition: Some(self.number),
            when: self.transition.when.as_ref().map(written),
            label: self.label.clone(),
            publish: self
                .transition
                .publish
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            back: kind == EdgeKind::Retry,
        }
    }

    fn to_end(&self, place: usize, kind: NodeKind, name: &str, nodes: &mut Vec<Node>) -> Edge {
        let id = format!("{}#{}.{place}", self.task.name, self.number);
        nodes.push(Node {
            id: id.clone(),
            kind,
            name: name.to_owned(),
            action: None,
            parent: self.parent.map(str::to_owned),
            entry: false,
            join: None,
            when: None,
            items: None,
            retry: None,
            timeout: None,
            delay: None,
            undo: None,
            fail_fast: false,
            status: None,
        });
        self.edge(id, EdgeKind::Next)
    }
}
