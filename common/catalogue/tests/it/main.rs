//! What registration alone finds in packs, as the pages of `docs/errors` show it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be; helpers outside of test functions too"
)]

use attune_catalogue::{Snapshot, registration};
use attune_pack::{Diagnostics, read_files};
use std::path::Path;

/// The text of a heading's code block.
fn block(page: &str, heading: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let page = std::fs::read_to_string(path.join(page)).unwrap();
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, rest) = rest.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// What is found in the files of a block, each of which stands after a comment with its path.
fn found(block: &str) -> Diagnostics {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        let path = line
            .strip_prefix("# ")
            .filter(|path| path.ends_with(".yaml") || path.ends_with(".sh"));
        match (path, files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(&format!("{line}\n")),
            (None, None) => panic!("no file is named: {line}"),
        }
    }
    match registration(read_files(files), &Snapshot::default(), "test") {
        Ok((_, warnings)) => Diagnostics(warnings),
        Err(found) => found,
    }
}

#[test]
fn examples_of_the_pages_are_broken_and_mended_as_they_say() {
    for code in ["PACK034", "PACK035"] {
        let page = format!("{code}.md");
        let broken = found(&block(&page, "Broken"));
        let codes: Vec<&str> = broken.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, [code], "{broken}");
        let mended = found(&block(&page, "Mended"));
        assert!(mended.is_empty(), "{code}: {mended}");
    }
}
