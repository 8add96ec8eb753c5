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

/// Numbers of the tasks that a mock stands in for, where their paths have that prefix.
pub(super) fn mocked(program: &Program, prefix: &str, mocks: &Mocks) -> Vec<usize> {
    let tasks = program.tasks.iter().enumerate();
    let mocked = tasks.filter(|(_, task)| {
        let path = format!("{prefix}{}", task.name);
        let calls = |call: &ActionCall| mocks.of(&path, &call.reference).is_some();
        matches!(&task.work, Work::Action(call) if calls(call))
            || matches!(&task.compensate, Some(Compensate::Action { call, .. }) if calls(call))
    });
    mocked.map(|(number, _)| number).collect()
}

/// The Program of a run with these tasks mocked.
pub(super) fn trial(program: &Program, mocked: &[usize]) -> Program {
    let mut trial = program.clone();
    for (number, task) in trial.tasks.iter_mut().enumerate() {
        let mocked = mocked.contains(&number);
        if let Work::Action(call) = &mut task.work {
            if call.reference.as_str() == WAIT_FOR_EVENT {
                task.input = without_condition(&task.input);
            }
            hand_out(call, mocked);
        }
        if let Some(Compensate::Action { call, .. }) = &mut task.compensate {
            hand_out(call, mocked);
        }
    }
    trial
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
