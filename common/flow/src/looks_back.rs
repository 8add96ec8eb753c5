//! Which tasks have templates that ask for all their activations.
//!
//! That list is costly in loops, so the run's scope makes it only where it is used.

use crate::bits::TaskSet;
use crate::program::{Compensate, Program, Task, TaskIx};
use attune_template::{Reference, Root, Target, Template};
use std::collections::HashMap;

/// The tasks of whose activations some template of the Program speaks.
pub(crate) fn looks_back(program: &Program, by_name: &HashMap<String, TaskIx>) -> TaskSet {
    let mut found = TaskSet::default();
    for template in all_templates(program) {
        for reference in template.references() {
            if let Some(name) = name_of(&reference)
                && let Some(task) = by_name.get(name)
            {
                found.insert(*task);
            }
        }
    }
    found
}

/// Every template of a Program.
pub(crate) fn all_templates(program: &Program) -> Vec<&Template> {
    let named = program
        .vars
        .iter()
        .chain(&program.labels)
        .chain(program.output_map.iter().flatten());
    let mut all: Vec<&Template> = named.map(|(_, template)| template).collect();
    all.extend(&program.timeout);
    all.extend(&program.trace_tag);
    all.extend(program.tasks.iter().flat_map(templates));
    all
}

/// The task whose activations the reference asks for. `task[name]` could be any task: then the whole
/// activation list is not offered.
fn name_of(reference: &Reference) -> Option<&str> {
    let is_task = match reference.target {
        Target::Scope(Root::Task) | Target::Bare => true,
        Target::Scope(_) | Target::Secret | Target::Function => false,
    };
    match reference.path.as_slice() {
        [name, field, ..] if is_task && field == "activations" => Some(name),
        _ => None,
    }
}

/// Every template of a task.
fn templates(task: &Task) -> Vec<&Template> {
    let mut all = vec![&task.input];
    all.extend(&task.when);
    all.extend(&task.timeout);
    all.extend(&task.delay);
    all.extend(&task.trace_tag);
    if let Some(items) = &task.items {
        all.push(&items.over);
        all.extend(&items.concurrency);
        all.extend(&items.batch_size);
    }
    if let Some(retry) = &task.retry {
        all.extend(&retry.on_error);
    }
    for transition in &task.next {
        all.extend(&transition.when);
        all.extend(transition.publish.iter().map(|(_, template)| template));
    }
    if let Some(Compensate::Action {
        input,
        retry,
        timeout,
        ..
    }) = &task.compensate
    {
        all.push(input);
        all.extend(retry.as_ref().and_then(|retry| retry.on_error.as_ref()));
        all.extend(timeout);
    }
    all
}
