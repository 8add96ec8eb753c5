//! The difference of two schemas, and which side of it breaks a caller.
//!
//! Owns what widens and what narrows. What a workflow takes may be widened: everything that was taken
//! still is. What it gives may be narrowed. Where that cannot be told from the schemas alone (a
//! combinator, a pattern, a key that is not known here), it counts as breaking: better a look too many.

use super::values::{self, join, same};
use super::{Area, Change};
use attune_pack::Schema;
use attune_types::{JsonMap, JsonValue};
use std::cmp::Ordering;

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Direction {
    /// From a caller: parameters.
    Taken,
    /// To a caller: the output.
    Given,
}

/// Keys that say nothing about which values are right.
const SPOKEN: &[&str] = &[
    "title",
    "description",
    "label",
    "default",
    "examples",
    "$comment",
    "$schema",
    "$id",
    "deprecated",
    "secret",
    "x-secret",
    "writeOnly",
    "readOnly",
];

/// Bounds that narrow when they rise, and those that narrow when they fall.
const LOWER: &[&str] = &[
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
];
const UPPER: &[&str] = &[
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
];

/// How deep fields of fields are gone into; below that a value is one.
const DEPTH: usize = 32;

/// What differs.
pub(super) fn differ(
    area: Area,
    direction: Direction,
    from: Option<&Schema>,
    to: Option<&Schema>,
    changes: &mut Vec<Change>,
) {
    let (from, to) = match (from, to) {
        (None, None) => return,
        (Some(from), Some(to)) => (from, to),
        (from, to) => {
            let source = |side: Option<&Schema>| side.map(|schema| schema.source().clone());
            let gone = to.is_none();
            let change = Change::of(area, "", "", source(from), source(to)).breaking(gone);
            changes.push(if gone {
                change.note("nothing is promised any more")
            } else {
                change
            });
            return;
        }
    };
    let start = changes.len();
    let mut walk = Walk {
        area,
        direction,
        name: String::new(),
        changes,
    };
    walk.schemas("", from.json_schema(), to.json_schema(), 0);
    // What is given may always hold more than its schema lists.
    if direction == Direction::Taken && from.is_closed() != to.is_closed() {
        let narrows = to.is_closed();
        let said = |schema: &Schema| Some(JsonValue::from(!schema.is_closed()));
        // A JSON Schema says so itself, and was compared.
        let known = changes[start..]
            .iter()
            .any(|change| change.key == "additionalProperties");
        if !known {
            let change = Change::of(area, "", "other fields", said(from), said(to));
            changes.push(change.breaking(breaks(direction, narrows)));
        }
    }
    if changes.len() == start && !same(from.source(), to.source()) {
        let change = Change::of(
            area,
            "",
            "",
            Some(from.source().clone()),
            Some(to.source().clone()),
        );
        changes.push(change.rewritten());
    }
}

/// Whether a caller notices that fewer values are right than before, or more.
fn breaks(direction: Direction, narrows: bool) -> bool {
    match direction {
        Direction::Taken => narrows,
        Direction::Given => !narrows,
    }
}

struct Walk<'a> {
    area: Area,
    direction: Direction,
    /// The field at the top that the walk is in.
    name: String,
    changes: &'a mut Vec<Change>,
}

impl Walk<'_> {
    fn push(
        &mut self,
        key: &str,
        from: Option<&JsonValue>,
        to: Option<&JsonValue>,
        breaking: bool,
        note: Option<&str>,
    ) {
        let mut change =
            Change::of(self.area, &self.name, key, from.cloned(), to.cloned()).breaking(breaking);
        change.note = note.map(str::to_owned);
        self.changes.push(change);
    }

    fn schemas(&mut self, key: &str, from: &JsonValue, to: &JsonValue, depth: usize) {
        if same(from, to) {
            return;
        }
        let (Some(a), Some(b)) = (from.as_object(), to.as_object()) else {
            self.push(key, Some(from), Some(to), true, None);
            return;
        };
        if depth >= DEPTH {
            self.push(key, Some(from), Some(to), true, None);
            return;
        }
        self.fields(key, a, b, depth);
        let new = b.keys().filter(|step| !a.contains_key(*step));
        for step in a.keys().chain(new) {
            if step != "properties" && step != "required" {
                self.keyword(key, step, a.get(step), b.get(step), depth);
            }
        }
    }

    /// The fields of an object, and which of them must be there.
    fn fields(&mut self, key: &str, from: &JsonMap, to: &JsonMap, depth: usize) {
        let fields = |side: &JsonMap| {
            side.get("properties")
                .and_then(JsonValue::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let (a, b) = (fields(from), fields(to));
        let new = b.keys().filter(|name| !a.contains_key(*name));
        for name in a.keys().chain(new) {
            let outer = (key.is_empty() && self.name.is_empty())
                .then(|| std::mem::replace(&mut self.name, name.clone()));
            let inner = if outer.is_some() {
                String::new()
            } else {
                join(key, name)
            };
            let needed = (must(from, name), must(to, name));
            match (a.get(name), b.get(name)) {
                (Some(old), Some(new)) => {
                    self.needed(&inner, needed, new.get("default").is_some());
                    self.schemas(&inner, old, new, depth + 1);
                }
                (old, new) => self.appeared(&inner, old, new, needed.1),
            }
            if let Some(outer) = outer {
                self.name = outer;
            }
        }
        // Fields that must be there and are described nowhere.
        for name in names(from).iter().chain(&names(to)) {
            if !a.contains_key(name) && !b.contains_key(name) && must(from, name) != must(to, name)
            {
                self.needed(&join(key, name), (must(from, name), must(to, name)), false);
            }
        }
    }

    /// A field that only one side has.
    fn appeared(
        &mut self,
        key: &str,
        old: Option<&JsonValue>,
        new: Option<&JsonValue>,
        needed: bool,
    ) {
        let gone = new.is_none();
        let filled = new.is_some_and(|field| field.get("default").is_some());
        let (breaking, note) = match self.direction {
            Direction::Taken if gone => (true, Some("callers that give it are refused")),
            Direction::Taken if needed && !filled => (true, Some("callers must give it")),
            Direction::Given if gone => (true, Some("callers no longer get it")),
            _ => (false, None),
        };
        self.push(key, old, new, breaking, note);
    }

    /// Whether a field must be there.
    fn needed(&mut self, key: &str, (before, now): (bool, bool), filled: bool) {
        if before == now {
            return;
        }
        let (breaking, note) = match (self.direction, now) {
            (Direction::Taken, true) if !filled => (true, Some("callers must give it")),
            (Direction::Given, false) => (true, Some("callers may miss it")),
            _ => (false, None),
        };
        let (from, to) = (before.into(), now.into());
        self.push(
            &join(key, "required"),
            Some(&from),
            Some(&to),
            breaking,
            note,
        );
    }

    fn keyword(
        &mut self,
        key: &str,
        step: &str,
        from: Option<&JsonValue>,
        to: Option<&JsonValue>,
        depth: usize,
    ) {
        if let (Some(a), Some(b)) = (from, to)
            && same(a, b)
        {
            return;
        }
        let at = join(key, step);
        if SPOKEN.contains(&step) {
            values::differ(self.area, &self.name, &at, from, to, self.changes);
            return;
        }
        if step == "items"
            && let (Some(a), Some(b)) = (from, to)
        {
            self.schemas(&at, a, b, depth + 1);
            return;
        }
        let (narrows, widens) = effect(step, from, to);
        let breaking = match self.direction {
            Direction::Taken => narrows,
            Direction::Given => widens,
        };
        let note = match (breaking, self.direction) {
            (false, _) => None,
            (true, Direction::Taken) => Some("less is taken than before"),
            (true, Direction::Given) => Some("more may come than before"),
        };
        self.push(&at, from, to, breaking, note);
    }
}

/// Whether a change of a keyword makes values wrong that were right, and right that were wrong.
fn effect(step: &str, from: Option<&JsonValue>, to: Option<&JsonValue>) -> (bool, bool) {
    let grows = |a: &JsonValue, b: &JsonValue| {
        let (a, b) = (a.as_f64()?, b.as_f64()?);
        a.partial_cmp(&b)
    };
    match (step, from, to) {
        ("type", a, b) => types(a, b),
        ("additionalProperties", a, b) => {
            // Left out, it is as if it were true.
            let open =
                |side: Option<&JsonValue>| side.is_none_or(|value| *value == JsonValue::Bool(true));
            match (open(a), open(b)) {
                (true, true) => (false, false),
                (true, false) => (true, false),
                (false, true) => (false, true),
                (false, false) => (true, true),
            }
        }
        ("enum", Some(JsonValue::Array(a)), Some(JsonValue::Array(b))) => (
            a.iter().any(|value| !b.contains(value)),
            b.iter().any(|value| !a.contains(value)),
        ),
        (step, Some(a), Some(b)) if LOWER.contains(&step) || UPPER.contains(&step) => {
            match grows(a, b) {
                Some(Ordering::Greater) => (UPPER.contains(&step), LOWER.contains(&step)),
                Some(Ordering::Less) => (LOWER.contains(&step), UPPER.contains(&step)),
                Some(Ordering::Equal) => (false, false),
                None => (true, true),
            }
        }
        ("uniqueItems", a, b) => {
            let asks = |side: Option<&JsonValue>| side == Some(&JsonValue::Bool(true));
            (asks(b) && !asks(a), asks(a) && !asks(b))
        }
        // One more demand narrows, one less widens; another one may do both.
        (_, None, Some(_)) => (true, false),
        (_, Some(_), None) => (false, true),
        _ => (true, true),
    }
}

/// The same for types. A number takes what an integer takes; without a type everything is right.
fn types(from: Option<&JsonValue>, to: Option<&JsonValue>) -> (bool, bool) {
    let words = |side: Option<&JsonValue>| -> Option<Vec<String>> {
        match side? {
            JsonValue::String(word) => Some(vec![word.clone()]),
            JsonValue::Array(list) => Some(
                list.iter()
                    .filter_map(JsonValue::as_str)
                    .map(str::to_owned)
                    .collect(),
            ),
            _ => None,
        }
    };
    let covers = |wide: &Option<Vec<String>>, narrow: &Option<Vec<String>>| match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|word| {
            wide.contains(word) || (word == "integer" && wide.iter().any(|w| w == "number"))
        }),
    };
    let (a, b) = (words(from), words(to));
    (!covers(&b, &a), !covers(&a, &b))
}

fn names(schema: &JsonMap) -> Vec<String> {
    let list = schema.get("required").and_then(JsonValue::as_array);
    list.into_iter()
        .flatten()
        .filter_map(JsonValue::as_str)
        .map(str::to_owned)
        .collect()
}

fn must(schema: &JsonMap, name: &str) -> bool {
    let list = schema.get("required").and_then(JsonValue::as_array);
    list.is_some_and(|list| list.iter().any(|one| one == name))
}
