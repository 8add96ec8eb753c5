//! What was found wrong, in the forms that people and build servers read.
//!
//! Owns the forms of `attune workflow validate` beyond text and JSON: annotations as GitHub's runners
//! take them, and SARIF. Pure: what was found goes in, a text comes out.

mod github;
mod pages;
mod sarif;

pub(super) use github::annotations;
pub(super) use sarif::sarif;

use attune_pack::Diagnostic;

/// The column behind the last character that a diagnostic marks, in characters from 1, where its line
/// is known. What goes over the end of the line is marked up to there.
fn end_column(found: &Diagnostic) -> Option<usize> {
    let (span, line) = (found.span?, found.line_text.as_deref()?);
    let mut bytes = 0;
    let marked = line
        .chars()
        .skip(span.column.saturating_sub(1))
        .take_while(|c| {
            let inside = bytes < span.len;
            bytes += c.len_utf8();
            inside
        });
    Some(span.column + marked.count().max(1))
}
