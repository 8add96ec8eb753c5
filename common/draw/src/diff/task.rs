//! The difference of two tasks of one name.
//!
//! A task is looked at as JSON with the keys of the language, in which other tasks stand by their
//! names: so a task that is put in front of the others changes nothing but itself.

use super::values::{self, same};
use super::{Area, Change, Kind, action, transitions};
use attune_flow::program::{Compensate, Program, Target, Task, TaskIx, Work};
use attune_types::{JsonMap, JsonValue};
use serde_json::json;

/// Keys of a task in a Program that the language names otherwise.
const NAMES: &[(&str, &str)] = &[("branch_of", "parallel"), ("items", "with_items")];

/// The same for what is in a value below a key.
const INNER: &[(&str, &[(&str, &str)])] = &[("with_items", &[("over", "items"), ("name", "as")])];

/// A task with the names of others in the place of their numbers.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) name: String,
    /// What it calls; none for a parallel task.
    pub(super) call: Option<JsonMap>,
    /// Its transitions.
    pub(super) next: Vec<JsonValue>,
    /// Everything else, by the keys of the language.
    pub(super) keys: JsonMap,
}

impl View {
    /// What it is, in one value: for a task that is new or gone.
    pub(super) fn summary(&self) -> JsonValue {
        let mut summary = JsonMap::new();
        match &self.call {
            Some(call) => summary.insert("action".to_owned(), call["reference"].clone()),
            None => summary.insert("type".to_owned(), "parallel".into()),
        };
        summary.extend(self.keys.iter().filter_map(|(key, value)| {
            let said = !value.is_null() && *value != json!({}) && *value != json!(false);
            said.then(|| (key.clone(), value.clone()))
        }));
        if !self.next.is_empty() {
            summary.insert("next".to_owned(), self.next.clone().into());
        }
        JsonValue::Object(summary)
    }
}

/// All tasks of a Program.
pub(super) fn views(program: &Program) -> Vec<View> {
    program
        .tasks
        .iter()
        .map(|task| view(program, task))
        .collect()
}

fn view(program: &Program, task: &Task) -> View {
    let name = |ix: TaskIx| {
        let task = program.task(ix);
        JsonValue::from(task.map_or("?", |task| task.name.as_str()))
    };
    // All keys are text and all values are plain data, so that this cannot fail.
    let mut all = match serde_json::to_value(task) {
        Ok(JsonValue::Object(map)) => map,
        _ => JsonMap::new(),
    };
    all.remove("name");
    all.remove("next");
    let work = all.remove("work");
    let mut keys = JsonMap::new();
    let call = match &task.work {
        Work::Action(_) => work.and_then(|mut work| work.get_mut("action").map(JsonValue::take)),
        Work::Parallel { fail_fast, .. } => {
            keys.insert("fail_fast".to_owned(), (*fail_fast).into());
            None
        }
    };
    if let Some(parent) = task.branch_of {
        all.insert("branch_of".to_owned(), name(parent));
    }
    match &task.compensate {
        Some(Compensate::Task(by)) => {
            all.insert("compensate".to_owned(), name(*by));
        }
        Some(Compensate::Action { .. }) => {
            if let Some(undo) = all
                .get_mut("compensate")
                .and_then(|undo| undo.get_mut("action"))
            {
                let undo = undo.take();
                all.insert("compensate".to_owned(), undo);
            }
        }
        None => {}
    }
    keys.extend(all.into_iter().map(|(key, value)| {
        let shown = renamed(&key, NAMES);
        let value = inner(&shown, value);
        (shown, value)
    }));
    View {
        name: task.name.clone(),
        call: match call {
            Some(JsonValue::Object(map)) => Some(map),
            _ => None,
        },
        next: task
            .next
            .iter()
            .map(|transition| {
                let mut json = serde_json::to_value(transition).unwrap_or_default();
                let to = transition.to.iter().map(|target| match target {
                    Target::Task(ix) => name(*ix),
                    Target::Noop => "noop".into(),
                    Target::Fail => "fail".into(),
                    Target::Continue => "continue".into(),
                    Target::Retry => "retry".into(),
                });
                json["do"] = to.collect();
                json
            })
            .collect(),
        keys,
    }
}

fn renamed(key: &str, names: &[(&str, &str)]) -> String {
    let found = names.iter().find(|(own, _)| *own == key);
    found.map_or(key, |(_, name)| name).to_owned()
}

fn inner(key: &str, value: JsonValue) -> JsonValue {
    match (INNER.iter().find(|(own, _)| *own == key), value) {
        (Some((_, names)), JsonValue::Object(map)) => map
            .into_iter()
            .map(|(step, value)| (renamed(&step, names), value))
            .collect(),
        (_, value) => value,
    }
}

/// What differs between two tasks of one name.
pub(super) fn differ(from: &View, to: &View, changes: &mut Vec<Change>) {
    let name = &from.name;
    action::differ(name, from.call.as_ref(), to.call.as_ref(), changes);
    let new = to.keys.keys().filter(|key| !from.keys.contains_key(*key));
    for key in from.keys.keys().chain(new) {
        let (a, b) = (from.keys.get(key), to.keys.get(key));
        if key == "when" {
            condition(name, key, a, b, changes);
        } else {
            values::differ(Area::Tasks, name, key, a, b, changes);
        }
    }
    transitions::differ(name, &from.next, &to.next, changes);
}

/// A condition may be written with braces or without.
fn condition(
    name: &str,
    key: &str,
    from: Option<&JsonValue>,
    to: Option<&JsonValue>,
    changes: &mut Vec<Change>,
) {
    let start = changes.len();
    values::differ(Area::Tasks, name, key, from, to, changes);
    if let (Some(a), Some(b), Some(change)) = (from, to, changes.get_mut(start))
        && transitions::same_condition(a, b)
        && !same(a, b)
    {
        change.kind = Kind::Rewritten;
    }
}
