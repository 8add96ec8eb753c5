//! What a YAML tree does not keep but a formatter needs: comments, and how values were written.
//!
//! Owns [`Marks`]. Never judges a file: text that cannot be parsed gives the marks up to the error.
//! Called by the formatter only, after [`super::parse`] accepted the text.

use super::tree;
use crate::diagnostic::Span;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, StructureStyle};
use std::collections::HashMap;
use std::ops::Range;

/// A comment where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// The text with its `#`, without blanks at the end.
    pub text: String,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
}

/// How a text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Without quotes.
    Plain,
    /// In quotes of either kind.
    Quoted,
    /// As a block that begins with `|` or `>`.
    Block,
}

/// The presentation of a file.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// All comments, in the order of the file.
    pub comments: Vec<Comment>,
    /// Where collections in brackets or braces stand, in the order of the file.
    pub flows: Vec<Range<usize>>,
    /// How the text that begins at an offset was written.
    pub writings: HashMap<usize, Writing>,
}

/// Reads the presentation of a text.
pub fn marks(text: &str) -> Marks {
    let mut found = Marks::default();
    // Collections that are open: the index of the flow that each is, if it is one.
    let mut open: Vec<Option<usize>> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, place)) = event else { break };
        let span = tree::span(place);
        match event {
            Event::Comment(..) => found.comments.push(comment(text, span)),
            Event::Scalar(_, style, ..) => {
                let writing = match style {
                    ScalarStyle::Plain => Writing::Plain,
                    ScalarStyle::Literal | ScalarStyle::Folded => Writing::Block,
                    _ => Writing::Quoted,
                };
                found.writings.insert(span.offset, writing);
            }
            Event::SequenceStart(style, ..) | Event::MappingStart(style, ..) => {
                open.push((style == StructureStyle::Flow).then_some(found.flows.len()));
                if style == StructureStyle::Flow {
                    found.flows.push(span.offset..text.len());
                }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Some(index)) = open.pop() {
                    found.flows[index].end = span.offset + span.len;
                }
            }
            _ => {}
        }
    }
    found
}

fn comment(text: &str, span: Span) -> Comment {
    let start = text.floor_char_boundary(span.offset);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let written = text.get(span.offset..span.offset + span.len).unwrap_or("");
    Comment {
        span,
        text: written.trim_end().to_owned(),
        own_line: text[line_start..start].trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_comments_flows_and_writings() {
        let text = "# head\na: {b: 1, c: [x]} # tail\nd: |\n  # no comment\n  text\ne: 'q'\n";
        let found = marks(text);
        let comments: Vec<_> = found
            .comments
            .iter()
            .map(|comment| (comment.text.as_str(), comment.own_line))
            .collect();
        assert_eq!(comments, [("# head", true), ("# tail", false)]);
        let flows: Vec<_> = found
            .flows
            .iter()
            .map(|range| &text[range.clone()])
            .collect();
        assert_eq!(flows, ["{b: 1, c: [x]}", "[x]"]);
        let at = |sought: &str| found.writings[&text.find(sought).unwrap()];
        assert_eq!(at("'q'"), Writing::Quoted);
        assert_eq!(at("x]"), Writing::Plain);
        assert!(found.writings.values().any(|one| *one == Writing::Block));
    }
}
