//! `compensate`: how a task is undone, by an action or by another task.
//!
//! Owns the checks of both forms and their turning into the Program's: called for each task by the
//! lowering. Also of tasks that only undo: called once with the checks of the shape.

use super::graph::{Flat, Shape};
use super::input;
use super::lower::{Lowering, of_action};
use super::template::At;
use crate::program::{ActionCall, Compensate, TaskIx};
use crate::syntax::ast::{self, Spanned, Work};
use crate::syntax::codes;
use attune_pack::yaml::Node;
use attune_pack::{Sink, Span};
use attune_template::Template;
use attune_types::{JsonMap, JsonValue, Ref};

impl Lowering<'_, '_> {
    /// `Some(None)` for a task that says nothing, `None` for what has errors.
    pub(super) fn compensate(&mut self, task: &ast::Task, ix: usize) -> Option<Option<Compensate>> {
        match &task.compensate {
            None => Some(None),
            Some(ast::Compensate::Task(name)) => self.by_task(name, ix).map(Some),
            Some(ast::Compensate::Action { reference, input }) => self
                .by_action(task, ix, reference, input.as_ref())
                .map(Some),
        }
    }

    fn by_action(
        &mut self,
        task: &ast::Task,
        ix: usize,
        reference: &Spanned<Ref>,
        given: Option<&Node>,
    ) -> Option<Compensate> {
        let action = self.action(reference, false);
        if let Some(action) = &action {
            input::check(given, reference.span, action, self.templates.sink);
        }
        let input = match given {
            Some(node) => self.templates.value(node, At::Undo(ix)),
            None => Template::compile(&JsonValue::Object(JsonMap::new())).ok(),
        };
        let action = action?;
        let call = ActionCall::of(&action);
        super::unsupported::performed(&call, reference.span, self.templates.sink);
        // What the task or the workflow says of trying again holds for undoing too.
        let said = task.retry.is_some() || self.retry.is_some();
        let retry = match &action.retry {
            Some(default) if !said => Some(of_action(default)?),
            _ => None,
        };
        let timeout = match action.timeout {
            Some(timeout) => Some(Template::compile(&timeout.as_secs_f64().into()).ok()?),
            None => None,
        };
        Some(Compensate::Action {
            call: Box::new(call),
            input: input?,
            retry,
            timeout,
            idempotent: action.idempotent,
        })
    }

    /// Only the action and the input of the other task count, and how it is tried again.
    fn by_task(&mut self, name: &Spanned<String>, ix: usize) -> Option<Compensate> {
        let target = self.task_named(name)?;
        let other = self.flat.tasks[target];
        let wrong = if target == ix {
            Some("a task cannot undo itself")
        } else if matches!(other.work, Some(Work::Parallel { .. })) {
            Some("a parallel task cannot undo another: it runs no action")
        } else if other.items.is_some() {
            Some("a task that iterates cannot undo another: that runs its action once")
        } else {
            None
        };
        if let Some(message) = wrong {
            let sink = &mut *self.templates.sink;
            sink.error(codes::CONFLICT, name.span, message).help =
                Some("name a task that runs one action, or write `{action, input}`".to_owned());
            return None;
        }
        Some(Compensate::Task(TaskIx(u32::try_from(target).ok()?)))
    }
}

/// Keys that are not looked at on tasks that only stand there to undo others.
pub(super) fn check(flat: &Flat<'_>, shape: &Shape, sink: &mut Sink) {
    for ix in super::graph::compensating(flat) {
        if shape.into[ix].is_empty() && flat.parents[ix].is_none() {
            only_undoes(flat.tasks[ix], sink);
        }
    }
}

fn only_undoes(task: &ast::Task, sink: &mut Sink) {
    let keys: [(&str, Option<Span>); 5] = [
        ("when", task.when.as_ref().map(|node| node.span)),
        ("delay", task.delay.as_ref().map(|node| node.span)),
        ("join", task.join.as_ref().map(|join| join.span)),
        ("next", task.next.first().map(|next| next.span)),
        ("trace_tag", task.trace_tag.as_ref().map(|node| node.span)),
    ];
    for (key, span) in keys {
        if let Some(span) = span {
            let name = &task.name.value;
            let message = match key {
                "next" => format!("nothing follows `{name}`, which only undoes another task"),
                _ => format!("`{key}` has no meaning on `{name}`, which only undoes another task"),
            };
            sink.error(codes::CONFLICT, span, message).help =
                Some("only its action, input, retry and timeout count when it undoes".to_owned());
        }
    }
}
