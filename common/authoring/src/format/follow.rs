//! What follows a task, in its canonical form.
//!
//! Owns the folding of shorthands and of a task's own `publish` into `next`, and the form of a
//! decision. Called by [`super::canon`] for each task.

use super::canon::{absent, named, sort, take};
use super::tree::{Entry, Value};
use attune_pack::yaml::NodeKind;

const NEXT: &[&str] = &["when", "publish", "do"];
const BRANCH: &[&str] = &["when", "next", "default"];

/// The shorthands with their conditions, in the order in which they fold.
const SHORTHANDS: [(&str, Option<&str>); 4] = [
    ("on_success", Some("succeeded()")),
    ("on_failure", Some("failed()")),
    ("on_timeout", Some("timed_out()")),
    ("on_complete", None),
];

/// What follows the task: everything under `next`, unless it has a decision.
pub(super) fn follow(entries: &mut Vec<Entry>) {
    if let Some(decision) = entries.iter_mut().find(|entry| entry.is("decision")) {
        branches(&mut decision.value);
        for (key, _) in SHORTHANDS {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.is(key)) {
                single(&mut entry.value);
            }
        }
        return;
    }
    let publish = take(entries, "publish").filter(|entry| !is_empty(&entry.value));
    let mut items: Vec<Entry> = Vec::new();
    for (key, condition) in SHORTHANDS {
        if let Some(entry) = take(entries, key) {
            items.push(shorthand(entry, condition));
        }
    }
    let shorthands = !items.is_empty();
    let mut next =
        take(entries, "next").unwrap_or_else(|| Entry::of("next", Value::List(Vec::new(), false)));
    match std::mem::replace(&mut next.value, Value::Plain(NodeKind::Null)) {
        Value::List(inner, _) => items.extend(inner),
        one @ Value::Map(..) => items.push(Entry::item(one)),
        _ => {}
    }
    if let Some(publish) = publish {
        published(&mut items, publish, shorthands);
    }
    for item in &mut items {
        transition(&mut item.value);
    }
    if !items.is_empty() {
        next.value = Value::List(items, false);
        entries.push(next);
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Map(inner, _) | Value::List(inner, _) if inner.is_empty())
}

fn shorthand(entry: Entry, condition: Option<&str>) -> Entry {
    let mut inner = Vec::new();
    inner.extend(condition.map(|text| Entry::of("when", Value::text(text))));
    inner.push(Entry::of("do", entry.value));
    let mut notes = entry.notes;
    notes.gap = false;
    let pair = inner.len() > 1;
    Entry {
        key: None,
        notes,
        value: Value::Map(inner, pair),
    }
}

/// A task's own `publish` is written first of all after success.
fn published(items: &mut Vec<Entry>, mut publish: Entry, shorthands: bool) {
    publish.notes.gap = false;
    let succeeded = Entry::of("when", Value::text("succeeded()"));
    let first_is_success = |items: &[Entry]| matches!(items.first(), Some(Entry { value: Value::Map(inner, _), .. }) if inner.first() == Some(&succeeded));
    if shorthands && first_is_success(items) {
        if let Some(Value::Map(inner, flow)) = items.first_mut().map(|item| &mut item.value) {
            *flow = false;
            inner.insert(1, publish);
        }
        return;
    }
    let own = Value::Map(vec![succeeded, publish], false);
    items.insert(0, Entry::item(own));
}

fn transition(value: &mut Value) {
    let Value::Map(entries, _) = value else {
        return;
    };
    absent(entries);
    sort(entries, NEXT);
    for entry in entries {
        match entry.key.as_deref() {
            Some("publish") => named(&mut entry.value),
            Some("do") => single(&mut entry.value),
            _ => {}
        }
    }
}

/// A list of one name is that name.
fn single(value: &mut Value) {
    let Value::List(items, _) = value else {
        return;
    };
    if items.len() == 1
        && !items[0].notes.says()
        && let Some(only) = items.pop()
    {
        *value = only.value;
    }
}

/// The branches of a decision, the default last and in its short form.
fn branches(value: &mut Value) {
    let Value::List(items, _) = value else {
        return;
    };
    let mut default = Vec::new();
    let mut others = Vec::new();
    for mut item in std::mem::take(items) {
        if let Value::Map(entries, _) = &mut item.value {
            absent(entries);
            let marked = entries.iter().position(|entry| {
                entry.is("default") && matches!(entry.value, Value::Plain(NodeKind::Bool(_)))
            });
            if let Some(at) = marked {
                let flag = entries.remove(at);
                let is_default = flag.value == Value::Plain(NodeKind::Bool(true));
                if let Some(next) = entries.iter_mut().find(|entry| entry.is("next"))
                    && is_default
                {
                    next.key = Some("default".to_owned());
                }
            }
            sort(entries, BRANCH);
            for entry in entries.iter_mut() {
                if entry.is("next") || entry.is("default") {
                    single(&mut entry.value);
                }
            }
        }
        let is_default = matches!(&item.value, Value::Map(inner, _) if inner.iter().any(|entry| entry.is("default")));
        if is_default {
            default.push(item);
        } else {
            others.push(item);
        }
    }
    others.append(&mut default);
    *items = others;
}
