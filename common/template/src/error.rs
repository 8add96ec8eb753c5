//! What can be wrong with a template, said so that the person who wrote it can mend it.
//!
//! Messages name things; they never quote the values of a scope, so that no secret can stand in one.

use crate::ast::Span;
use std::fmt;

/// The sort of thing that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not a template.
    Syntax,
    /// A filter, test or function that does not exist, or an argument that it does not take.
    Unknown,
    /// A name or field that was looked for is not there.
    Undefined,
    /// A value is of the wrong type or form for what is done with it.
    Type,
    /// The template goes further than [`Limits`](crate::Limits) allow.
    Limit,
    /// The template would look into a secret, or treats a key as what it is not.
    Secret,
    /// The template called `throw()`.
    Thrown,
    /// The engine itself broke.
    Internal,
}

/// Why a template could not be compiled or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The sort of thing that went wrong.
    pub kind: ErrorKind,
    /// What went wrong.
    pub message: String,
    /// The expression in which it went wrong, as it was written.
    pub expression: String,
    /// JSON pointer to the string within the value; empty for the value itself.
    pub pointer: String,
    /// Line in that string, from 1.
    pub line: u32,
    /// Column in that line, from 1, in characters.
    pub column: u32,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.expression.is_empty() {
            write!(f, ", in `{}`", self.expression)?;
        }
        if !self.pointer.is_empty() {
            write!(f, " at `{}`", self.pointer)?;
        }
        if self.line > 1 || self.column > 1 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {}

/// A failure before its place in the whole value is known.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) span: Option<Span>,
}

impl Fault {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            span: None,
        }
    }

    pub(crate) fn syntax(message: impl Into<String>, span: Span) -> Self {
        Self::new(ErrorKind::Syntax, message).at(span)
    }

    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Type, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Gives the place, unless a closer one is already known.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// The error that people see: `source` is the string and `pointer` its place.
    pub(crate) fn placed(self, source: &str, pointer: &str) -> TemplateError {
        let span = self.span.unwrap_or(0..source.len());
        let start = floor_boundary(source, span.start);
        let end = floor_boundary(source, span.end).max(start);
        let before = &source[..start];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |text| text.chars().count())
            + 1;
        TemplateError {
            kind: self.kind,
            message: self.message,
            expression: shorten(source[start..end].trim(), 120),
            pointer: pointer.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            help: self.help,
        }
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// At most `most` characters of the text, with an ellipsis where something is left out.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// Up to ten of the names, in backticks, for "what stands there instead".
pub(crate) fn list_names<S: AsRef<str>>(names: &[S]) -> String {
    let mut text = names
        .iter()
        .take(10)
        .map(|name| format!("`{}`", shorten(name.as_ref(), 60)))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > 10 {
        text.push_str(&format!(" and {} more", names.len() - 10));
    }
    text
}

/// `a`, `b` or `c`.
pub(crate) fn list_choices(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => format!("`{last}`"),
        Some((last, rest)) => format!("{} or `{last}`", list_names(rest)),
        None => "nothing".to_owned(),
    }
}

/// The candidate that `name` was probably meant to be, if one is close enough.
pub fn did_you_mean<S: AsRef<str>>(name: &str, candidates: &[S]) -> Option<String> {
    let length = name.chars().count();
    if length > 64 {
        return None;
    }
    let near = (length / 3).clamp(1, 3);
    candidates
        .iter()
        .take(1_000)
        .map(AsRef::as_ref)
        .filter(|candidate| candidate.len() <= 256)
        .map(|candidate| {
            let distance = distance(&name.to_lowercase(), &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Edit distance, with two swapped neighbours counted as one edit.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut two_ago: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(left != right))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *left == b[j - 1] && a[i - 1] == *right {
                best = best.min(two_ago[j - 1] + 1);
            }
            row.push(best);
        }
        two_ago = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let names = ["environment", "replicas", "image_url"];
        assert_eq!(
            did_you_mean("enviroment", &names).as_deref(),
            Some("environment")
        );
        assert_eq!(
            did_you_mean("image_ulr", &names).as_deref(),
            Some("image_url")
        );
        assert_eq!(did_you_mean("tag", &names), None);
    }

    #[test]
    fn places_an_error_by_line_and_column() {
        let error = Fault::syntax("wrong", 8..11).placed("ä one\ntwo three", "/a");
        assert_eq!((error.line, error.column), (2, 2));
        assert_eq!(error.pointer, "/a");
    }
}
