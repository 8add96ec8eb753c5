//! `attune completion`: the script that lets a shell complete our commands.

use crate::args::Cli;
use crate::output;
use clap::CommandFactory as _;

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "attune", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}
