//! Scalars as YAML text.
//!
//! Owns when text needs quotes and which. Never gives text that would be read as another value, by
//! this reader or by one of YAML 1.1 (`on`, `yes`, `1:30`).

use attune_pack::yaml::{self, Node, NodeKind};
use std::fmt::Write as _;

/// Words that older readers take for booleans or nothing.
const WORDS: [&str; 11] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "nan",
];

/// What is no text.
pub(super) fn plain(kind: &NodeKind) -> String {
    let node = Node {
        kind: kind.clone(),
        span: Default::default(),
    };
    node.to_json().to_string()
}

/// Text on one line, within brackets or not.
pub(super) fn line(text: &str, flow: bool) -> String {
    if bare(text, flow) && !other_type(text) {
        return text.to_owned();
    }
    quoted(text)
}

/// A key: always text, so that only its characters matter.
pub(super) fn key(text: &str, flow: bool) -> String {
    if bare(text, flow) && text != "<<" {
        return text.to_owned();
    }
    quoted(text)
}

/// Whether the characters may stand without quotes.
fn bare(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let indicator = "-?:,[]{}#&*!|>'\"%@`=".contains(first);
    // A dash before a letter begins no list.
    let dash = first == '-' && text.chars().nth(1).is_some_and(char::is_alphanumeric);
    if indicator && !dash {
        return false;
    }
    let apart = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let brackets = flow && text.contains([',', '[', ']', '{', '}', ':']);
    // Templates stand in quotes, so that nobody has to know where they may go without.
    let marks = text.starts_with("---") || text.starts_with("...") || text.contains("{{");
    !(apart || brackets || marks)
        && text.trim() == text
        && text.chars().all(|c| !c.is_control() && printable(c))
}

fn printable(c: char) -> bool {
    !matches!(
        c,
        '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
    )
}

/// Whether a reader would take it for something else than text.
fn other_type(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if WORDS.contains(&lower.as_str()) {
        return true;
    }
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    // `1_000` and `1:30` are numbers to YAML 1.1.
    let older = number
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-._:eExXabcdefABCDEF".contains(c))
        && text.contains([':', '_']);
    older
        || !matches!(yaml::parse("", text), Ok(Node { kind: NodeKind::Str(read), .. }) if read == text)
}

/// In double quotes, or in single ones where those spare escapes.
fn quoted(text: &str) -> String {
    let escapes = |c: char| c.is_control() || !printable(c);
    if text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(escapes) {
        return format!("'{text}'");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Writing to a String cannot fail.
            c if escapes(c) => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Text as a block below its key, if it has several lines that a block can hold: the mark and the
/// lines, those without their indentation.
pub(super) fn block(text: &str, folded: Option<&str>) -> Option<(String, Vec<String>)> {
    if let Some(source) = folded
        && let Some(kept) = refolded(text, source)
    {
        return Some(kept);
    }
    let fits = |c: char| c == '\n' || c == '\t' || (!c.is_control() && printable(c));
    let body = text.trim_end_matches('\n');
    if !text.contains('\n') || body.is_empty() || !text.chars().all(fits) {
        return None;
    }
    // Blanks first or last would be guessed at, or lost by editors.
    if body.starts_with([' ', '\t', '\n']) || body.lines().any(|line| line.ends_with([' ', '\t'])) {
        return None;
    }
    let ends = text.len() - body.len();
    let mark = match ends {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    let mut lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    lines.extend((1..ends).map(|_| String::new()));
    Some((mark.to_owned(), lines))
}

/// The lines of a folded block as its author broke them, if they still give the same text.
fn refolded(text: &str, source: &str) -> Option<(String, Vec<String>)> {
    let (header, body) = source.split_once('\n')?;
    let mark = match header {
        ">" => ">",
        ">-" => ">-",
        _ => return None,
    };
    let depth = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()?;
    let mut lines: Vec<String> = body
        .lines()
        .map(|line| line.get(depth..).unwrap_or_default().trim_end().to_owned())
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let mut probe = format!("k: {mark}\n");
    for line in &lines {
        probe.push_str(&format!("  {line}\n"));
    }
    let read = yaml::parse("", &probe).ok()?;
    (read.get("k")?.as_str()? == text).then(|| (mark.to_owned(), lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let bare = [
            "a",
            "core.noop",
            "1h30m",
            "succeeded()",
            "a-b",
            "-x",
            "100%",
            "2026-11-20",
            "it's \"both\" \\",
        ];
        for text in bare {
            assert_eq!(line(text, false), text);
        }
        let quoted = [
            "",
            " a",
            "a ",
            "on",
            "Yes",
            "null",
            "12",
            "1.5",
            "1:30",
            "0x1f",
            "{{ a }}",
            "to {{ a }}",
            "- a",
            "a: b",
            "a #b",
            "*a",
            "!a",
            "\u{2028}",
            "a\u{7}",
            "---",
            ".5",
            "1_000",
            "a:",
        ];
        for text in quoted {
            let written = line(text, false);
            assert_ne!(written, text);
            let read = yaml::parse("", &format!("k: {written}\n")).unwrap();
            assert_eq!(read.get("k").unwrap().as_str(), Some(text), "{written}");
        }
    }

    #[test]
    fn blocks_are_for_several_lines() {
        assert_eq!(block("one line", None), None);
        assert_eq!(block("a\nb\n", None).unwrap().0, "|");
        assert_eq!(block("a\nb", None).unwrap().0, "|-");
        assert_eq!(block(" a\nb", None), None);
        assert_eq!(block("a \nb", None), None);
        let (mark, lines) = block("a b\n", Some(">\n    a\n    b\n")).unwrap();
        assert_eq!((mark.as_str(), lines.join("/")), (">", "a/b".to_owned()));
    }
}
