//! The tasks by which a Program's tasks are undone.
//!
//! Owns how `compensate` becomes something that runs like any task: an action with its input, its
//! retry and its time limit, and nothing that leads on. A task that calls a workflow and says nothing
//! is undone by undoing the child run. Made with the graph, never stored; read by `decide`.

use crate::program::{ActionCall, Compensate, Performer, Program, Task, TaskIx, Work};
use attune_template::Template;
use std::collections::HashMap;

/// What undoes each task that can be undone.
pub(crate) fn undoing(program: &Program) -> HashMap<TaskIx, Task> {
    (0u32..)
        .zip(&program.tasks)
        .filter_map(|(n, task)| Some((TaskIx(n), undo_of(program, task)?)))
        .collect()
}

/// Whether the task's work is a child run whose end it waits for; of one that names its workflow by
/// the input that is known only when it has run.
pub(crate) fn is_child(task: &Task) -> Option<&ActionCall> {
    match &task.work {
        Work::Action(call) if matches!(call.performer, Performer::Child) => Some(call),
        _ => None,
    }
}

fn undo_of(program: &Program, task: &Task) -> Option<Task> {
    match &task.compensate {
        Some(Compensate::Action {
            call,
            input,
            retry,
            timeout,
            idempotent,
        }) => Some(Task {
            retry: retry.clone().or_else(|| task.retry.clone()),
            timeout: timeout.clone(),
            idempotent: *idempotent,
            ..bare(&task.name, Work::Action(call.clone()), input)
        }),
        Some(Compensate::Task(by)) => {
            let by = program.task(*by)?;
            matches!(by.work, Work::Action(_)).then(|| Task {
                retry: by.retry.clone(),
                timeout: by.timeout.clone(),
                idempotent: by.idempotent,
                ..bare(&by.name, by.work.clone(), &by.input)
            })
        }
        None => is_child(task).map(|_| bare(&task.name, task.work.clone(), &task.input)),
    }
}

fn bare(name: &str, work: Work, input: &Template) -> Task {
    Task {
        name: name.to_owned(),
        work,
        branch_of: None,
        input: input.clone(),
        when: None,
        items: None,
        retry: None,
        timeout: None,
        delay: None,
        join: None,
        next: Vec::new(),
        compensate: None,
        idempotent: false,
        trace_tag: None,
    }
}
