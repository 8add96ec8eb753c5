//! Which tasks were reached and which transitions were taken, over many walks.
//!
//! Owns the counting and the names of what is missing. A task counts as covered when an activation of
//! it was not skipped; a transition when it fired. Child workflows count where their runs were walked.

use crate::walk::Walk;
use attune_flow::program::{Program, Target, TaskIx};
use attune_flow::run::Event;
use attune_types::{ExecutionStatus, Ref};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was covered, by workflow.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    seen: BTreeMap<Ref, Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    program: Arc<Program>,
    tasks: BTreeSet<TaskIx>,
    transitions: BTreeSet<(TaskIx, u32)>,
}

/// The coverage of one workflow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkflowCoverage {
    /// The workflow.
    pub workflow: Ref,
    /// Tasks that were reached.
    pub tasks_covered: usize,
    /// All its tasks.
    pub tasks: usize,
    /// Transitions that were taken.
    pub transitions_covered: usize,
    /// All its transitions.
    pub transitions: usize,
    /// Both together, in per cent.
    pub percent: f64,
    /// Tasks that were never reached.
    pub missing_tasks: Vec<String>,
    /// Transitions that were never taken: `build -> test when succeeded()`.
    pub missing_transitions: Vec<String>,
}

impl Coverage {
    /// Counts a workflow, walked or not.
    pub fn include(&mut self, program: &Arc<Program>) {
        self.entry(program);
    }

    fn entry(&mut self, program: &Arc<Program>) -> &mut Seen {
        self.seen
            .entry(program.reference.clone())
            .or_insert_with(|| Seen {
                program: program.clone(),
                tasks: BTreeSet::new(),
                transitions: BTreeSet::new(),
            })
    }

    /// Adds what a walk covered of the workflows that count.
    pub fn add(&mut self, walk: &Walk) {
        for run in &walk.runs {
            let Some(seen) = self.seen.get_mut(&run.program.reference) else {
                continue;
            };
            let skipped = |status| status == ExecutionStatus::Skipped;
            let reached = run.state.in_order().into_iter();
            seen.tasks.extend(
                reached
                    .filter(|one| one.item.is_none() && !skipped(one.status()))
                    .map(|one| one.task),
            );
        }
        for logged in &walk.log {
            let Event::TransitionFired {
                execution,
                transition,
                ..
            } = &logged.event
            else {
                continue;
            };
            let Some(run) = walk.runs.get(logged.run) else {
                continue;
            };
            if let Some(seen) = self.seen.get_mut(&run.program.reference)
                && let Some(ended) = run.state.execution(*execution)
            {
                seen.transitions.insert((ended.task, *transition));
            }
        }
    }

    /// The coverage of each workflow, by reference.
    pub fn workflows(&self) -> Vec<WorkflowCoverage> {
        self.seen.values().map(Seen::coverage).collect()
    }

    /// All workflows together, in per cent; 100 if there are none.
    pub fn percent(&self) -> f64 {
        let all = self.workflows();
        let covered = all
            .iter()
            .map(|w| w.tasks_covered + w.transitions_covered)
            .sum();
        let whole = all.iter().map(|w| w.tasks + w.transitions).sum();
        share(covered, whole)
    }
}

impl Seen {
    fn coverage(&self) -> WorkflowCoverage {
        let program = &self.program;
        let mut missing_tasks = Vec::new();
        let mut missing_transitions = Vec::new();
        let mut transitions = 0;
        for (task, number) in program.tasks.iter().zip(0u32..) {
            let ix = TaskIx(number);
            if !self.tasks.contains(&ix) {
                missing_tasks.push(task.name.clone());
            }
            for number in (0u32..).take(task.next.len()) {
                transitions += 1;
                if !self.transitions.contains(&(ix, number)) {
                    missing_transitions.push(transition(program, ix, number));
                }
            }
        }
        let tasks = program.tasks.len();
        let tasks_covered = tasks - missing_tasks.len();
        let transitions_covered = transitions - missing_transitions.len();
        WorkflowCoverage {
            workflow: program.reference.clone(),
            tasks_covered,
            tasks,
            transitions_covered,
            transitions,
            percent: share(tasks_covered + transitions_covered, tasks + transitions),
            missing_tasks,
            missing_transitions,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks are small")]
fn share(covered: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 100.0;
    }
    (covered as f64 * 1_000.0 / whole as f64).floor() / 10.0
}

/// A transition for people: `build -> test, lint when succeeded()`.
pub(crate) fn transition(program: &Program, ix: TaskIx, number: u32) -> String {
    let Some(task) = program.task(ix) else {
        return String::new();
    };
    let Some(transition) = task.next.get(number as usize) else {
        return task.name.clone();
    };
    let mut to: Vec<String> = transition
        .to
        .iter()
        .map(|to| target(program, *to))
        .collect();
    if to.is_empty() {
        to.push("nothing".to_owned());
    }
    let mut text = format!("{} -> {}", task.name, to.join(", "));
    if let Some(when) = &transition.when {
        text.push_str(&format!(" when {}", condition(when)));
    }
    text
}

/// Where a transition leads, by name.
pub(crate) fn target(program: &Program, target: Target) -> String {
    match target {
        Target::Task(ix) => program
            .task(ix)
            .map(|task| task.name.clone())
            .unwrap_or_default(),
        Target::Noop => "noop".to_owned(),
        Target::Fail => "fail".to_owned(),
        Target::Continue => "continue".to_owned(),
        Target::Retry => "retry".to_owned(),
    }
}

/// A condition without its braces.
pub(crate) fn condition(when: &attune_template::Template) -> String {
    let text = match when.source().as_str() {
        Some(text) => text.trim(),
        None => return when.source().to_string(),
    };
    let bare = text
        .strip_prefix("{{")
        .and_then(|text| text.strip_suffix("}}"));
    bare.unwrap_or(text).trim().to_owned()
}
