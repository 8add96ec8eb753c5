//! `cargo xtask sizes`: a file holds one idea, stays short, and says at its head what it owns.
//!
//! Owns the two bounds and the rule of the header. Reads tracked Rust files only. Called by `make check`.
//! Every file that breaks a rule is printed with what to do; one such file fails it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::repo;

/// The most lines a file may have.
const LIMIT: usize = 400;
/// The most lines a file of tests alone may have.
const TEST_LIMIT: usize = 800;

/// Checks the tracked files on disk.
///
/// # Errors
/// When git or a file cannot be read.
pub(crate) fn run() -> Result<ExitCode> {
    let root = repo::root()?;
    let files = repo::tracked("rs")?;
    let mut complaints = Vec::new();
    for file in &files {
        let text = fs::read_to_string(root.join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        complaints.extend(judge(file, &text));
    }
    for complaint in &complaints {
        eprintln!("sizes: {complaint}");
    }
    if complaints.is_empty() {
        println!(
            "sizes: {} files are short and say what they own",
            files.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("sizes: {} complaints", complaints.len());
    Ok(ExitCode::FAILURE)
}

/// What is wrong with one file.
fn judge(file: &Path, text: &str) -> Vec<String> {
    let name = file.display();
    let lines = text.lines().count();
    let limit = limit(file);
    let mut complaints = Vec::new();
    if lines > limit {
        complaints.push(format!(
            "{name} has {lines} lines, the limit is {limit}: it holds more than one idea; \
             split it by idea into modules that each say what they own"
        ));
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    if !first.is_some_and(|line| {
        line.strip_prefix("//!")
            .is_some_and(|rest| !rest.trim().is_empty())
    }) {
        complaints.push(format!(
            "{name} has no header: begin it with `//!` and say what it owns, what it never does, who calls it, \
             and what happens on failure"
        ));
    }
    complaints
}

/// The bound for this file: files of tests alone may be longer.
fn limit(file: &Path) -> usize {
    let in_tests = file.components().any(|part| part.as_os_str() == "tests");
    if in_tests || file.file_name() == PathBuf::from("tests.rs").file_name() {
        TEST_LIMIT
    } else {
        LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, header: &str, lines: usize) -> Vec<String> {
        judge(
            Path::new(name),
            &format!("{header}\n{}", "x\n".repeat(lines - 1)),
        )
    }

    #[test]
    fn a_short_file_with_a_header_is_fine() {
        assert_eq!(file("a/src/b.rs", "//! Owns b.", 400), Vec::<String>::new());
    }

    #[test]
    fn a_long_file_is_named_with_its_lines_and_the_way_out() {
        let said = file("a/src/b.rs", "//! Owns b.", 401);
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("a/src/b.rs has 401 lines, the limit is 400"),
            "{}",
            said[0]
        );
        assert!(said[0].contains("split it by idea"), "{}", said[0]);
    }

    #[test]
    fn tests_may_be_longer_but_not_endless() {
        assert!(file("a/tests/it/main.rs", "//! Tests.", 800).is_empty());
        assert!(file("a/src/b/tests.rs", "//! Tests.", 800).is_empty());
        assert!(file("a/src/b/tests/more.rs", "//! Tests.", 800).is_empty());
        assert_eq!(file("a/tests/it/main.rs", "//! Tests.", 801).len(), 1);
        assert_eq!(
            file("a/src/my_tests.rs", "//! Not tests alone.", 500).len(),
            1
        );
    }

    #[test]
    fn a_file_without_a_header_is_named() {
        for header in [
            "use std::fmt;",
            "// A comment, not a header.",
            "//!",
            "#![forbid(unsafe_code)]",
        ] {
            let said = file("a/src/main.rs", header, 3);
            assert_eq!(said.len(), 1, "{header}");
            assert!(
                said[0].starts_with("a/src/main.rs has no header"),
                "{}",
                said[0]
            );
        }
    }

    #[test]
    fn an_empty_file_has_no_header() {
        assert_eq!(judge(Path::new("a.rs"), "").len(), 1);
    }
}
