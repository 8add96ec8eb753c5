//! Looks paths up in a scope, on plain JSON: what is found is borrowed, what is missing is explained.

use crate::ast::{Base, Key, Path, StatusTest, Step};
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use crate::scope::{Outcome, Root, Scope};
use attune_types::{ExecutionStatus, JsonMap, JsonValue};
use std::borrow::Cow;

/// The value that a path leads to; `None` where there is none.
pub(crate) fn lookup<'s>(scope: &'s dyn Scope, path: &Path) -> Option<Cow<'s, JsonValue>> {
    let steps = &path.steps[..];
    let found = match &path.base {
        Base::Scope(root) => match steps.split_first() {
            None => return Some(Cow::Owned(whole(scope, *root))),
            Some((first, rest)) => scope
                .get_for(*root, &key_text(&first.key), field_of(rest))
                .and_then(|member| walk(member, rest, *root == Root::Task)),
        },
        Base::Bare(name) => bare(scope, name, field_of(steps))
            .and_then(|(root, member)| walk(member, steps, root == Some(Root::Task))),
        // Names that the template binds itself are never looked up here.
        Base::Bound(_) => None,
        Base::Result => scope
            .outcome()
            .and_then(|outcome| walk(outcome.result, steps, false)),
        Base::Status(test) => scope
            .outcome()
            .map(|outcome| Cow::Owned(JsonValue::Bool(holds(*test, &outcome)))),
    };
    found.or_else(|| {
        steps
            .iter()
            .any(|step| step.optional)
            .then_some(Cow::Owned(JsonValue::Null))
    })
}

/// The field that a path goes on to.
fn field_of(steps: &[Step]) -> Option<&str> {
    match steps.first().map(|step| &step.key) {
        Some(Key::Name(name)) => Some(name),
        _ => None,
    }
}

fn holds(test: StatusTest, outcome: &Outcome<'_>) -> bool {
    let status = outcome.status;
    match test {
        // A task whose `when` was false counts as gone through: its successors go on.
        StatusTest::Succeeded => {
            matches!(
                status,
                ExecutionStatus::Succeeded | ExecutionStatus::Skipped
            )
        }
        // Running out of time is `timed_out()`, so that the two can go different ways.
        StatusTest::Failed => {
            matches!(status, ExecutionStatus::Failed | ExecutionStatus::Abandoned)
        }
        StatusTest::TimedOut => status == ExecutionStatus::TimedOut,
        StatusTest::Skipped => status == ExecutionStatus::Skipped,
        StatusTest::Completed => status.is_terminal(),
    }
}

fn whole(scope: &dyn Scope, root: Root) -> JsonValue {
    scope
        .names(root)
        .into_iter()
        .filter_map(|name| {
            let value = scope.get(root, &name)?.into_owned();
            Some((name, value))
        })
        .collect::<JsonMap>()
        .into()
}

/// A bare name: the first root that has it. No root means the error of the ended task.
fn bare<'s>(
    scope: &'s dyn Scope,
    name: &str,
    field: Option<&str>,
) -> Option<(Option<Root>, Cow<'s, JsonValue>)> {
    let ended = || {
        (name == "error")
            .then(|| scope.outcome()?.error)
            .flatten()
            .map(|error| (None, error))
    };
    let [first, rest @ ..] = Root::BARE;
    scope
        .get(first, name)
        .map(|value| (Some(first), value))
        .or_else(ended)
        .or_else(|| {
            rest.into_iter().find_map(|root| {
                let value = match root {
                    Root::Kv => Cow::Borrowed(scope.keys()?.bare(name)?),
                    root => scope.get_for(root, name, field)?,
                };
                Some((Some(root), value))
            })
        })
}

fn walk<'s>(member: Cow<'s, JsonValue>, steps: &[Step], task: bool) -> Option<Cow<'s, JsonValue>> {
    if steps.is_empty() {
        return Some(member);
    }
    match member {
        Cow::Borrowed(value) => descend(value, steps, task).map(Cow::Borrowed),
        Cow::Owned(value) => descend(&value, steps, task).cloned().map(Cow::Owned),
    }
}

fn descend<'v>(value: &'v JsonValue, steps: &[Step], task: bool) -> Option<&'v JsonValue> {
    let mut value = value;
    for (n, step) in steps.iter().enumerate() {
        value = match field(value, &step.key) {
            Some(found) => found,
            // `task.x.y` is `task.x.result.y` where no such field stands.
            None if task && n == 0 => field(value.get("result")?, &step.key)?,
            None => return None,
        };
    }
    Some(value)
}

/// One field or element of a value.
pub(crate) fn field<'v>(value: &'v JsonValue, key: &Key) -> Option<&'v JsonValue> {
    match (value, key) {
        (JsonValue::Object(map), Key::Name(name)) => map.get(name),
        (JsonValue::Object(map), Key::Index(index)) => map.get(&index.to_string()),
        (JsonValue::Array(items), Key::Index(index)) => {
            let at = if *index < 0 {
                items
                    .len()
                    .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
            } else {
                usize::try_from(*index).ok()?
            };
            items.get(at)
        }
        _ => None,
    }
}

fn key_text(key: &Key) -> Cow<'_, str> {
    match key {
        Key::Name(name) => Cow::Borrowed(name),
        Key::Index(index) => Cow::Owned(index.to_string()),
    }
}

/// Why a path leads nowhere: what was looked for, where, and what stands there instead.
pub(crate) fn explain(scope: &dyn Scope, path: &Path) -> Fault {
    let (mut place, member, steps, task) = match &path.base {
        Base::Scope(root) => {
            let Some((first, rest)) = path.steps.split_first() else {
                return missing("", root.as_str(), &[]);
            };
            let name = key_text(&first.key);
            match scope.get(*root, &name) {
                None => return missing(&name, root.as_str(), &scope.names(*root)),
                Some(member) => (
                    format!("{}.{name}", root.as_str()),
                    member,
                    rest,
                    *root == Root::Task,
                ),
            }
        }
        Base::Bare(name) => match bare(scope, name, None) {
            None => return missing_bare(scope, name),
            Some((root, member)) => (
                name.clone(),
                member,
                &path.steps[..],
                root == Some(Root::Task),
            ),
        },
        Base::Bound(name) => {
            return Fault::new(
                ErrorKind::Undefined,
                format!("`{name}` is bound in this template, but not set on the way taken here"),
            );
        }
        Base::Result | Base::Status(_) => match scope.outcome() {
            None => {
                return Fault::new(
                    ErrorKind::Undefined,
                    "there is no ended task to look at here",
                )
                .help("`result()`, `succeeded()` and the like belong into the `when` and `publish` of a transition; elsewhere write `task.<name>.result`");
            }
            Some(outcome) => (
                "result()".to_owned(),
                outcome.result,
                &path.steps[..],
                false,
            ),
        },
    };
    let mut value: &JsonValue = &member;
    for (n, step) in steps.iter().enumerate() {
        let found = field(value, &step.key).or_else(|| {
            (task && n == 0)
                .then(|| field(value.get("result")?, &step.key))
                .flatten()
        });
        let Some(next) = found else {
            return missing_field(value, &key_text(&step.key), &place, task && n == 0);
        };
        value = next;
        place = match &step.key {
            Key::Name(name) => format!("{place}.{name}"),
            Key::Index(index) => format!("{place}[{index}]"),
        };
    }
    Fault::new(ErrorKind::Undefined, format!("`{place}` has no value"))
}

fn missing_field(value: &JsonValue, name: &str, place: &str, task: bool) -> Fault {
    match value {
        JsonValue::Object(map) => {
            let mut names: Vec<String> = map.keys().cloned().collect();
            if task && let Some(JsonValue::Object(result)) = map.get("result") {
                names.extend(result.keys().map(|key| format!("result.{key}")));
                let near: Vec<&String> = result.keys().collect();
                if let Some(near) = did_you_mean(name, &near) {
                    return missing(name, place, &names)
                        .help(format!("did you mean `{place}.result.{near}`?"));
                }
            }
            missing(name, place, &names)
        }
        JsonValue::Array(items) => Fault::new(
            ErrorKind::Undefined,
            format!("`{place}` is a list of {} and has no `{name}`", items.len()),
        ),
        other => Fault::new(
            ErrorKind::Undefined,
            format!(
                "`{name}` was looked for in `{place}`, which is {}",
                type_name(other)
            ),
        ),
    }
}

fn missing(name: &str, place: &str, names: &[String]) -> Fault {
    let stands = if names.is_empty() {
        "which is empty".to_owned()
    } else {
        format!("which holds {}", list_names(names))
    };
    let fault = Fault::new(
        ErrorKind::Undefined,
        format!("`{name}` was looked for in `{place}`, {stands}"),
    );
    match did_you_mean(name, names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

fn missing_bare(scope: &dyn Scope, name: &str) -> Fault {
    if name == "error" {
        return Fault::new(ErrorKind::Undefined, "there is no `error` here")
            .help("there is one only after a failure: ask `failed()` first");
    }
    let mut near = None;
    for root in Root::BARE {
        let names = scope.names(root);
        if let Some(found) = did_you_mean(name, &names) {
            let prefix = match root {
                Root::Local => String::new(),
                other => format!("{}.", other.as_str()),
            };
            near = Some(format!("{prefix}{found}"));
            break;
        }
    }
    let fault = Fault::new(
        ErrorKind::Undefined,
        format!(
            "`{name}` is neither an item name nor a task, a variable, a parameter, a configuration value, a system value or a key"
        ),
    );
    match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// What a value is, for messages.
pub(crate) fn type_name(value: &JsonValue) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "a boolean",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "a map",
    }
}
