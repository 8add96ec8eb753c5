//! What is strange about the ways out of a task.
//!
//! Owns two warnings: a way that leads to the same task twice, and a condition that reads a variable
//! which only a way of the same task publishes. All conditions of a task are looked at before any of
//! its ways publishes.

use super::names::World;
use super::place;
use super::template::{At, Use};
use crate::syntax::ast::{Condition, Transition};
use crate::syntax::codes;
use attune_pack::Sink;
use attune_pack::yaml::Node;
use attune_template::{Root, Target};
use std::collections::BTreeSet;

/// Warns of each.
pub(super) fn check(world: &World<'_>, uses: &[Use], sink: &mut Sink) {
    for (ix, task) in world.flat.tasks.iter().enumerate() {
        for way in &task.next {
            twice(way, sink);
        }
        let own = only_here(world, ix);
        if own.is_empty() {
            continue;
        }
        let conditions = task.next.iter().filter_map(condition);
        for node in conditions {
            let of_it = |used: &&Use| used.at == At::After(ix) && used.node.span == node.span;
            if let Some(used) = uses.iter().find(of_it) {
                too_early(world, used, &own, sink);
            }
        }
    }
}

/// Two arrivals are two activations.
fn twice(way: &Transition, sink: &mut Sink) {
    let mut seen = BTreeSet::new();
    for name in &way.to {
        if !seen.insert(&name.value) {
            let message = format!(
                "`{}` stands twice here, so that it is started twice",
                name.value
            );
            sink.warning(codes::DUPLICATE, name.span, message).help =
                Some("name it once; what is to be done several times has `with_items`".to_owned());
        }
    }
}

fn condition(way: &Transition) -> Option<&Node> {
    match &way.when {
        Condition::Written(node) => Some(node),
        Condition::Branch { own, .. } => own.as_ref(),
        Condition::Always | Condition::Status(_) => None,
    }
}

/// The variables that are published by ways of this task and set nowhere else that can come before.
fn only_here<'w>(world: &World<'w>, ix: usize) -> BTreeSet<&'w str> {
    let flat = world.flat;
    let published = |ix: usize| {
        let ways = flat.tasks[ix].next.iter().flat_map(|way| &way.publish);
        ways.map(|entry| entry.name.value.as_str())
    };
    let mut own: BTreeSet<&str> = published(ix).collect();
    if own.is_empty() {
        return own;
    }
    for entry in &world.workflow.vars {
        own.remove(entry.name.value.as_str());
    }
    let here = flat.outermost(ix);
    if world.shape.after.leads(here, here) {
        // In a loop the lap before has published it, which may be what is meant.
        return BTreeSet::new();
    }
    for other in (0..flat.tasks.len()).filter(|other| *other != ix) {
        let later = world.shape.after.leads(here, flat.outermost(other));
        if !later {
            for name in published(other) {
                own.remove(name);
            }
        }
    }
    own
}

fn too_early(world: &World<'_>, used: &Use, own: &BTreeSet<&str>, sink: &mut Sink) {
    for reference in used.template.references() {
        let named = matches!(reference.target, Target::Scope(Root::Vars) | Target::Bare);
        let Some(name) = reference.path.first().filter(|_| named) else {
            continue;
        };
        if reference.optional || !own.contains(name.as_str()) {
            continue;
        }
        let range = reference.span.clone();
        let span = place::of_range(world.text, &used.node, &reference.pointer, range);
        let message = format!(
            "`{name}` is published by this task's own ways, whose conditions are all looked at before"
        );
        sink.warning(codes::TOO_EARLY, span, message).help =
            Some("ask for the value itself (`result()`), or let the next task decide".to_owned());
    }
}
