//! The canonical form of each part of a workflow.
//!
//! Owns the order of keys and which of several ways of writing is kept: tasks as a list, named
//! values as a map, what follows a task under `next`, the settings of an iteration inside of it. The
//! one shorthand that stays is `decision`: first match wins has no shorter form. Never touches what
//! only the author's own values hold (`input`, schemas, `ui`).

use super::follow::follow;
use super::tree::{Document, Entry, Notes, Value};
use attune_pack::yaml::NodeKind;

const TOP: &[&str] = &[
    "ref",
    "label",
    "description",
    "version",
    "tags",
    "parameters",
    "output",
    "labels",
    "trace_tag",
    "timeout",
    "retry",
    "on_failure",
    "cancellation_policy",
    "concurrency",
    "vars",
    "tasks",
    "output_map",
    "ui",
];
const TASK: &[&str] = &[
    "name",
    "description",
    "type",
    "action",
    "when",
    "with_items",
    "join",
    "delay",
    "input",
    "timeout",
    "retry",
    "idempotent",
    "pool",
    "worker_selector",
    "trace_tag",
    "fail_fast",
    "tasks",
    "compensate",
    "publish",
    "on_success",
    "on_failure",
    "on_timeout",
    "on_complete",
    "decision",
    "next",
    "ui",
];
const RETRY: &[&str] = &[
    "count",
    "delay",
    "backoff",
    "max_delay",
    "jitter",
    "on_error",
];
const ITEMS: &[&str] = &[
    "items",
    "as",
    "concurrency",
    "batch_size",
    "fail_fast",
    "tolerate",
];
/// The whole file.
pub(super) fn workflow(mut document: Document) -> Document {
    if let Value::Map(entries, flow) = &mut document.root {
        *flow = false;
        absent(entries);
        sort(entries, TOP);
        for entry in entries {
            match entry.key.as_deref() {
                Some("vars" | "output_map" | "labels") => named(&mut entry.value),
                Some("tasks") => tasks(&mut entry.value),
                Some("retry") => ordered(&mut entry.value, RETRY),
                _ => {}
            }
        }
    }
    document
}

/// Keys without a value say nothing, unless somebody said something about them.
pub(super) fn absent(entries: &mut Vec<Entry>) {
    entries.retain(|entry| !entry.value.is_null() || entry.notes.says());
}

/// Stable: keys that are not known come last, in the author's order. What stood below the last entry
/// stays at the end.
pub(super) fn sort(entries: &mut [Entry], order: &[&str]) {
    let foot = entries
        .last_mut()
        .map(|last| std::mem::take(&mut last.notes.foot))
        .unwrap_or_default();
    let rank = |entry: &Entry| {
        let key = entry.key.as_deref().unwrap_or_default();
        order
            .iter()
            .position(|known| *known == key)
            .unwrap_or(order.len())
    };
    entries.sort_by_key(rank);
    if let Some(last) = entries.last_mut() {
        last.notes.foot.extend(foot);
    }
}

fn ordered(value: &mut Value, order: &[&str]) {
    if let Value::Map(entries, _) = value {
        absent(entries);
        sort(entries, order);
    }
}

/// A list of small maps becomes one map.
pub(super) fn named(value: &mut Value) {
    let Value::List(items, flow) = value else {
        return;
    };
    let flow = *flow;
    let mut entries = Vec::new();
    for item in std::mem::take(items) {
        let Value::Map(inner, _) = item.value else {
            continue;
        };
        entries.extend(inner_of(item.notes, inner));
    }
    *value = Value::Map(entries, flow);
}

/// The entries of an item that is dissolved; what stood around it goes to them.
fn inner_of(notes: Notes, mut inner: Vec<Entry>) -> Vec<Entry> {
    if let Some(first) = inner.first_mut() {
        let mut lead = notes.lead;
        lead.append(&mut first.notes.lead);
        first.notes.lead = lead;
        first.notes.gap |= notes.gap;
        first.notes.tail = first.notes.tail.take().or(notes.tail);
    }
    if let Some(last) = inner.last_mut() {
        last.notes.foot.extend(notes.foot);
    }
    inner
}

fn tasks(value: &mut Value) {
    let items = match value {
        Value::List(items, _) => std::mem::take(items),
        Value::Map(entries, _) => std::mem::take(entries).into_iter().map(keyed).collect(),
        _ => return,
    };
    let made = items.into_iter().map(task).collect();
    *value = Value::List(made, false);
}

/// `name: {...}` as an item with its name.
fn keyed(entry: Entry) -> Entry {
    let mut entries = match entry.value {
        Value::Map(entries, _) => entries,
        _ => Vec::new(),
    };
    entries.retain(|inner| !inner.is("name"));
    let mut name = Entry::of("name", Value::text(&entry.key.unwrap_or_default()));
    let mut notes = entry.notes;
    name.notes.tail = notes.tail.take();
    entries.insert(0, name);
    Entry {
        key: None,
        notes,
        value: Value::Map(entries, false),
    }
}

fn task(mut item: Entry) -> Entry {
    let Value::Map(entries, flow) = &mut item.value else {
        return item;
    };
    *flow = false;
    absent(entries);
    let foot = entries
        .last_mut()
        .map(|last| std::mem::take(&mut last.notes.foot))
        .unwrap_or_default();
    kind(entries);
    iteration(entries);
    for entry in entries.iter_mut() {
        match entry.key.as_deref() {
            Some("tasks") => tasks(&mut entry.value),
            Some("retry") => ordered(&mut entry.value, RETRY),
            Some("publish") => named(&mut entry.value),
            Some("compensate") => ordered(&mut entry.value, &["action", "input"]),
            _ => {}
        }
    }
    follow(entries);
    sort(entries, TASK);
    if let Some(last) = entries.last_mut() {
        last.notes.foot.extend(foot);
    }
    item
}

/// `type` is said where it is not what everyone expects.
fn kind(entries: &mut Vec<Entry>) {
    let has_children = entries.iter().any(|entry| entry.is("tasks"));
    let has_type = entries.iter().any(|entry| entry.is("type"));
    if has_children && !has_type {
        entries.push(Entry::of("type", Value::text("parallel")));
    }
    let usual = |entry: &Entry| {
        entry.is("type") && entry.value == Value::text("action") && !entry.notes.says()
    };
    entries.retain(|entry| !usual(entry));
}

/// Settings that stand beside `with_items` go inside; a long form with nothing but items gets short.
fn iteration(entries: &mut Vec<Entry>) {
    let Some(at) = entries.iter().position(|entry| entry.is("with_items")) else {
        return;
    };
    let mut with_items = entries.remove(at);
    let mut beside = Vec::new();
    for key in ["concurrency", "batch_size"] {
        beside.extend(take(entries, key));
    }
    with_items.value = match with_items.value {
        Value::Map(mut inner, flow) => {
            absent(&mut inner);
            inner.extend(beside);
            sort(&mut inner, ITEMS);
            shortened(inner, flow)
        }
        over if beside.is_empty() => over,
        over => {
            let mut inner = vec![Entry::of("items", over)];
            inner.extend(beside.into_iter().map(|mut entry| {
                entry.notes.gap = false;
                entry
            }));
            Value::Map(inner, true)
        }
    };
    entries.insert(at.min(entries.len()), with_items);
}

fn shortened(mut inner: Vec<Entry>, flow: bool) -> Value {
    let short = matches!(
        inner.as_slice(),
        [Entry { value: Value::Text(..) | Value::List(..) | Value::Plain(NodeKind::Int(_)), notes, .. }]
            if !notes.says()
    );
    match inner.pop() {
        Some(only) if short => only.value,
        last => {
            inner.extend(last);
            Value::Map(inner, flow)
        }
    }
}

pub(super) fn take(entries: &mut Vec<Entry>, key: &str) -> Option<Entry> {
    let at = entries.iter().position(|entry| entry.is(key))?;
    Some(entries.remove(at))
}
