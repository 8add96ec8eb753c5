//! Chores of this repository, run as `cargo xtask <command>`.
//!
//! Owns the command line and nothing else: each command is a module of its own. Never imported by the product.
//! A failed command prints its reason on stderr and ends with a code other than 0.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod layers;
mod repo;
mod sizes;

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
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Layers => layers::run(),
        Command::Sizes => sizes::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
