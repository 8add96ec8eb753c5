//! `attune workflow`: what can be done with workflows, most of it without a server.
//!
//! Owns the dispatch only; each command has its file. The offline ones use the same pure core as the
//! services and never ask a server; those on registered workflows do.

mod diff;
mod difference;
mod fmt;
mod graph;
mod known;
mod programs;
pub(super) mod registered;
mod report;
mod shelf;
mod simulate;
mod target;
mod test;
mod validate;

use crate::args::{Global, WorkflowCommand};
use crate::client::Client;
use crate::error::Result;
use crate::output::Output;

/// Does what the command says.
///
/// # Errors
/// [`crate::error::CliError`], whose exit code tells what kind it is.
pub(super) async fn run(command: &WorkflowCommand, global: &Global, output: Output) -> Result<()> {
    match command {
        WorkflowCommand::Fmt { paths, check } => fmt::run(paths, *check, output),
        WorkflowCommand::Validate(args) => validate::run(args, output),
        WorkflowCommand::Graph(args) => graph::run(args, output),
        WorkflowCommand::Diff(args) => diff::run(args, global, output).await,
        WorkflowCommand::Simulate(args) => simulate::run(args, output),
        WorkflowCommand::Test(args) => test::run(args, output),
        WorkflowCommand::Registered(command) => {
            registered::run(&Client::from_context(global)?, command, output).await
        }
    }
}
