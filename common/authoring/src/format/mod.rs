//! The canonical form of a workflow file: `attune workflow fmt`.
//!
//! Owns the order of keys, the folding of shorthands into what they stand for, and the layout.
//! Comments stay with what they are about. Never changes what a workflow means: the result is read
//! again and compared before it is given out, and formatting it once more changes nothing. A file
//! that cannot be read as a workflow is refused with its diagnostics.

mod attach;
mod canon;
mod follow;
mod print;
mod text;
mod tree;

use attune_flow::syntax::{self, Form};
use attune_pack::{Diagnostics, yaml};

/// Why a file was not formatted.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is no workflow; what is wrong with it.
    #[error("the file has errors; mend them first:\n{0}")]
    Broken(Diagnostics),
    /// The formatter would have changed what the file says. Nothing was written; this is a defect of
    /// the formatter, and the file is worth a report.
    #[error(
        "the formatted text would not mean the same, so that it was thrown away; please report this file"
    )]
    Unfaithful,
}

/// The language of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// YAML, with comments.
    Yaml,
    /// JSON, two blanks deep.
    Json,
}

impl Notation {
    /// By the name of the file; YAML where that says nothing.
    pub fn of(file: &str) -> Self {
        let json = file
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Yaml }
    }
}

/// The canonical form of a workflow's text. `file` names it in errors and decides the notation.
///
/// # Errors
/// [`FormatError`]: there is nothing to be written.
pub fn format(file: &str, text: &str) -> Result<String, FormatError> {
    let root = read(file, text)?;
    let document = canon::workflow(tree::document(&root, text));
    let formatted = match Notation::of(file) {
        Notation::Yaml => print::yaml(&document),
        Notation::Json => print::json(&document),
    };
    let again = read(file, &formatted).map_err(|_| FormatError::Unfaithful)?;
    let again = canon::workflow(tree::document(&again, &formatted));
    if again.root.to_json() == document.root.to_json() {
        Ok(formatted)
    } else {
        Err(FormatError::Unfaithful)
    }
}

/// The tree of a text that has the form of a workflow. What its actions are is of no concern.
fn read(file: &str, text: &str) -> Result<yaml::Node, FormatError> {
    let parsed = syntax::parse(file, text, Form::Inline).map_err(FormatError::Broken)?;
    let found = parsed.sink.into_diagnostics();
    if found.has_errors() {
        return Err(FormatError::Broken(found));
    }
    Ok(parsed.root)
}
