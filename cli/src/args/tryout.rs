//! Arguments of `attune workflow simulate` and `attune workflow test`.

use clap::Args;
use std::path::PathBuf;

/// `attune workflow simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// A workflow's file, a test file, or a workflow's reference in the packs of `--packs`
    #[arg(value_name = "FILE|REF")]
    pub(crate) workflow: String,
    /// Parameters: `name=text` or `name:=json`
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// All parameters as JSON; `@file` reads it from a file, `@-` from standard input
    #[arg(short, long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// Mocks by task: a file with a map of them, or a test file
    #[arg(long, value_name = "FILE")]
    pub(crate) mocks: Option<PathBuf>,
    /// Give tasks without a mock a result made from their action's output schema
    #[arg(long)]
    pub(crate) auto: bool,
    /// Have the run go on from what went wrong once it has ended
    #[arg(long)]
    pub(crate) retry: bool,
    /// Have the run undone once it has ended
    #[arg(long)]
    pub(crate) compensate: bool,
    /// When the run starts, by its own clock
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Of a test file: which test to walk
    #[arg(long, value_name = "NAME")]
    pub(crate) case: Option<String>,
    /// Folder in which a reference is looked up [default: packs, else the current folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) packs: Option<PathBuf>,
}

/// `attune workflow test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Packs, folders of packs, test files, or workflow files whose tests are run [default: packs,
    /// else the current folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only tests with this text in their name, file or workflow
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Fail if fewer per cent of tasks and transitions are covered
    #[arg(long, value_name = "PER CENT")]
    pub(crate) min_coverage: Option<f64>,
    /// Write a report for build servers to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}
