//! The `attune` binary, built.
//!
//! Owns the call of cargo that makes it. Called by the commands that start the product. `ATTUNE_BIN` names one that is
//! built already. A build that fails has told why on stderr.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::repo;

/// Names a binary that is to be used as it is; end-to-end tests read it too.
pub(crate) const ATTUNE_BIN: &str = "ATTUNE_BIN";

/// The path of an up-to-date `attune`.
///
/// # Errors
/// When it cannot be built, or what `ATTUNE_BIN` names is not there.
pub(crate) fn attune() -> Result<PathBuf> {
    if let Some(given) = env::var_os(ATTUNE_BIN) {
        let path = PathBuf::from(given);
        return path
            .canonicalize()
            .with_context(|| format!("{ATTUNE_BIN} names {}, which is not there", path.display()));
    }
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--quiet",
            "--package",
            "attune-cli",
            "--bin",
            "attune",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(repo::root()?)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    ensure!(built.status.success(), "the attune binary does not build");
    executable(&String::from_utf8_lossy(&built.stdout))
        .context("cargo build named no attune binary")
}

/// Where cargo put the binary, from its messages, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_among_cargos_messages() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"executable\":null}\n",
            "not json\n",
            "{\"reason\":\"compiler-artifact\",\"executable\":\"/target/debug/attune\"}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n",
        );
        assert_eq!(
            executable(messages),
            Some(PathBuf::from("/target/debug/attune"))
        );
        assert_eq!(executable(""), None);
    }
}
