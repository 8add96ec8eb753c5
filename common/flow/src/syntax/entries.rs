//! Named values in order: `vars`, `publish`, `output_map`, `labels`; and a value with its place.
//!
//! Owns the two forms of such a list: a map, or a list of small maps. A name that stands twice is an
//! error, since the later one would silently win.

use super::ast::{Entry, Spanned};
use super::codes;
use attune_pack::yaml::{Key, Node};
use attune_pack::{MapReader, Sink};
use attune_types::Ref;

/// The entries of the value, in the order of the file.
pub(super) fn entries(node: &Node, what: &str, sink: &mut Sink) -> Vec<Entry> {
    let mut found = Vec::new();
    if let Some(map) = node.as_map() {
        add(map, what, &mut found, sink);
    } else if let Some(items) = node.as_seq() {
        for item in items {
            match item.as_map() {
                Some(map) => add(map, what, &mut found, sink),
                None => {
                    let message = format!(
                        "each item of `{what}` must be a map such as `name: value`, not {}",
                        item.type_name()
                    );
                    sink.error(codes::READ.wrong_type, item.span, message);
                }
            }
        }
    } else {
        let message = format!(
            "`{what}` must be a map, or a list of maps, not {}",
            node.type_name()
        );
        sink.error(codes::READ.wrong_type, node.span, message);
    }
    found
}

fn add(map: &[(Key, Node)], what: &str, found: &mut Vec<Entry>, sink: &mut Sink) {
    for (key, value) in map {
        if found.iter().any(|entry| entry.name.value == key.text) {
            let message = format!("`{what}` has the name `{}` a second time", key.text);
            sink.error(codes::DUPLICATE, key.span, message).help =
                Some("keep one of the two".to_owned());
            continue;
        }
        found.push(Entry {
            name: Spanned::new(key.text.clone(), key.span),
            value: value.clone(),
        });
    }
}

/// The entries under a key, if it is there.
pub(super) fn entries_at(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Vec<Entry>> {
    let node = reader.node(key)?;
    Some(entries(node, key, reader.sink()))
}

/// A value that is kept as it stands.
pub(super) fn kept(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Node> {
    reader.node(key).cloned()
}

/// A reference with its place.
pub(super) fn reference_at(
    reader: &mut MapReader<'_, '_>,
    key: &'static str,
) -> Option<Spanned<Ref>> {
    let span = reader.node(key)?.span;
    reader
        .opt_ref(key)
        .map(|reference| Spanned::new(reference, span))
}

/// Text with its place.
pub(super) fn text_at(
    reader: &mut MapReader<'_, '_>,
    key: &'static str,
) -> Option<Spanned<String>> {
    let span = reader.node(key)?.span;
    reader.opt_str(key).map(|text| Spanned::new(text, span))
}
