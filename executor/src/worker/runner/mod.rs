//! Which program runs an action.
//!
//! Owns the choice by runner; each runner that differs has a file. Knows nothing of processes. Called
//! by `attempt`. Failure: an error with code `start_failed` that says what to do about it.

mod binary;
mod node;
mod python;
mod shell;

use super::launch::start_failed;
use super::python_env::PythonEnvs;
use attune_flow::program::WorkerSpec;
use attune_pack::Runner;
use attune_types::{ErrorInfo, code};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// What is executed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Program {
    /// The program: a path, or a name that is looked for on the search path.
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(String, OsString)>,
}

/// The program for an action of the pack in `folder`.
pub(super) async fn program(
    spec: &WorkerSpec,
    folder: &Path,
    envs: &PythonEnvs,
) -> Result<Program, Box<ErrorInfo>> {
    match spec.runner {
        Runner::Shell => Ok(shell::program(entry(spec, folder)?)),
        Runner::Python => python::program(entry(spec, folder)?, folder, envs).await,
        Runner::Node => node::program(entry(spec, folder)?, folder),
        Runner::Binary => binary::program(entry(spec, folder)?),
        Runner::Workflow | Runner::Native | Runner::Http | Runner::Container => {
            let message = format!(
                "a worker does not run actions of the runner `{}`",
                spec.runner
            );
            Err(Box::new(ErrorInfo::new(code::UNAVAILABLE, message)))
        }
    }
}

/// The file of the action: relative to the pack's folder, or to its `actions` folder.
fn entry(spec: &WorkerSpec, folder: &Path) -> Result<PathBuf, Box<ErrorInfo>> {
    let relative = Path::new(&spec.entry_point);
    let inside = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside {
        return Err(start_failed(format!(
            "the entry point `{}` leads out of the pack",
            spec.entry_point
        )));
    }
    [folder.join(relative), folder.join("actions").join(relative)]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| {
            start_failed(format!(
                "the pack has no file `{}`; check the action's entry_point and install the pack \
                 again",
                spec.entry_point
            ))
        })
}

/// Whether the file may be executed as it is.
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}
