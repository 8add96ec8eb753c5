//! The Program that a walk follows: the real one, with mocked work handed out instead of done.
//!
//! Pure. What the run would do itself (pure actions), or have a child run do, is done for real unless
//! a mock stands in for it; everything else is handed to the mocks. Ids, graph and templates stay.

use crate::mock::Mocks;
use attune_flow::program::{ActionCall, Compensate, Performer, Program, Work, WorkerSpec};
use attune_pack::{Delivery, OutputFormat, Runner};
use attune_template::Template;

/// The action whose `when` looks at what is yet to come.
const WAIT_FOR_EVENT: &str = "core.wait_for_event";
/// The pool that mocks stand for.
pub(super) const MOCKED: &str = "mocked";

/// Numbers of the tasks of a Program that mocks stand in for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Mocked {
    /// Those whose work is mocked.
    work: Vec<usize>,
    /// Those whose undoing is mocked.
    undo: Vec<usize>,
}

/// The tasks that a mock stands in for, where their paths have that prefix. The action that undoes a
/// task is mocked by its own name: that of the task stands for its work.
pub(super) fn mocked(program: &Program, prefix: &str, mocks: &Mocks) -> Mocked {
    let mut mocked = Mocked::default();
    for (number, task) in program.tasks.iter().enumerate() {
        let path = format!("{prefix}{}", task.name);
        if let Work::Action(call) = &task.work
            && mocks.of(&path, &call.reference).is_some()
        {
            mocked.work.push(number);
        }
        if let Some(Compensate::Action { call, .. }) = &task.compensate
            && mocks.by.contains_key(call.reference.as_str())
        {
            mocked.undo.push(number);
        }
    }
    mocked
}

/// The Program of a run with these tasks mocked.
pub(super) fn trial(program: &Program, mocked: &Mocked) -> Program {
    let mut trial = program.clone();
    for (number, task) in trial.tasks.iter_mut().enumerate() {
        if let Work::Action(call) = &mut task.work {
            if call.reference.as_str() == WAIT_FOR_EVENT {
                task.input = without_condition(&task.input);
            }
            hand_out(call, mocked.work.contains(&number));
        }
        if let Some(Compensate::Action { call, .. }) = &mut task.compensate {
            hand_out(call, mocked.undo.contains(&number));
        }
    }
    // What undoes a task is kept with the graph. The name of the Program stays.
    Program {
        hash: program.hash.clone(),
        ..trial.seal()
    }
}

/// The input of a task that waits for an event, without the condition on that event: the mock is the
/// event that fits, and there is none before it that the condition could look at.
fn without_condition(input: &Template) -> Template {
    let mut source = input.source().clone();
    let removed = source
        .as_object_mut()
        .and_then(|map| map.shift_remove("when"));
    match removed.map(|_| Template::compile(&source)) {
        Some(Ok(without)) => without,
        _ => input.clone(),
    }
}

fn hand_out(call: &mut ActionCall, mocked: bool) {
    let real = match &call.performer {
        Performer::Inline(_) | Performer::Child => !mocked,
        Performer::Worker { .. } | Performer::Native(_) => true,
        Performer::Unavailable { .. } => false,
    };
    if !real {
        call.performer = Performer::Worker {
            pool: MOCKED.to_owned(),
            selector: Default::default(),
            spec: Box::new(WorkerSpec {
                runner: Runner::Native,
                entry_point: String::new(),
                delivery: Delivery::Stdin,
                output_format: OutputFormat::Json,
                env: Default::default(),
            }),
        };
    }
}
