//! The parts of a Program one after the other.
//!
//! What is named here is compared in its own way. All else that a Program's JSON holds is compared key
//! by key, so that a part that is added to Programs later cannot be forgotten.

use super::ordered::{named, order};
use super::schema::{self, Direction};
use super::values::differ;
use super::{Area, Change, Kind, rename, task};
use attune_flow::program::Program;
use attune_types::{JsonMap, JsonValue};

/// Parts that are compared by themselves, or that follow from the others.
const OWN: &[&str] = &[
    "hash",
    "reference",
    "parameters",
    "output",
    "vars",
    "tasks",
    "output_map",
    "labels",
];

/// Keys of a Program that the language names otherwise.
const NAMES: &[(&str, &str)] = &[("cancellation", "cancellation_policy")];

/// Everything that differs.
pub(super) fn changes(from: &Program, to: &Program) -> Vec<Change> {
    let mut changes = Vec::new();
    if from.reference != to.reference {
        let text = |program: &Program| Some(JsonValue::from(program.reference.as_str()));
        changes.push(Change::of(Area::Workflow, "", "ref", text(from), text(to)));
    }
    settings(from, to, &mut changes);
    schema::differ(
        Area::Parameters,
        Direction::Taken,
        Some(&from.parameters),
        Some(&to.parameters),
        &mut changes,
    );
    schema::differ(
        Area::Output,
        Direction::Given,
        from.output.as_ref(),
        to.output.as_ref(),
        &mut changes,
    );
    named(Area::Vars, &from.vars, &to.vars, &mut changes);
    tasks(from, to, &mut changes);
    output_map(from, to, &mut changes);
    named(Area::Labels, &from.labels, &to.labels, &mut changes);
    changes
}

/// Version, policies, bounds, and whatever else a Program holds.
fn settings(from: &Program, to: &Program, changes: &mut Vec<Change>) {
    let rest = |program: &Program| -> JsonMap {
        let JsonValue::Object(mut map) = program.to_json() else {
            return JsonMap::new();
        };
        map.retain(|key, _| !OWN.contains(&key.as_str()));
        map
    };
    let (from, to) = (rest(from), rest(to));
    let new = to.keys().filter(|key| !from.contains_key(*key));
    for key in from.keys().chain(new) {
        let shown = NAMES.iter().find(|(own, _)| own == key);
        let shown = shown.map_or(key.as_str(), |(_, name)| name);
        differ(
            Area::Workflow,
            "",
            shown,
            from.get(key),
            to.get(key),
            changes,
        );
    }
}

fn tasks(from: &Program, to: &Program, changes: &mut Vec<Change>) {
    let before = task::views(from);
    let after = task::views(to);
    let renamed = rename::renamed(&before, &after);
    let before = rename::applied(before, &renamed);
    for view in &before {
        if let Some((old, new)) = renamed.iter().find(|(_, new)| *new == view.name) {
            let text = |name: &str| Some(JsonValue::from(name));
            let mut change = Change::of(Area::Tasks, new, "", text(old), text(new));
            change.kind = Kind::Renamed;
            changes.push(change);
        }
        match after.iter().find(|other| other.name == view.name) {
            Some(other) => task::differ(view, other, changes),
            None => changes.push(Change::of(
                Area::Tasks,
                &view.name,
                "",
                Some(view.summary()),
                None,
            )),
        }
    }
    for view in &after {
        if !before.iter().any(|other| other.name == view.name) {
            changes.push(Change::of(
                Area::Tasks,
                &view.name,
                "",
                None,
                Some(view.summary()),
            ));
        }
    }
    let names = |views: &[task::View]| -> Vec<String> {
        views.iter().map(|view| view.name.clone()).collect()
    };
    order(Area::Tasks, "", &names(&before), &names(&after), changes);
}

/// Without one, the result is that of the task that ended last; then the whole of it is new or gone.
fn output_map(from: &Program, to: &Program, changes: &mut Vec<Change>) {
    match (&from.output_map, &to.output_map) {
        (Some(a), Some(b)) => {
            let start = changes.len();
            named(Area::OutputMap, a, b, changes);
            for change in &mut changes[start..] {
                if change.key.is_empty() && change.kind == Kind::Removed {
                    change.breaking = true;
                    change.note = Some("callers no longer get it".to_owned());
                }
            }
        }
        (None, None) => {}
        (a, b) => {
            let names = |map: &Option<Vec<(String, attune_template::Template)>>| {
                let map = map.as_ref()?;
                let all: JsonMap = map
                    .iter()
                    .map(|(name, template)| (name.clone(), template.source().clone()))
                    .collect();
                Some(JsonValue::Object(all))
            };
            let change = Change::of(Area::OutputMap, "", "", names(a), names(b)).breaking(true);
            changes
                .push(change.note("without one, the result is that of the task that ended last"));
        }
    }
}
