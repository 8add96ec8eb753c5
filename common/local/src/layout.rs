//! The directory of one local server: its lock, its secrets, its removal.
//!
//! Owns what both servers do alike with the directory they are given. Never looks into a server's
//! data. A directory that another live process holds is refused.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{LocalError, Result, error::IoContext};

/// A directory that this process alone uses; the lock ends with the process.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the directory if needed and locks it.
    pub(crate) fn claim(dir: &Path) -> Result<Self> {
        make_dir(dir)?;
        let dir = fs::canonicalize(dir).attempt(|| format!("finding {}", dir.display()))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join("lock"))
            .attempt(|| format!("opening the lock file in {}", dir.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(LocalError::Locked { dir }),
            Err(TryLockError::Error(source)) => Err(LocalError::Io {
                what: format!("locking {}", dir.display()),
                source,
            }),
        }
    }

    /// The path of a file in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A secret kept in the directory, made at the first call.
    pub(crate) fn secret(&self, name: &str) -> Result<String> {
        let path = self.path(name);
        if let Ok(text) = fs::read_to_string(&path)
            && !text.trim().is_empty()
        {
            return Ok(text.trim().to_owned());
        }
        let secret = uuid::Uuid::new_v4().simple().to_string();
        write_private(&path, &secret)?;
        Ok(secret)
    }
}

/// Makes a directory and its parents, open to us only.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).attempt(|| format!("making {}", parent.display()))?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if !dir.is_dir() => Err(LocalError::Io {
            what: format!("making {}", dir.display()),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Lets others pass through a directory of ours, without letting them list it.
pub(crate) fn let_pass(dir: &Path) {
    if let Ok(meta) = fs::metadata(dir) {
        let mode = meta.permissions().mode() | 0o011;
        // If it is refused, whoever has to pass will be found unable to, and that is handled.
        let _ = fs::set_permissions(dir, Permissions::from_mode(mode));
    }
}

/// Writes a file that only we can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    remove(path)?;
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .attempt(|| format!("making {}", path.display()))?;
    file.write_all(text.as_bytes())
        .attempt(|| format!("writing {}", path.display()))
}

/// Removes a file or a tree; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let gone = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match gone {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(LocalError::Io {
            what: format!("removing {}", path.display()),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("server");
        let held = Home::claim(&dir).unwrap();
        let error = Home::claim(&dir).unwrap_err();
        assert!(matches!(error, LocalError::Locked { .. }), "{error}");
        drop(held);
        Home::claim(&dir).unwrap();
    }

    #[test]
    fn a_secret_is_kept_and_closed() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::claim(&temp.path().join("server")).unwrap();
        let first = home.secret("password").unwrap();
        assert_eq!(first, home.secret("password").unwrap());
        assert_eq!(first.len(), 32);
        let mode = fs::metadata(home.path("password"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
