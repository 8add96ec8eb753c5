//! Python environments of packs, made from their `requirements.txt` and kept by its content.
//!
//! Owns their making: once per content, whoever else asks meanwhile waits. An environment that can be
//! found is whole: a link to it is made last. Failure: an error with code `start_failed` that shows
//! what the tools said; the next attempt tries again.

use super::launch::start_failed;
use attune_process::Group;
use attune_types::ErrorInfo;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Longest time that one step may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Characters of the tools' output that an error shows, from its end.
const SHOWN: usize = 2_000;
/// Settings of the machine that fetching packages may need; actions do not see them.
const PASSED_ON: [&str; 9] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_CERT",
    "SSL_CERT_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
];

/// The environments below one folder.
pub(super) struct PythonEnvs {
    root: PathBuf,
    making: Mutex<HashMap<Uuid, Arc<Mutex<()>>>>,
}

impl PythonEnvs {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            making: Mutex::default(),
        }
    }

    /// The interpreter of the environment for these requirements.
    pub(super) async fn python(&self, requirements: &Path) -> Result<PathBuf, Box<ErrorInfo>> {
        let content = tokio::fs::read(requirements)
            .await
            .map_err(|error| start_failed(format!("requirements.txt: {error}")))?;
        let key = Uuid::new_v5(&Uuid::NAMESPACE_OID, &content);
        let link = self.root.join(key.to_string());
        let lock = Arc::clone(self.making.lock().await.entry(key).or_default());
        let _one_at_a_time = lock.lock().await;
        if let Ok(found) = tokio::fs::canonicalize(&link).await {
            return Ok(found.join("bin/python"));
        }
        let place = self.root.join(format!("{key}.{}", Uuid::new_v4()));
        let made = self.make(&place, requirements, &link).await;
        if made.is_err() {
            drop(tokio::fs::remove_dir_all(&place).await);
        }
        made?;
        Ok(place.join("bin/python"))
    }

    async fn make(
        &self,
        place: &Path,
        requirements: &Path,
        link: &Path,
    ) -> Result<(), Box<ErrorInfo>> {
        tracing::info!(place = %place.display(), "making a Python environment");
        let mut venv = attune_process::command("python3", &self.root);
        venv.args(["-m", "venv"]).arg(place);
        step(
            venv,
            "python3 -m venv (is the package python3-venv installed?)",
        )
        .await?;
        let mut pip = attune_process::command(place.join("bin/python"), &self.root);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
            .args(["--no-input", "--quiet", "-r"])
            .arg(requirements)
            .env("HOME", &self.root);
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                pip.env(name, value);
            }
        }
        step(pip, "pip install -r requirements.txt").await?;
        // Whole now; found from now on. A link cannot be replaced at once, so it is renamed there.
        let beside = place.with_extension("link");
        std::os::unix::fs::symlink(place, &beside)
            .and_then(|()| std::fs::rename(&beside, link))
            .map_err(|error| start_failed(format!("the Python environment: {error}")))
    }
}

async fn step(mut command: Command, what: &str) -> Result<(), Box<ErrorInfo>> {
    let failed = |reason: String| {
        start_failed(format!(
            "the pack's Python environment could not be made: {what}: {reason}"
        ))
    };
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let group = Group::of(&child);
    let mut said = Vec::new();
    let work = async {
        if let Some(mut stderr) = child.stderr.take() {
            // Ends with the process; what it said so far is enough otherwise.
            drop(stderr.read_to_end(&mut said).await);
        }
        child.wait().await
    };
    let ended = tokio::time::timeout(LONGEST, work).await;
    if let Some(group) = group {
        group.sweep();
    }
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => {
            let text = super::journal::visible(&said);
            let skipped = text.chars().count().saturating_sub(SHOWN);
            Err(failed(text.chars().skip(skipped).collect()))
        }
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("it took longer than {LONGEST:?}"))),
    }
}
