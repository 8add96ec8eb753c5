//! What has surely happened when a run ends well, and what cannot have when it starts.
//!
//! Owns that calculation: a run in which no task fails takes every certain transition, and of the
//! conditional ones of a task one. What some choice of these leaves out is not sure. Optimistic where
//! cycles and conditions leave it open, so that nothing is doubted without a reason. Called by the
//! checks of `output_map`.

use super::fate::{self, Fate};
use super::fields;
use super::graph::{Flat, compensating};
use super::names::Look;
use super::template::At;
use crate::syntax::ast::{Condition, Transition, Work};
use crate::syntax::codes;
use attune_pack::Severity;

/// One transition, seen from the end.
struct Way {
    number: usize,
    to: Vec<usize>,
    /// It ends the run as failed: then this is no good end.
    fails: bool,
}

/// The ways of one task.
#[derive(Default)]
struct Ways {
    certain: Vec<Way>,
    choice: Vec<Way>,
    /// The task itself ends the run as failed.
    fails: bool,
}

/// The ways of all tasks.
pub(super) struct Ending {
    ways: Vec<Ways>,
    entries: Vec<usize>,
}

impl Ending {
    /// Of a definition.
    pub(super) fn of(flat: &Flat<'_>) -> Self {
        let published = fate::published(flat.tasks.iter().flat_map(|task| &task.next));
        let mut led_to = vec![false; flat.tasks.len()];
        let mut ways = Vec::with_capacity(flat.tasks.len());
        for (ix, task) in flat.tasks.iter().enumerate() {
            let mut own = Ways {
                fails: matches!(&task.work, Some(Work::Action { reference, .. })
                    if reference.value.as_str() == "core.fail"),
                ..Ways::default()
            };
            for (number, next) in task.next.iter().enumerate() {
                let to: Vec<usize> = next
                    .to
                    .iter()
                    .filter_map(|name| match name.value.as_str() {
                        "retry" => Some(ix),
                        name => flat.meant(name),
                    })
                    .collect();
                for to in to.iter().filter(|to| **to != ix) {
                    led_to[*to] = true;
                }
                let fails = next.to.iter().any(|name| name.value == "fail");
                let way = Way { number, to, fails };
                match fate::of(&next.when, &published) {
                    Fate::Holds => own.certain.push(way),
                    Fate::Fails => {}
                    _ if is_of_failure(next) => {}
                    Fate::Same | Fate::Open => own.choice.push(way),
                }
            }
            ways.push(own);
        }
        let only_undo = compensating(flat);
        let entries = (0..flat.tasks.len())
            .filter(|ix| !led_to[*ix] && flat.parents[*ix].is_none() && !only_undo.contains(ix))
            .collect();
        Self { ways, entries }
    }

    /// Whether every good run comes past a task or a transition of these.
    pub(super) fn sees(
        &self,
        is_task: impl Fn(usize) -> bool,
        is_way: impl Fn(usize, usize) -> bool,
    ) -> bool {
        let mut sure = vec![true; self.ways.len()];
        loop {
            let mut changed = false;
            for ix in (0..self.ways.len()).rev().filter(|ix| !is_task(*ix)) {
                let own = &self.ways[ix];
                let leads = |way: &Way| {
                    way.fails || is_way(ix, way.number) || way.to.iter().any(|to| sure[*to])
                };
                // One condition alone may not hold; of several one is taken to be there for each case.
                let chosen = own.choice.len() > 1 && own.choice.iter().all(leads);
                let found = own.fails || own.certain.iter().any(leads) || chosen;
                if sure[ix] && !found {
                    sure[ix] = false;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        self.entries.is_empty() || self.entries.iter().any(|ix| sure[*ix])
    }
}

/// Whether a transition is for the case that its task did not succeed.
fn is_of_failure(next: &Transition) -> bool {
    let text = match &next.when {
        Condition::Status(text) => text,
        Condition::Written(node) => node.as_str().unwrap_or_default(),
        Condition::Always | Condition::Branch { .. } => return false,
    };
    ["failed()", "timed_out()", "error"]
        .iter()
        .any(|word| text.contains(word))
        && !text.contains("not ")
}

impl Look<'_, '_> {
    /// Whether both start with the run, once, and the template is evaluated at that moment.
    pub(super) fn start_together(&self, own: usize, other: usize) -> bool {
        let world = self.world;
        let at_start = |ix: usize| world.shape.into[ix].is_empty() && !self.is_undoing(ix);
        let task = world.flat.tasks[own];
        let of_result = self.reference.path.get(1).is_some_and(|field| {
            field.starts_with("result") || !fields::TASK_FIELDS.contains(&field.as_str())
        });
        let at_once =
            of_result && task.delay.is_none() && task.retry.is_none() && task.items.is_none();
        matches!(self.used.at, At::Before(ix) | At::Each(ix) if ix == own)
            && at_once
            && world.workflow.retry.is_none()
            && at_start(own)
            && at_start(other)
    }

    /// What `output_map` takes of a task that a good run need not come past.
    pub(super) fn at_the_end(&mut self, name: &str, ix: usize) {
        let other = self.world.flat.outermost(ix);
        if self.reference.optional
            || self.is_asked_for(name)
            || self.is_undoing(other)
            || self.world.ending.sees(|ix| ix == other, |_, _| false)
        {
            return;
        }
        let message = format!("`{name}` does not run on every way to the end");
        let help = "use `default` or `is defined` for the ways on which it has not".to_owned();
        self.report(Severity::Warning, codes::TOO_EARLY, message, Some(help));
    }
}
