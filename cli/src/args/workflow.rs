//! Arguments of `attune workflow`.

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
}
