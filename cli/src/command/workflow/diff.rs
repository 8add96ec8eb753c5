//! `attune workflow diff`: what changed between two workflow files, without a server; or between two
//! versions that a server keeps.
//!
//! Owns which of the two is meant, and the exit code, which is that of `diff`: 0 the same, 1 not, 2
//! something that cannot be compared. How a difference is shown is in `difference`.

use super::difference;
use super::programs::{pack_of, programs};
use crate::args::{Diff as Args, Global, VersionRef};
use crate::client::Client;
use crate::error::{CliError, Result};
use crate::output::Output;
use attune_draw::Difference;
use attune_flow::program::Program;
use attune_types::Ref;
use std::path::{Path, PathBuf};

/// Compares two files, or two versions.
///
/// # Errors
/// [`CliError::Differ`] if they are not the same; what differs was shown. [`CliError::Usage`] if one
/// has errors.
pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<()> {
    let found = match (version(&args.from), version(&args.to)) {
        (None, None) => files(args)?,
        (Some((a, from)), Some((b, to))) if a == b => {
            let path = format!("/workflows/{a}/versions/{from}/diff/{to}");
            Client::from_context(global)?.get(&path).await?
        }
        (Some((a, _)), Some((b, _))) => {
            return Err(CliError::Usage(format!(
                "versions of one workflow are compared, and `{a}` and `{b}` are two"
            )));
        }
        _ => {
            return Err(CliError::Usage(
                "a file and a registered version are not compared: save the version's definition to a \
                 file first, with `attune workflow get`"
                    .to_owned(),
            ));
        }
    };
    difference::show(&found, output)
}

/// The workflow and version that `pack.name@version` names, unless there is such a file.
fn version(text: &str) -> Option<(Ref, String)> {
    if Path::new(text).exists() {
        return None;
    }
    let VersionRef { workflow, version } = text.parse().ok()?;
    Some((workflow, version?))
}

fn files(args: &Args) -> Result<Difference> {
    let (from, to) = (Path::new(&args.from), Path::new(&args.to));
    // Of a file in no pack, another version is likely to be in one: both may call the same.
    let mut packs = args.packs.clone();
    packs.extend([pack_of(from)?, pack_of(to)?].into_iter().flatten());
    packs.dedup();
    let (a, b) = (one(from, &packs)?, one(to, &packs)?);
    Ok(Difference::between(&a, &b))
}

/// The one workflow of a file.
fn one(path: &Path, packs: &[PathBuf]) -> Result<Program> {
    let mut found = programs(path, packs)?;
    if found.count() > 1 {
        return Err(CliError::Usage(format!(
            "{} holds several workflows: name one file",
            path.display()
        )));
    }
    let broken = found.tell().unwrap_or_default();
    found.programs.pop().ok_or(CliError::Usage(broken))
}
