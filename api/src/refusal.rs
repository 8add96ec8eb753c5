//! Refusals as answers.
//!
//! Owns [`Refusal`], the error of every handler, and how the ports' errors become one. A refusal
//! travels as a response extension; the outermost layer (`observe`) gives it its trace id and writes
//! the body, so that refusals by the framework look the same. Never shows what a database said.

use crate::code::{self, Code};
use attune_catalogue::{ProgramError, RerunError, StartError};
use attune_flow::run::RerunRefused;
use attune_pack::{Diagnostic, Diagnostics, FieldError};
use attune_port::StoreError;
use attune_rest::{FieldProblem, Problem};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) problem: Box<Problem>,
    retry_after: Option<u64>,
}

/// What handlers give.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal of a kind, with what happened this time.
    pub(crate) fn new(code: &Code, detail: impl Into<String>) -> Self {
        Self {
            problem: Box::new(Problem::new(code.status, code.code, code.title, detail)),
            retry_after: (code.status == 503).then_some(1),
        }
    }

    /// With all that is wrong.
    pub(crate) fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.problem.errors = errors;
        self
    }

    /// With another status, where the same code is about the address and not about the body.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.problem.status = status;
        self
    }

    /// To be tried again after so many seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: &str, name: impl std::fmt::Display) -> Self {
        Self::new(&code::NOT_FOUND, format!("there is no {what} `{name}`"))
    }

    /// One field of the body is wrong.
    pub(crate) fn field(pointer: &str, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(&code::INVALID, message.clone())
            .with_errors(vec![FieldProblem::at(pointer, code, message)])
    }

    /// Wrong values, by a schema.
    pub(crate) fn fields(code: &Code, detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        let errors = errors
            .into_iter()
            .map(|error| FieldProblem::at(error.pointer, &error.code, error.message))
            .collect();
        Self::new(code, detail).with_errors(errors)
    }

    /// A pack that is wrong.
    pub(crate) fn pack(diagnostics: Diagnostics) -> Self {
        let errors: Vec<FieldProblem> = diagnostics
            .into_iter()
            .filter(Diagnostic::is_error)
            .map(place)
            .collect();
        let detail = format!(
            "nothing was registered: the pack has {} error{}",
            errors.len(),
            if errors.len() == 1 { "" } else { "s" }
        );
        Self::new(&code::INVALID_PACK, detail).with_errors(errors)
    }
}

fn place(diagnostic: Diagnostic) -> FieldProblem {
    FieldProblem {
        excerpt: diagnostic.excerpt(),
        help: diagnostic.help,
        line: diagnostic.span.map(|span| span.line),
        column: diagnostic.span.map(|span| span.column),
        file: Some(diagnostic.file),
        ..FieldProblem::at("", &diagnostic.code, diagnostic.message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "a request found no database");
                Self::new(&code::UNAVAILABLE, "the database does not answer")
            }
            StoreError::Conflict(text) => Self::new(&code::CONFLICT, text.clone()),
            StoreError::Invalid(text) => Self::new(&code::INVALID, text.clone()),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "a request met data that cannot be read");
                Self::new(&code::UNREADABLE, "stored data cannot be read")
            }
        }
    }
}

impl From<ProgramError> for Refusal {
    fn from(error: ProgramError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "a request found no database");
            return Self::new(&code::UNAVAILABLE, "the database does not answer");
        }
        tracing::error!(%error, "a request met a program that cannot be read");
        Self::new(&code::UNREADABLE, "the stored program cannot be read")
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        let detail = error.to_string();
        match error {
            StartError::UnknownAction { .. } => Self::new(&code::UNKNOWN_ACTION, detail.clone())
                .with_errors(vec![FieldProblem::at("/action", "unknown", detail)]),
            StartError::Disabled { .. } => Self::new(&code::ACTION_DISABLED, detail),
            StartError::Invalid { action, errors } => Self::fields(
                &code::INVALID_PARAMETERS,
                format!("the parameters of `{action}` are not right"),
                errors,
            ),
            StartError::TooDeep { .. } | StartError::NotSealed { .. } => {
                Self::new(&code::INVALID, detail)
            }
            StartError::Nul(nul) => Self::new(&code::NUL_CHARACTER, detail.clone())
                .with_errors(vec![FieldProblem::at(nul.pointer, "nul", detail)]),
        }
    }
}

impl From<RerunError> for Refusal {
    fn from(error: RerunError) -> Self {
        let detail = error.to_string();
        let at = |pointer: &str, word: &str| Self::field(pointer, word, detail.clone());
        match error {
            RerunError::Refused(refused) => match refused {
                RerunRefused::NoHistory => Self::new(&code::UNREADABLE, detail),
                RerunRefused::UnknownTask { .. } => at("/from", "unknown"),
                RerunRefused::Branch { .. } => at("/from", "branch"),
                RerunRefused::NotReached { .. } => at("/from", "not_reached"),
                RerunRefused::NoActivation { .. } => at("/activation", "range"),
                RerunRefused::NoInput { .. } => at("/input", "no_input"),
                RerunRefused::Input { action, errors } => {
                    let within = |error: FieldError| FieldError {
                        pointer: format!("/input{}", error.pointer),
                        ..error
                    };
                    Self::fields(
                        &code::INVALID,
                        format!("the edited input does not fit `{action}`"),
                        errors.into_iter().map(within).collect(),
                    )
                }
            },
            RerunError::NoTask => at("/from", "required"),
            RerunError::Unreadable(error) => {
                tracing::error!(%error, "a run that is to be done again cannot be read");
                Self::new(&code::UNREADABLE, "the history of the run cannot be read")
            }
            RerunError::NotSealed(_) => Self::new(&code::INVALID, detail),
            RerunError::Nul(nul) => {
                Self::new(&code::NUL_CHARACTER, detail.clone()).with_errors(vec![FieldProblem::at(
                    format!("/input{}", nul.pointer),
                    "nul",
                    detail,
                )])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_said_is_not_shown() {
        let said = "password authentication failed for user attune at 10.0.0.7";
        for (error, status) in [
            (StoreError::Unavailable(said.to_owned()), 503),
            (StoreError::Corrupt(said.to_owned()), 500),
        ] {
            let refusal = Refusal::from(error);
            assert_eq!(refusal.problem.status, status);
            assert!(!refusal.problem.to_string().contains("10.0.0.7"));
        }
        let response = Refusal::from(StoreError::Unavailable(said.to_owned())).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
