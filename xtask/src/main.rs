//! Chores of this repository, run as `cargo xtask <command>`.
//!
//! Owns the command line and nothing else: each command is a module of its own. Never imported by the product.
//! A failed command prints its reason on stderr and ends with a code other than 0.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod acceptance;
mod binary;
mod client;
mod demo;
mod generate;
mod interrupt;
mod layers;
mod platform;
mod repo;
mod servers;
mod sizes;
mod test;

/// Chores of the Attune repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check who imports whom against the table of layers
    Layers,
    /// Check that each Rust file is short and says at its head what it owns
    Sizes,
    /// Write the files that are made from the code: schemas for editors, reference pages
    Generate {
        /// Write nothing; fail if a file is stale
        #[arg(long)]
        check: bool,
    },
    /// Run all tests, with a private Postgres and RabbitMQ that they share
    Test {
        /// Goes to the test runner as it is
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Play acceptance cases on the real services
    Acceptance {
        /// Folders of cases (or single case files); the pack is the folder above
        #[arg(required = true)]
        cases: Vec<PathBuf>,
    },
    /// Show the main job on the real parts: a timer, a rule, a workflow, its result
    Demo,
}

/// How long a start that was interrupted may take to come to its own end.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Layers => layers::run(),
        Command::Sizes => sizes::run(),
        Command::Generate { check } => generate::run(check),
        Command::Test { arguments } => wait(test::run(arguments)),
        Command::Acceptance { cases } => wait(unless_interrupted(acceptance::run(&cases))),
        Command::Demo => wait(unless_interrupted(demo::run())),
    }
}

/// Runs a command that waits for processes and answers.
fn wait(command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let outcome = runtime.block_on(command);
    // What is still starting after an interrupt comes up first, and is then stopped in order.
    runtime.shutdown_timeout(PATIENCE);
    outcome
}

/// Drops the command, and with it all that it started, when somebody asks this process to end.
async fn unless_interrupted(command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::select! {
        outcome = command => outcome,
        asked = interrupt::asked() => {
            eprintln!("interrupted: stopping what was started");
            Ok(ExitCode::from(asked.exit_code()))
        }
    }
}
