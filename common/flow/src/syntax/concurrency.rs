//! `concurrency` of a workflow, as a number or in its long form.

use super::ast::Concurrency;
use super::codes;
use super::entries::kept;
use crate::program::OnLimit;
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{MapReader, Span};

/// Reads `concurrency`, if it is there.
pub(super) fn concurrency_at(reader: &mut MapReader<'_, '_>) -> Option<Concurrency> {
    let node = reader.node("concurrency")?;
    match &node.kind {
        NodeKind::Int(_) => Some(Concurrency {
            limit: limit(reader, node)?,
            key: None,
            on_limit: OnLimit::default(),
        }),
        NodeKind::Map(_) => {
            let mut inner = MapReader::new(node, "concurrency", reader.sink())?;
            let limit = inner
                .required_node("limit")
                .and_then(|node| limit(&mut inner, node));
            let key = kept(&mut inner, "key");
            let on_limit = super::top::word(
                &mut inner,
                "on_limit",
                &[
                    ("queue", OnLimit::Queue),
                    ("reject", OnLimit::Reject),
                    ("cancel_oldest", OnLimit::CancelOldest),
                ],
            );
            inner.finish();
            Some(Concurrency {
                limit: limit?,
                key,
                on_limit: on_limit.unwrap_or_default(),
            })
        }
        _ => {
            let message = format!(
                "`concurrency` must be a number or `{{limit, key, on_limit}}`, not {}",
                node.type_name()
            );
            let span = node.span;
            reader.sink().error(codes::READ.wrong_type, span, message);
            None
        }
    }
}

/// A whole number from 1.
fn limit(reader: &mut MapReader<'_, '_>, node: &Node) -> Option<u32> {
    let found = match node.kind {
        NodeKind::Int(count) => u32::try_from(count).ok().filter(|count| *count >= 1),
        _ => None,
    };
    if found.is_none() {
        bad_limit(reader, node.span);
    }
    found
}

fn bad_limit(reader: &mut MapReader<'_, '_>, span: Span) {
    let message = "the limit of runs at once must be a whole number from 1".to_owned();
    let help = "take `concurrency` out for no limit".to_owned();
    reader.bad_value(span, message, Some(help));
}
