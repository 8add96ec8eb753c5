//! Where RabbitMQ's programs are.
//!
//! Owns the search. Distributions put a wrapper into `PATH` that insists on the users root or
//! rabbitmq; the script it wraps has no such wish, so that one is used.

use std::path::{Path, PathBuf};

use crate::{LocalError, Result};

/// The programs of the installed broker.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    pub(crate) ctl: PathBuf,
    pub(crate) epmd: PathBuf,
    /// Folders with Erlang's programs, for `PATH`.
    pub(crate) path: String,
}

impl Programs {
    /// Finds them.
    pub(crate) fn find() -> Result<Self> {
        let folder = script_folders()
            .into_iter()
            .find(|dir| dir.join("rabbitmq-server").is_file() && dir.join("rabbitmq-env").is_file())
            .ok_or_else(|| LocalError::NotInstalled {
                what: "RabbitMQ".to_owned(),
                hint: "install the package rabbitmq-server, or set ATTUNE_RABBITMQ_BIN to the \
                       folder of its scripts"
                    .to_owned(),
            })?;
        let epmd = erlang_folders()
            .into_iter()
            .map(|dir| dir.join("epmd"))
            .find(|path| path.is_file())
            .ok_or_else(|| LocalError::NotInstalled {
                what: "Erlang's epmd".to_owned(),
                hint: "install the package erlang-base".to_owned(),
            })?;
        Ok(Self {
            server: folder.join("rabbitmq-server"),
            ctl: folder.join("rabbitmqctl"),
            epmd,
            path: std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned()),
        })
    }
}

fn script_folders() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = std::env::var_os("ATTUNE_RABBITMQ_BIN")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    dirs.push("/usr/lib/rabbitmq/bin".into());
    for base in ["/usr/lib/rabbitmq/lib", "/opt"] {
        // Newest first; the names end in the version.
        let mut versions: Vec<PathBuf> = children(Path::new(base))
            .into_iter()
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("rabbitmq_server-"))
            })
            .map(|path| path.join("sbin"))
            .collect();
        versions.sort();
        dirs.extend(versions.into_iter().rev());
    }
    dirs.extend(path_folders());
    dirs
}

fn erlang_folders() -> Vec<PathBuf> {
    let mut dirs = path_folders();
    for base in [
        "/usr/lib/erlang",
        "/usr/lib64/erlang",
        "/usr/local/lib/erlang",
    ] {
        dirs.extend(
            children(Path::new(base))
                .into_iter()
                .map(|path| path.join("bin")),
        );
    }
    dirs
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default()
}

fn children(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}
