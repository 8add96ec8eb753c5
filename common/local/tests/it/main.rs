//! Real servers and processes on this machine: start, stop, crash, and nothing left behind.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test a panic is the report"
)]

mod orphans;
mod postgres;
mod rabbitmq;
mod stack;

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Waits generously for something that must become true.
fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !check() {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A directory that a server running as another user can pass through.
fn temp() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    std::fs::set_permissions(temp.path(), Permissions::from_mode(0o711)).unwrap();
    temp
}

/// Whether a process runs; one that has ended and was not collected does not.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Processes that have a text in their command line.
fn processes_with(text: &str) -> Vec<u32> {
    let own = std::process::id();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own && lives(*pid))
        .filter(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(text)
        })
        .collect()
}

/// Where a listening socket of that port is bound, from the system's own table.
fn listeners(port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(Path::new(path)).unwrap_or_default();
            text.lines()
                .filter_map(|line| {
                    let mut words = line.split_whitespace().skip(1);
                    let local = words.next()?;
                    let state = words.nth(1)?;
                    (state == "0A" && local.ends_with(&wanted)).then(|| local.to_owned())
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
