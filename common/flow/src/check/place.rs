//! From a place inside a template string to line and column of the file.
//!
//! Owns that arithmetic only. Where the source of the string cannot be followed, the place is that of
//! the whole string: never a wrong line.

use super::aligned;
use attune_pack::Span;
use attune_pack::yaml::Node;
use attune_template::TemplateError;
use std::ops::Range;

/// The place in the file that an error inside of `node` is about.
pub fn of_error(text: &str, node: &Node, error: &TemplateError) -> Span {
    let Some(value) = string_at(node, &error.pointer) else {
        return node.span_at(&error.pointer);
    };
    let start = offset_of(value, error.line, error.column);
    let len = error.expression.lines().next().map_or(1, str::len).max(1);
    of_range(text, node, &error.pointer, start..start + len)
}

/// The place in the file of some bytes of the string that `pointer` leads to within `node`.
pub(super) fn of_range(text: &str, node: &Node, pointer: &str, range: Range<usize>) -> Span {
    let whole = node.span_at(pointer);
    let found = string_at(node, pointer)
        .zip(text.get(whole.offset..whole.offset + whole.len))
        .and_then(|(value, source)| aligned::in_source(value, source, range));
    match found {
        Some(found) => at_offset(text, whole.offset + found.start, found.len()),
        None => whole,
    }
}

/// The byte offset of a line and column, both from 1.
fn offset_of(value: &str, line: u32, column: u32) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match value[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return value.len(),
        }
    }
    value[start..]
        .char_indices()
        .nth(column.saturating_sub(1) as usize)
        .map_or(value.len(), |(at, _)| start + at)
}

/// A span from a byte offset of the file.
fn at_offset(text: &str, offset: usize, len: usize) -> Span {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Span {
        offset,
        len,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The string that a JSON pointer leads to.
fn string_at<'n>(node: &'n Node, pointer: &str) -> Option<&'n str> {
    let mut node = node;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        node = match node.as_seq() {
            Some(items) => items.get(part.parse::<usize>().ok()?)?,
            None => node.get(&part)?,
        };
    }
    node.as_str()
}
