//! Arguments of the `attune workflow` commands that speak to the API.

use super::{Most, Run};
use attune_types::Ref;
use clap::Subcommand;
use std::path::PathBuf;

/// The registered workflows and their versions.
#[derive(Debug, Subcommand)]
pub(crate) enum RegisteredCommand {
    /// List registered workflows
    List {
        /// Only those of this pack
        #[arg(long)]
        pack: Option<String>,
        /// Only those with this text in name, label, description or tags
        #[arg(long)]
        text: Option<String>,
        /// Only those with this tag; may be repeated
        #[arg(long)]
        tag: Vec<String>,
        /// Only those that can be started (or `--enabled=false`: only the others)
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        enabled: Option<bool>,
        #[command(flatten)]
        most: Most,
    },
    /// Show a registered workflow with its definition
    Get {
        /// Which, as `pack.name`, or `pack.name@version`
        #[arg(value_name = "REF[@VERSION]")]
        workflow: VersionRef,
    },
    /// Register workflow files; a changed content becomes the next version
    Apply {
        /// Workflow files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the versions of a registered workflow
    Versions {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        workflow: Ref,
        /// What was current when, instead
        #[arg(long)]
        history: bool,
        #[command(flatten)]
        most: Most,
    },
    /// Make a version current again
    Rollback {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        workflow: Ref,
        /// The version: its number, or its hash or the beginning of it
        #[arg(value_name = "VERSION")]
        to: String,
    },
    /// Disable a registered workflow: no new runs; its versions and runs stay
    Delete {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        workflow: Ref,
    },
    /// Start a run; the same as `attune run`
    Execute(Run),
}

/// A workflow, or one version of it: `pack.name` or `pack.name@version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VersionRef {
    /// The workflow.
    pub(crate) workflow: Ref,
    /// The version, if one is named.
    pub(crate) version: Option<String>,
}

impl std::str::FromStr for VersionRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((_, "")) => return Err("after `@` comes a version".to_owned()),
            Some((name, version)) => (name, Some(version.to_owned())),
        };
        let workflow = Ref::parse(name).map_err(|error| error.to_string())?;
        Ok(Self { workflow, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_contradicts_itself() {
        <super::super::Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn versions_stand_after_an_at() {
        let plain: VersionRef = "hello.twice".parse().unwrap();
        assert_eq!((plain.workflow.name(), plain.version), ("twice", None));
        let one: VersionRef = "hello.twice@12".parse().unwrap();
        assert_eq!(one.version.as_deref(), Some("12"));
        for wrong in ["hello", "hello.twice@", "flow.yaml/x", ""] {
            assert!(wrong.parse::<VersionRef>().is_err(), "{wrong}");
        }
    }
}
