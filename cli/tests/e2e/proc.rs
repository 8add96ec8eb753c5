//! Waiting for conditions, and looking at processes of the system.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The longest that anything may take that must happen in the end.
pub(crate) const LONG: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until `look` finds something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONG;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "did not happen: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether a process runs; one that has ended and was not collected does not.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Processes that have to do with a folder: it stands in their command line, or they work in it.
pub(crate) fn processes_of(folder: &Path) -> Vec<(u32, String)> {
    let text = folder.display().to_string();
    let own = std::process::id();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own && lives(*pid))
        .filter_map(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            let place = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            let ours = command.contains(&text) || place.starts_with(folder);
            ours.then_some((pid, command))
        })
        .collect()
}
