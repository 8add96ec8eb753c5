//! The difference of the ways on from a task.
//!
//! Owns how transitions of both sides are paired: first those with one condition, in their order, then
//! those that lead to the same; what is left is new or gone. So either side may come first.

use super::values::same;
use super::{Area, Change, Kind};
use crate::text::expression;
use attune_types::JsonValue;

/// What differs.
pub(super) fn differ(task: &str, from: &[JsonValue], to: &[JsonValue], changes: &mut Vec<Change>) {
    let mut pair: Vec<Option<usize>> = vec![None; from.len()];
    let mut taken = vec![false; to.len()];
    let mut match_by = |alike: &dyn Fn(&JsonValue, &JsonValue) -> bool| {
        for (a, own) in pair.iter_mut().enumerate().filter(|(_, own)| own.is_none()) {
            let found = (0..to.len()).find(|b| !taken[*b] && alike(&from[a], &to[*b]));
            if let Some(b) = found {
                taken[b] = true;
                *own = Some(b);
            }
        }
    };
    match_by(&|a, b| same(a, b));
    match_by(&|a, b| same_condition(&a["when"], &b["when"]));
    match_by(&|a, b| same(&a["do"], &b["do"]));
    for (a, b) in pair.iter().enumerate() {
        let (a, b) = (&from[a], b.map(|b| &to[b]));
        let name = key(a);
        match b {
            None => changes.push(Change::of(Area::Tasks, task, &name, Some(a.clone()), None)),
            Some(b) => paired(task, &name, a, b, changes),
        }
    }
    for (b, _) in to.iter().zip(&taken).filter(|(_, taken)| !**taken) {
        changes.push(Change::of(
            Area::Tasks,
            task,
            &key(b),
            None,
            Some(b.clone()),
        ));
    }
    let both: Vec<usize> = pair.into_iter().flatten().collect();
    if !both.is_sorted() {
        let shown = |list: &[JsonValue]| Some(list.iter().map(key).map(JsonValue::from).collect());
        let mut change = Change::of(Area::Tasks, task, "next", shown(from), shown(to));
        change.kind = Kind::Moved;
        changes.push(change.note("the order changed"));
    }
}

/// A transition as a key: `next[succeeded()]`.
fn key(transition: &JsonValue) -> String {
    match &transition["when"] {
        JsonValue::Null => "next[always]".to_owned(),
        JsonValue::String(text) => format!("next[{}]", expression(text)),
        other => format!("next[{other}]"),
    }
}

fn paired(task: &str, key: &str, from: &JsonValue, to: &JsonValue, changes: &mut Vec<Change>) {
    let given = |value: &JsonValue| (!value.is_null()).then(|| value.clone());
    for part in ["when", "publish", "do"] {
        let (a, b) = (&from[part], &to[part]);
        if same(a, b) {
            continue;
        }
        let mut change = Change::of(
            Area::Tasks,
            task,
            &format!("{key}.{part}"),
            given(a),
            given(b),
        );
        if part == "when" && same_condition(a, b) {
            change = change.rewritten();
        }
        changes.push(change);
    }
    // Whatever a later version of the language adds to a transition.
    let rest = |value: &JsonValue| {
        let mut rest = value.as_object().cloned().unwrap_or_default();
        rest.retain(|key, _| !["when", "publish", "do"].contains(&key.as_str()));
        rest
    };
    super::values::maps(Area::Tasks, task, key, &rest(from), &rest(to), changes);
}

/// Whether two conditions differ at most in their braces.
pub(super) fn same_condition(a: &JsonValue, b: &JsonValue) -> bool {
    match (a, b) {
        (JsonValue::String(a), JsonValue::String(b)) => expression(a) == expression(b),
        (a, b) => a == b,
    }
}
