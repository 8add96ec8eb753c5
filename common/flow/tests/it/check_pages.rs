//! The pages of `docs/errors`: each has a broken example that brings up its code, and a mended one that
//! is right.

use crate::check_support::fixtures;
use attune_flow::check::check_pack;
use attune_pack::{Diagnostics, read_files};
use std::path::Path;

/// Pages whose examples cannot be checked here: bytes that are no text, and from PACK032 on what
/// registration says.
fn is_elsewhere(code: &str) -> bool {
    code == "PACK001" || (code >= "PACK032" && code.starts_with("PACK"))
}

/// The text of a heading's code block.
fn block<'p>(page: &'p str, heading: &str) -> Option<&'p str> {
    let rest = page.split_once(&format!("\n## {heading}\n"))?.1;
    let rest = rest.split_once("```yaml\n")?.1;
    Some(rest.split_once("```")?.0)
}

/// A block is the rest of a workflow, or several files, each after a comment with its path.
fn found(code: &str, block: &str) -> Diagnostics {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        let is_path = |text: &&str| text.contains('/') || *text == "pack.yaml";
        let path = line.strip_prefix("# ").filter(is_path);
        match (path, files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(&format!("{line}\n")),
            (None, None) => files.push((
                "workflows/flow.yaml".to_owned(),
                format!("ref: a.flow\nlabel: Flow\nversion: 1.0.0\n{line}\n"),
            )),
        }
    }
    // One page is about that file.
    if code != "PACK016" {
        files.push((
            "pack.yaml".to_owned(),
            "ref: a\nversion: 1.0.0\n".to_owned(),
        ));
    }
    check_pack(&read_files(files), &fixtures()).found
}

#[test]
fn examples_of_the_pages_are_broken_and_mended_as_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let code = path.file_stem().unwrap().to_string_lossy().into_owned();
        let ours = code.starts_with("FLOW") || code.starts_with("PACK");
        if !ours || is_elsewhere(&code) {
            continue;
        }
        looked_at += 1;
        let page = std::fs::read_to_string(&path).unwrap();
        let (Some(broken), Some(mended)) = (block(&page, "Broken"), block(&page, "Mended")) else {
            wrong.push(format!(
                "{code} has no example that is broken, or none that is mended"
            ));
            continue;
        };
        let said = found(&code, broken);
        if !said.iter().any(|one| one.code == code) {
            wrong.push(format!(
                "the broken example of {code} does not give it:\n{said}"
            ));
        }
        let said = found(&code, mended);
        if !said.is_empty() {
            wrong.push(format!(
                "the mended example of {code} is not right:\n{said}"
            ));
        }
    }
    assert!(looked_at > 40, "{looked_at}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
