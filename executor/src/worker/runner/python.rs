//! Python scripts: by `python3`, or by the pack's own environment if it has a `requirements.txt`.

use super::Program;
use crate::worker::python_env::PythonEnvs;
use attune_types::ErrorInfo;
use std::path::{Path, PathBuf};

pub(super) async fn program(
    entry: PathBuf,
    folder: &Path,
    envs: &PythonEnvs,
) -> Result<Program, Box<ErrorInfo>> {
    let requirements = folder.join("requirements.txt");
    let path = if requirements.is_file() {
        envs.python(&requirements).await?
    } else {
        PathBuf::from("python3")
    };
    Ok(Program {
        path,
        arguments: vec![entry.into_os_string()],
        // Its output is followed live.
        environment: vec![("PYTHONUNBUFFERED".to_owned(), "1".into())],
    })
}
