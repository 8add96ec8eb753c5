//! The tree that is formatted: values with their comments, blank lines and ways of writing.
//!
//! Owns the data and its making from a YAML tree. Never reorders anything. Aliases and merge keys
//! are already resolved: the canonical form spells them out.

use super::attach::{self, Place};
use attune_pack::yaml::{Marks, Node, NodeKind, Writing, marks};
use attune_types::{JsonMap, JsonValue};

/// A whole file.
pub(super) struct Document {
    /// Comments that are about the file.
    pub(super) head: Vec<Remark>,
    /// Its value.
    pub(super) root: Value,
}

/// A comment on a line of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remark {
    /// Whether a blank line stands before it.
    pub(super) gap: bool,
    /// With its `#`.
    pub(super) text: String,
}

/// What stands around a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notes {
    /// Comments above.
    pub(super) lead: Vec<Remark>,
    /// Whether a blank line stands right above.
    pub(super) gap: bool,
    /// The comment at the end of the line.
    pub(super) tail: Option<String>,
    /// Comments below that belong to the same block.
    pub(super) foot: Vec<Remark>,
}

impl Notes {
    /// Whether there is a comment.
    pub(super) fn says(&self) -> bool {
        !self.lead.is_empty() || self.tail.is_some() || !self.foot.is_empty()
    }
}

/// An entry of a map, or an item of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its key; none for an item.
    pub(super) key: Option<String>,
    /// What stands around it.
    pub(super) notes: Notes,
    /// Its value.
    pub(super) value: Value,
}

/// A value and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Anything but text: nothing, a boolean, a number.
    Plain(NodeKind),
    /// Text; the lines of a folded block as they were written.
    Text(String, Option<String>),
    /// A list; whether it was in brackets.
    List(Vec<Entry>, bool),
    /// A map; whether it was in braces.
    Map(Vec<Entry>, bool),
}

impl Entry {
    /// An entry without anything around it.
    pub(super) fn of(key: &str, value: Value) -> Self {
        Self {
            key: Some(key.to_owned()),
            notes: Notes::default(),
            value,
        }
    }

    /// An item without anything around it.
    pub(super) fn item(value: Value) -> Self {
        Self {
            key: None,
            notes: Notes::default(),
            value,
        }
    }

    /// Whether it has that key.
    pub(super) fn is(&self, key: &str) -> bool {
        self.key.as_deref() == Some(key)
    }
}

impl Value {
    /// Text that was not written as a block.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned(), None)
    }

    /// Whether nothing stands here.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(NodeKind::Null))
    }

    /// Whether a comment stands anywhere inside: then it cannot go on one line.
    pub(super) fn noted(&self) -> bool {
        match self {
            Self::Map(inner, _) | Self::List(inner, _) => inner
                .iter()
                .any(|entry| entry.notes.says() || entry.value.noted()),
            _ => false,
        }
    }

    /// The value without its layout.
    pub(super) fn to_json(&self) -> JsonValue {
        match self {
            Self::Plain(kind) => Node {
                kind: kind.clone(),
                span: Default::default(),
            }
            .to_json(),
            Self::Text(text, _) => text.as_str().into(),
            Self::List(items, _) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(entries, _) => entries
                .iter()
                .map(|entry| {
                    let key = entry.key.clone().unwrap_or_default();
                    (key, entry.value.to_json())
                })
                .collect::<JsonMap>()
                .into(),
        }
    }
}

/// The tree of a file.
pub(super) fn document(root: &Node, text: &str) -> Document {
    let mut marks = marks(text);
    // A collection with a comment inside cannot stand on one line.
    let comments = &marks.comments;
    marks.flows.retain(|flow| {
        !comments
            .iter()
            .any(|comment| flow.contains(&comment.span.offset))
    });
    let mut places = Vec::new();
    survey(root, &marks, false, None, &mut places);
    let (head, notes) = attach::attach(text, &marks.comments, &places);
    let mut notes = notes.into_iter();
    let root = value(root, text, &marks, &mut notes);
    Document { head, root }
}

fn is_flow(node: &Node, marks: &Marks) -> bool {
    marks
        .flows
        .iter()
        .any(|flow| flow.start == node.span.offset)
}

/// The places of all entries and items, in the order in which [`value`] comes by them.
fn survey(node: &Node, marks: &Marks, inside: bool, above: Option<usize>, places: &mut Vec<Place>) {
    let inside = inside || is_flow(node, marks);
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                places.push(Place {
                    offset: key.span.offset,
                    line: key.span.line,
                    column: key.span.column,
                    flow: inside,
                    // Its line is that of the item whose first key it is.
                    nested: above == Some(key.span.offset),
                });
                survey(value, marks, inside, None, places);
            }
        }
        NodeKind::Seq(items) => {
            for item in items {
                places.push(Place {
                    offset: item.span.offset,
                    line: item.span.line,
                    // That of the dash.
                    column: item.span.column.saturating_sub(2).max(1),
                    flow: inside,
                    nested: above == Some(item.span.offset),
                });
                survey(item, marks, inside, Some(item.span.offset), places);
            }
        }
        _ => {}
    }
}

fn value(node: &Node, text: &str, marks: &Marks, notes: &mut impl Iterator<Item = Notes>) -> Value {
    match &node.kind {
        NodeKind::Map(entries) => {
            let made = entries
                .iter()
                .map(|(key, inner)| Entry {
                    key: Some(key.text.clone()),
                    notes: notes.next().unwrap_or_default(),
                    value: value(inner, text, marks, notes),
                })
                .collect();
            Value::Map(made, is_flow(node, marks))
        }
        NodeKind::Seq(items) => {
            let made = items
                .iter()
                .map(|item| Entry {
                    key: None,
                    notes: notes.next().unwrap_or_default(),
                    value: value(item, text, marks, notes),
                })
                .collect();
            Value::List(made, is_flow(node, marks))
        }
        NodeKind::Str(content) => Value::Text(content.clone(), folded(node, text, marks)),
        other => Value::Plain(other.clone()),
    }
}

/// The mark and the source of a block that begins with `>`: where its author broke the lines.
fn folded(node: &Node, text: &str, marks: &Marks) -> Option<String> {
    let span = node.span;
    if marks.writings.get(&span.offset) != Some(&Writing::Block) {
        return None;
    }
    // The place is that of the content; the mark stands at the end of the line before it.
    let before = text.get(..span.offset)?;
    let header = before.trim_end().lines().last()?;
    let header = header.split(" #").next()?.trim_end();
    let mark = &header[header.rfind(' ').map_or(0, |at| at + 1)..];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let body = text.get(start..span.offset + span.len)?;
    mark.starts_with('>').then(|| format!("{mark}\n{body}"))
}
