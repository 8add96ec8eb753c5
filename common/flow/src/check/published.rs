//! Which variables are sure to be set when a task starts.
//!
//! Owns that calculation for what tasks publish, over the arrows as [`super::sure`] does it for tasks,
//! and what is said of a variable that may not be there yet. Called by the checks of names.

use super::fate::{self, Fate};
use super::graph::{Flat, Shape};
use super::names::Look;
use super::sure;
use super::template::At;
use crate::syntax::ast::{Condition, Task, Work};
use crate::syntax::codes;
use attune_pack::Severity;
use attune_template::{Root, Target};
use std::collections::{BTreeMap, HashSet};

/// What is published where.
pub(super) struct Published<'a> {
    numbers: BTreeMap<&'a str, usize>,
    /// For each task the variables that are sure when it starts, as bits.
    sure: Vec<Vec<u64>>,
    /// The tasks that publish each variable; the one outside stands for the children of a block.
    by: Vec<Vec<usize>>,
}

impl<'a> Published<'a> {
    /// Of a definition.
    pub(super) fn of(flat: &Flat<'a>, shape: &Shape) -> Self {
        let mut numbers = BTreeMap::new();
        let mut by: Vec<Vec<usize>> = Vec::new();
        for (ix, task) in flat.tasks.iter().copied().enumerate() {
            for name in names_of(task) {
                let number = *numbers.entry(name).or_insert_with(|| {
                    by.push(Vec::new());
                    by.len() - 1
                });
                let outer = flat.outermost(ix);
                if by[number].last() != Some(&outer) {
                    by[number].push(outer);
                }
            }
        }
        let words = by.len().div_ceil(64);
        let changing = fate::published(flat.tasks.iter().flat_map(|task| &task.next));
        let sure = sure::solve(flat, shape, words, |from, transition| {
            let mut bits = vec![0; words];
            for name in fired(flat.tasks[from], transition, &changing) {
                if let Some(number) = numbers.get(name) {
                    bits[number / 64] |= 1 << (number % 64);
                }
            }
            bits
        });
        Self { numbers, sure, by }
    }

    fn has(&self, task: usize, number: usize) -> bool {
        self.sure[task]
            .get(number / 64)
            .is_some_and(|bits| bits & (1 << (number % 64)) != 0)
    }
}

fn names_of(task: &Task) -> impl Iterator<Item = &str> {
    task.next
        .iter()
        .flat_map(|next| &next.publish)
        .map(|entry| entry.name.value.as_str())
}

/// What a task has published when this transition of it fired: its own, what is published whenever
/// the task succeeds, and what the children of a block publish when they succeed.
fn fired<'t>(task: &'t Task, transition: usize, changing: &HashSet<&str>) -> Vec<&'t str> {
    let this = &task.next[transition].when;
    let failed = matches!(this, Condition::Status("failed()" | "timed_out()"));
    let counts = |when: &Condition| match when {
        Condition::Always => true,
        _ => !failed && fate::of(when, changing) == Fate::Holds,
    };
    let mut found = Vec::new();
    for (number, next) in task.next.iter().enumerate() {
        if number == transition || counts(&next.when) {
            found.extend(next.publish.iter().map(|entry| entry.name.value.as_str()));
        }
    }
    if let Some(Work::Parallel { children, .. }) = &task.work {
        for child in children {
            for number in 0..child.next.len() {
                if counts(&child.next[number].when) {
                    found.extend(fired(child, number, changing));
                }
            }
        }
    }
    found
}

/// Whether a variable can be there; says so if not, or not surely. Those that are set at the start are.
pub(super) fn check(look: &mut Look<'_, '_>, name: &str) -> bool {
    let world = look.world;
    let Some(number) = world.published.numbers.get(name).copied() else {
        return true;
    };
    let by = &world.published.by[number];
    let at_start = world
        .workflow
        .vars
        .iter()
        .any(|entry| entry.name.value == name);
    if look.reference.optional || at_start {
        return true;
    }
    let (own, ended) = match look.used.at {
        At::Start(_) | At::Undo(_) => return true,
        At::End => {
            let publishes = |task: &Task, way: usize| {
                let mut entries = task.next[way].publish.iter();
                entries.any(|entry| entry.name.value == name)
            };
            let is_way = |ix: usize, way: usize| publishes(world.flat.tasks[ix], way);
            // Children publish before their block ends.
            let is_block = |ix: usize| {
                let task = world.flat.tasks[ix];
                let is_parallel = matches!(task.work, Some(Work::Parallel { .. }));
                is_parallel
                    && by.contains(&ix)
                    && !(0..task.next.len()).any(|way| publishes(task, way))
            };
            if !look.is_asked_for(name) && !world.ending.sees(is_block, is_way) {
                let message = format!("`{name}` is not published on every way to the end");
                let help =
                    "use `default` or `is defined` for the ways on which it is not".to_owned();
                look.report(Severity::Warning, codes::TOO_EARLY, message, Some(help));
            }
            return true;
        }
        At::After(ix) => (ix, true),
        At::Before(ix) | At::Each(ix) | At::Failed(ix) => (ix, false),
    };
    let user = &world.flat.tasks[own].name.value;
    let own = world.flat.outermost(own);
    if world.published.has(own, number)
        || (ended && by.contains(&own))
        || look.is_undoing(own)
        || look.is_asked_for(name)
    {
        return true;
    }
    let after = &world.shape.after;
    let can = |by: &usize| match *by == own {
        true => after.leads(own, own),
        false => after.leads(*by, own) || !after.leads(own, *by),
    };
    if by.iter().any(can) {
        let message = format!("`{name}` is not published on every way to `{user}`");
        let help = "set it under `vars`, or use `default` where it may be missing".to_owned();
        look.report(Severity::Warning, codes::TOO_EARLY, message, Some(help));
        return true;
    }
    let publisher = by
        .first()
        .map_or("", |ix| world.flat.tasks[*ix].name.value.as_str());
    let message = match by.as_slice() {
        [one] if *one == own => format!("`{name}` is published only after `{user}` has ended"),
        _ => format!("`{name}` is published only later, by `{publisher}`"),
    };
    let help = "set it under `vars`, or use `default`".to_owned();
    look.report(Severity::Error, codes::TOO_EARLY, message, Some(help));
    false
}

impl Look<'_, '_> {
    /// Whether the same template, or the condition of its task, asks if there is such a thing.
    pub(super) fn is_asked_for(&self, name: &str) -> bool {
        let references = self.used.template.references();
        let asked = references.iter().any(|reference| {
            let named = matches!(
                reference.target,
                Target::Scope(Root::Task | Root::Vars) | Target::Bare
            );
            reference.optional && named && reference.path.first().is_some_and(|one| one == name)
        });
        let when = match self.used.at {
            At::Each(ix) | At::Failed(ix) | At::After(ix) => {
                self.world.flat.tasks[ix].when.as_ref()
            }
            _ => None,
        };
        asked
            || when
                .and_then(|when| when.as_str())
                .is_some_and(|text| text.contains(name) && text.contains("defined"))
    }
}
