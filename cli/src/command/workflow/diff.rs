//! `attune workflow diff`: what changed between two workflow files, without a server.
//!
//! Owns the reading of both sides and the exit code, which is that of `diff`: 0 the same, 1 not, 2
//! something that cannot be compared. How a difference is shown is in `difference`.

use super::difference;
use super::programs::{pack_of, programs};
use crate::args::Diff as Args;
use crate::error::{CliError, Result};
use crate::output::Output;
use attune_draw::Difference;
use attune_flow::program::Program;
use std::path::{Path, PathBuf};

/// Compares two files.
///
/// # Errors
/// [`CliError::Differ`] if they are not the same; what differs was shown. [`CliError::Usage`] if one
/// has errors.
pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let (from, to) = (Path::new(&args.from), Path::new(&args.to));
    // Of a file in no pack, another version is likely to be in one: both may call the same.
    let mut packs = args.packs.clone();
    packs.extend([pack_of(from)?, pack_of(to)?].into_iter().flatten());
    packs.dedup();
    let (a, b) = (one(from, &packs)?, one(to, &packs)?);
    difference::show(&Difference::between(&a, &b), output)
}

/// The one workflow of a file.
fn one(path: &Path, packs: &[PathBuf]) -> Result<Program> {
    let mut found = programs(path, packs)?;
    match (found.pop(), found.is_empty()) {
        (Some(program), true) => Ok(program),
        _ => Err(CliError::Usage(format!(
            "{} holds several workflows: name one file",
            path.display()
        ))),
    }
}
