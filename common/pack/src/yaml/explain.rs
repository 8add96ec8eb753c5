//! What the YAML parser objects to, in words for people who write workflows.
//!
//! Owns the wording and the place of syntax errors: the parser says where it could not go on, which is
//! often not where the mistake is. Never decides whether something is an error. Called by the builder
//! of the tree. A kind of error that has no words of its own here keeps the parser's.

use super::brackets;
use super::line::{Line, line_of, line_start};
use crate::diagnostic::Span;
use crate::suggest::suggest;
use serde_saphyr::granit_parser::{ErrorKind, ScanError};

/// A syntax error as it is shown.
pub(super) struct Told {
    pub(super) code: &'static str,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Bytes that can be taken for a text, so that the rest of the file can be read.
    pub(super) repair: Option<std::ops::Range<usize>>,
}

impl Told {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            code: "PACK002",
            span,
            message: message.into(),
            help: None,
            repair: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn repair(mut self, range: std::ops::Range<usize>) -> Self {
        self.repair = Some(range);
        self
    }
}

/// The error of the parser, told.
pub(super) fn syntax(error: &ScanError, text: &str) -> Told {
    let mark = error.marker();
    // The parser may name a place within a character.
    let offset = text.floor_char_boundary(mark.byte_offset().unwrap_or(0));
    let line = line_of(text, offset);
    if let Some(told) = unquoted_template(&line) {
        return told;
    }
    // The file may end behind the last line that has anything in it.
    let here = match (text[offset..].trim().is_empty(), last_line(text, offset)) {
        (true, Some(last)) if line.text.trim().is_empty() => last.span(last.text.len(), 1),
        _ => line.span(offset - line.start, 1),
    };
    by_kind(error, text, offset, &line, here)
}

/// A value that begins with `{{` or `{%` and has no quotes.
pub(super) fn unquoted_template(line: &Line<'_>) -> Option<Told> {
    let range = line.unquoted_template()?;
    let written = &line.text[range.clone()];
    let quoted = if !written.contains('"') {
        format!("\"{written}\"")
    } else {
        format!("'{}'", written.replace('\'', "''"))
    };
    let span = line.span(range.start, range.len());
    let opens = &written[..2];
    let told = Told::new(
        span,
        format!("YAML takes `{opens}` for the beginning of a map: a template needs quotes"),
    );
    let key = line.key_before(range.start);
    let help = match key {
        Some(key) => format!("write `{key}: {quoted}`"),
        None => format!("write `{quoted}`"),
    };
    Some(
        told.help(help)
            .repair(line.start + range.start..line.start + range.end),
    )
}

fn by_kind(error: &ScanError, text: &str, offset: usize, line: &Line<'_>, here: Span) -> Told {
    let value = line
        .value()
        .map(|range| line.start + range.start..line.start + range.end);
    let whole_value = |told: Told| match value.clone() {
        Some(range) if range.contains(&offset) || range.end == offset => told.repair(range),
        _ => told,
    };
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => {
            let lead = line.text.len() - line.text.trim_start().len();
            let tab = line.text[..lead].find('\t').unwrap_or(offset - line.start);
            let tabs = line.text[tab..].bytes().take_while(|b| *b == b'\t').count();
            Told::new(
                line.span(tab, tabs.max(1)),
                "a tab stands where YAML takes only spaces",
            )
            .help("indent with spaces")
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => Told::new(
            here,
            format!(
                "the character U+{:04X} cannot stand in a definition",
                u32::from(*character)
            ),
        )
        .help("take it out, or write it as an escape in double quotes"),
        ErrorKind::UnexpectedCharacter { character } => whole_value(
            Told::new(here, format!("a value cannot begin with `{character}`"))
                .help(quote(line, value.as_ref())),
        ),
        ErrorKind::UnknownAnchor => match anchor(text, line, offset, value.as_ref()) {
            Some(told) => told,
            None => whole_value(
                Told::new(here, "`*` stands for an anchor, and there is none of that name")
                    .help(quote(line, value.as_ref())),
            ),
        },
        ErrorKind::RecursionLimitExceeded => brackets::too_deep(text, offset, here),
        ErrorKind::MissingAnchorOrAliasName => whole_value(
            Told::new(here, "a value that begins with `*` or `&` must be quoted")
                .help(quote(line, value.as_ref())),
        ),
        ErrorKind::MappingValueNotAllowed => mapping_value(text, offset, line, here, value),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => {
            let place = opening_quote(text, offset).unwrap_or(here);
            Told::new(place, "the quote that begins here is not closed")
                .help("close it on the same line, or indent the lines that belong to it")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => whole_value(
            Told::new(here, "text goes on behind the closing quote")
                .help("inside of single quotes write a quote twice: `'it''s'`"),
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => whole_value(
            Told::new(here, "text goes on behind the closing quote")
                .help("inside of double quotes write a quote as `\\\"`, or put the whole value in single quotes"),
        ),
        ErrorKind::UnknownQuotedScalarEscape => {
            let (span, escape) = bad_escape(text, offset).unwrap_or((here, "\\".to_owned()));
            whole_value(
                Told::new(
                    span,
                    format!("`{escape}` means nothing inside of double quotes"),
                )
                .help(format!("write `\\{escape}`, or put the value in single quotes")),
            )
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            Told::new(here, format!("the `{open}` that stands here is not closed"))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Told::new(here, format!("a `{open}` is closed by `{close}`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            Told::new(here, "this bracket closes nothing").help(quote(line, value.as_ref()))
        }
        ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::FlowMappingValueAdjacentCollection => brackets::unfinished(text, offset, here, error),
        ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation => {
            let lead = line.text.len() - line.text.trim_start().len();
            let len = line.text.trim().chars().count().min(1);
            Told::new(
                line.span(lead, len),
                "the indentation of this line fits none of the lines above",
            )
            .help("the keys of one map, and the dashes of one list, begin in the same column")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            Told::new(here, "an item of a list cannot begin here")
                .help("put the `-` on a line of its own, or quote the value")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => no_colon(line, here),
        _ => Told::new(here, error.info()),
    }
}

/// `x: a: b`, a line that is indented too deep, or one whose forerunner lacks a space.
fn mapping_value(
    text: &str,
    offset: usize,
    line: &Line<'_>,
    here: Span,
    value: Option<std::ops::Range<usize>>,
) -> Told {
    if let Some(range) = value.filter(|range| range.contains(&offset)) {
        return Told::new(here, "a second `: ` stands in this line")
            .help(quote(line, Some(&range)))
            .repair(range);
    }
    if let Some(before) = last_line(text, line.start) {
        if let Some(colon) = before.colon_without_space() {
            return Told::new(
                before.span(colon, 1),
                "a space must follow the `:` behind a key",
            );
        }
        let deeper = line.indent() > before.indent();
        if deeper && before.value().is_some() {
            return Told::new(
                here,
                format!(
                    "this line is indented deeper than line {}, which has a value already",
                    before.number
                ),
            )
            .help("indent both alike");
        }
    }
    Told::new(here, "a `:` cannot stand here").help("quote the value if the `:` belongs to it")
}

/// `*name` as a whole value: either the anchor is missing, or text was meant.
fn anchor(
    text: &str,
    line: &Line<'_>,
    offset: usize,
    value: Option<&std::ops::Range<usize>>,
) -> Option<Told> {
    let upto = line.text.get(..=offset.checked_sub(line.start)?)?;
    let star = upto.rfind('*')?;
    let rest = &line.text[star + 1..];
    let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let range = line.start + star..line.start + star + 1 + name.len();
    // More behind it is a text that begins with a star, such as that of a schedule.
    if name.is_empty() || value.is_some_and(|value| value.start == range.start && *value != range) {
        return None;
    }
    let message = format!("`*{name}` repeats the value marked `&{name}`, and none is before it");
    let marked = text[..range.start].split('&').skip(1);
    let marked = marked.map(|from| &from[..from.find(ends).unwrap_or(from.len())]);
    let help = match suggest(name, marked) {
        Some(near) => format!("did you mean `*{near}`?"),
        None => format!(
            "mark that value with `&{name}`; if the star is part of a text, quote it: `\"*{name}\"`"
        ),
    };
    let span = line.span(star, 1 + name.len());
    Some(Told::new(span, message).help(help).repair(range))
}

/// `timeout 3`.
fn no_colon(line: &Line<'_>, here: Span) -> Told {
    let trimmed = line.text.trim();
    let lead = line.text.len() - line.text.trim_start().len();
    let words = trimmed.split_once(char::is_whitespace);
    let told = Told::new(
        if here.line == line.number {
            line.span(lead, trimmed.len())
        } else {
            here
        },
        "this is neither `key: value` nor an item of a list",
    );
    let told = match words {
        Some((key, value)) => {
            let key = key.trim_end_matches(['=', ':']);
            told.help(format!("write `{key}: {}`", value.trim()))
        }
        None => told.help(format!("write `{trimmed}:` and its value")),
    };
    told.repair(line.start + lead..line.start + lead + trimmed.len())
}

fn quote(line: &Line<'_>, value: Option<&std::ops::Range<usize>>) -> String {
    let written = value.and_then(|range| {
        line.text
            .get(range.start - line.start..range.end - line.start)
    });
    match written {
        Some(written) if !written.contains('"') && written.len() < 80 => {
            format!("quote it: `\"{written}\"`")
        }
        _ => "quote the value".to_owned(),
    }
}

/// The line with something in it that ends at or before `offset`.
fn last_line(text: &str, offset: usize) -> Option<Line<'_>> {
    let mut end = line_start(text, offset);
    while end > 0 {
        let line = line_of(text, end - 1);
        let bare = line.text.trim_start();
        if !bare.is_empty() && !bare.starts_with('#') {
            return Some(line);
        }
        end = line.start;
    }
    None
}

/// Where the last quote before `offset` opened that begins a value and does not end in its line.
fn opening_quote(text: &str, offset: usize) -> Option<Span> {
    let mut at = Some(line_of(text, offset));
    while let Some(line) = at {
        for (start, c) in line.text.char_indices() {
            let opens = matches!(c, '"' | '\'')
                && line.text[..start]
                    .trim_end()
                    .chars()
                    .next_back()
                    .is_none_or(|before| ":-[{,".contains(before));
            if opens && !line.text[start + 1..].contains(c) {
                return Some(line.span(start, 1));
            }
        }
        at = (line.start > 0).then(|| line_of(text, line.start - 1));
    }
    None
}

/// The first escape behind `offset` that YAML does not know.
fn bad_escape(text: &str, offset: usize) -> Option<(Span, String)> {
    let mut chars = text.get(offset..)?.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let (_, next) = chars.next()?;
        if !"0abtnvfre \"/\\N_LPxuU\t\n\r".contains(next) {
            let line = line_of(text, offset + at);
            let span = line.span(offset + at - line.start, 1 + next.len_utf8());
            return Some((span, format!("\\{next}")));
        }
    }
    None
}
