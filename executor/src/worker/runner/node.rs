//! Node.js scripts. Packages must be in the pack (`node_modules`): they are not installed here.

use super::{Program, start_failed};
use attune_types::{ErrorInfo, JsonValue};
use std::path::{Path, PathBuf};

pub(super) fn program(entry: PathBuf, folder: &Path) -> Result<Program, Box<ErrorInfo>> {
    if wants_packages(folder) && !folder.join("node_modules").is_dir() {
        return Err(start_failed(
            "the pack's package.json names dependencies, and workers do not install them: put \
             `node_modules` into the pack (npm ci --omit=dev) and install it again",
        ));
    }
    Ok(Program {
        path: PathBuf::from("node"),
        arguments: vec![entry.into_os_string()],
        ..Program::default()
    })
}

fn wants_packages(folder: &Path) -> bool {
    let Ok(text) = std::fs::read(folder.join("package.json")) else {
        return false;
    };
    serde_json::from_slice::<JsonValue>(&text).is_ok_and(|package| {
        package
            .get("dependencies")
            .and_then(JsonValue::as_object)
            .is_some_and(|dependencies| !dependencies.is_empty())
    })
}
