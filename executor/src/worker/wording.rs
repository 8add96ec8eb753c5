//! How the endings of processes are told to people.

use super::launch::start_failed;
use attune_types::{ErrorInfo, code};
use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt;

/// Characters of the last line of standard error in an error's message.
const QUOTED: usize = 300;

/// It did not start.
pub(super) fn not_started(program: &std::path::Path, error: &std::io::Error) -> ErrorInfo {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "; it, or the interpreter that it names, is not on this worker. Programs are looked \
             for in {}",
            attune_process::PATH
        ),
        std::io::ErrorKind::PermissionDenied => "; check its executable bit".to_owned(),
        std::io::ErrorKind::ArgumentListTooLong => {
            "; deliver large parameters by stdin or file".to_owned()
        }
        _ => String::new(),
    };
    *start_failed(format!(
        "`{}` could not be started: {error}{hint}",
        program.display()
    ))
}

/// It ended by itself, and badly.
pub(super) fn bad_end(status: std::process::ExitStatus, stderr: &str) -> ErrorInfo {
    let (code, what) = match (status.code(), status.signal()) {
        (Some(exit), _) => (code::EXIT_STATUS, format!("exited with code {exit}")),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("", Signal::as_str);
            (code::SIGNAL, format!("was ended by signal {signal} {name}"))
        }
        (None, None) => (code::SIGNAL, "ended in an unknown way".to_owned()),
    };
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let message = match last {
        Some(line) => {
            let quoted: String = line.trim().chars().take(QUOTED).collect();
            format!("{}: {quoted}", what.trim_end())
        }
        None => what.trim_end().to_owned(),
    };
    let mut error = ErrorInfo::new(code, message);
    error.exit_code = status.code();
    error
}
