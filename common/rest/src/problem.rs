//! Refusals: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The content type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable text to decide by.
    pub code: String,
    /// The same for people, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// All that is wrong with the request, each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Finds the request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// One thing that is wrong with a request, or with a file of a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body; into the parameters where those are refused. Empty where it
    /// concerns the whole.
    pub pointer: String,
    /// Stable text: `unknown`, `required`, `type` ..., or the code of a pack diagnostic.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The query parameter that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The file of the pack, relative to its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in that file, or in the definition that was given, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// That line with a marker below the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

impl Problem {
    /// A refusal with the page that explains its code.
    pub fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/errors/{code}"),
            code: code.to_owned(),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            trace_id: None,
        }
    }

    /// The same refusal, with what is wrong in detail.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }
}

impl FieldProblem {
    /// Something wrong at a place of the body.
    pub fn at(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Something wrong with a query parameter.
    pub fn query(parameter: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            parameter: Some(parameter.to_owned()),
            ..Self::at("", code, message)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)?;
        for error in &self.errors {
            write!(f, "\n  {error}")?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let Some(line) = self.line {
                write!(f, ":{line}:{}", self.column.unwrap_or(1))?;
            }
            f.write_str(": ")?;
        } else if let Some(parameter) = &self.parameter {
            write!(f, "?{parameter}: ")?;
        } else if let Some(line) = self.line {
            write!(f, "{line}:{}: ", self.column.unwrap_or(1))?;
        } else if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_error_with_its_place() {
        let problem = Problem::new(422, "invalid", "Not valid", "two things").with_errors(vec![
            FieldProblem::at("/a", "required", "`a` is required"),
            FieldProblem {
                file: Some("pack.yaml".to_owned()),
                line: Some(3),
                column: Some(7),
                ..FieldProblem::at("", "PACK001", "wrong")
            },
            FieldProblem::query("limit", "type", "must be a number"),
        ]);
        assert_eq!(
            problem.to_string(),
            "two things (invalid)\n  /a: `a` is required\n  pack.yaml:3:7: wrong\n  ?limit: must be a number"
        );
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "/errors/invalid");
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }
}
