//! `retry` and `compensate`.
//!
//! Owns the form of both, on a task and, for `retry`, on the whole workflow.

use super::ast::{Compensate, Retry, Spanned};
use super::codes;
use super::entries::{kept, reference_at};
use crate::program::Backoff;
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{MapReader, Sink};
use attune_types::Duration;

/// More attempts than that are a slip of the keys, not a policy.
const MOST_RETRIES: u32 = 1_000;

/// `retry` under a key, if it is there.
pub(super) fn retry_at(reader: &mut MapReader<'_, '_>) -> Option<Retry> {
    let node = reader.node("retry")?;
    retry(node, reader.sink())
}

fn retry(node: &Node, sink: &mut Sink) -> Option<Retry> {
    if let NodeKind::Int(count) = node.kind {
        let message = "retry must be a map, not an integer";
        sink.error(codes::READ.wrong_type, node.span, message).help =
            Some(format!("write `retry: {{count: {count}}}`"));
        return None;
    }
    let mut reader = MapReader::new(node, "retry", sink)?;
    let count = reader
        .required_node("count")
        .and_then(|_| reader.opt_u32("count"));
    if count.is_some_and(|count| count > MOST_RETRIES) {
        let span = node.get("count").map_or(node.span, |count| count.span);
        let message = format!("`count` is at most {MOST_RETRIES}");
        reader.bad_value(span, message, None);
    }
    let delay = reader.opt_duration("delay").unwrap_or(Duration::ZERO);
    let backoff = reader
        .opt_keyword::<attune_pack::Backoff>("backoff")
        .map_or(Backoff::Constant, Backoff::from);
    let max_delay = reader.opt_duration("max_delay");
    let jitter = jitter(&mut reader);
    let on_error = kept(&mut reader, "on_error");
    reader.finish();
    Some(Retry {
        count: count?,
        delay,
        backoff,
        max_delay,
        jitter,
        on_error,
    })
}

/// `true`, `false`, or a share above 0 as pack files have it.
fn jitter(reader: &mut MapReader<'_, '_>) -> bool {
    let Some(node) = reader.node("jitter") else {
        return false;
    };
    match node.kind {
        NodeKind::Bool(value) => value,
        NodeKind::Int(_) | NodeKind::Float(_) => node.as_f64().is_some_and(|share| share > 0.0),
        _ => reader.opt_bool("jitter").unwrap_or(false),
    }
}

impl From<attune_pack::Backoff> for Backoff {
    fn from(word: attune_pack::Backoff) -> Self {
        match word {
            attune_pack::Backoff::Constant => Self::Constant,
            attune_pack::Backoff::Linear => Self::Linear,
            attune_pack::Backoff::Exponential => Self::Exponential,
        }
    }
}

/// `compensate`, if it is there: a task's name, or an action with its input.
pub(super) fn compensate_at(reader: &mut MapReader<'_, '_>) -> Option<Compensate> {
    let node = reader.node("compensate")?;
    match &node.kind {
        NodeKind::Str(name) => Some(Compensate::Task(Spanned::new(name.clone(), node.span))),
        NodeKind::Map(_) => {
            let mut inner = MapReader::new(node, "compensate", reader.sink())?;
            inner.required_node("action");
            let reference = reference_at(&mut inner, "action");
            let input = kept(&mut inner, "input");
            inner.finish();
            Some(Compensate::Action {
                reference: reference?,
                input,
            })
        }
        _ => {
            let message = format!(
                "`compensate` must be a task's name or `{{action, input}}`, not {}",
                node.type_name()
            );
            reader
                .sink()
                .error(codes::READ.wrong_type, node.span, message);
            None
        }
    }
}
