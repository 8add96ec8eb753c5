//! What a condition comes to, as far as that shows before anything runs.
//!
//! Owns the looking at conditions: whether one holds each time its task succeeds, never, or always as
//! it did before. Says [`Fate::Open`] wherever a run may decide. Called by the checks of cycles, of
//! branches that are never taken, and of what is there at the end of a run.

use crate::syntax::ast::{Condition, Transition};
use attune_pack::yaml::Node;
use attune_template::{Ambient, MapScope, Root, Target, Template};
use attune_types::{ExecutionStatus, JsonValue, Timestamp};
use std::collections::HashSet;

/// What a condition comes to after its task succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It looks only at what never changes within a run: as it was, it will be.
    Same,
    /// A run decides.
    Open,
}

/// What the transition's condition comes to. `published` are the variables that tasks set.
pub(super) fn of(when: &Condition, published: &HashSet<&str>) -> Fate {
    match when {
        Condition::Always => Fate::Holds,
        Condition::Status(text) => of_text(text, published),
        Condition::Written(node) => of_node(node, published),
        Condition::Branch { before, own } => {
            let own = own
                .as_ref()
                .map_or(Fate::Holds, |own| of_node(own, published));
            let mut fate = own;
            for one in before {
                fate = match (fate, of_node(one, published)) {
                    (_, Fate::Holds) | (Fate::Fails, _) => return Fate::Fails,
                    (fate, Fate::Fails) => fate,
                    (Fate::Holds | Fate::Same, Fate::Same) => Fate::Same,
                    _ => Fate::Open,
                };
            }
            fate
        }
    }
}

/// All names that transitions publish.
pub(super) fn published<'a>(all: impl Iterator<Item = &'a Transition>) -> HashSet<&'a str> {
    all.flat_map(|next| &next.publish)
        .map(|entry| entry.name.value.as_str())
        .collect()
}

/// What a condition without any name in it always is.
pub(super) fn constant(node: &Node) -> Option<bool> {
    let template = Template::condition(&node.to_json()).ok()?;
    if !template.references().is_empty() {
        return None;
    }
    template.test(&after_success()?).ok()
}

fn of_node(node: &Node, published: &HashSet<&str>) -> Fate {
    match (node.as_bool(), node.as_str()) {
        (Some(true), _) => Fate::Holds,
        (Some(false), _) => Fate::Fails,
        (None, Some(text)) => of_text(text, published),
        (None, None) => Fate::Open,
    }
}

fn of_text(text: &str, published: &HashSet<&str>) -> Fate {
    let Ok(template) = Template::condition(&text.into()) else {
        return Fate::Open;
    };
    let references = template.references();
    let of_status = |name: Option<&String>| {
        let known = ["succeeded", "failed", "timed_out", "skipped", "completed"];
        name.is_some_and(|name| known.contains(&name.as_str()))
    };
    let mut decided = true;
    for reference in &references {
        let first = reference.path.first();
        match reference.target {
            Target::Function if of_status(first) => {}
            Target::Scope(Root::Parameters | Root::PackConfig | Root::Event) => decided = false,
            Target::Scope(Root::Vars)
                if first.is_some_and(|name| !published.contains(name.as_str())) =>
            {
                decided = false;
            }
            _ => return Fate::Open,
        }
    }
    if !decided {
        return Fate::Same;
    }
    match after_success().map(|scope| template.test(&scope)) {
        Some(Ok(true)) => Fate::Holds,
        // A task may be skipped one day, or fail.
        Some(Ok(false)) if references.is_empty() => Fate::Fails,
        _ => Fate::Open,
    }
}

/// What a condition sees after its task has succeeded, and nothing else.
fn after_success() -> Option<MapScope> {
    let ambient = Ambient {
        now: Timestamp::from_second(0).ok()?,
        entropy: [0; 16],
    };
    Some(MapScope::new(ambient).with_outcome(ExecutionStatus::Succeeded, JsonValue::Null, None))
}
