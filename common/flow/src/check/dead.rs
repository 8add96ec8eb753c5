//! Branches and transitions that never fire.
//!
//! Owns one warning. Speaks only of conditions that name nothing, or are written twice.

use super::fate::constant;
use super::graph::Flat;
use crate::syntax::ast::{Condition, Task};
use crate::syntax::codes;
use attune_pack::yaml::Node;
use attune_pack::{Sink, Span};

/// Warns of each.
pub(super) fn check(flat: &Flat<'_>, sink: &mut Sink) {
    for task in &flat.tasks {
        branches(task, sink);
        for next in &task.next {
            if let Condition::Written(when) = &next.when
                && constant(when) == Some(false)
            {
                never(when.span, "this condition never holds", sink);
            }
        }
    }
}

fn branches(task: &Task, sink: &mut Sink) {
    let written: Vec<(Span, &[Node], Option<&Node>)> = task
        .next
        .iter()
        .filter_map(|next| match &next.when {
            Condition::Branch { before, own } => Some((next.span, before.as_slice(), own.as_ref())),
            _ => None,
        })
        .collect();
    for (span, before, own) in &written {
        let place = own.map_or(*span, |own| own.span);
        let same = own.and_then(|own| before.iter().find(|one| text(one) == text(own)));
        if let Some(always) = before.iter().find(|one| constant(one) == Some(true)) {
            let message = format!(
                "this branch is never taken: the one in line {} always holds",
                always.span.line
            );
            never(place, &message, sink);
        } else if own.and_then(constant) == Some(false) {
            never(place, "this branch is never taken", sink);
        } else if let Some(same) = same {
            let message = format!(
                "this branch is never taken: line {} asks the same",
                same.span.line
            );
            never(place, &message, sink);
        }
    }
    let default = written.iter().find(|(_, _, own)| own.is_none());
    let last = written.iter().map(|(span, ..)| span.offset).max();
    if let Some((span, ..)) = default
        && last.is_some_and(|last| last > span.offset)
    {
        let message = "the default is taken only when no branch holds, the later ones too";
        sink.warning(codes::NEVER, *span, message).help = Some("write it last".to_owned());
    }
}

fn never(span: Span, message: &str, sink: &mut Sink) {
    sink.warning(codes::NEVER, span, message).help =
        Some("correct the condition, or take it out".to_owned());
}

fn text(node: &Node) -> String {
    match node.as_str() {
        Some(text) => super::template::expression(text).to_owned(),
        None => node.to_json().to_string(),
    }
}
