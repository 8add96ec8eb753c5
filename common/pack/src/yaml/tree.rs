//! Places and depth of the tree that is being built.
//!
//! Owns the parser's places in ours. Pure arithmetic, called by the builder only.

use super::{Node, NodeKind};
use crate::diagnostic::Span;
use serde_saphyr::granit_parser::Span as Place;

pub(super) fn span(place: Place) -> Span {
    let bytes = place.byte_range().unwrap_or(0..0);
    Span {
        offset: bytes.start,
        len: bytes.len(),
        line: place.start.line().max(1),
        column: place.start.col() + 1,
    }
}

/// A block collection begins without a mark of its own: its first key or item stands for it.
pub(super) fn outline(here: Span, kind: &NodeKind) -> Span {
    if here.len > 0 {
        return here;
    }
    match kind {
        NodeKind::Map(entries) => entries.first().map_or(here, |(key, _)| key.span),
        _ => here,
    }
}

pub(super) fn deepest(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Seq(items) => 1 + items.iter().map(deepest).max().unwrap_or(0),
        NodeKind::Map(entries) => {
            1 + entries
                .iter()
                .map(|(_, value)| deepest(value))
                .max()
                .unwrap_or(0)
        }
        _ => 1,
    }
}
