//! Tasks that got another name.
//!
//! A task that is gone and one that is new are taken for one if they do the same with the same input
//! and settings, and no other task on either side is like them. Doubt is not told as a fact: then one
//! is removed and one is added.

use super::task::View;
use attune_types::{JsonValue, canonical_json};
use serde_json::json;
use std::collections::HashMap;

/// Old and new names.
pub(super) fn renamed(before: &[View], after: &[View]) -> Vec<(String, String)> {
    let missing = |of: &[View], among: &[View]| -> HashMap<String, Vec<String>> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        for view in of {
            if !among.iter().any(|other| other.name == view.name) {
                found
                    .entry(likeness(view))
                    .or_default()
                    .push(view.name.clone());
            }
        }
        found
    };
    let (gone, new) = (missing(before, after), missing(after, before));
    let mut pairs: Vec<(String, String)> = gone
        .iter()
        .filter_map(
            |(likeness, old)| match (old.as_slice(), new.get(likeness)?.as_slice()) {
                ([old], [new]) => Some((old.clone(), new.clone())),
                _ => None,
            },
        )
        .collect();
    pairs.sort();
    pairs
}

/// What makes two tasks the same but for their names: all that does not name other tasks.
fn likeness(view: &View) -> String {
    let mut keys = view.keys.clone();
    keys.remove("parallel");
    canonical_json(&json!([view.call, keys]))
}

/// The tasks with the new names, wherever they are named.
pub(super) fn applied(mut views: Vec<View>, renamed: &[(String, String)]) -> Vec<View> {
    let new: HashMap<&str, &str> = renamed
        .iter()
        .map(|(old, new)| (old.as_str(), new.as_str()))
        .collect();
    let rename = |value: &mut JsonValue| {
        if let Some(name) = value.as_str().and_then(|old| new.get(old)) {
            *value = JsonValue::from(*name);
        }
    };
    for view in &mut views {
        if let Some(name) = new.get(view.name.as_str()) {
            view.name = (*name).to_owned();
        }
        for key in ["parallel", "compensate"] {
            if let Some(value) = view.keys.get_mut(key) {
                rename(value);
            }
        }
        for transition in &mut view.next {
            if let Some(targets) = transition["do"].as_array_mut() {
                targets.iter_mut().for_each(rename);
            }
        }
    }
    views
}
