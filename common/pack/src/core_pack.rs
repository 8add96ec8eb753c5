//! The built-in pack `core`, from the files under `packs/core` that are part of this build.
//!
//! Owns the list of those files. The actions run inside of the engine and the triggers come from
//! built-in sources; here are only their definitions. Called by registration at start and by the
//! checks of other packs. The files are read once; that they are right is tested.

use crate::diagnostic::Diagnostics;
use crate::load::{PackSource, from_files};
use std::sync::LazyLock;

macro_rules! core_files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../packs/core/", $path)))),+]
    };
}

const FILES: &[(&str, &str)] = core_files![
    "pack.yaml",
    "README.md",
    "actions/ask.yaml",
    "actions/emit_event.yaml",
    "actions/fail.yaml",
    "actions/http.yaml",
    "actions/inquiry.yaml",
    "actions/noop.yaml",
    "actions/notify.yaml",
    "actions/policy_check.yaml",
    "actions/run_workflow.yaml",
    "actions/set.yaml",
    "actions/sleep.yaml",
    "actions/wait_for_event.yaml",
    "triggers/at.yaml",
    "triggers/cron.yaml",
    "triggers/execution_finished.yaml",
    "triggers/inquiry_opened.yaml",
    "triggers/interval.yaml",
    "triggers/webhook.yaml",
];

static CORE: LazyLock<Result<PackSource, Diagnostics>> =
    LazyLock::new(|| from_files(FILES.iter().copied()));

/// The built-in pack.
///
/// # Errors
/// Never in a build whose tests pass.
pub fn core_pack() -> Result<PackSource, Diagnostics> {
    CORE.clone()
}
