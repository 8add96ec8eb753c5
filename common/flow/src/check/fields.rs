//! Data flow: fields of results against output schemas, and types against parameters.
//!
//! Owns what a task's object holds and what a schema promises of its result. Where a schema does not
//! tell, nothing is said. A field that is not there is an error; a type that does not fit a warning,
//! since a run may still bring a value that does.

use super::names::{Look, World};
use super::scopes::near_or_list;
use super::template::{Use, expression};
use crate::syntax::codes;
use attune_pack::yaml::Node;
use attune_pack::{PathType, Severity, Sink, ValueType};
use attune_template::{Reference, Root, Target, Template};

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
const PROCESS_FIELDS: [&str; 5] = ["exit_code", "stdout", "stderr", "duration_ms", "data"];

/// Checks `task.<ix>.<rest>`.
pub(super) fn of_task(look: &mut Look<'_, '_>, ix: usize, rest: &[&str]) {
    match rest.split_first() {
        None => {}
        Some((&"result", fields)) => of_result(look, ix, fields, &[]),
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
    if let PathType::Missing { at, known } = type_of_result(world, ix, fields) {
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

/// What is known of a field of a task's result.
fn type_of_result(world: &World<'_>, ix: usize, fields: &[&str]) -> PathType {
    let task = world.flat.tasks[ix];
    let Some(action) = world.actions[ix].as_ref().filter(|_| task.items.is_none()) else {
        return PathType::Open;
    };
    let Some(output) = &action.output else {
        return PathType::Open;
    };
    let found = output.type_of(fields);
    let of_process = action.runner.needs_worker()
        && fields
            .first()
            .is_some_and(|first| PROCESS_FIELDS.contains(first));
    match found {
        PathType::Missing { at: 0, .. } if of_process => PathType::Open,
        other => other,
    }
}

/// Warns where an input is one reference whose type the parameter does not take.
pub(super) fn input_types(world: &World<'_>, uses: &[Use], sink: &mut Sink) {
    for (ix, task) in world.flat.tasks.iter().enumerate() {
        let (Some(action), Some(input)) = (&world.actions[ix], &task.input) else {
            continue;
        };
        for (key, value) in input.as_map().unwrap_or_default() {
            let PathType::Known(wanted) = action.parameters.type_of(&[key.text.as_str()]) else {
                continue;
            };
            let Some(given) = type_of_value(world, uses, input, value) else {
                continue;
            };
            let fits = |wanted: &ValueType| given.iter().any(|given| wanted.takes(*given));
            if !wanted.iter().any(fits) {
                let message = format!(
                    "`{}` takes {} for `{}`, this gives {}",
                    action.reference,
                    words(&wanted),
                    key.text,
                    words(&given)
                );
                sink.warning(codes::TYPE_MISMATCH, value.span, message);
            }
        }
    }
}

/// The types of a value that is exactly one reference, where they are known.
fn type_of_value(
    world: &World<'_>,
    uses: &[Use],
    input: &Node,
    value: &Node,
) -> Option<Vec<ValueType>> {
    let text = value.as_str()?;
    // Only what was compiled: anything else has been reported.
    uses.iter().find(|used| used.node.span == input.span)?;
    let template = Template::compile(&text.into()).ok()?;
    let references = template.references();
    let [reference] = references.as_slice() else {
        return None;
    };
    let whole = text.get(reference.span.clone()) == Some(expression(text));
    if !whole || reference.dynamic {
        return None;
    }
    match type_of_reference(world, reference) {
        PathType::Known(types) => Some(types),
        _ => None,
    }
}

fn type_of_reference(world: &World<'_>, reference: &Reference) -> PathType {
    let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let task = |path: &[&str]| {
        let Some(ix) = path.first().and_then(|name| world.flat.find(name)) else {
            return PathType::Open;
        };
        match &path[1..] {
            ["result", fields @ ..] if !fields.is_empty() => type_of_result(world, ix, fields),
            [first, ..] if !TASK_FIELDS.contains(first) => type_of_result(world, ix, &path[1..]),
            _ => PathType::Open,
        }
    };
    match reference.target {
        Target::Scope(Root::Task) => task(&path),
        Target::Scope(Root::Parameters) => world.parameters.type_of(&path),
        Target::Scope(Root::PackConfig) => world
            .config
            .map_or(PathType::Open, |config| config.type_of(&path)),
        _ => PathType::Open,
    }
}

fn words(types: &[ValueType]) -> String {
    types
        .iter()
        .map(|kind| attune_pack::catalogue::Keyword::word(*kind))
        .collect::<Vec<_>>()
        .join(" or ")
}
