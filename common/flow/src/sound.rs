//! Whether the numbers by which a Program's tasks name each other fit together.
//!
//! Owns what every calculation over a Program takes for granted: each number is one of its tasks, a
//! parallel task and its children name each other, and no task is its own branch. Programs that
//! `check` makes are so; one that was stored may have been damaged since. Called when a stored Program
//! is read, before anything is derived from it; the first place that does not fit is the error.

use crate::program::{Compensate, Program, Target, TaskIx, Work};

/// A place in a stored Program whose number cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsound {
    /// There is no such task.
    #[error("`{place}` is task number {number}, and there are {count} tasks, numbered from 0")]
    Outside {
        place: String,
        number: u32,
        count: usize,
    },
    /// A parallel task has a child that names another parallel task, or none, or is named twice.
    #[error(
        "`{place}` is task number {number}, whose `branch_of` does not say so, or it stands there twice"
    )]
    Child { place: String, number: u32 },
    /// A task names a parallel task that does not have it among its children.
    #[error("`{place}` is task number {number}, which does not have it among its children")]
    Branch { place: String, number: u32 },
    /// Parallel tasks that stand within each other.
    #[error("`{place}` leads back to the task itself, by way of its parallel tasks")]
    Round { place: String },
}

/// Looks at all numbers of a Program.
pub(crate) fn check(program: &Program) -> Result<(), Unsound> {
    within(program)?;
    branches(program)?;
    rounds(program)
}

/// Each number is one of a task.
fn within(program: &Program) -> Result<(), Unsound> {
    let known = |number: TaskIx, place: &dyn Fn() -> String| {
        if program.task(number).is_some() {
            return Ok(());
        }
        Err(Unsound::Outside {
            place: place(),
            number: number.0,
            count: program.tasks.len(),
        })
    };
    for (n, task) in program.tasks.iter().enumerate() {
        for (t, transition) in task.next.iter().enumerate() {
            for (d, target) in transition.to.iter().enumerate() {
                if let Target::Task(to) = target {
                    known(*to, &|| format!("tasks[{n}].next[{t}].do[{d}]"))?;
                }
            }
        }
        if let Some(Compensate::Task(by)) = &task.compensate {
            known(*by, &|| format!("tasks[{n}].compensate.task"))?;
        }
        if let Some(parent) = task.branch_of {
            known(parent, &|| format!("tasks[{n}].branch_of"))?;
        }
        if let Work::Parallel { children, .. } = &task.work {
            for (c, child) in children.iter().enumerate() {
                known(*child, &|| child_place(n, c))?;
            }
        }
    }
    Ok(())
}

fn child_place(task: usize, child: usize) -> String {
    format!("tasks[{task}].work.parallel.children[{child}]")
}

/// A parallel task and each of its children name each other, once.
fn branches(program: &Program) -> Result<(), Unsound> {
    // Which parallel task has each task among its children.
    let mut holder: Vec<Option<usize>> = vec![None; program.tasks.len()];
    for (n, task) in program.tasks.iter().enumerate() {
        let Work::Parallel { children, .. } = &task.work else {
            continue;
        };
        for (c, child) in children.iter().enumerate() {
            let parent = program.task(*child).and_then(|child| child.branch_of);
            let names_this = parent.is_some_and(|parent| parent.0 as usize == n);
            let before = holder
                .get_mut(child.0 as usize)
                .and_then(|held| held.replace(n));
            if !names_this || before.is_some() {
                return Err(Unsound::Child {
                    place: child_place(n, c),
                    number: child.0,
                });
            }
        }
    }
    for (n, (task, held)) in program.tasks.iter().zip(holder).enumerate() {
        if let Some(parent) = task.branch_of
            && held != Some(parent.0 as usize)
        {
            return Err(Unsound::Branch {
                place: format!("tasks[{n}].branch_of"),
                number: parent.0,
            });
        }
    }
    Ok(())
}

/// Follows each task outwards; what was followed before is not followed again.
fn rounds(program: &Program) -> Result<(), Unsound> {
    // In which walk each task was met, from 1; 0 if in none yet.
    let mut met = vec![0usize; program.tasks.len()];
    for start in 0..program.tasks.len() {
        let walk = start + 1;
        let mut at = start;
        while met.get(at) == Some(&0) {
            if let Some(met) = met.get_mut(at) {
                *met = walk;
            }
            let Some(parent) = program.tasks.get(at).and_then(|task| task.branch_of) else {
                break;
            };
            at = parent.0 as usize;
            if met.get(at) == Some(&walk) {
                return Err(Unsound::Round {
                    place: format!("tasks[{at}].branch_of"),
                });
            }
        }
    }
    Ok(())
}
