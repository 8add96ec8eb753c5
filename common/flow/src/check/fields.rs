//! Data flow: fields of results against output schemas, and types against parameters.
//!
//! Owns what a task's object holds and what a schema promises of its result. Where a schema does not
//! tell, nothing is said. A field that is not there is an error; a type that does not fit a warning,
//! since a run may still bring a value that does.

use super::names::{Look, World};
use super::scopes::near_or_list;
use super::template::At;
use super::types;
use crate::syntax::codes;
use attune_pack::yaml::{Key, Node};
use attune_pack::{ActionDef, PathType, Severity, Sink, ValueType};
use attune_template::{EACH, Template};

/// What stands on `task.<name>` itself.
pub(super) const TASK_FIELDS: [&str; 11] = [
    "result",
    "status",
    "error",
    "started_at",
    "ended_at",
    "attempts",
    "activations",
    "results",
    "failed_items",
    "total_count",
    "succeeded_count",
];

/// What stands beside the data in the result of a process.
pub(super) const PROCESS_FIELDS: [&str; 5] =
    ["exit_code", "stdout", "stderr", "duration_ms", "data"];

/// What an error holds.
pub(super) const ERROR_FIELDS: [&str; 6] =
    ["code", "message", "exit_code", "details", "attempt", "task"];

/// Checks `<error>.<rest>`, where `error` is what it was written as.
pub(super) fn of_error(look: &mut Look<'_, '_>, error: &str, rest: &[&str]) {
    let Some(first) = rest.first().filter(|first| !ERROR_FIELDS.contains(first)) else {
        return;
    };
    if !look.reference.optional {
        let message = format!("`{error}` has no field `{first}`");
        let help = near_or_list(first, ERROR_FIELDS.into_iter(), "field");
        look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
    }
}

/// Checks the fields of an item; the path begins with its name.
pub(super) fn of_item(look: &mut Look<'_, '_>, path: &[&str]) {
    let At::Each(ix) = look.used.at else { return };
    if look.reference.optional || path.first() == Some(&"index") {
        return;
    }
    if let PathType::Missing { at, known } = types::of_item(look.world, ix, path) {
        let name = path.get(at).copied().unwrap_or_default();
        let message = format!("`{}` has no field `{name}`", path[..at].join("."));
        let help = near_or_list(name, known.iter().map(String::as_str), "field");
        look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
    }
}

/// Checks `task.<ix>.<rest>`.
pub(super) fn of_task(look: &mut Look<'_, '_>, ix: usize, rest: &[&str]) {
    match rest.split_first() {
        None => {}
        Some((&"result", fields)) => of_result(look, ix, fields, &[]),
        Some((&"results", [index, fields @ ..])) if index.parse::<usize>().is_ok() => {
            of_action(look, ix, fields, &[]);
        }
        Some((&"error", fields)) => {
            let name = &look.world.flat.tasks[ix].name.value;
            of_error(look, &format!("task.{name}.error"), fields);
        }
        Some((first, _)) if TASK_FIELDS.contains(first) => {}
        // `task.x.y` is `task.x.result.y`.
        Some(_) => of_result(look, ix, rest, &TASK_FIELDS),
    }
}

/// Checks `result.<fields>` of a task; `also` are names that could have been meant.
pub(super) fn of_result(look: &mut Look<'_, '_>, ix: usize, fields: &[&str], also: &[&str]) {
    let Some((first, rest)) = fields.split_first() else {
        return;
    };
    if look.reference.optional {
        return;
    }
    let world = look.world;
    let name = &world.flat.tasks[ix].name.value;
    if let Some(children) = look.children(ix) {
        if children.contains(first) {
            let child = world.flat.find(first);
            return child.map_or((), |child| of_result(look, child, rest, &[]));
        }
        let known = children.iter().copied().chain(also.iter().copied());
        let help = near_or_list(first, known, "child");
        let message = format!("the parallel task `{name}` has no child `{first}`");
        return look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
    }
    match (&world.flat.tasks[ix].items, first.parse::<usize>()) {
        (None, _) => of_action(look, ix, fields, also),
        (Some(_), Ok(_)) => of_action(look, ix, rest, &[]),
        (Some(_), Err(_)) => {
            let message = format!(
                "the result of `{name}` is the list of its items' results and has no field `{first}`"
            );
            let help =
                format!("write `task.{name}.results[0].{first}`, or go over `task.{name}.results`");
            look.report(Severity::Error, codes::UNKNOWN_FIELD, message, Some(help));
        }
    }
}

/// Checks fields of what the action of a task gives.
fn of_action(look: &mut Look<'_, '_>, ix: usize, fields: &[&str], also: &[&str]) {
    let world = look.world;
    if look.reference.optional {
        return;
    }
    if let PathType::Missing { at, known } = types::of_output(world, ix, fields) {
        let missing = fields.get(at).copied().unwrap_or_default();
        let action = world.actions[ix]
            .as_ref()
            .map_or_else(String::new, |action| action.reference.to_string());
        let more = if at == 0 { also } else { &[] };
        let known = known.iter().map(String::as_str).chain(more.iter().copied());
        let help = near_or_list(missing, known, "field");
        let message = format!(
            "the output of `{action}` has no field `{}`",
            fields[..=at].join(".")
        );
        look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
    }
}

/// Checks a field of the elements that a loop goes through. Of the list itself its own check speaks.
pub(super) fn of_element(look: &mut Look<'_, '_>) {
    let Some(list) = look.reference.element else {
        return;
    };
    let found = types::of_element(look.world, look.reference, list, look.used.at);
    let PathType::Missing {
        at: at @ 1..,
        known,
    } = found
    else {
        return;
    };
    let path = &look.reference.path;
    let missing = path.get(list + at).cloned().unwrap_or_default();
    let message = format!(
        "the elements of `{}` have no field `{}`",
        path[..list].join(".").replace(&format!(".{EACH}"), "[]"),
        path[list + 1..=list + at].join(".")
    );
    let help = near_or_list(&missing, known.iter().map(String::as_str), "field");
    look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
}

/// Checks the fields of a variable; the path begins with its name.
pub(super) fn of_variable(look: &mut Look<'_, '_>, path: &[&str]) {
    if look.reference.optional {
        return;
    }
    if let PathType::Missing { at, known } = types::of_variable(look.world, path) {
        let name = path.get(at).copied().unwrap_or_default();
        let message = format!("`{}` has no field `{name}`", path[..at].join("."));
        let help = near_or_list(name, known.iter().map(String::as_str), "field");
        look.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
    }
}

/// Warns where the type of an input is known and the parameter does not take it.
pub(super) fn input_types(world: &World<'_>, sink: &mut Sink) {
    for (ix, task) in world.flat.tasks.iter().enumerate() {
        let (Some(action), Some(input)) = (&world.actions[ix], &task.input) else {
            continue;
        };
        let call = Call { world, action, ix };
        if let Some(entries) = input.as_map() {
            call.map(entries, &mut Vec::new(), sink);
        }
    }
}

/// One call of an action.
struct Call<'a> {
    world: &'a World<'a>,
    action: &'a ActionDef,
    ix: usize,
}

impl<'a> Call<'a> {
    fn map(&self, entries: &[(Key, Node)], path: &mut Vec<String>, sink: &mut Sink) {
        for (key, value) in entries {
            path.push(key.text.clone());
            self.part(value, path, sink);
            path.pop();
        }
    }

    fn list(&self, items: &[Node], path: &mut Vec<String>, sink: &mut Sink) {
        for (n, value) in items.iter().enumerate() {
            path.push(n.to_string());
            self.part(value, path, sink);
            path.pop();
        }
    }

    fn part(&self, value: &Node, path: &mut Vec<String>, sink: &mut Sink) {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        if let PathType::Known(wanted) = self.action.parameters.type_of(&names) {
            self.value(value, &wanted, path, sink);
        }
    }

    fn value(&self, value: &Node, wanted: &[ValueType], path: &mut Vec<String>, sink: &mut Sink) {
        // Literals are compared with the whole schema elsewhere, and what cannot be compiled was told.
        let Ok(template) = Template::compile(&value.to_json()) else {
            return;
        };
        if template.is_literal() {
            return;
        }
        match (value.as_map(), value.as_seq()) {
            (Some(entries), _) if wanted.contains(&ValueType::Object) => {
                return self.map(entries, path, sink);
            }
            (_, Some(items)) if wanted.contains(&ValueType::Array) => {
                return self.list(items, path, sink);
            }
            _ => {}
        }
        let Some(given) = types::of_template(self.world, &template, At::Each(self.ix)) else {
            return;
        };
        if !may_fit(wanted, &given) {
            let message = format!(
                "`{}` takes {} for `{}`, this gives {}",
                self.action.reference,
                words(wanted),
                path.join("."),
                words(&given)
            );
            sink.warning(codes::TYPE_MISMATCH, value.span, message);
        }
    }
}

/// Whether a value of these types may be taken: a number may be a whole one.
pub(super) fn may_fit(wanted: &[ValueType], given: &[ValueType]) -> bool {
    let may = |wanted: ValueType, given: ValueType| {
        wanted.takes(given) || (wanted, given) == (ValueType::Integer, ValueType::Number)
    };
    wanted
        .iter()
        .any(|wanted| given.iter().any(|given| may(*wanted, *given)))
}

/// The types, each once.
pub(super) fn words(types: &[ValueType]) -> String {
    let mut words: Vec<&str> = types
        .iter()
        .map(|kind| attune_pack::catalogue::Keyword::word(*kind))
        .collect();
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(*word));
    words.join(" or ")
}
