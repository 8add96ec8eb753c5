//! `tasks`, as a list or as a map, and one task with all its keys.
//!
//! Owns the form of a task and of the children of a parallel one. Names are checked to be names and
//! to be unique over the whole definition, children included.

use super::ast::{Spanned, Task, Work};
use super::entries::{kept, reference_at, text_at};
use super::{before, codes, foreign, items, next, retry, selector, slips, words};
use crate::program::Join;
use attune_pack::yaml::{Key, Node, NodeKind};
use attune_pack::{MapReader, Sink, Span};
use attune_types::is_identifier;
use std::collections::HashMap;

/// Names that `do` takes for commands.
const COMMANDS: [&str; 4] = ["noop", "fail", "continue", "retry"];

/// Reads all tasks under `tasks` of `reader`.
pub(super) fn tasks(reader: &mut MapReader<'_, '_>, seen: &mut Names) -> Vec<Task> {
    let Some(node) = reader.required_node("tasks") else {
        return Vec::new();
    };
    let mut found = read_all(node, false, seen, reader.sink());
    before::link(&mut found);
    found
}

/// Where each name stands first.
pub(super) type Names = HashMap<String, Span>;

fn read_all(node: &Node, child: bool, seen: &mut Names, sink: &mut Sink) -> Vec<Task> {
    let mut found = Vec::new();
    match &node.kind {
        NodeKind::Seq(items) => {
            for item in items {
                found.extend(task(item, None, child, seen, sink));
            }
        }
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                found.extend(task(value, Some(key), child, seen, sink));
            }
        }
        _ => {
            let message = format!(
                "`tasks` must be a list of tasks or a map from name to task, not {}",
                node.type_name()
            );
            sink.error(codes::READ.wrong_type, node.span, message);
            return found;
        }
    }
    if found.is_empty() && !sink.has_errors() {
        sink.error(
            codes::READ.missing_key,
            node.span,
            "there must be at least one task",
        );
    }
    found
}

fn task(
    node: &Node,
    key: Option<&Key>,
    child: bool,
    seen: &mut Names,
    sink: &mut Sink,
) -> Option<Task> {
    let mut reader = MapReader::new(node, "a task", sink)?;
    reader.foreign(&foreign::TASK);
    reader.slips(slips::TASK, slips::in_task);
    words::empty(&mut reader, words::NOT_EMPTY_IN_TASK);
    let name = name(&mut reader, key);
    // Before its children are read: of two of one name the later one is the second.
    if let Some(name) = &name {
        unique(name, seen, reader.sink());
    }
    let work = work(&mut reader, seen);
    let input = kept(&mut reader, "input");
    let when = kept(&mut reader, "when");
    let items = items::items(&mut reader);
    let retry = retry::retry_at(&mut reader);
    let timeout = kept(&mut reader, "timeout");
    let delay = kept(&mut reader, "delay");
    let join = join(&mut reader);
    let next = next::transitions(&mut reader);
    let compensate = retry::compensate_at(&mut reader);
    let idempotent = reader.opt_bool("idempotent");
    let pool = text_at(&mut reader, "pool");
    let worker_selector = selector::selector_at(&mut reader);
    let trace_tag = kept(&mut reader, "trace_tag");
    let after = before::named(node);
    // For people and editors: kept out of the Program on purpose.
    reader.opt_str("description");
    reader.node("ui");
    reader.finish();

    let task = Task {
        name: name?,
        work,
        input,
        when,
        items,
        retry,
        timeout,
        delay,
        join,
        next,
        compensate,
        idempotent,
        pool,
        worker_selector,
        trace_tag,
        after,
    };
    if child {
        check_child(&task, sink);
    }
    if matches!(task.work, Some(Work::Parallel { .. })) {
        check_parallel(&task, sink);
    }
    Some(task)
}

/// From `name`, or from the key of the map form; both must agree.
fn name(reader: &mut MapReader<'_, '_>, key: Option<&Key>) -> Option<Spanned<String>> {
    let Some(key) = key else {
        reader.required_node("name");
        let name = text_at(reader, "name")?;
        valid(&name, reader.sink());
        return Some(name);
    };
    if let Some(own) = text_at(reader, "name")
        && own.value != key.text
    {
        let message = format!("this task is named `{}` by its key", key.text);
        reader.sink().error(codes::CONFLICT, own.span, message).help =
            Some("take `name` out".to_owned());
    }
    let name = Spanned::new(key.text.clone(), key.span);
    valid(&name, reader.sink());
    Some(name)
}

/// A name that is none is reported and kept: what names the task finds it.
fn valid(name: &Spanned<String>, sink: &mut Sink) {
    if !is_identifier(&name.value) {
        let message = format!("`{}` is no name for a task", name.value);
        sink.error(codes::READ.bad_value, name.span, message).help = Some(
            "a name starts with a letter or `_` and goes on with letters, digits, `_` or `-`"
                .to_owned(),
        );
    } else if COMMANDS.contains(&name.value.as_str()) {
        let message = format!(
            "`{}` is a command of `do` and cannot name a task",
            name.value
        );
        sink.error(codes::RESERVED, name.span, message);
    }
}

fn unique(name: &Spanned<String>, seen: &mut Names, sink: &mut Sink) {
    if let Some(first) = seen.get(&name.value) {
        let message = format!(
            "a second task is named `{}`; the first is in line {}",
            name.value, first.line
        );
        sink.error(codes::DUPLICATE, name.span, message);
    } else {
        seen.insert(name.value.clone(), name.span);
    }
}

/// `action` or the children, by `type`.
fn work(reader: &mut MapReader<'_, '_>, seen: &mut Names) -> Option<Work> {
    let kind = text_at(reader, "type");
    let given = kind.as_ref().map(|kind| kind.value.as_str());
    // Children without `type` say what was meant.
    let parallel =
        given == Some("parallel") || (given.is_none() && reader.map().get("tasks").is_some());
    if parallel {
        let children = reader.required_node("tasks");
        let children = match children {
            Some(node) => read_all(node, true, seen, reader.sink()),
            None => Vec::new(),
        };
        let fail_fast = reader.opt_bool("fail_fast").unwrap_or(false);
        if reader.node("action").is_some() {
            let span = reader.key_span("action");
            reader.sink().error(
                codes::CONFLICT,
                span,
                "a parallel task has `tasks` and no `action`",
            );
        }
        return Some(Work::Parallel {
            children,
            fail_fast,
        });
    }
    if let Some(kind) = kind.as_ref()
        && !matches!(kind.value.as_str(), "action" | "workflow")
    {
        let help = attune_pack::suggest(&kind.value, ["action", "parallel", "workflow"])
            .map_or_else(
                || "use action, parallel or workflow".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
        let message = format!("`type` cannot be `{}`", kind.value);
        reader.bad_value(kind.span, message, Some(help));
    }
    reader.required_node("action");
    let reference = reference_at(reader, "action")?;
    Some(Work::Action {
        reference,
        workflow: given == Some("workflow"),
    })
}

fn join(reader: &mut MapReader<'_, '_>) -> Option<Spanned<Join>> {
    let node = reader.node("join")?;
    let found = match &node.kind {
        NodeKind::Str(word) if word == "all" => Some(Join::All),
        NodeKind::Str(word) if word == "any" => Some(Join::Count(1)),
        NodeKind::Int(count) => u32::try_from(*count)
            .ok()
            .filter(|count| *count >= 1)
            .map(Join::Count),
        _ => None,
    };
    if found.is_none() {
        let message = "`join` must be `all`, `any` or a number from 1".to_owned();
        reader.bad_value(node.span, message, None);
    }
    found.map(|join| Spanned::new(join, node.span))
}

/// A child ends into its parallel task: nothing else follows from it or leads to it.
fn check_child(task: &Task, sink: &mut Sink) {
    let name = &task.name.value;
    for transition in task.next.iter().filter(|next| !next.to.is_empty()) {
        let message = format!(
            "`{name}` is a child of a parallel task: what follows belongs to the parallel task"
        );
        sink.error(codes::ACROSS_PARALLEL, transition.span, message);
    }
    if let Some(join) = &task.join {
        let message = format!("`{name}` is a child of a parallel task and cannot be a join");
        sink.error(codes::ACROSS_PARALLEL, join.span, message);
    }
}

/// Keys that mean nothing on a task which only holds others.
fn check_parallel(task: &Task, sink: &mut Sink) {
    let keys = [
        ("input", task.input.as_ref().map(|node| node.span)),
        ("pool", task.pool.as_ref().map(|pool| pool.span)),
        (
            "worker_selector",
            task.worker_selector.as_ref().map(|labels| labels.span),
        ),
    ];
    for (key, span) in keys {
        if let Some(span) = span {
            let message = format!("`{key}` has no meaning on a parallel task");
            sink.error(codes::CONFLICT, span, message).help =
                Some(format!("give `{key}` to its children"));
        }
    }
}
