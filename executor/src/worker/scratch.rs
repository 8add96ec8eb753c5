//! The files of one running attempt.
//!
//! Owns its folder: a home, the file for what it tells, the parameters where they go by file. Gone
//! when the attempt has ended, except for artifacts that it wrote. Failure: the system's error; the
//! attempt is not started.

use attune_types::AttemptId;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The places of one attempt.
#[derive(Debug)]
pub(super) struct Scratch {
    root: PathBuf,
    /// Its `HOME` and temporary folder.
    pub(super) home: PathBuf,
    /// `$ATTUNE_EVENTS`.
    pub(super) events: PathBuf,
    /// Where the parameters are when they go by file.
    pub(super) parameters: PathBuf,
    /// `$ATTUNE_ARTIFACTS_DIR`.
    pub(super) artifacts: PathBuf,
}

impl Scratch {
    /// Makes the places, empty. A few small files: not worth another thread.
    pub(super) fn make(work_dir: &Path, attempt: AttemptId) -> std::io::Result<Self> {
        let root = work_dir.join("attempts").join(attempt.to_string());
        let scratch = Self {
            home: root.join("home"),
            events: root.join("events.jsonl"),
            parameters: root.join("parameters.json"),
            artifacts: work_dir.join("artifacts").join(attempt.to_string()),
            root,
        };
        // Parameters may be secret: nobody else on the machine looks into these.
        let mut private = std::fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(&scratch.home)?;
        private.create(&scratch.artifacts)?;
        std::fs::write(&scratch.events, [])?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    /// Removes what nobody needs any more; on another thread, since a home may be large.
    fn drop(&mut self) {
        let (root, artifacts) = (self.root.clone(), self.artifacts.clone());
        tokio::task::spawn_blocking(move || {
            // Fails, as it should, when there are artifacts in it.
            drop(std::fs::remove_dir(artifacts));
            if let Err(error) = std::fs::remove_dir_all(&root) {
                tracing::debug!(%error, folder = %root.display(), "left behind");
            }
        });
    }
}
