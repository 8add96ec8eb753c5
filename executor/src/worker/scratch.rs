//! The files of one running attempt.
//!
//! Owns its folder: a home, the file for what it tells, the parameters where they go by file. Gone
//! when the attempt has ended, except for artifacts that it wrote. Failure: the system's error; the
//! attempt is not started.

use attune_types::AttemptId;
use std::path::{Path, PathBuf};

/// The places of one attempt.
#[derive(Clone, Debug)]
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
    /// Makes the places, empty.
    pub(super) async fn make(work_dir: &Path, attempt: AttemptId) -> std::io::Result<Self> {
        let root = work_dir.join("attempts").join(attempt.to_string());
        let scratch = Self {
            home: root.join("home"),
            events: root.join("events.jsonl"),
            parameters: root.join("parameters.json"),
            artifacts: work_dir.join("artifacts").join(attempt.to_string()),
            root,
        };
        let made = scratch.clone();
        tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&made.home)?;
            std::fs::create_dir_all(&made.artifacts)?;
            std::fs::write(&made.events, [])
        })
        .await
        .map_err(std::io::Error::other)??;
        Ok(scratch)
    }

    /// Removes what nobody needs any more.
    pub(super) async fn remove(self) {
        let removing = tokio::task::spawn_blocking(move || {
            // Fails, as it should, when there are artifacts in it.
            drop(std::fs::remove_dir(&self.artifacts));
            if let Err(error) = std::fs::remove_dir_all(&self.root) {
                tracing::debug!(%error, folder = %self.root.display(), "left behind");
            }
        });
        drop(removing.await);
    }
}
