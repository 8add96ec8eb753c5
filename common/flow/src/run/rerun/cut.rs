//! Where a run's history is cut when a part of the run is done again.
//!
//! Before an activation, but behind all that was decided together with it: a transition that leads to
//! several tasks leads to all of them, whichever of them is asked for.

use super::{Activation, RerunRefused};
use crate::program::{Program, TaskIx};
use crate::run::Event;
use attune_types::ExecutionId;

/// Where the history is cut.
pub(super) struct Cut {
    pub(super) from: Activation,
    /// Place of the activation.
    pub(super) at: usize,
    /// End of what was decided together with it: all tasks that the same transitions lead to.
    pub(super) end: usize,
}

impl Cut {
    pub(super) fn find(
        program: &Program,
        history: &[Event],
        name: &str,
        activation: Option<u32>,
    ) -> Result<Self, RerunRefused> {
        let task = named(program, name)?;
        let mut count = 0;
        for (at, event) in history.iter().enumerate() {
            let Event::TaskActivated {
                task: of,
                activation: number,
                ..
            } = event
            else {
                continue;
            };
            if *of != task {
                continue;
            }
            count += 1;
            if *number == activation.unwrap_or(1) {
                return Ok(Self {
                    from: Activation {
                        task: name.to_owned(),
                        activation: *number,
                    },
                    at,
                    end: end_of_group(history, at),
                });
            }
        }
        match (count, activation) {
            (1.., Some(activation)) => Err(RerunRefused::NoActivation {
                task: name.to_owned(),
                activation,
                count,
            }),
            _ => Err(RerunRefused::NotReached {
                task: name.to_owned(),
            }),
        }
    }
}

/// The task of that name, which must not be a child of another.
fn named(program: &Program, name: &str) -> Result<TaskIx, RerunRefused> {
    let Some(task) = program.graph.named(name) else {
        let names = program.tasks.iter().map(|task| task.name.as_str());
        return Err(RerunRefused::UnknownTask {
            task: name.to_owned(),
            near: attune_pack::suggest(name, names).map(str::to_owned),
        });
    };
    let mut outer = None;
    let mut above = program.task(task).and_then(|task| task.branch_of);
    while let Some(parallel) = above.and_then(|ix| program.task(ix)) {
        outer = Some(parallel);
        above = parallel.branch_of;
    }
    match outer {
        None => Ok(task),
        Some(parallel) => Err(RerunRefused::Branch {
            task: name.to_owned(),
            parallel: parallel.name.clone(),
        }),
    }
}

/// Whether an event is part of what follows from the end of that execution: it is all decided at once
/// and stands together.
pub(super) fn is_of_group(event: &Event, owner: Option<ExecutionId>) -> bool {
    match event {
        Event::TaskActivated { parent, .. } => parent.is_none(),
        Event::TransitionFired { execution, .. } => owner == Some(*execution),
        Event::FailurePlanned { .. } | Event::JoinMoved { .. } => owner.is_some(),
        _ => false,
    }
}

fn end_of_group(history: &[Event], at: usize) -> usize {
    let before = history[..at].iter().rev();
    let owner = before
        .take_while(|event| {
            matches!(
                event,
                Event::TaskActivated { .. } | Event::TransitionFired { .. }
            )
        })
        .find_map(|event| match event {
            Event::TransitionFired { execution, .. } => Some(*execution),
            _ => None,
        });
    let more = history[at..]
        .iter()
        .take_while(|event| is_of_group(event, owner));
    at + more.count()
}
