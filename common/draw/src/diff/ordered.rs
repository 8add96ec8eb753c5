//! The difference of two lists of named things in which the order means something.
//!
//! Used for variables, output, labels, and the order of tasks. Things are the same by their names.

use super::values::differ;
use super::{Area, Change, Kind};
use attune_template::Template;
use attune_types::JsonValue;

/// What differs between two lists of named templates.
pub(super) fn named(
    area: Area,
    from: &[(String, Template)],
    to: &[(String, Template)],
    changes: &mut Vec<Change>,
) {
    let find = |list: &[(String, Template)], name: &str| {
        let found = list.iter().find(|(own, _)| own == name);
        found.map(|(_, template)| template.source().clone())
    };
    let new = to.iter().filter(|(name, _)| find(from, name).is_none());
    for (name, _) in from.iter().chain(new) {
        match (find(from, name), find(to, name)) {
            (Some(a), Some(b)) if a.is_null() != b.is_null() => {
                changes.push(Change::of(area, name, "", Some(a), Some(b)));
            }
            (Some(a), Some(b)) => differ(area, name, "", Some(&a), Some(&b), changes),
            (a, b) => changes.push(Change::of(area, name, "", a, b)),
        }
    }
    let names = |list: &[(String, Template)]| -> Vec<String> {
        list.iter().map(|(name, _)| name.clone()).collect()
    };
    order(area, "", &names(from), &names(to), changes);
}

/// Says so if those that both lists have stand in another order.
pub(super) fn order(
    area: Area,
    name: &str,
    from: &[String],
    to: &[String],
    changes: &mut Vec<Change>,
) {
    use std::collections::HashSet;
    let (a, b): (HashSet<&String>, HashSet<&String>) = (from.iter().collect(), to.iter().collect());
    let shared = |list: &[String]| -> Vec<String> {
        list.iter()
            .filter(|one| a.contains(one) && b.contains(one))
            .cloned()
            .collect()
    };
    let (before, after) = (shared(from), shared(to));
    if before != after {
        let list = |names: Vec<String>| Some(JsonValue::from(names));
        let mut change = Change::of(area, name, "", list(before), list(after));
        change.kind = Kind::Moved;
        changes.push(change.note("the order changed"));
    }
}
