//! Starting and stopping processes of packs: actions by the worker, sensors by the sensor service.
//!
//! Owns what both must get right: a process group of its own, an environment that holds only what is
//! given, no open file but its three pipes, death with the service even by `kill -9`, and a stop that
//! reaches the whole group. It does not confine: a process has the rights of the service's user. Never
//! reads or interprets what a process writes. Failure: `std::io::Error` of the system.

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// Where programs are looked for, whatever the service's own path is.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that runs in `folder` with an empty environment but for `PATH` and `LANG`, as the
/// leader of a process group of its own, with pipes for all three streams.
///
/// It must be spawned from a thread that lives as long as the service (a runtime's own worker
/// thread): its death signal is bound to that thread.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    prepare(&mut command);
    command
}

#[expect(
    unsafe_code,
    reason = "there is no safe way to do this between fork and exec; the system calls are \
              async-signal-safe and allocate nothing"
)]
fn prepare(command: &mut Command) {
    // SAFETY: the closure makes system calls and touches no memory of the parent.
    unsafe {
        command.pre_exec(|| {
            // Files that the service itself was given open by whoever started it are not for packs.
            // Kernels before 5.11 do not know the call; ours are closed at exec anyway.
            libc::syscall(
                libc::SYS_close_range,
                3,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            set_pdeathsig(Signal::SIGKILL).map_err(Into::into)
        });
    }
}

/// The process group of a child that [`command`] started.
#[derive(Clone, Copy, Debug)]
pub struct Group(Pid);

impl Group {
    /// The group that a running child leads; none if it has been waited for.
    pub fn of(child: &Child) -> Option<Self> {
        let id = i32::try_from(child.id()?).ok()?;
        Some(Self(Pid::from_raw(id)))
    }

    /// Sends a signal to all of the group. A group that is gone is not an error.
    ///
    /// # Errors
    /// `std::io::Error` if the signal was not allowed.
    pub fn signal(self, signal: Signal) -> std::io::Result<()> {
        match killpg(self.0, signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the group to end (SIGTERM), waits up to `grace` for its leader, then kills what is left
    /// of it (SIGKILL), children that outlived the leader included.
    ///
    /// # Errors
    /// `std::io::Error` if the leader could not be waited for.
    pub async fn stop(self, child: &mut Child, grace: Duration) -> std::io::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        let ended = tokio::time::timeout(grace, child.wait()).await;
        self.signal(Signal::SIGKILL)?;
        match ended {
            Ok(status) => status,
            Err(_) => child.wait().await,
        }
    }

    /// Kills what is left of the group after its leader ended.
    pub fn sweep(self) {
        // Nothing is left in the usual case, and what may not be signalled cannot be ours.
        drop(self.signal(Signal::SIGKILL));
    }
}
