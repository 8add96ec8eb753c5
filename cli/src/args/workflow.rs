//! Arguments of `attune workflow`.

use super::RegisteredCommand;
use attune_draw::Form;
use attune_types::Ref;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `attune workflow`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Check packs or workflow files; all that is wrong at once, with its place
    Validate(Validate),
    /// Draw a workflow: its tasks, what follows what, and when
    Graph(Graph),
    /// Say what changed between two workflow files or versions, and what of it breaks callers
    ///
    /// Compares what they mean: comments, the order of keys and shorthands make no difference. Files
    /// are compared without a server; REF@VERSION asks it.
    /// Exit code 0: the same; 1: not the same; 2: one of them cannot be compared.
    Diff(Diff),
    /// Write workflow files in their canonical form; comments stay, the meaning does too
    Fmt {
        /// Packs, folders of packs or of workflows, or workflow files; `-` reads standard input and writes to standard output
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Write nothing; exit code 1 if a file is not in its canonical form
        #[arg(long)]
        check: bool,
    },
    /// Walk a workflow without running it: mocked results, a clock that jumps
    Simulate(super::Simulate),
    /// Run the workflow tests of packs (`tests/*.yaml`) without a server
    Test(super::Test),
    #[command(flatten)]
    Registered(RegisteredCommand),
}

/// `attune workflow validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Packs, folders of packs, parts of packs, or workflow files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Form of what is found [default: text, or what --output says]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Report>,
    /// End with exit code 1 for these too
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) deny: Vec<Deny>,
}

/// Forms of what is found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For people
    Text,
    /// A list as one JSON value
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// What may count as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings
    Warnings,
}

/// `attune workflow graph`.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// A workflow file, a pack, or a folder of packs
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Which workflow, where there are several
    #[arg(long, value_name = "REF")]
    pub(crate) workflow: Option<Ref>,
    /// Form of the drawing [default: mermaid, or what --output says]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Drawing>,
    /// Write to this file, or one file for each workflow into this folder; one that ends in `/` is made
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A folder of more packs whose actions are called; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub(crate) packs: Vec<PathBuf>,
}

/// Forms of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// A flowchart that GitHub and many wikis draw
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
    /// Nodes and edges as data
    Json,
}

impl From<Drawing> for Form {
    fn from(drawing: Drawing) -> Self {
        match drawing {
            Drawing::Mermaid => Self::Mermaid,
            Drawing::Dot => Self::Dot,
            Drawing::Svg => Self::Svg,
            Drawing::Json => Self::Json,
        }
    }
}

/// `attune workflow diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The file before, or a version: `pack.name@1`
    #[arg(value_name = "BEFORE")]
    pub(crate) from: String,
    /// The file after, or another version
    #[arg(value_name = "AFTER")]
    pub(crate) to: String,
    /// A folder of more packs whose actions are called; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub(crate) packs: Vec<PathBuf>,
}
