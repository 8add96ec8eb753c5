//! Definitions that lie where none is read.
//!
//! Owns the warning about a file that looks like a definition and takes no part in the pack, because of
//! its folder or its ending. Data and code beside the definitions are nobody's business: only a text
//! with the keys of a definition is told of, or one whose name can mean nothing else. Called with the
//! texts of a pack when it is loaded.

use super::files::{ENDINGS, FOLDERS, is_definition};
use crate::diagnostic::Diagnostic;
use crate::suggest::suggest;

/// Folders of other programs, whose files only happen to look alike.
const OTHERS: [&str; 3] = ["node_modules", "vendor", "site-packages"];

/// Whether the path could be one of those; then its text is needed to tell.
pub(super) fn may_be(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let foreign = parts.iter().any(|part| OTHERS.contains(part));
    path != "pack.yaml" && !is_read(path) && !foreign && ending(path).is_some()
}

fn is_read(path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or_default();
    is_definition(path) && FOLDERS.contains(&folder)
}

/// The warning about a file of which [`may_be`] holds, if it is a definition by its text.
pub(super) fn told(path: &str, text: &str) -> Option<Diagnostic> {
    let ending = ending(path)?;
    let stem = &path[..path.len() - ending.len()];
    let parts: Vec<&str> = stem.split('/').collect();
    let (name, folders) = parts.split_last()?;
    let kind = kind(text);
    let lower = ending.to_ascii_lowercase();
    let (why, help) = match folders {
        [folder] if FOLDERS.contains(folder) => (
            format!("its ending is `{ending}`, and endings are in small letters"),
            format!("rename it to `{stem}{lower}`"),
        ),
        [folder, ..] if FOLDERS.contains(folder) => {
            kind?;
            (
                format!("the files of `{folder}` lie directly in it"),
                format!("move it to `{folder}/{name}{lower}`"),
            )
        }
        // Drafts and examples may lie in folders of other names on purpose.
        [folder] => {
            kind?;
            let near = suggest(folder, FOLDERS)?;
            (
                format!("no folder of definitions is named `{folder}`"),
                format!("move it to `{near}/{name}{lower}`"),
            )
        }
        [] => {
            let to = kind?.unwrap_or("<kind>");
            (
                "definitions lie in folders by their kind".to_owned(),
                format!("move it to `{to}/{name}{lower}`"),
            )
        }
        _ => return None,
    };
    let message = format!("this looks like a definition and is not read: {why}");
    Some(
        Diagnostic::error("PACK019", path, message)
            .help(help)
            .warning(),
    )
}

/// The ending of a definition, in whatever letters.
fn ending(path: &str) -> Option<&str> {
    let at = path.rfind('.')?;
    let ending = &path[at..];
    ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
        .then_some(ending)
}

/// Whether a text is a definition by its keys, and the folder of its kind where they tell.
fn kind(text: &str) -> Option<Option<&'static str>> {
    let has = |key: &str| {
        text.lines().any(|line| {
            // JSON has its keys indented and in quotes, YAML those of the top level at the margin.
            let bare = line.trim_start().trim_start_matches('{').trim_start();
            let quoted = bare
                .strip_prefix('"')
                .and_then(|rest| rest.strip_prefix(key));
            let plain = line.strip_prefix(key);
            let after = plain.or(quoted.and_then(|rest| rest.strip_prefix('"')));
            after.is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    if has("workflow") && (has("tests") || has("expect") || has("mocks")) {
        return Some(Some("tests"));
    }
    if !has("ref") {
        return None;
    }
    let kinds = [
        ("tasks", "workflows"),
        ("runner", "actions"),
        ("trigger", "rules"),
        ("triggers", "sensors"),
        ("payload", "triggers"),
    ];
    let found = kinds.iter().find(|(key, _)| has(key));
    Some(found.map(|(_, folder)| *folder))
}
