//! What the language has and this version does not carry out: said, never ignored.
//!
//! Owns the list. An error where a run would differ from what is written; a warning where a run does
//! all that is written, short of something that is done later or elsewhere.

use crate::program::{ActionCall, Performer};
use crate::syntax::{ast, codes};
use attune_pack::{Sink, Span};

/// An action that nothing here performs.
pub(super) fn call(task: &ast::Task, call: &ActionCall, sink: &mut Sink) {
    if let Some(ast::Work::Action { reference, .. }) = &task.work {
        performed(call, reference.span, sink);
    }
}

/// The same, at a place.
pub(super) fn performed(call: &ActionCall, span: Span, sink: &mut Sink) {
    if let Performer::Unavailable { reason } = &call.performer {
        let message = format!("a run that reaches this fails with code `unavailable`: {reason}");
        sink.warning(codes::UNSUPPORTED, span, message);
    }
}
