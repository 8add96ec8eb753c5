//! Arguments of `attune workflow`.

use super::RegisteredCommand;
use clap::Subcommand;
use std::path::PathBuf;

/// `attune workflow`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Check packs or workflow files; all that is wrong at once, with its place
    Validate {
        /// Folders of packs, or workflow files
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Write workflow files in their canonical form; comments stay, the meaning does too
    Fmt {
        /// Folders of packs, or workflow files; `-` reads standard input and writes to standard output
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Write nothing; exit code 1 if a file is not in its canonical form
        #[arg(long)]
        check: bool,
    },
    #[command(flatten)]
    Registered(RegisteredCommand),
}
