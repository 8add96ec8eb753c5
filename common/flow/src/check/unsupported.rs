//! What the language has and this version does not carry out: said, never ignored.
//!
//! Owns the list. An error where a run would differ from what is written; a warning where a run does
//! all that is written, short of something that is done later or elsewhere.

use crate::program::{ActionCall, Performer};
use crate::syntax::{ast, codes};
use attune_pack::Sink;

/// Keys of a task.
pub(super) fn check(task: &ast::Task, sink: &mut Sink) {
    let undo = match &task.compensate {
        Some(ast::Compensate::Action { reference, .. }) => Some(reference.span),
        Some(ast::Compensate::Task(name)) => Some(name.span),
        None => None,
    };
    if let Some(span) = undo {
        let message = "`compensate` is kept, but runs cannot be compensated yet";
        sink.warning(codes::UNSUPPORTED, span, message);
    }
}

/// An action that nothing here performs.
pub(super) fn call(task: &ast::Task, call: &ActionCall, sink: &mut Sink) {
    let (Performer::Unavailable { reason }, Some(ast::Work::Action { reference, .. })) =
        (&call.performer, &task.work)
    else {
        return;
    };
    let message = format!("a run that reaches this fails with code `unavailable`: {reason}");
    sink.warning(codes::UNSUPPORTED, reference.span, message);
}
