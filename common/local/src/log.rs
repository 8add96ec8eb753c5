//! The end of a log file, for error messages.

use std::path::Path;

/// The last lines of a log, or a word that there is none.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if all.is_empty() {
        return format!("nothing in {}", path.display());
    }
    let from = all.len().saturating_sub(lines);
    format!("the end of {}:\n{}", path.display(), all[from..].join("\n"))
}
