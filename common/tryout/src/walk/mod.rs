//! The walk: a run with all its child runs, in virtual time, on the real state machine.
//!
//! Owns the loop: what is owed is performed at once by mocks, and when nothing is left to do at this
//! moment the clock jumps to the next one. Commands are decided and folded by the very functions that
//! run it for real. Never waits; ends when all runs have ended, or says what keeps it. A walk takes a
//! bounded number of steps, so that it ends whatever it is given.

mod agenda;
mod ask;
mod look;
mod open;
mod outcome;
mod perform;
mod slots;
mod trial;
mod world;

use crate::library::Library;
use crate::setup::Setup;
use attune_flow::program::{Program, TaskIx};
use attune_flow::run::{Event, Execution, RunState};
use attune_pack::{FieldError, Span};
use attune_types::{ExecutionId, ExecutionStatus, JsonValue, Ref};
use std::sync::Arc;
use world::World;

/// A walk that went as far as it goes.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The run and its child runs, in the order in which they were opened.
    pub runs: Vec<WalkedRun>,
    /// Every event of every run, in order.
    pub log: Vec<Logged>,
    /// Why it stopped before the end; none when all runs have ended.
    pub stopped: Option<Stopped>,
    /// What is strange about the mocks.
    pub warnings: Vec<WalkWarning>,
    /// Why transitions did not fire, where the setup asked for it.
    pub not_taken: Vec<NotTaken>,
}

/// One run of a walk.
#[derive(Clone, Debug)]
pub struct WalkedRun {
    /// What stands before its tasks' names: nothing for the run itself, `deploy/` for the child run
    /// of task `deploy`.
    pub path: String,
    /// The same with the items that it lies in: `deploy[1]/`.
    pub place: String,
    /// Its Program.
    pub program: Arc<Program>,
    /// How it stands.
    pub state: RunState,
    /// The run above it and the execution there that it is the work of.
    pub parent: Option<(usize, ExecutionId)>,
}

/// One event of a walk.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Whose: an index into the runs.
    pub run: usize,
    /// What happened.
    pub event: Event,
}

/// A call that nobody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Path of the task.
    pub task: String,
    /// What it calls.
    pub action: Ref,
    /// Whether it is the undoing of the task that calls it.
    pub undoes: bool,
}

/// Why a walk stopped before the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Tasks call actions and have no mock.
    #[error("{}", unmocked(.0))]
    Unmocked(Vec<Missing>),
    /// A task calls a workflow that is not known here.
    #[error(
        "task `{}` calls the workflow `{}`, which is not known here; load its pack too, or give the task a mock: `{}: {{result: ...}}`",
        .0.task, .0.action, .0.task
    )]
    UnknownWorkflow(Missing),
    /// A task calls a workflow whose files have errors.
    #[error(
        "task `{}` calls the workflow `{}`, which has errors (see `attune workflow validate`); mend it, or give the task a mock: `{}: {{result: ...}}`",
        .0.task, .0.action, .0.task
    )]
    BrokenWorkflow(Missing),
    /// The mock of a task has no entry for this call.
    #[error(
        "no entry of the mock `{mock}` fits this call of task `{task}`: {call}; add an entry without `when`, or a `default`"
    )]
    NoneFits {
        /// Path of the task.
        task: String,
        /// Name of the mock.
        mock: String,
        /// What was asked.
        call: String,
        /// Where the mock is written.
        span: Span,
    },
    /// A template in a mock cannot be evaluated.
    #[error("the mock of task `{task}` cannot be evaluated: {message}")]
    Template {
        /// Path of the task.
        task: String,
        /// Why.
        message: String,
        /// Where the mock is written.
        span: Span,
    },
    /// Steps or child runs without end.
    #[error("the walk was stopped after {0}; do workflows start each other without end?")]
    TooLong(String),
    /// Nothing is left that could bring it on.
    #[error("it waits for {}", .0.join("; "))]
    Waits(Vec<String>),
}

/// Something strange about a mock.
#[derive(Clone, Debug, PartialEq)]
pub struct WalkWarning {
    /// Path of the task.
    pub task: String,
    /// What is strange.
    pub message: String,
    /// Where the mock is written; none for a value that was made from a schema.
    pub span: Option<Span>,
}

/// A transition of an ended task that did not fire.
#[derive(Clone, Debug, PartialEq)]
pub struct NotTaken {
    /// Whose: an index into the runs.
    pub run: usize,
    /// The activation that ended.
    pub execution: ExecutionId,
    /// Which of its task's transitions.
    pub transition: u32,
    /// What its condition looks at, as it was then.
    pub saw: Vec<(String, JsonValue)>,
}

/// Why a run cannot be opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The parameters do not fit.
    #[error("the parameters of `{workflow}` are not right: {}", list(.errors))]
    Parameters {
        /// The workflow.
        workflow: Ref,
        /// All that is wrong, each with its place.
        errors: Vec<FieldError>,
    },
}

fn unmocked(missing: &[Missing]) -> String {
    let calls: Vec<String> = missing
        .iter()
        .map(|one| {
            let what = if one.undoes {
                "the undoing of task"
            } else {
                "task"
            };
            format!("{what} `{}` calls `{}`", one.task, one.action)
        })
        .collect();
    let task = missing.first().map_or("task", |one| {
        if one.undoes {
            one.action.as_str()
        } else {
            &one.task
        }
    });
    let (have, give) = match calls.len() {
        1 => ("has no mock", "it one"),
        _ => ("have no mocks", "them some"),
    };
    format!(
        "{} and {have}; give {give}: `{task}: {{result: ...}}` or `{task}: auto`",
        calls.join(", ")
    )
}

impl Stopped {
    /// Where the mock is written that stopped it.
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::NoneFits { span, .. } | Self::Template { span, .. } => Some(*span),
            _ => None,
        }
    }
}

fn list(errors: &[FieldError]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// Walks a Program from its opening to its end.
///
/// # Errors
/// [`Refused`] where the run could not even be opened.
pub fn walk(library: &Library, program: &Arc<Program>, setup: &Setup) -> Result<Walk, Refused> {
    let parameters = program
        .parameters
        .validate(&setup.parameters)
        .map_err(|errors| Refused::Parameters {
            workflow: program.reference.clone(),
            errors,
        })?;
    let mut world = World::new(library, setup, program.reference.pack());
    world.open_root(program, parameters);
    world.ask();
    world.go();
    if setup.retry {
        world.retry();
        world.go();
    }
    if setup.compensate {
        world.compensate();
        world.go();
    }
    world.see_what_waits();
    Ok(world.finish())
}

impl Walk {
    /// The run itself.
    pub fn root(&self) -> Option<&WalkedRun> {
        self.runs.first()
    }

    /// The latest activation of a task, by its path: `build`, or `deploy/build` in a child run. The
    /// latest child run of that path counts.
    pub fn find(&self, path: &str) -> Option<(&WalkedRun, &Execution)> {
        let (prefix, name) = split(path);
        self.runs
            .iter()
            .rev()
            .filter(|run| run.path == prefix)
            .find_map(|run| {
                let task = run.program.graph.named(name)?;
                Some((run, run.state.latest(task, name)?))
            })
    }

    /// How often a task was reached, in all child runs of that path together.
    pub fn activations(&self, path: &str) -> u32 {
        let (prefix, name) = split(path);
        let times = |run: &WalkedRun, task: TaskIx| {
            run.state.task(task).map_or(0, |known| known.activations)
        };
        self.runs
            .iter()
            .filter(|run| run.path == prefix)
            .filter_map(|run| Some(times(run, run.program.graph.named(name)?)))
            .sum()
    }

    /// Paths of tasks in the order in which they were reached.
    pub fn order(&self) -> Vec<String> {
        self.log
            .iter()
            .filter_map(|logged| match &logged.event {
                Event::TaskActivated { name, .. } => {
                    let prefix = self.runs.get(logged.run).map_or("", |run| &run.path);
                    Some(format!("{prefix}{name}"))
                }
                _ => None,
            })
            .collect()
    }
}

impl Walk {
    /// Paths of tasks in the order in which they were undone; of an item with its index.
    pub fn undone(&self) -> Vec<String> {
        self.log
            .iter()
            .filter_map(|logged| {
                let Event::ExecutionEnded {
                    execution,
                    status: ExecutionStatus::Succeeded,
                    ..
                } = &logged.event
                else {
                    return None;
                };
                let run = self.runs.get(logged.run)?;
                let undoes = run.state.execution(*execution)?.undoes?;
                let undone = run.state.execution(undoes.execution)?;
                let item = undone.item.map(|index| format!("[{index}]"));
                let item = item.unwrap_or_default();
                Some(format!("{}{}{item}", run.path, undone.name))
            })
            .collect()
    }
}

/// The prefix of a path, and the task's own name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    match path.rfind('/') {
        Some(at) => path.split_at(at + 1),
        None => ("", path),
    }
}
