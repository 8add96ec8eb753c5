//! Where the repository is and what git tracks in it.
//!
//! Owns the calls of `git` and `cargo metadata`; never changes anything. Called by the commands of this crate.
//! Fails with the command that failed and what it said.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root folder of the workspace.
///
/// # Errors
/// When this crate does not lie one folder below the root, which only a moved crate can cause.
pub(crate) fn root() -> Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent()
        .map(Path::to_path_buf)
        .context("xtask does not lie in a workspace")
}

/// The tracked files whose name ends with `.<extension>`, relative to the root, that are still on disk.
///
/// # Errors
/// When git cannot be run or refuses.
pub(crate) fn tracked(extension: &str) -> Result<Vec<PathBuf>> {
    let root = root()?;
    let pattern = format!("*.{extension}");
    let listing = output(
        Command::new("git")
            .arg("ls-files")
            .arg("-z")
            .arg("--")
            .arg(&pattern),
    )?;
    Ok(listing
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|path| root.join(path).is_file())
        .collect())
}

/// What cargo knows of the crates of this workspace, without their dependencies' own dependencies.
///
/// # Errors
/// When cargo cannot read the workspace.
pub(crate) fn metadata() -> Result<serde_json::Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let text =
        output(Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

/// Runs a command in the root folder and returns its standard output as text.
fn output(command: &mut Command) -> Result<String> {
    let done = command
        .current_dir(root()?)
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !done.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    String::from_utf8(done.stdout).with_context(|| format!("{command:?} did not print UTF-8"))
}
