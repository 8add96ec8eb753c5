//! Executable files of the pack.

use super::{Program, executable, start_failed};
use attune_types::ErrorInfo;
use std::path::PathBuf;

pub(super) fn program(entry: PathBuf) -> Result<Program, Box<ErrorInfo>> {
    if !executable(&entry) {
        return Err(start_failed(format!(
            "`{}` may not be executed; set its executable bit (chmod +x) and install the pack again",
            entry.file_name().unwrap_or_default().display()
        )));
    }
    Ok(Program {
        path: entry,
        ..Program::default()
    })
}
