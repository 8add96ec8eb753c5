//! What a command shows, in the form that was asked for.
//!
//! Owns the rule that standard output holds the result and nothing else: with JSON, JSON only.
//! Everything said beside it goes to standard error through [`note`]. Never fetches anything. A reader
//! that has gone away (a closed pipe) is not an error.

mod style;
mod table;

pub(crate) use style::{Paint, ago, failure, paint_for_stdout, status, tame, took};
pub(crate) use table::Columns;

use crate::args::Format;
use crate::error::{CliError, Result};
use serde::Serialize;
use std::io::Write as _;

/// Shows results in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// The form.
    pub(crate) format: Format,
}

impl Output {
    /// Whether people read it.
    pub(crate) fn is_table(self) -> bool {
        self.format == Format::Table
    }

    /// A list of things.
    ///
    /// # Errors
    /// If one of them cannot be written in that form.
    pub(crate) fn list<T: Serialize>(self, items: &[T], columns: &Columns<T>) -> Result<()> {
        match self.format {
            Format::Table if items.is_empty() => note("nothing found"),
            Format::Table => line(&columns.render(items)),
            Format::Json => line(&json(&items)?),
            Format::Yaml => line(yaml(&items)?.trim_end()),
            Format::Jsonl => {
                for item in items {
                    line(&compact(item)?);
                }
            }
        }
        Ok(())
    }

    /// One thing; as a table it is shown by `people`.
    ///
    /// # Errors
    /// If it cannot be written in that form.
    pub(crate) fn one<T: Serialize>(
        self,
        item: &T,
        people: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        match self.format {
            Format::Table => line(people(item).trim_end()),
            Format::Json => line(&json(item)?),
            Format::Yaml => line(yaml(item)?.trim_end()),
            Format::Jsonl => line(&compact(item)?),
        }
        Ok(())
    }
}

/// One or more lines on standard output.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever read it has gone; there is nobody left to tell.
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Text as it is on standard output, for redrawing.
pub(crate) fn raw(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(write!(out, "{text}").and_then(|()| out.flush()));
}

/// Something said beside the result.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// The last word of a command that did not succeed.
pub(crate) fn show_error(error: &CliError) {
    let paint = Paint::new(style::colours(&std::io::stderr()));
    let label = paint.red("error:");
    match error {
        CliError::Refused(problem) => {
            note(&format!("{label} {}", problem.detail));
            for field in &problem.errors {
                note(&format!("  {} {}", paint.red("-"), field_line(field)));
                for line in field.excerpt.iter().flat_map(|text| text.lines()) {
                    note(&format!("    {}", tame(line)));
                }
                if let Some(help) = &field.help {
                    note(&format!("    {} {help}", paint.cyan("help:")));
                }
            }
            let trace = problem.trace_id.as_deref();
            let trace = trace.map(|id| format!(", trace {id}")).unwrap_or_default();
            let said = format!(
                "{} {}: {}{trace}",
                problem.status, problem.title, problem.code
            );
            note(&paint.dim(&format!("  ({said})")));
        }
        // Nothing went wrong: it is an answer.
        CliError::Differ(said) => note(said),
        other => note(&format!("{label} {other}")),
    }
}

/// One field error without its help. What the checks of a definition found keeps its code: there
/// is a page on it.
fn field_line(field: &attune_rest::FieldProblem) -> String {
    let has_page = field
        .code
        .starts_with(|first: char| first.is_ascii_uppercase());
    let plain = attune_rest::FieldProblem {
        help: None,
        message: if has_page {
            format!("{} [{}]", field.message, field.code)
        } else {
            field.message.clone()
        },
        ..field.clone()
    };
    plain.to_string()
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|error| unwritable(&error))
}

fn compact<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| unwritable(&error))
}

/// YAML of any value; of a JSON value too, for people who read results.
///
/// # Errors
/// If it cannot be written as YAML.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    // By way of JSON, so that both forms hold the same.
    let value = serde_json::to_value(value).map_err(|error| unwritable(&error))?;
    serde_saphyr::to_string(&value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::error::Error) -> CliError {
    CliError::Service(format!("the result cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_holds_what_json_holds() {
        let value = serde_json::json!({"name": "x: y", "list": [1, true, null], "text": "a\nb"});
        let text = yaml(&value).unwrap();
        let back: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, value);
    }

    #[test]
    fn a_finding_keeps_its_code_and_a_plain_refusal_has_none() {
        let mut field = attune_rest::FieldProblem {
            code: "FLOW020".to_owned(),
            message: "there is no action `core.ste`".to_owned(),
            line: Some(7),
            help: Some("did you mean `core.set`?".to_owned()),
            ..Default::default()
        };
        let said = "7:1: there is no action `core.ste` [FLOW020]";
        assert_eq!(field_line(&field), said);
        field.code = "unknown".to_owned();
        assert_eq!(field_line(&field), "7:1: there is no action `core.ste`");
    }
}
