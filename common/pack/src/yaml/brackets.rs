//! What is wrong with brackets: those that nothing closes, and too many within each other.
//!
//! Owns where a bracket opened that the parser stumbled over, by the look of the text before it. Never
//! decides whether something is an error. Called by [`super::explain`], and for its words by the
//! builder of the tree.

use super::MAX_DEPTH;
use super::explain::Told;
use super::line::line_of;
use crate::diagnostic::Span;
use serde_saphyr::granit_parser::ScanError;

/// Something is missing inside of `[...]` or `{...}`.
pub(super) fn unfinished(text: &str, offset: usize, here: Span, error: &ScanError) -> Told {
    match open_bracket(text, offset) {
        Some((at, open)) => {
            let line = line_of(text, at);
            let close = if open == '[' { ']' } else { '}' };
            if line.number == here.line {
                return Told::new(
                    here,
                    format!(
                        "inside of `{open}`, a `,` or the closing `{close}` is missing before this"
                    ),
                )
                .help("quote a value that has commas, colons or brackets in it");
            }
            Told::new(
                line.span(at - line.start, 1),
                format!(
                    "the `{open}` that stands here is not closed before line {}",
                    here.line
                ),
            )
            .help(format!("put a `{close}` where it ends"))
        }
        None => Told::new(here, error.info()),
    }
}

/// The parser gives up on brackets within brackets before the builder of the tree can count them.
pub(super) fn too_deep(text: &str, offset: usize, here: Span) -> Told {
    let open = open_brackets(text, offset);
    let place = open.get(MAX_DEPTH).map_or(here, |(at, _)| {
        let line = line_of(text, *at);
        line.span(at - line.start, 1)
    });
    Told {
        code: "PACK015",
        ..Told::new(place, nested_too_deep()).help(LESS_DEEP)
    }
}

/// What is said of a value within more than [`MAX_DEPTH`] others.
pub(super) fn nested_too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}

/// What to do about it.
pub(super) const LESS_DEEP: &str = "take levels out; data of that shape is better passed as text, or read by the action from a file";

/// The innermost bracket that is open at `offset`.
fn open_bracket(text: &str, offset: usize) -> Option<(usize, char)> {
    open_brackets(text, offset).pop()
}

/// The brackets that are open at `offset`, the innermost last, texts in quotes left out.
fn open_brackets(text: &str, offset: usize) -> Vec<(usize, char)> {
    let mut open = Vec::new();
    let mut quote = None;
    for (at, c) in text.get(..offset).unwrap_or_default().char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                let before = text[..at].chars().next_back();
                if before.is_none_or(|before| " \t\n[{,:".contains(before)) {
                    quote = Some(c);
                }
            }
            (None, '[' | '{') => {
                let before = text[..at].trim_end_matches(' ').chars().next_back();
                if !open.is_empty() || before.is_none_or(|before| ":-\n[{,".contains(before)) {
                    open.push((at, c));
                }
            }
            (None, ']' | '}') => {
                open.pop();
            }
            _ => {}
        }
    }
    open
}
