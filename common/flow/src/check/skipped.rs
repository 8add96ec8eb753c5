//! Whether a run may come to a good end without a task.
//!
//! Owns that question over the arrows. A task that ends well takes every way that always fires, one
//! branch of its decision, and of the other conditions none that it need not. What a failure leads to
//! is left out: who reads a result at the end means the good one. Read by the checks of names.

use super::graph::{Flat, Shape};
use crate::syntax::ast::{Condition, Transition};
use std::collections::VecDeque;

/// Whether there is a way from the entries to a good end that never starts `wanted`.
pub(super) fn may_be_left_out(flat: &Flat<'_>, shape: &Shape, wanted: usize) -> bool {
    let count = flat.tasks.len();
    let in_graph = |ix: &usize| flat.parents[*ix].is_none();
    // From these the run can end without it. Grows from the ends backwards, so that a loop which
    // cannot be left is no way to the end.
    let mut without = vec![false; count];
    let mut open: VecDeque<usize> = (0..count).filter(in_graph).collect();
    while let Some(ix) = open.pop_front() {
        if without[ix] || ix == wanted || !can_do_without(flat, shape, ix, &without) {
            continue;
        }
        without[ix] = true;
        open.extend(shape.into[ix].iter().map(|edge| shape.edges[*edge].from));
    }
    let entries: Vec<usize> = (0..count)
        .filter(in_graph)
        .filter(|ix| shape.into[*ix].is_empty() && !only_undoes(flat, *ix))
        .collect();
    !entries.is_empty() && entries.iter().all(|ix| without[*ix])
}

/// Whether the task, having ended well, may be followed by a good end without the wanted one.
fn can_do_without(flat: &Flat<'_>, shape: &Shape, ix: usize, without: &[bool]) -> bool {
    let leads = |transition: usize| {
        shape.out[ix]
            .iter()
            .map(|edge| &shape.edges[*edge])
            .filter(move |edge| edge.transition == transition)
            .all(|edge| without[edge.to])
    };
    let next = &flat.tasks[ix].next;
    let mut branches = Vec::new();
    let mut has_default = false;
    for (transition, way) in next.iter().enumerate() {
        // A way to `fail` leads to no good end, and one that may be left untaken is.
        match kind(way) {
            Kind::Certain if !leads(transition) || fails(way) => return false,
            Kind::Certain | Kind::Open => {}
            Kind::Branch { default } => {
                has_default |= default;
                branches.push(leads(transition) && !fails(way));
            }
        }
    }
    branches.is_empty() || !has_default || branches.contains(&true)
}

enum Kind {
    /// Always taken after success.
    Certain,
    /// Taken or not.
    Open,
    /// One of these is taken.
    Branch { default: bool },
}

fn kind(way: &Transition) -> Kind {
    match &way.when {
        Condition::Always => Kind::Certain,
        Condition::Status(text) if matches!(*text, "succeeded()" | "completed()") => Kind::Certain,
        Condition::Status(_) => Kind::Open,
        Condition::Branch { own, .. } => Kind::Branch {
            default: own.is_none(),
        },
        Condition::Written(node) => match node.as_bool() {
            Some(true) => Kind::Certain,
            _ => match node.as_str().map(super::template::expression) {
                Some("true" | "succeeded()" | "completed()") => Kind::Certain,
                _ => Kind::Open,
            },
        },
    }
}

fn fails(way: &Transition) -> bool {
    way.to.iter().any(|to| to.value == "fail")
}

/// Whether the task stands there to undo another one.
fn only_undoes(flat: &Flat<'_>, ix: usize) -> bool {
    let name = &flat.tasks[ix].name.value;
    flat.tasks.iter().any(|task| {
        matches!(&task.compensate, Some(crate::syntax::ast::Compensate::Task(by)) if by.value == *name)
    })
}
