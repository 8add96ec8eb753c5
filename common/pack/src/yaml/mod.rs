//! YAML text to a tree that knows where everything stands.
//!
//! Owns [`Node`], the only YAML tree of the platform: it keeps the order and the places of keys and
//! values, refuses duplicate keys, several documents and anything beyond the limits. JSON is read
//! too, since it is YAML. Never decides what a file means: [`crate::read`] does. Called by the pack
//! reader and by the flow front end. Failure is a list of diagnostics with places.

mod brackets;
mod build;
mod explain;
mod line;
mod marks;
mod repair;
mod scalar;
mod tree;

pub use marks::{Comment, Marks, Writing, marks};

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use attune_types::{JsonMap, JsonValue};
use std::collections::BTreeSet;

/// The largest definition that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The most nodes of one file, those that come from aliases counted each time.
pub const MAX_NODES: usize = 200_000;

/// A key of a map, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key; scalars of other types stand here as they were written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// Nothing: `null`, `~` or an empty place.
    Null,
    /// `true` or `false`; `yes`, `on` and the like are text, as in YAML 1.2.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it holds.
    pub kind: NodeKind,
    /// Where it stands.
    pub span: Span,
}

/// What could be read of a file, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The document; none when nothing could be made of the file.
    pub root: Option<Node>,
    /// Syntax errors, duplicate keys, limits.
    pub found: Diagnostics,
    /// Lines with a value that could not be read and for which some text stands: more about them
    /// would only repeat the error.
    pub silent: BTreeSet<usize>,
}

/// Reads one document, behind its errors where that is possible.
pub fn read(file: &str, text: &str) -> Reading {
    if text.len() <= MAX_BYTES {
        return repair::document(file, text);
    }
    let message = format!(
        "the file has {} bytes; at most {MAX_BYTES} are read",
        text.len()
    );
    let found = Diagnostic::error("PACK015", file, message)
        .help("split it, or move large data to where the action runs");
    Reading {
        root: None,
        found: found.into(),
        silent: BTreeSet::new(),
    }
}

/// Reads one document that has no errors.
///
/// # Errors
/// What keeps it from being read: syntax, duplicate keys, several documents, limits.
pub fn parse(file: &str, text: &str) -> Result<Node, Diagnostics> {
    let Reading { root, found, .. } = read(file, text);
    match root {
        Some(root) => found.or_ok(root),
        None => Err(found),
    }
}

/// Reads one document whose length was looked at before: nesting and nodes are bounded all the same.
///
/// # Errors
/// As [`parse`], but for the length.
pub fn parse_any_length(file: &str, text: &str) -> Result<Node, Diagnostics> {
    let Reading { root, found, .. } = read_any_length(file, text);
    match root {
        Some(root) => found.or_ok(root),
        None => Err(found),
    }
}

/// The same, behind its errors where that is possible.
pub fn read_any_length(file: &str, text: &str) -> Reading {
    repair::document(file, text)
}

impl Node {
    /// An empty place.
    pub fn nothing() -> Self {
        Self {
            kind: NodeKind::Null,
            span: Span::default(),
        }
    }

    /// The value without places.
    pub fn to_json(&self) -> JsonValue {
        match &self.kind {
            NodeKind::Null => JsonValue::Null,
            NodeKind::Bool(value) => (*value).into(),
            NodeKind::Int(value) => (*value).into(),
            NodeKind::Float(value) => (*value).into(),
            NodeKind::Str(value) => value.as_str().into(),
            NodeKind::Seq(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.text.clone(), value.to_json()))
                .collect::<JsonMap>()
                .into(),
        }
    }

    /// What it is, for messages: "a list", "text".
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Int(_) => "an integer",
            NodeKind::Float(_) => "a number",
            NodeKind::Str(_) => "text",
            NodeKind::Seq(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// Whether nothing stands here.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Null)
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            NodeKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self.kind {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a number is asked for, not an integer"
            )]
            NodeKind::Int(value) => Some(value as f64),
            NodeKind::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self.kind {
            NodeKind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a map.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if it is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key with its value, if it is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.as_map()?.iter().find(|(found, _)| found.text == key)
    }

    /// The place that a JSON pointer leads to, or the nearest one above it: the value's own place,
    /// or that of its key when the value is a collection.
    pub fn span_at(&self, pointer: &str) -> Span {
        let mut node = self;
        let mut span = self.span;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let next = match &node.kind {
                NodeKind::Map(_) => node.entry(&part).map(|(key, value)| {
                    let own = matches!(value.kind, NodeKind::Map(_) | NodeKind::Seq(_));
                    (if own { key.span } else { value.span }, value)
                }),
                NodeKind::Seq(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| (item.span, item)),
                _ => None,
            };
            let Some((place, value)) = next else { break };
            span = place;
            node = value;
        }
        span
    }

    /// The place of the key that a JSON pointer ends with, or of the nearest thing above it.
    pub fn key_span_at(&self, pointer: &str) -> Span {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let plain = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let mut node = self;
        for part in parent.split('/').skip(1) {
            let part = plain(part);
            let items = node.as_seq().unwrap_or_default();
            let item = part.parse::<usize>().ok().and_then(|at| items.get(at));
            match item.or_else(|| node.get(&part)) {
                Some(next) => node = next,
                None => return node.span,
            }
        }
        node.entry(&plain(name))
            .map_or(node.span, |(key, _)| key.span)
    }
}

#[cfg(test)]
mod tests;
