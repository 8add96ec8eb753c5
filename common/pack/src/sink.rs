//! Where the diagnostics of one file gather while it is read and checked.
//!
//! Owns [`Sink`], and [`Codes`] by which each front end has its own error codes. Never ends the
//! reading: who reads decides what goes on. Used by the pack reader and by the flow front end.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span};
use crate::suggest::suggest;
use crate::yaml::Reading;
use std::collections::BTreeSet;

/// The error codes that a reader uses, so that each front end has its own.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// A key that nobody asked for.
    pub unknown_key: &'static str,
    /// A value of another type.
    pub wrong_type: &'static str,
    /// A key that must be there.
    pub missing_key: &'static str,
    /// A value of the right type that is not accepted.
    pub bad_value: &'static str,
}

impl Codes {
    /// Those of pack files.
    pub const PACK: Self = Self {
        unknown_key: "PACK003",
        wrong_type: "PACK004",
        missing_key: "PACK005",
        bad_value: "PACK007",
    };
}

/// Gathers the diagnostics of one file.
#[derive(Clone, Debug)]
pub struct Sink {
    file: String,
    text: String,
    codes: Codes,
    found: Diagnostics,
    /// Lines that an error has been reported of already which explains all that follows from it.
    silent: BTreeSet<usize>,
    /// What was found there.
    dropped: Diagnostics,
}

impl Sink {
    /// For the file of this name and text.
    pub fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            codes: Codes::PACK,
            found: Diagnostics::new(),
            silent: BTreeSet::new(),
            dropped: Diagnostics::new(),
        }
    }

    /// For a file that was read as well as it could be: what was found is kept, and no more is said
    /// about the lines that could not be read.
    pub fn of_reading(file: &str, text: &str, reading: &Reading) -> Self {
        Self {
            found: reading.found.clone(),
            silent: reading.silent.clone(),
            ..Self::new(file, text)
        }
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was found so far; the sink goes on without it.
    pub fn take(&mut self) -> Diagnostics {
        std::mem::take(&mut self.found)
    }

    /// The same sink, with other codes for what a [`crate::MapReader`] finds.
    #[must_use]
    pub fn with_codes(mut self, codes: Codes) -> Self {
        self.codes = codes;
        self
    }

    /// The codes in use.
    pub fn codes(&self) -> Codes {
        self.codes
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Reports an error; the answer can be given a help text.
    pub fn error(&mut self, code: &str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, code, span, message.into())
    }

    /// Reports a warning.
    pub fn warning(
        &mut self,
        code: &str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Severity::Warning, code, span, message.into())
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &str,
        span: Span,
        message: String,
    ) -> &mut Diagnostic {
        let mut diagnostic = Diagnostic::error(code, &self.file, message).at(span, &self.text);
        diagnostic.severity = severity;
        let list = if self.silent.contains(&span.line) {
            &mut self.dropped.0
        } else {
            &mut self.found.0
        };
        let index = list.len();
        list.push(diagnostic);
        &mut list[index]
    }

    /// Reports an error with an optional help text.
    pub fn error_with(
        &mut self,
        code: &str,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.error(code, span, message).help = help;
    }

    /// Whether an error has been reported.
    pub fn has_errors(&self) -> bool {
        self.found.has_errors()
    }

    /// What was found, so far.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.found
    }

    /// What was found.
    pub fn into_diagnostics(self) -> Diagnostics {
        self.found
    }
}

/// "did you mean `x`?", if something near is known.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(name, known).map(|near| format!("did you mean `{near}`?"))
}
