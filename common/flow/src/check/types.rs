//! What stands behind a name before anything has run: types through results, variables and items.
//!
//! Owns the way from a name to a schema: the output of the action that a task runs, what a variable is
//! set to everywhere, the elements that are iterated over. Where one source of a value cannot be told,
//! nothing is said of it. Called by the checks of fields, inputs and the output.

use super::fields::{PROCESS_FIELDS, TASK_FIELDS};
use super::names::World;
use super::template::At;
use crate::syntax::ast::{Task, Work};
use attune_pack::{PathType, ValueType};
use attune_template::{Gives, Kind, Reference, Root, Target, Template};
use attune_types::{JsonMap, JsonValue};
use std::collections::BTreeMap;

/// How often a value may be passed on from name to name.
const DEPTH: usize = 8;

/// The action whose result is its input.
const SET: &str = "core.set";

/// The action that gives nothing.
const NOOP: &str = "core.noop";

/// Everything that a variable is ever set to, with the moment.
pub(super) type Sources<'a> = BTreeMap<&'a str, Vec<(Template, At)>>;

/// Gathers what all variables are set to. One that has an error is left out: it was reported.
pub(super) fn sources<'a>(
    workflow: &'a crate::syntax::ast::Workflow,
    tasks: &[&'a Task],
) -> Sources<'a> {
    let mut found = Sources::new();
    let set = workflow.vars.iter().enumerate();
    let published = tasks.iter().enumerate().flat_map(|(ix, task)| {
        let entries = task.next.iter().flat_map(|next| &next.publish);
        entries.map(move |entry| (entry, At::After(ix)))
    });
    let all = set.map(|(n, entry)| (entry, At::Start(n))).chain(published);
    for (entry, at) in all {
        if let Ok(template) = Template::compile(&entry.value.to_json()) {
            let known = found.entry(&entry.name.value).or_default();
            known.push((template, at));
        }
    }
    found
}

/// The types of a template's value, where they are known.
pub(super) fn of_template(
    world: &World<'_>,
    template: &Template,
    at: At,
) -> Option<Vec<ValueType>> {
    match value(world, template, &[], at, 0) {
        PathType::Known(types) => Some(types),
        _ => None,
    }
}

/// What stands at `path` of a variable; the path begins with its name.
pub(super) fn of_variable(world: &World<'_>, path: &[&str]) -> PathType {
    variable(world, path, 0)
}

/// What the action of a task promises of a field of one result.
pub(super) fn of_output(world: &World<'_>, ix: usize, fields: &[&str]) -> PathType {
    output(world, ix, fields, 0)
}

/// What stands at a field of each element of a list, where the list is known to be one; a missing
/// part is counted from the element.
pub(super) fn of_element(world: &World<'_>, used: &Reference, list: usize, at: At) -> PathType {
    let whole = Reference {
        path: used.path[..list].to_vec(),
        ..used.clone()
    };
    if name(world, &whole, &[], at, 0) != PathType::Known(vec![ValueType::Array]) {
        return PathType::Open;
    }
    let rest: Vec<&str> = used.path[list..].iter().map(String::as_str).collect();
    name(world, &whole, &rest, at, 0)
}

/// What stands at `path` of an item of the task's iteration; the path begins with the item's name.
pub(super) fn of_item(world: &World<'_>, ix: usize, path: &[&str]) -> PathType {
    item(world, ix, path, 0)
}

fn value(world: &World<'_>, template: &Template, rest: &[&str], at: At, depth: usize) -> PathType {
    if depth > DEPTH {
        return PathType::Open;
    }
    match (template.source(), rest.split_first()) {
        (JsonValue::Object(map), Some((first, rest))) => match map.get(*first) {
            Some(inner) => match Template::compile(inner) {
                Ok(inner) => deeper(value(world, &inner, rest, at, depth + 1), 1),
                Err(_) => PathType::Open,
            },
            None => PathType::Missing {
                at: 0,
                known: map.keys().cloned().collect(),
            },
        },
        (JsonValue::Array(items), Some((index, rest))) => {
            let one = index.parse::<usize>().ok().and_then(|n| items.get(n));
            match one.map(Template::compile) {
                Some(Ok(one)) => deeper(value(world, &one, rest, at, depth + 1), 1),
                _ => PathType::Open,
            }
        }
        _ => match template.gives() {
            Gives::Anything => PathType::Open,
            Gives::OneOf(kinds) if rest.is_empty() => {
                PathType::Known(kinds.iter().copied().map(of_kind).collect())
            }
            Gives::OneOf(_) => PathType::Open,
            Gives::Name(reference) => name(world, reference, rest, at, depth + 1),
        },
    }
}

fn of_kind(kind: Kind) -> ValueType {
    match kind {
        Kind::Text => ValueType::String,
        Kind::Integer => ValueType::Integer,
        Kind::Number => ValueType::Number,
        Kind::Boolean => ValueType::Boolean,
        Kind::List => ValueType::Array,
        Kind::Map => ValueType::Object,
        Kind::Null => ValueType::Null,
    }
}

/// A missing part stands so many steps further on in the longer path.
fn deeper(found: PathType, steps: usize) -> PathType {
    match found {
        PathType::Missing { at, known } => PathType::Missing {
            at: at + steps,
            known,
        },
        other => other,
    }
}

fn name(world: &World<'_>, reference: &Reference, rest: &[&str], at: At, depth: usize) -> PathType {
    let own = reference.path.len();
    let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let path: Vec<&str> = path.into_iter().chain(rest.iter().copied()).collect();
    let found = match (reference.target, at) {
        (Target::Scope(Root::Task), _) => task(world, &path, depth),
        (Target::Scope(Root::Vars), _) => variable(world, &path, depth),
        (Target::Scope(Root::Parameters), _) => world.parameters.type_of(&path),
        (Target::Scope(Root::PackConfig), _) => world
            .config
            .map_or(PathType::Open, |config| config.type_of(&path)),
        (Target::Scope(Root::System), _) => system(&path),
        (Target::Scope(Root::Local), At::Each(ix)) => item(world, ix, &path, depth),
        (Target::Function, At::After(ix)) if path[0] == "result" => {
            deeper(result(world, ix, &path[1..], depth), 1)
        }
        (Target::Bare, _) => bare(world, &path, at, depth),
        _ => PathType::Open,
    };
    match found {
        // Of what is missing within the name itself its own check speaks.
        PathType::Missing { at, .. } if at < own => PathType::Open,
        PathType::Missing { at, known } => PathType::Missing {
            at: at - own,
            known,
        },
        other => other,
    }
}

fn bare(world: &World<'_>, path: &[&str], at: At, depth: usize) -> PathType {
    let first = path[0];
    if let At::Each(ix) = at
        && let Some(items) = &world.flat.tasks[ix].items
        && [items.name.as_str(), "item", "index"].contains(&first)
    {
        return item(world, ix, path, depth);
    }
    if world.flat.find(first).is_some() {
        task(world, path, depth)
    } else if world.sources.contains_key(first) {
        variable(world, path, depth)
    } else if world.parameters.names().contains(&first) {
        world.parameters.type_of(path)
    } else {
        PathType::Open
    }
}

fn system(path: &[&str]) -> PathType {
    match path {
        ["execution_id" | "timestamp"] | ["workflow", "ref" | "version"] => {
            PathType::Known(vec![ValueType::String])
        }
        ["attempt"] => PathType::Known(vec![ValueType::Integer]),
        ["labels"] => PathType::Known(vec![ValueType::Object]),
        _ => PathType::Open,
    }
}

/// `<name>.<rest>` of a task.
fn task(world: &World<'_>, path: &[&str], depth: usize) -> PathType {
    let Some(ix) = path.first().and_then(|name| world.flat.find(name)) else {
        return PathType::Open;
    };
    let known = |kind| PathType::Known(vec![kind]);
    match &path[1..] {
        [] => PathType::Open,
        ["result", fields @ ..] => deeper(result(world, ix, fields, depth), 2),
        ["results", index, fields @ ..] if index.parse::<usize>().is_ok() => {
            deeper(output(world, ix, fields, depth), 3)
        }
        ["status" | "started_at"] => known(ValueType::String),
        ["attempts" | "total_count" | "succeeded_count"] => known(ValueType::Integer),
        ["results" | "failed_items" | "activations"] => known(ValueType::Array),
        [first, ..] if TASK_FIELDS.contains(first) => PathType::Open,
        fields => deeper(result(world, ix, fields, depth), 1),
    }
}

/// `result` of a task: of a parallel one its children's, else what its action gives.
fn result(world: &World<'_>, ix: usize, fields: &[&str], depth: usize) -> PathType {
    let task = world.flat.tasks[ix];
    match (&task.work, fields.split_first()) {
        (Some(Work::Parallel { .. }), None) => PathType::Known(vec![ValueType::Object]),
        (Some(Work::Parallel { children, .. }), Some((child, rest))) => {
            let is_child = children.iter().any(|one| one.name.value == **child);
            match world.flat.find(child).filter(|_| is_child) {
                Some(ix) => deeper(result(world, ix, rest, depth + 1), 1),
                None => PathType::Open,
            }
        }
        _ if task.items.is_some() => match fields {
            [] => PathType::Known(vec![ValueType::Array]),
            [index, fields @ ..] if index.parse::<usize>().is_ok() => {
                deeper(output(world, ix, fields, depth), 1)
            }
            _ => PathType::Open,
        },
        _ => output(world, ix, fields, depth),
    }
}

fn output(world: &World<'_>, ix: usize, fields: &[&str], depth: usize) -> PathType {
    let task = world.flat.tasks[ix];
    let batched = task
        .items
        .as_ref()
        .is_some_and(|items| items.batch_size.is_some());
    let Some(action) = world.actions[ix]
        .as_ref()
        .filter(|_| !batched && depth <= DEPTH)
    else {
        return PathType::Open;
    };
    if action.reference.as_str() == SET {
        let made = task.input.as_ref().filter(|input| input.as_map().is_some());
        let made = made.and_then(|input| Template::compile(&input.to_json()).ok());
        return made.map_or(PathType::Open, |made| {
            value(world, &made, fields, At::Each(ix), depth + 1)
        });
    }
    if action.reference.as_str() == NOOP {
        return match fields {
            [] => PathType::Known(vec![ValueType::Null]),
            _ => PathType::Missing {
                at: 0,
                known: Vec::new(),
            },
        };
    }
    let Some(output) = &action.output else {
        return PathType::Open;
    };
    let of_process = action.runner.needs_worker()
        && fields
            .first()
            .is_some_and(|first| PROCESS_FIELDS.contains(first));
    match output.type_of(fields) {
        PathType::Missing { at: 0, .. } if of_process => PathType::Open,
        other => other,
    }
}

/// Of all that a variable is set to: known where all of it is, missing where none of it has the field.
fn variable(world: &World<'_>, path: &[&str], depth: usize) -> PathType {
    let Some((name, rest)) = path.split_first() else {
        return PathType::Open;
    };
    let all = world.sources.get(name).map_or(&[][..], Vec::as_slice);
    let found = all
        .iter()
        .filter(|(template, _)| !template.source().is_null())
        .map(|(template, at)| value(world, template, rest, *at, depth + 1));
    deeper(either(found), 1)
}

/// One of several: known where all of them are, missing where none of them has it.
fn either(all: impl Iterator<Item = PathType>) -> PathType {
    let mut types = Vec::new();
    let mut missing = None;
    for one in all {
        match one {
            PathType::Open => return PathType::Open,
            PathType::Known(known) => types.extend(known),
            PathType::Missing { .. } => missing = missing.or(Some(one)),
        }
    }
    match (types.is_empty(), missing) {
        (false, _) => PathType::Known(types),
        (true, Some(missing)) => missing,
        (true, None) => PathType::Open,
    }
}

/// An element of what is iterated over: of a map its entries, of a number the numbers up to it.
fn item(world: &World<'_>, ix: usize, path: &[&str], depth: usize) -> PathType {
    let Some(items) = world.flat.tasks[ix].items.as_ref() else {
        return PathType::Open;
    };
    if items.batch_size.is_some() || depth > DEPTH {
        return PathType::Open;
    }
    if path == ["index"] && items.name != "index" {
        return PathType::Known(vec![ValueType::Integer]);
    }
    let Ok(over) = Template::compile(&items.over.to_json()) else {
        return PathType::Open;
    };
    let fields = &path[1..];
    match over.source() {
        JsonValue::Array(items) => {
            let all = items.iter().map(|one| match Template::compile(one) {
                Ok(one) => value(world, &one, fields, At::Before(ix), depth + 1),
                Err(_) => PathType::Open,
            });
            return deeper(either(all), 1);
        }
        JsonValue::Object(map) => return entry(world, map, ix, fields, depth),
        JsonValue::Number(_) if fields.is_empty() => {
            return PathType::Known(vec![ValueType::Integer]);
        }
        JsonValue::Number(_) => {
            return PathType::Missing {
                at: 1,
                known: Vec::new(),
            };
        }
        _ => {}
    }
    let Gives::Name(reference) = over.gives() else {
        return PathType::Open;
    };
    let list = value(world, &over, &[], At::Before(ix), depth + 1);
    if list != PathType::Known(vec![ValueType::Array]) {
        return PathType::Open;
    }
    let rest: Vec<&str> = ["0"].into_iter().chain(fields.iter().copied()).collect();
    name(world, reference, &rest, At::Before(ix), depth + 1)
}

/// `item.<fields>` of a map that is gone over entry by entry.
fn entry(world: &World<'_>, map: &JsonMap, ix: usize, fields: &[&str], depth: usize) -> PathType {
    match fields {
        [] => PathType::Known(vec![ValueType::Object]),
        ["key"] => PathType::Known(vec![ValueType::String]),
        ["value", rest @ ..] => {
            let all = map.values().map(|one| match Template::compile(one) {
                Ok(one) => value(world, &one, rest, At::Before(ix), depth + 1),
                Err(_) => PathType::Open,
            });
            deeper(either(all), 2)
        }
        ["key", ..] => PathType::Open,
        _ => PathType::Missing {
            at: 1,
            known: vec!["key".to_owned(), "value".to_owned()],
        },
    }
}
