//! A child process that cannot outlive us.
//!
//! Owns one operating system process: its log file, its orderly stop, its violent end. The command
//! runs in its own process group (Ctrl-C at the terminal reaches only us) beside a small shell
//! watcher that holds the other end of a pipe. When our end closes for whatever reason, `kill -9`
//! included, the watcher stops the command. A parent-death signal would not do: it fires when the
//! *thread* that spawned the child ends.
//!
//! Called by the servers and by [`crate::Stack`]. Never restarts anything by itself. A process that
//! does not obey its stop signal within the grace time is killed.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::OpenOptions,
    io::{Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Result, error::IoContext, run_as::RunAs};

/// Without its comments, which would only fill the process list.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with('#');
    include_str!("guard.sh")
        .lines()
        .filter(code)
        .collect::<Vec<_>>()
        .join("\n")
});
/// How often a wait looks again. Nothing announces the end of a process to a blocked thread.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// What to run and how to end it.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, a path or a name found in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment, on top of ours unless `clean_env`.
    pub env: BTreeMap<String, String>,
    /// Give nothing of our own environment but `PATH`.
    pub clean_env: bool,
    /// Where standard output and error are appended.
    pub log: PathBuf,
    /// Its working directory.
    pub cwd: PathBuf,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
    /// How long it may take to end before it is killed.
    pub grace: Duration,
    /// A directory to delete if we die before we could do it.
    pub remove_after: Option<PathBuf>,
    pub(crate) run_as: Option<RunAs>,
}

impl Launch {
    /// A launch with SIGTERM, ten seconds of grace and our own environment.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            clean_env: false,
            log: log.into(),
            cwd: PathBuf::from("/"),
            stop_signal: Signal::SIGTERM,
            grace: Duration::from_secs(10),
            remove_after: None,
            run_as: None,
        }
    }
}

/// A running child. Dropping it stops it.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    leash: Option<ChildStdin>,
    ended: Option<ExitStatus>,
    stop_signal: Signal,
    grace: Duration,
}

impl Guarded {
    /// Starts the command. A program that does not exist ends at once with status 127 and says so
    /// in the log.
    ///
    /// # Errors
    /// If the log cannot be opened or no process can be made.
    pub fn spawn(launch: &Launch) -> Result<Self> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&launch.log)
            .attempt(|| format!("opening {}", launch.log.display()))?;

        let mut command = Command::new("/bin/sh");
        if launch.clean_env {
            let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
            command.env_clear().env("PATH", path);
        }
        command
            .arg("-c")
            .arg(&*SCRIPT)
            .arg("guard")
            .arg(launch.stop_signal.as_str().trim_start_matches("SIG"))
            .arg((launch.grace.as_millis() / 100).to_string())
            .arg(launch.remove_after.as_deref().unwrap_or(Path::new("")))
            .arg(&launch.program)
            .args(&launch.args)
            .envs(&launch.env)
            .current_dir(&launch.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0);
        if let Some(identity) = &launch.run_as {
            identity.apply(&mut command);
        }
        let mut child = command
            .spawn()
            .attempt(|| format!("starting {}", launch.program.display()))?;
        let leash = child.stdin.take();
        if let Some(mut at_its_post) = child.stdout.take() {
            // Without waiting, a signal such as SIGSTOP could come before there is a watcher. The end
            // is all that is read; a failure means the same.
            let _ = at_its_post.read_to_end(&mut Vec::new());
        }
        Ok(Self {
            child,
            leash,
            ended: None,
            stop_signal: launch.stop_signal,
            grace: launch.grace,
        })
    }

    /// The process id of the command itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, if it has ended.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.release();
            self.ended = Some(status);
        }
        self.ended
    }

    /// Waits up to `limit` for it to end.
    pub fn wait_for(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(POLL);
        }
    }

    /// Sends a signal to the command; nothing happens if it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.try_wait().is_none()
            && let Ok(pid) = i32::try_from(self.child.id())
        {
            // The only failure is that it has just ended, which the next wait will tell.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Asks it to end, waits for the grace time, then kills it.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        self.signal(self.stop_signal);
        // A stopped process would not see the signal before it is continued.
        self.signal(Signal::SIGCONT);
        if self.wait_for(self.grace).is_none() {
            self.kill9();
        }
        self.ended
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) {
        self.signal(Signal::SIGKILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
            self.release();
        }
    }

    /// Sends the watcher home.
    fn release(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // The watcher may already be gone; then there is nobody to tell.
            let _ = leash.write_all(b"released\n");
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.stop();
    }
}
