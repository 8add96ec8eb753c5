//! One line of a file, as far as it can be understood without the lines around it.
//!
//! Owns where a line's value begins and ends, for the words and the mending of syntax errors. A guess
//! by the look of the line, never used to read a file that has no errors.

use crate::diagnostic::Span;
use std::ops::Range;

/// A line with its place.
pub(super) struct Line<'t> {
    /// Without its end.
    pub(super) text: &'t str,
    /// Bytes before it.
    pub(super) start: usize,
    /// From 1.
    pub(super) number: usize,
}

/// Where the line begins that holds the byte.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// The line that holds the byte.
pub(super) fn line_of(text: &str, offset: usize) -> Line<'_> {
    let start = line_start(text, offset);
    let rest = &text[start..];
    let line = rest.split('\n').next().unwrap_or_default();
    Line {
        text: line.trim_end_matches('\r'),
        start,
        number: text[..start].matches('\n').count() + 1,
    }
}

impl Line<'_> {
    /// The span of some bytes of the line.
    pub(super) fn span(&self, from: usize, len: usize) -> Span {
        let from = from.min(self.text.len());
        Span {
            offset: self.start + from,
            len,
            line: self.number,
            column: self.text.get(..from).unwrap_or(self.text).chars().count() + 1,
        }
    }

    /// Blanks before the first character.
    pub(super) fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// What stands behind `key: ` or `- `, a comment left out; in bytes of the line.
    pub(super) fn value(&self) -> Option<Range<usize>> {
        let mut start = self.indent();
        while let Some(rest) = self.text[start..].strip_prefix("- ") {
            start = self.text.len() - rest.trim_start().len();
        }
        let rest = &self.text[start..];
        let plain_key = !rest.starts_with(['"', '\'', '[', '{']);
        if plain_key && let Some(colon) = rest.find(": ") {
            start += colon + 2;
            start += self.text[start..].len() - self.text[start..].trim_start().len();
        } else if (plain_key && rest.ends_with(':'))
            || !self.text[..start].trim_end().ends_with('-')
        {
            return None;
        }
        let value = &self.text[start..];
        let quoted = value.starts_with(['"', '\'']);
        let end = value.find(" #").filter(|_| !quoted).unwrap_or(value.len());
        let end = start + self.text[start..start + end].trim_end().len();
        (end > start).then_some(start..end)
    }

    /// A template that begins a value and stands in no quotes.
    pub(super) fn unquoted_template(&self) -> Option<Range<usize>> {
        if let Some(value) = self.value() {
            let text = &self.text[value.clone()];
            if text.starts_with("{{") || text.starts_with("{%") {
                return Some(value);
            }
        }
        let bytes = self.text.as_bytes();
        let mut quote = None;
        for (at, c) in self.text.char_indices() {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '{') if matches!(bytes.get(at + 1), Some(b'{' | b'%')) => {
                    let before = self.text[..at].trim_end().chars().next_back();
                    let begins = before.is_some_and(|before| ":[,".contains(before));
                    let close = if bytes[at + 1] == b'{' { "}}" } else { "%}" };
                    let len = self.text[at..].find(close)?;
                    return begins.then_some(at..at + len + 2);
                }
                _ => {}
            }
        }
        None
    }

    /// The key that the value at this byte of the line belongs to.
    pub(super) fn key_before(&self, at: usize) -> Option<&str> {
        let before = self.text.get(..at)?.trim_end().strip_suffix(':')?;
        let start = before.rfind([' ', '{', ',']).map_or(0, |at| at + 1);
        Some(&before[start..]).filter(|key| !key.is_empty())
    }

    /// The colon of `key:value`.
    pub(super) fn colon_without_space(&self) -> Option<usize> {
        let bare = self.text.trim_start();
        let bare = bare.strip_prefix("- ").unwrap_or(bare);
        let colon = bare.find(':')?;
        let key = &bare[..colon];
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
        let next = bare[colon + 1..].chars().next();
        let fits = is_key && next.is_some_and(|c| !c.is_whitespace());
        fits.then(|| self.text.len() - bare.len() + colon)
    }
}
