//! Which user a server runs as when we are root.
//!
//! PostgreSQL refuses to run as root, so root hands it to the `postgres` user, or `nobody`. Owns the
//! choice and the question whether that user can reach a directory. An ordinary user runs
//! everything as himself.

use std::{
    fs::Permissions,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::{User, geteuid};

use crate::{LocalError, Result, error::IoContext};

/// Another user, given to a child process.
#[derive(Debug, Clone)]
pub(crate) struct RunAs {
    uid: u32,
    gid: u32,
}

impl RunAs {
    /// The user for PostgreSQL: none needed unless we are root.
    pub(crate) fn for_postgres() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Ok(Some(user)) = User::from_name(name) {
                return Ok(Some(Self {
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                }));
            }
        }
        Err(LocalError::NotInstalled {
            what: "a user to run PostgreSQL as".to_owned(),
            hint: "it refuses to run as root and there is neither `postgres` nor `nobody`"
                .to_owned(),
        })
    }

    /// Makes the command run as this user, without our groups.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a file or directory to this user, closed to all others.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .attempt(|| format!("giving {} to another user", path.display()))?;
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, Permissions::from_mode(mode))
            .attempt(|| format!("closing {}", path.display()))
    }

    /// Whether this user can enter the directory; asked of the system, which knows all its rules.
    pub(crate) fn can_enter(&self, dir: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "test -x \"$1\"", "sh"])
            .arg(dir)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.apply(&mut command);
        command.status().is_ok_and(|status| status.success())
    }
}
