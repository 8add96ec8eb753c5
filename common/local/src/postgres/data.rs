//! The data directory of a private PostgreSQL server.
//!
//! Owns its place, its first filling and the leftovers of a crash. The server's user must be able
//! to reach it: when we are root and it cannot (a checkout under /root), the data go to a folder
//! under /var/lib that the asked-for directory points to with a file `data-path`. Filling is atomic:
//! a half-made directory is never mistaken for data.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::binaries::Binaries;
use crate::{
    LocalError, Result,
    error::IoContext,
    guard::POLL,
    layout::{self, Home},
    run_as::RunAs,
};

/// Where data go that the server's user could not reach where they were asked for.
const ELSEWHERE: &str = "/var/lib/attune-local";
const PREDECESSOR_LIMIT: Duration = Duration::from_secs(25);

/// The files that belong to the server's user.
#[derive(Debug)]
pub(crate) struct DataDir {
    /// Holds all the rest and belongs to the server's user.
    pub(crate) root: PathBuf,
    /// The server's own directory.
    pub(crate) data: PathBuf,
}

impl DataDir {
    /// Finds or makes the place.
    pub(crate) fn place(home: &Home, run_as: Option<&RunAs>) -> Result<Self> {
        let root = match run_as {
            None => home.path("server"),
            Some(user) => {
                layout::let_pass(&home.dir);
                if user.can_enter(&home.dir) {
                    home.path("server")
                } else {
                    elsewhere(home)?
                }
            }
        };
        layout::make_dir(&root)?;
        let place = Self {
            data: root.join("data"),
            root,
        };
        layout::make_dir(&place.socket_dir())?;
        if let Some(user) = run_as {
            user.own(&place.root)?;
            user.own(&place.socket_dir())?;
        }
        Ok(place)
    }

    /// Everything there is of a server: the directory that was asked for, if the data lie in it.
    pub(crate) fn all<'a>(&'a self, home: &'a Home) -> &'a Path {
        if self.root.starts_with(&home.dir) {
            &home.dir
        } else {
            &self.root
        }
    }

    /// Lets the watcher, which runs as the server's user, delete what belongs to a throw-away server.
    pub(crate) fn let_watcher_remove(&self, home: &Home, run_as: Option<&RunAs>) -> Result<()> {
        run_as.map_or(Ok(()), |user| user.own(self.all(home)))
    }

    /// Where the unix socket lies.
    pub(crate) fn socket_dir(&self) -> PathBuf {
        self.root.join("sock")
    }

    /// The major version that made the data, if there are any.
    pub(crate) fn version(&self) -> Option<String> {
        fs::read_to_string(self.data.join("PG_VERSION")).ok()
    }

    /// Makes the data if there are none.
    pub(crate) fn initialise(
        &self,
        binaries: &Binaries,
        run_as: Option<&RunAs>,
        user: &str,
        password: &str,
    ) -> Result<()> {
        if self.version().is_some() {
            return Ok(());
        }
        let fresh = self.root.join("data.new");
        layout::remove(&fresh)?;
        layout::remove(&self.data)?;
        let password_file = self.root.join("initial-password");
        layout::write_private(&password_file, password)?;
        if let Some(identity) = run_as {
            identity.own(&password_file)?;
        }
        let mut command = Command::new(&binaries.initdb);
        command
            .arg("--pgdata")
            .arg(&fresh)
            .args(["--username", user, "--auth", "scram-sha-256", "--pwfile"])
            .arg(&password_file)
            .args([
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--no-sync",
                "--no-instructions",
            ])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .current_dir(&self.root)
            .stdin(Stdio::null());
        if let Some(identity) = run_as {
            identity.apply(&mut command);
        }
        let output = command.output();
        layout::remove(&password_file)?;
        let output = output.attempt(|| format!("running {}", binaries.initdb.display()))?;
        if !output.status.success() {
            let _ = layout::remove(&fresh);
            return Err(LocalError::Failed {
                what: "making a PostgreSQL data directory (initdb)".to_owned(),
                detail: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        fs::rename(&fresh, &self.data).attempt(|| "putting the new data in place".to_owned())
    }

    /// Writes who may connect: the one user, from this machine, with the password.
    pub(crate) fn write_access_rules(&self, scram: bool, run_as: Option<&RunAs>) -> Result<()> {
        let method = if scram { "scram-sha-256" } else { "password" };
        let path = self.data.join("pg_hba.conf");
        let rules = format!("local all all {method}\nhost all all 127.0.0.1/32 {method}\n");
        fs::write(&path, rules).attempt(|| format!("writing {}", path.display()))?;
        match run_as {
            Some(user) => user.own(&path),
            None => fs::set_permissions(&path, Permissions::from_mode(0o600))
                .attempt(|| format!("closing {}", path.display())),
        }
    }

    /// Whether the server with this process id says that it accepts connections.
    pub(crate) fn is_ready(&self, pid: u32) -> bool {
        // The eighth line is the state; the server keeps it for exactly this question.
        let Some(text) = self.pid_file() else {
            return false;
        };
        let mut lines = text.lines();
        lines.next().and_then(|line| line.trim().parse().ok()) == Some(pid)
            && lines.nth(6).is_some_and(|state| state.trim() == "ready")
    }

    /// Waits until a server that a crash of ours left behind has ended (its watcher is stopping
    /// it), and removes the note of one that ended without cleaning up. We hold the lock of the
    /// directory, so nobody else can be starting one.
    pub(crate) fn wait_for_predecessor(&self) -> Result<()> {
        let deadline = Instant::now() + PREDECESSOR_LIMIT;
        while let Some(pid) = self
            .pid_file()
            .and_then(|text| text.lines().next()?.parse().ok())
        {
            if !self.is_our_server(pid) {
                // Its number may belong to someone else by now, which would make the server
                // believe that it still runs.
                layout::remove(&self.data.join("postmaster.pid"))?;
                break;
            }
            if Instant::now() > deadline {
                return Err(LocalError::Timeout {
                    what: format!("the end of an earlier PostgreSQL server (process {pid})"),
                    seconds: PREDECESSOR_LIMIT.as_secs(),
                    detail: format!("it still runs on {}", self.data.display()),
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Ends what a killed server left: a backend in the middle of a long computation does not
    /// notice that its server is gone, and keeps the next one from starting. Only for when the
    /// server itself has ended; whoever holds the lock of the directory may.
    pub(crate) fn end_orphans(&self) {
        let deadline = Instant::now() + PREDECESSOR_LIMIT;
        loop {
            let orphans = self.processes();
            if orphans.is_empty() || Instant::now() > deadline {
                return;
            }
            for pid in orphans {
                // The only failure is that it has just ended.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            thread::sleep(POLL);
        }
    }

    /// Every PostgreSQL process that works in this directory.
    fn processes(&self) -> Vec<i32> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let ours = |pid: &i32| {
            let process = Path::new("/proc").join(pid.to_string());
            fs::read_link(process.join("cwd")).is_ok_and(|dir| dir == self.data)
                && fs::read_link(process.join("exe"))
                    .is_ok_and(|program| program.ends_with("postgres"))
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(ours)
            .collect()
    }

    /// Deletes the data.
    pub(crate) fn remove(&self) {
        let _ = layout::remove(&self.root);
    }

    fn pid_file(&self) -> Option<String> {
        fs::read_to_string(self.data.join("postmaster.pid")).ok()
    }

    /// Whether a live process is a server on exactly this directory.
    fn is_our_server(&self, pid: i32) -> bool {
        let process = Path::new("/proc").join(pid.to_string());
        // Empty for a process that has ended and was not collected yet.
        let Ok(command) = fs::read(process.join("cmdline")) else {
            return false;
        };
        let args: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        let data = self.data.as_os_str().as_encoded_bytes();
        args.first()
            .is_some_and(|program| program.ends_with(b"postgres"))
            && args.contains(&data)
    }
}

/// A place of its own under /var/lib, noted in the directory that was asked for.
fn elsewhere(home: &Home) -> Result<PathBuf> {
    let note = home.path("data-path");
    if let Ok(text) = fs::read_to_string(&note)
        && let path = PathBuf::from(text.trim())
        && path.starts_with(ELSEWHERE)
        && path.is_dir()
    {
        return Ok(path);
    }
    let base = Path::new(ELSEWHERE);
    layout::make_dir(base)?;
    layout::let_pass(base);
    forget_orphans(base);
    let path = base.join(uuid::Uuid::new_v4().simple().to_string());
    layout::make_dir(&path)?;
    fs::write(
        path.join("belongs-to"),
        home.dir.as_os_str().as_encoded_bytes(),
    )
    .attempt(|| format!("writing into {}", path.display()))?;
    fs::write(&note, path.as_os_str().as_encoded_bytes())
        .attempt(|| format!("writing {}", note.display()))?;
    tracing::info!(
        asked = %home.dir.display(),
        data = %path.display(),
        "PostgreSQL does not run as root and its user cannot reach the directory: its data go elsewhere"
    );
    Ok(path)
}

/// Removes data whose directory was deleted or made anew, so that they do not pile up.
fn forget_orphans(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(owner) = fs::read_to_string(path.join("belongs-to")) else {
            continue;
        };
        let note = fs::read_to_string(Path::new(&owner).join("data-path"));
        let owned = note.is_ok_and(|text| Path::new(text.trim()) == path);
        if !owned && !path.join("data/postmaster.pid").exists() {
            let _ = layout::remove(&path);
        }
    }
}
