//! What follows a task: `next`, and the shorthands that fold into it.
//!
//! Owns the folding: `on_success`, `on_failure`, `on_timeout` and `on_complete` become transitions
//! with the condition that their name says; `decision` becomes one transition a branch, each of which
//! asks that the task succeeded and no branch before it held; a task's own `publish` is written
//! first of all after success. `next` beside a shorthand is an error.

use super::ast::{Condition, Entry, Spanned, Transition};
use super::entries::{entries, entries_at};
use super::{codes, foreign, slips, words};
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{MapReader, Sink, Span};

/// The shorthands with the condition that each stands for; none: always.
const SHORTHANDS: [(&str, Option<&str>); 4] = [
    ("on_success", Some(SUCCEEDED)),
    ("on_failure", Some("failed()")),
    ("on_timeout", Some("timed_out()")),
    ("on_complete", None),
];

const SUCCEEDED: &str = "succeeded()";

/// Each branch asks that none before it held: what is asked grows with the square.
const MOST_BRANCHES: usize = 50;

/// All transitions of a task, in the order in which they are looked at.
pub(super) fn transitions(task: &mut MapReader<'_, '_>) -> Vec<Transition> {
    let publish = entries_at(task, "publish").unwrap_or_default();
    let publish_span = task.key_span("publish");
    let mut found = shorthands(task);
    found.extend(decision(task));
    if let Some(node) = task.node("next") {
        if let Some(other) = used_shorthand(task) {
            let span = task.key_span(other);
            let message = format!("`{other}` cannot stand beside `next`");
            task.sink().error(codes::CONFLICT, span, message).help =
                Some("write it as one more item of `next`".to_owned());
        }
        found.extend(next(node, task.sink()));
    }
    if !publish.is_empty() {
        publish_first(&mut found, publish, publish_span);
    }
    found
}

fn used_shorthand(task: &MapReader<'_, '_>) -> Option<&'static str> {
    SHORTHANDS
        .iter()
        .map(|(key, _)| *key)
        .chain(["decision"])
        .find(|key| task.map().get(key).is_some_and(|node| !node.is_null()))
}

fn shorthands(task: &mut MapReader<'_, '_>) -> Vec<Transition> {
    let mut found = Vec::new();
    for (key, condition) in SHORTHANDS {
        if let Some(to) = names(task, key) {
            found.push(Transition {
                when: condition.map_or(Condition::Always, Condition::Status),
                publish: Vec::new(),
                to,
                span: task.key_span(key),
            });
        }
    }
    found
}

/// One name or a list of them.
fn names(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Vec<Spanned<String>>> {
    let texts = reader.opt_strs(key)?;
    Some(
        texts
            .into_iter()
            .map(|(text, span)| Spanned::new(text, span))
            .collect(),
    )
}

/// Written first of all after success: into the transition that is taken then and only then, else
/// by one of its own that leads nowhere.
fn publish_first(found: &mut Vec<Transition>, publish: Vec<Entry>, span: Span) {
    if let Some(first) = found.first_mut()
        && matches!(first.when, Condition::Status(SUCCEEDED))
    {
        first.publish = publish;
        return;
    }
    let own = Transition {
        when: Condition::Status(SUCCEEDED),
        publish,
        to: Vec::new(),
        span,
    };
    found.insert(0, own);
}

fn next(node: &Node, sink: &mut Sink) -> Vec<Transition> {
    let single = std::slice::from_ref(node);
    let items = match &node.kind {
        NodeKind::Seq(items) => items.as_slice(),
        NodeKind::Map(_) => single,
        _ => {
            let message = format!(
                "`next` must be a list of `{{when, publish, do}}`, not {}",
                node.type_name()
            );
            sink.error(codes::READ.wrong_type, node.span, message).help =
                Some("to name what follows after success, use `on_success`".to_owned());
            // What it leads to is plain, so that only the form is told.
            let to = node
                .as_str()
                .map(|to| Spanned::new(to.to_owned(), node.span));
            return Vec::from_iter(to.map(|to| Transition {
                when: Condition::Always,
                publish: Vec::new(),
                to: vec![to],
                span: node.span,
            }));
        }
    };
    items
        .iter()
        .filter_map(|item| transition(item, sink))
        .collect()
}

fn transition(node: &Node, sink: &mut Sink) -> Option<Transition> {
    let mut reader = MapReader::new(node, "an item of `next`", sink)?;
    reader.foreign(&foreign::TRANSITION);
    reader.slips(slips::TRANSITION, slips::in_transition);
    words::empty(&mut reader, &["when", "do"]);
    let when = reader
        .node("when")
        .map_or(Condition::Always, |when| Condition::Written(when.clone()));
    let publish = reader
        .node("publish")
        .map(|node| entries(node, "publish", reader.sink()))
        .unwrap_or_default();
    let to = names(&mut reader, "do").unwrap_or_default();
    reader.finish();
    Some(Transition {
        when,
        publish,
        to,
        span: node.span,
    })
}

/// The branches of a `decision`: the first whose condition holds, else the default.
fn decision(task: &mut MapReader<'_, '_>) -> Vec<Transition> {
    let Some(branches) = task.opt_seq("decision") else {
        return Vec::new();
    };
    if branches.len() > MOST_BRANCHES {
        let span = task.key_span("decision");
        let message = format!("a decision has at most {MOST_BRANCHES} branches");
        task.sink().error(codes::LIMIT, span, message).help =
            Some("split it, or look the answer up in a map".to_owned());
        return Vec::new();
    }
    let mut before = Vec::new();
    let mut default: Option<Transition> = None;
    let mut found = Vec::new();
    for node in branches {
        let Some((own, to)) = branch(node, task.sink()) else {
            continue;
        };
        let when = Condition::Branch {
            before: before.clone(),
            own: own.clone(),
        };
        let transition = Transition {
            when,
            publish: Vec::new(),
            to,
            span: node.span,
        };
        match own {
            Some(own) => {
                before.push(own);
                found.push(transition);
            }
            None if default.is_some() => {
                task.sink().error(
                    codes::DUPLICATE,
                    node.span,
                    "a decision has one default, this is a second",
                );
            }
            None => default = Some(transition),
        }
    }
    // Wherever it is written, the default is what is left when no condition held.
    found.extend(default.map(|default| Transition {
        when: Condition::Branch { before, own: None },
        ..default
    }));
    found
}

/// One branch: its condition (none for the default) and where it leads.
fn branch(node: &Node, sink: &mut Sink) -> Option<(Option<Node>, Vec<Spanned<String>>)> {
    let mut reader = MapReader::new(node, "a branch of `decision`", sink)?;
    reader.foreign(&foreign::BRANCH);
    reader.slips(slips::BRANCH, slips::in_branch);
    words::empty(&mut reader, &["when", "next", "default"]);
    let when = reader.node("when").cloned();
    let is_flag = reader
        .raw("default")
        .is_some_and(|value| value.as_bool().is_some());
    let (marked, named) = if is_flag {
        (reader.opt_bool("default").unwrap_or(false), None)
    } else {
        let named = names(&mut reader, "default");
        (named.is_some(), named)
    };
    let next = names(&mut reader, "next");
    let slip = reader.has_unknown();
    let problem = match (&when, marked, &named, &next) {
        (Some(_), true, ..) => Some("a branch with a condition cannot be the default"),
        (None, false, ..) => Some("a branch needs `when` and `next`, or `default`"),
        (_, _, Some(_), Some(_)) => Some("`default` and `next` both name a task"),
        (_, _, None, None) => Some("a branch must name a task with `next`"),
        _ => None,
    };
    // An unknown key says it all.
    if let Some(problem) = problem.filter(|_| !slip) {
        reader
            .sink()
            .error(codes::READ.bad_value, node.span, problem)
            .help = Some("write `{when: ..., next: name}`, and `{default: name}` last".to_owned());
    }
    reader.finish();
    if problem.is_some() {
        return None;
    }
    Some((when, named.or(next).unwrap_or_default()))
}
