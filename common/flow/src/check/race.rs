//! Branches that may run together and publish the same name.
//!
//! Owns one warning. Says it only where two branches are sure to be open at once: several entries,
//! several targets of one transition, children of a parallel task, or transitions that fire
//! together. Branches of a decision and handlers of different statuses exclude each other.

use super::graph::{Flat, Shape};
use crate::syntax::ast::{Condition, Entry, Transition};
use crate::syntax::codes;
use attune_pack::{Sink, Span};
use std::collections::BTreeMap;

/// More publishers of one name than that are not compared with each other.
const MOST: usize = 50;

/// Warns once for each name.
pub(super) fn check(flat: &Flat<'_>, shape: &Shape, sink: &mut Sink) {
    let mut publishers: BTreeMap<&str, Vec<(usize, Span)>> = BTreeMap::new();
    for (ix, task) in flat.tasks.iter().enumerate() {
        for Entry { name, .. } in task.next.iter().flat_map(|next| &next.publish) {
            let known = publishers.entry(&name.value).or_default();
            if known.last().is_none_or(|(last, _)| *last != ix) {
                known.push((ix, name.span));
            }
        }
    }
    publishers.retain(|_, known| (2..=MOST).contains(&known.len()));
    if publishers.is_empty() {
        return;
    }
    let forks = forks(flat, shape);
    for (name, known) in publishers {
        if let Some((first, second, span)) = first_race(flat, shape, &forks, &known) {
            let message = format!(
                "`{}` and `{}` may run at the same time and both publish `{name}`",
                flat.tasks[first].name.value, flat.tasks[second].name.value
            );
            sink.warning(codes::PUBLISH_RACE, span, message).help = Some(
                "publish under two names, or read the results of both after a join".to_owned(),
            );
        }
    }
}

/// Pairs of tasks that begin together.
type Forks = Vec<(usize, usize)>;

fn first_race(
    flat: &Flat<'_>,
    shape: &Shape,
    forks: &Forks,
    known: &[(usize, Span)],
) -> Option<(usize, usize, Span)> {
    for (at, (first, _)) in known.iter().enumerate() {
        for (second, span) in &known[at + 1..] {
            let (a, b) = (flat.outermost(*first), flat.outermost(*second));
            // In one parallel task, unless one of them is that task: it ends after its children.
            let together = a == b && *first != a && *second != a;
            let ordered = shape.after.leads(a, b) || shape.after.leads(b, a);
            let within = |from: usize, ix: usize| from == ix || shape.after.leads(from, ix);
            let forked = a != b
                && !ordered
                && forks.iter().any(|(left, right)| {
                    (within(*left, a) && within(*right, b))
                        || (within(*left, b) && within(*right, a))
                });
            if together || forked {
                return Some((*first, *second, *span));
            }
        }
    }
    None
}

fn forks(flat: &Flat<'_>, shape: &Shape) -> Forks {
    let mut found = Forks::new();
    let entries: Vec<usize> = (0..flat.tasks.len())
        .filter(|ix| shape.into[*ix].is_empty() && flat.parents[*ix].is_none())
        .collect();
    pairs(&entries, &mut found);
    for (ix, task) in flat.tasks.iter().enumerate() {
        let targets: Vec<(usize, usize)> = shape.out[ix]
            .iter()
            .map(|edge| (shape.edges[*edge].transition, shape.edges[*edge].to))
            .collect();
        for (at, (first, left)) in targets.iter().enumerate() {
            for (second, right) in &targets[at + 1..] {
                if left != right && fire_together(&task.next[*first], &task.next[*second]) {
                    found.push((*left, *right));
                }
            }
        }
        // Bounds the work on definitions that fan out without end.
        if found.len() > 1_000 {
            break;
        }
    }
    found
}

fn pairs(tasks: &[usize], found: &mut Forks) {
    for (at, left) in tasks.iter().enumerate().take(MOST) {
        found.extend(
            tasks[at + 1..]
                .iter()
                .take(MOST)
                .map(|right| (*left, *right)),
        );
    }
}

/// Whether there is a case in which both are sure to fire.
fn fire_together(one: &Transition, other: &Transition) -> bool {
    if std::ptr::eq(one, other) {
        return true;
    }
    match (text(&one.when), text(&other.when)) {
        (Some(one), Some(other)) => one.is_empty() || other.is_empty() || one == other,
        _ => false,
    }
}

/// The condition as text; empty for one that always holds, none for a branch of a decision.
fn text(when: &Condition) -> Option<&str> {
    match when {
        Condition::Always => Some(""),
        Condition::Status(text) => Some(text),
        Condition::Written(node) => node.as_str().map(super::template::expression),
        Condition::Branch { .. } => None,
    }
}
