//! Whether the tasks and actions that a test names are there.
//!
//! Reads the Program and those of its child workflows; what a run names only while it goes
//! (`core.run_workflow`) cannot be followed and is let through.

use super::Expect;
use crate::codes;
use crate::library::Library;
use crate::mock::{Mocks, is_action};
use attune_flow::program::{Performer, Program, TaskIx, Work};
use attune_pack::yaml::Node;
use attune_pack::{Sink, Span, did_you_mean};
use attune_types::Ref;
use std::sync::Arc;

/// The most names that a message lists.
const MOST_NAMES: usize = 12;

/// What a path leads to.
enum Found {
    Task(Arc<Program>, TaskIx),
    /// It goes on where nobody can look now.
    OutOfSight,
}

/// Checks the names of mocks that stand in `node`.
pub(super) fn mocks(
    mocks: &Mocks,
    node: &Node,
    program: &Arc<Program>,
    library: &Library,
    sink: &mut Sink,
) {
    for (name, mock) in mocks.iter() {
        // Those of the whole file are checked where they stand.
        let Some((key, _)) = node.entry(name) else {
            continue;
        };
        if is_action(name) {
            action(name, key.span, library, sink);
            continue;
        }
        let Some(Found::Task(program, ix)) = task(name, key.span, program, library, sink) else {
            continue;
        };
        let Some(found) = program.task(ix) else {
            continue;
        };
        if let Work::Parallel { children, .. } = &found.work {
            let names: Vec<&str> = children
                .iter()
                .filter_map(|child| Some(program.task(*child)?.name.as_str()))
                .collect();
            let message = format!(
                "`{name}` is a parallel task: it calls nothing that a mock could stand in for"
            );
            sink.error(codes::WRONG_MOCK, key.span, message).help =
                Some(format!("mock its tasks: {}", names.join(", ")));
        }
        if !mock.items.is_empty() && !iterates(&program, ix) {
            let message = format!("task `{name}` has no `with_items`, so its mock has no items");
            sink.error(codes::WRONG_MOCK, key.span, message).help =
                Some("write its answer, or a list of answers, without `items`".to_owned());
        }
    }
}

/// Whether the task, or a parallel task around it, goes over items.
fn iterates(program: &Program, ix: TaskIx) -> bool {
    let mut at = Some(ix);
    while let Some(task) = at.and_then(|ix| program.task(ix)) {
        if task.items.is_some() {
            return true;
        }
        at = task.branch_of;
    }
    false
}

fn action(name: &str, span: Span, library: &Library, sink: &mut Sink) {
    let known = Ref::parse(name).is_ok_and(|reference| library.action(&reference).is_some());
    if !known {
        let help = did_you_mean(name, library.references());
        let message = format!("there is no action `{name}`");
        sink.error_with(codes::UNKNOWN_TASK, span, message, help);
    }
}

/// Checks the names of tasks in what is expected.
pub(super) fn expect(
    expect: &Expect,
    node: &Node,
    program: &Arc<Program>,
    library: &Library,
    sink: &mut Sink,
) {
    for key in ["tasks", "inputs", "results", "activations", "attempts"] {
        for (name, _) in node.get(key).and_then(Node::as_map).unwrap_or_default() {
            task(&name.text, name.span, program, library, sink);
        }
    }
    for key in ["order", "path", "started_once"] {
        let list = node.get(key).map(|list| match list.as_seq() {
            Some(items) => items,
            None => std::slice::from_ref(list),
        });
        for item in list.unwrap_or_default() {
            if let Some(name) = item.as_str() {
                task(name, item.span, program, library, sink);
            }
        }
    }
    let undone = node.get("undone").and_then(Node::as_seq);
    for item in undone.unwrap_or_default() {
        if let Some(name) = item.as_str() {
            let plain = name.split('[').next().unwrap_or(name);
            task(plain, item.span, program, library, sink);
        }
    }
    if let Some(error) = &expect.error
        && let Some(name) = &error.value.task
    {
        let span = node.span_at("/error/task");
        task(name, span, program, library, sink);
    }
}

/// The task that a path leads to; one that is not there is reported.
fn task(
    path: &str,
    span: Span,
    program: &Arc<Program>,
    library: &Library,
    sink: &mut Sink,
) -> Option<Found> {
    let mut program = program.clone();
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        let Some(ix) = program.graph.named(name) else {
            let known: Vec<&str> = program
                .tasks
                .iter()
                .map(|task| task.name.as_str())
                .collect();
            let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
                let more = if known.len() > MOST_NAMES { " ..." } else { "" };
                let few = &known[..known.len().min(MOST_NAMES)];
                format!("it has: {}{more}", few.join(", "))
            });
            let message = format!("the workflow `{}` has no task `{name}`", program.reference);
            sink.error(codes::UNKNOWN_TASK, span, message).help = Some(help);
            return None;
        };
        if names.peek().is_none() {
            return Some(Found::Task(program, ix));
        }
        let found = program.task(ix)?;
        match &found.work {
            Work::Action(call) if matches!(call.performer, Performer::Child) => {
                let child = if call.is_run_workflow() {
                    // What it runs stands in its input, if that is no template.
                    let named = found
                        .input
                        .source()
                        .get("ref")
                        .and_then(|name| name.as_str());
                    named.and_then(|name| Ref::parse(name).ok())
                } else {
                    Some(call.reference.clone())
                };
                match child.and_then(|child| library.workflow(&child)) {
                    Some(child) => program = child,
                    None => return Some(Found::OutOfSight),
                }
            }
            _ => {
                let message = format!("task `{name}` runs no workflow, so nothing lies below it");
                sink.error(codes::UNKNOWN_TASK, span, message).help =
                    Some(format!("name the task itself: `{name}`"));
                return None;
            }
        }
    }
    None
}
