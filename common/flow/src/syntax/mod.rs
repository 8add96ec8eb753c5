//! YAML text to a tree with places: every dialect and shorthand of the workflow language.
//!
//! Owns the form of a definition: which keys there are, what they take, how shorthands fold into
//! transitions. Never looks at the catalogue, the graph or inside templates: [`crate::check`] does.
//! Called by `check` only. All errors are collected; what cannot be read is left out of the tree,
//! so that the checks that follow can still say more.

pub mod ast;
pub mod codes;

mod before;
pub(crate) mod braces;
mod concurrency;
mod entries;
mod foreign;
mod items;
mod next;
mod retry;
mod selector;
mod slips;
mod task;
mod top;
mod words;

use crate::program::DefinitionLimits;
use attune_pack::yaml::{self, Node};
use attune_pack::{Diagnostic, Diagnostics, Sink};

/// A definition as it was read, and what was found wrong on the way.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; parts with errors are left out.
    pub workflow: ast::Workflow,
    /// The whole file, for places of what the tree does not keep.
    pub root: Node,
    /// What was found so far; later checks add to it.
    pub sink: Sink,
}

/// Which of the keys that describe a workflow must stand in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Metadata and graph in one file: `ref`, `label` and `version` are required.
    Whole,
    /// The graph alone: an action file has the rest.
    Graph,
    /// A definition in a request: nothing but tasks is required.
    Inline,
}

/// Reads a definition.
///
/// # Errors
/// When the text is not YAML or no map, so that there is no tree at all.
pub fn parse(file: &str, text: &str, form: Form) -> Result<Parsed, Diagnostics> {
    parse_within(file, text, form, DefinitionLimits::default())
}

/// Reads a definition that may be as long as the limits say.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(
    file: &str,
    text: &str,
    form: Form,
    limits: DefinitionLimits,
) -> Result<Parsed, Diagnostics> {
    if text.len() > limits.bytes {
        let message = format!(
            "the definition has {} bytes; at most {} are accepted",
            text.len(),
            limits.bytes
        );
        return Err(Diagnostic::error(codes::LIMIT, file, message)
            .help(
                "move a part into a workflow of its own, or raise the setting `limits.definition`",
            )
            .into());
    }
    let reading = yaml::read_any_length(file, text);
    let mut sink = Sink::of_reading(file, text, &reading).with_codes(codes::READ);
    let Some(root) = reading.root else {
        return Err(sink.into_diagnostics());
    };
    match top::workflow(&root, form, &mut sink) {
        Some(workflow) => Ok(Parsed {
            workflow,
            root,
            sink,
        }),
        None => Err(sink.into_diagnostics()),
    }
}
