//! The difference of two workflows as people read it.
//!
//! Owns the text: area by area and task by task, a mark for what happened, and what breaks callers said
//! in red. Shown for two files and for two versions that a server keeps.

use crate::error::{CliError, Result};
use crate::output::{Output, Paint, paint_for_stdout, tame};
use attune_draw::{Area, Change, Difference, Kind, Side};
use attune_types::JsonValue;
use std::fmt::Write as _;

/// Values up to this length stand in the line of their key.
const IN_LINE: usize = 70;

/// Shows it.
///
/// # Errors
/// [`CliError::Differ`] if there is anything but other ways to write the same.
pub(super) fn show(found: &Difference, output: Output) -> Result<()> {
    output.one(found, |found| text(found, paint_for_stdout()))?;
    if found.same {
        return Ok(());
    }
    Err(CliError::Differ(summary(found)))
}

fn summary(found: &Difference) -> String {
    let breaking = found
        .changes
        .iter()
        .filter(|change| change.breaking)
        .count();
    let changes = match found.changes.len() {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    };
    match breaking {
        0 => format!("{changes}, none of which breaks callers"),
        1 => format!("{changes}, 1 of which breaks callers"),
        many => format!("{changes}, {many} of which break callers"),
    }
}

fn text(found: &Difference, paint: Paint) -> String {
    if found.changes.is_empty() {
        let side = &found.to;
        return format!("the same Program: {} (hash {})", named(side), side.hash);
    }
    let mut out = format!("{} {}\n", paint.red("---"), side(&found.from));
    let _ = writeln!(out, "{} {}", paint.green("+++"), side(&found.to));
    if found.same {
        let _ = writeln!(out, "the same in other words:");
    }
    let mut last = (None, "");
    for change in &found.changes {
        if last.0 != Some(change.area) {
            let _ = writeln!(out, "\n{}", paint.bold(heading(change.area)));
        }
        let lead =
            if change.area == Area::Tasks && !change.name.is_empty() && !change.key.is_empty() {
                if last != (Some(change.area), change.name.as_str()) {
                    let _ = writeln!(out, "    {}", tame(&change.name));
                }
                "    "
            } else {
                ""
            };
        last = (Some(change.area), change.name.as_str());
        one(change, lead, paint, &mut out);
    }
    out
}

fn side(side: &Side) -> String {
    let hash: String = side.hash.0.chars().take(12).collect();
    format!("{} ({hash})", named(side))
}

fn named(side: &Side) -> String {
    format!("{} {}", side.workflow, tame(&side.version))
}

fn heading(area: Area) -> &'static str {
    match area {
        Area::Workflow => "workflow",
        Area::Parameters => "parameters",
        Area::Output => "output",
        Area::Vars => "vars",
        Area::Tasks => "tasks",
        Area::OutputMap => "output_map",
        Area::Labels => "labels",
    }
}

/// One change, behind its mark.
fn one(change: &Change, lead: &str, paint: Paint, out: &mut String) {
    let mark = match change.kind {
        Kind::Added => paint.green("+"),
        Kind::Removed => paint.red("-"),
        Kind::Changed | Kind::Renamed => paint.yellow("~"),
        Kind::Moved => paint.yellow("%"),
        Kind::Rewritten => paint.dim("="),
    };
    let subject = subject(change);
    let (from, to) = (
        change.from.as_ref().map(shown),
        change.to.as_ref().map(shown),
    );
    let said = said(change, paint);
    let lead = format!("  {lead}");
    let long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.len() > IN_LINE || text.contains('\n'))
    };
    if long(&from) || long(&to) {
        let _ = writeln!(out, "{lead}{mark} {subject}{said}");
        for (text, sign) in [(from, paint.red("-")), (to, paint.green("+"))] {
            for line in text.iter().flat_map(|text| text.lines()) {
                let _ = writeln!(out, "{lead}    {sign} {line}");
            }
        }
        return;
    }
    let values = match (change.kind, from, to) {
        (Kind::Renamed, Some(from), _) => format!(" (was {from})"),
        (_, Some(from), Some(to)) => format!(": {from} -> {to}"),
        (_, Some(only), None) | (_, None, Some(only)) => format!(": {only}"),
        (_, None, None) => String::new(),
    };
    let _ = writeln!(out, "{lead}{mark} {subject}{values}{said}");
}

fn subject(change: &Change) -> String {
    let text = match (change.area, change.name.as_str(), change.key.as_str()) {
        (_, "", "") if change.kind == Kind::Moved => "order".to_owned(),
        (_, "", "") => "all of it".to_owned(),
        (Area::Tasks, name, "") => name.to_owned(),
        (Area::Tasks, _, key) | (_, "", key) => key.to_owned(),
        (_, name, "") => name.to_owned(),
        (_, name, key) => format!("{name}.{key}"),
    };
    tame(&text).into_owned()
}

/// What is said beside a change.
fn said(change: &Change, paint: Paint) -> String {
    match (change.breaking, change.note.as_deref()) {
        (false, None) => String::new(),
        (false, Some(note)) => format!("  {}", paint.dim(&format!("({})", tame(note)))),
        (true, None) => format!("  {}", paint.red("[breaks callers]")),
        (true, Some(note)) => format!(
            "  {}",
            paint.red(&format!("[breaks callers: {}]", tame(note)))
        ),
    }
}

/// A value: text as it is where it cannot be taken for something else.
fn shown(value: &JsonValue) -> String {
    let text = match value {
        JsonValue::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    };
    tame(&text).into_owned()
}

fn is_plain(text: &str) -> bool {
    let other = serde_json::from_str::<JsonValue>(text).is_ok();
    !text.is_empty() && !other && text.trim() == text && !text.contains(['\r', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(changes: JsonValue) -> Difference {
        let side = |version: &str, hash: &str| json!({"workflow": "p.w", "version": version, "hash": hash.repeat(32)});
        let breaking = changes
            .as_array()
            .unwrap()
            .iter()
            .any(|change| change["breaking"] == true);
        let same = changes
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change["kind"] == "rewritten");
        serde_json::from_value(json!({
            "from": side("1.0.0", "a1"), "to": side("1.1.0", "b2"), "same": same, "breaking": breaking, "changes": changes,
        }))
        .unwrap()
    }

    #[test]
    fn a_difference_is_read_area_by_area() {
        let changes = json!([
            {"area": "workflow", "key": "version", "kind": "changed", "from": "1.0.0", "to": "1.1.0"},
            {"area": "parameters", "name": "tag", "kind": "removed", "from": {"type": "string"}, "breaking": true,
             "note": "callers that give it are refused"},
            {"area": "parameters", "name": "level", "key": "enum", "kind": "changed", "from": ["a"], "to": ["a", "b"]},
            {"area": "vars", "kind": "moved", "from": ["a", "b"], "to": ["b", "a"], "note": "the order changed"},
            {"area": "tasks", "name": "build", "key": "retry.count", "kind": "changed", "from": 2, "to": 3},
            {"area": "tasks", "name": "build", "key": "input.text", "kind": "changed", "from": "a\nb", "to": "true"},
            {"area": "tasks", "name": "shout", "kind": "renamed", "from": "tell", "to": "shout"},
            {"area": "tasks", "name": "new", "kind": "added", "to": {"action": "core.noop"}},
            {"area": "tasks", "name": "new", "key": "when", "kind": "rewritten", "from": "{{ a }}", "to": "a"},
        ]);
        let found = found(changes);
        insta::assert_snapshot!(text(&found, Paint::new(false)));
        assert_eq!(summary(&found), "9 changes, 1 of which breaks callers");
    }

    #[test]
    fn the_same_program_is_said_with_its_hash() {
        let text = text(&found(json!([])), Paint::new(false));
        assert!(
            text.starts_with("the same Program: p.w 1.1.0 (hash b2b2"),
            "{text}"
        );
    }

    #[test]
    fn values_are_told_from_texts_that_look_like_them() {
        assert_eq!(shown(&json!("1")), "\"1\"");
        assert_eq!(shown(&json!(1)), "1");
        assert_eq!(shown(&json!("")), "\"\"");
        assert_eq!(shown(&json!("a b")), "a b");
        assert_eq!(shown(&json!("a\u{1b}[2J")), "a\u{241b}[2J");
    }
}
