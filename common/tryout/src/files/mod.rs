//! Test files of packs (`tests/*.yaml`), and files of mocks.
//!
//! Owns their keys and what they mean. Every error has its place; all of a file come at once, and
//! none of its tests runs then. What is expected is only read here: `judge` compares.

mod case;
mod expect;
mod mocks;
mod names;

use crate::codes;
use crate::library::Library;
use crate::mock::Mocks;
use crate::setup::Setup;
use attune_flow::program::Program;
use attune_pack::yaml::{self, Node};
use attune_pack::{Diagnostics, Sink, Span};
use attune_types::{ExecutionStatus, JsonMap, JsonValue, Ref};
use std::sync::Arc;

/// One test.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// The file that it stands in.
    pub file: String,
    /// Its name; the file's without one.
    pub name: String,
    /// Where it begins.
    pub span: Span,
    /// The workflow that it tries.
    pub workflow: Ref,
    /// How the run begins.
    pub setup: Setup,
    /// What must come of it.
    pub expect: Expect,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// Values by name, each with its place.
pub type Named<T> = Vec<(String, Placed<T>)>;

/// What must come of a test. What is not named is not looked at, but for the status: without one the
/// run must succeed, unless an error or a refusal is expected.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Where it begins.
    pub span: Span,
    /// As it is written, so that a difference deep in a value has its place.
    pub(crate) written: Option<Node>,
    /// How the run ends.
    pub status: Option<Placed<ExecutionStatus>>,
    /// Its output, or a part of it.
    pub output: Option<Placed<JsonValue>>,
    /// Statuses of latest activations by task; none: the task was never reached.
    pub tasks: Named<Option<ExecutionStatus>>,
    /// These tasks were reached in this order, others between them or not.
    pub order: Option<Placed<Vec<String>>>,
    /// Exactly these tasks were reached, in this order.
    pub path: Option<Placed<Vec<String>>>,
    /// Exactly these tasks were undone, in this order.
    pub undone: Option<Placed<Vec<String>>>,
    /// Rendered inputs by task, or parts of them; of an iteration a list by item.
    pub inputs: Named<JsonValue>,
    /// Results by task, or parts of them.
    pub results: Named<JsonValue>,
    /// The run's error.
    pub error: Option<Placed<ExpectedError>>,
    /// How often tasks were reached.
    pub activations: Named<u64>,
    /// How many attempts the latest activations took.
    pub attempts: Named<u64>,
    /// Published values.
    pub vars: Named<JsonValue>,
    /// Labels of the run.
    pub labels: Named<JsonValue>,
    /// Money spent.
    pub cost_usd: Option<Placed<f64>>,
    /// The run is not even opened, for these reasons among others.
    pub refused: Option<Placed<Vec<Refusal>>>,
}

/// The error that a run must end with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedError {
    /// Whose it is.
    pub task: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// A part of its code or message.
    pub says: Option<String>,
}

/// One reason why the parameters are refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// JSON pointer to the field.
    pub pointer: String,
    /// A part of the code or the message.
    pub says: Option<String>,
}

/// Reads a test file. Warnings come beside the tests.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn parse_tests(
    file: &str,
    text: &str,
    library: &Library,
) -> Result<(Vec<TestCase>, Diagnostics), Diagnostics> {
    let (node, mut sink) = open(file, text)?;
    let cases = case::file(&node, library, &mut sink);
    let mut found = sink.into_diagnostics();
    found.sort();
    if found.has_errors() {
        return Err(found);
    }
    Ok((cases, found))
}

/// Reads mocks for a workflow: a map of mocks, or a test file, whose `mocks` are taken.
///
/// # Errors
/// All that is wrong with them, each with its place.
pub fn parse_mocks(
    file: &str,
    text: &str,
    program: &Arc<Program>,
    library: &Library,
) -> Result<Mocks, Diagnostics> {
    let (node, mut sink) = open(file, text)?;
    let whole = node
        .get("mocks")
        .filter(|_| node.get("workflow").is_some() || node.as_map().is_some_and(|m| m.len() == 1));
    let node: &Node = whole.unwrap_or(&node);
    let mocks = mocks::mocks(node, &mut sink);
    names::mocks(&mocks, node, program, library, &mut sink);
    let mut found = sink.into_diagnostics();
    found.sort();
    found.or_ok(mocks)
}

fn open(file: &str, text: &str) -> Result<(Node, Sink), Diagnostics> {
    let node = yaml::parse(file, text)?;
    Ok((node, Sink::new(file, text).with_codes(codes::READ)))
}

/// A map under a key over the one of the whole file.
fn merged(base: &JsonMap, own: Option<JsonMap>) -> JsonMap {
    let mut merged = base.clone();
    merged.extend(own.unwrap_or_default());
    merged
}
