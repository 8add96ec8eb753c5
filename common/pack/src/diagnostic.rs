//! What is wrong in a file that a person wrote, with its place.
//!
//! Owns [`Diagnostic`] and its text form. Never decides what is wrong: the readers and checkers
//! here, in flow and in rules make them. Shown by the CLI as text, by the API as JSON.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_width::UnicodeWidthChar;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Length in bytes.
    pub len: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The definition cannot be accepted.
    Error,
    /// Accepted, but probably not what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong, with its place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable code with a page in `docs/errors/`, such as `PACK003`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the pack's folder.
    pub file: String,
    /// Where in the file; `None` when it concerns the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line that the span starts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_text: Option<String>,
}

/// Lines longer than this are not repeated in a diagnostic.
const LONGEST_LINE: usize = 4_096;
/// How much of a line is shown as text.
const WIDEST: usize = 140;
/// How much of a line that is cut stands before the place.
const LEAD: usize = 60;

impl Diagnostic {
    /// An error about `file` as a whole.
    pub fn error(code: &str, file: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Error,
            file: file.to_owned(),
            span: None,
            message: message.into(),
            help: None,
            line_text: None,
        }
    }

    /// The same diagnostic, as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same diagnostic, at a place of the file whose whole text is `text`.
    #[must_use]
    pub fn at(mut self, span: Span, text: &str) -> Self {
        self.line_text = text
            .lines()
            .nth(span.line.saturating_sub(1))
            .filter(|line| line.len() <= LONGEST_LINE)
            // A byte order mark takes no column.
            .map(|line| line.trim_start_matches('\u{feff}').trim_end().to_owned());
        self.span = Some(span);
        self
    }

    /// The same diagnostic, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it keeps the definition from being accepted.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The line that it is about, and a second one with a marker below the place.
    pub fn excerpt(&self) -> Option<String> {
        let (span, line) = (self.span?, self.line_text.as_ref()?);
        let number = span.line.to_string();
        let gutter = " ".repeat(number.len());
        let Shown { line, lead, marker } = shown(line, span);
        Some(format!("{number} | {line}\n{gutter} | {lead}{marker}"))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.file))?;
        if let Some(span) = self.span {
            write!(f, ":{}:{}", span.line, span.column)?;
        }
        let message = plain(&self.message);
        write!(f, ": {}[{}]: {message}", self.severity, self.code)?;
        for line in self.excerpt().iter().flat_map(|text| text.lines()) {
            write!(
                f,
                "
  {line}"
            )?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {}", plain(help))?;
        }
        Ok(())
    }
}

/// A line and what stands under it.
struct Shown {
    line: String,
    lead: String,
    marker: String,
}

/// The line with the marker under the characters that are meant, however wide they are. Of a long
/// line the part around them.
fn shown(line: &str, span: Span) -> Shown {
    let characters: Vec<char> = line.chars().map(visible).collect();
    let at = span.column.saturating_sub(1).min(characters.len());
    let len = covered(line, span);
    let from = if characters.len() > WIDEST {
        at.saturating_sub(LEAD)
    } else {
        0
    };
    let to = characters.len().min(from + WIDEST);
    let (before, after) = (
        if from > 0 { "…" } else { "" },
        if to < characters.len() { "…" } else { "" },
    );
    let width = |c: &char| c.width().unwrap_or(0);
    let mut lead = " ".repeat(before.chars().count());
    for c in &characters[from.min(at)..at] {
        match c {
            // The terminal goes to the same stop under it.
            '\t' => lead.push('\t'),
            c => lead.extend(std::iter::repeat_n(' ', width(c))),
        }
    }
    let end = (at + len).min(to).max(at);
    let marked: usize = characters[at..end].iter().map(width).sum();
    Shown {
        line: format!(
            "{before}{}{after}",
            characters[from..to].iter().collect::<String>()
        ),
        lead,
        marker: "^".repeat(marked.max(1)),
    }
}

/// How many characters of the line the span covers.
fn covered(line: &str, span: Span) -> usize {
    let mut bytes = 0;
    line.chars()
        .skip(span.column.saturating_sub(1))
        .take_while(|c| {
            let inside = bytes < span.len;
            bytes += c.len_utf8();
            inside
        })
        .count()
}

/// Nothing that a file holds may move the cursor or change the terminal.
fn visible(c: char) -> char {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if (c.is_control() && c != '\t') || turns {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { c } else { visible(c) })
        .collect()
}

/// All that was found, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Puts them in the order of files, lines and columns. What is said twice of one place, since an
    /// alias brings it in twice, stays once.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            let place = |d: &Diagnostic| d.span.map_or((0, 0), |span| (span.line, span.column));
            (&a.file, place(a), &a.code).cmp(&(&b.file, place(b), &b.code))
        });
        self.0.dedup();
    }

    /// `value` when no error was found, else what was found.
    ///
    /// # Errors
    /// The diagnostics, when one of them is an error. Warnings alone are dropped.
    pub fn or_ok<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() {
            Err(self)
        } else {
            Ok(value)
        }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, diagnostic) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(diagnostic, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
