//! The tree as text.
//!
//! Owns the layout: two blanks a level, lists indented below their key, what was in brackets stays
//! there if it fits into a line. Blank lines are kept, one at most. Never decides order or form.

use super::text;
use super::tree::{Document, Entry, Remark, Value};

/// Columns of a line in brackets.
const WIDTH: usize = 100;

/// As JSON; comments are none there.
pub(super) fn json(document: &Document) -> String {
    // Maps with text keys always have a JSON form.
    let mut text = serde_json::to_string_pretty(&document.root.to_json()).unwrap_or_default();
    text.push('\n');
    text
}

/// As YAML.
pub(super) fn yaml(document: &Document) -> String {
    let mut printer = Printer { out: String::new() };
    for (number, remark) in document.head.iter().enumerate() {
        printer.remark(remark, 0, number == 0);
    }
    if !document.head.is_empty() {
        printer.out.push('\n');
    }
    match &document.root {
        Value::Map(entries, _) => printer.map(entries, 0),
        Value::List(items, _) => printer.list(items, 0),
        other => {
            let line = inline(other, false);
            printer.out.push_str(&line);
            printer.out.push('\n');
        }
    }
    printer.out
}

struct Printer {
    out: String,
}

impl Printer {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', depth));
    }

    fn remark(&mut self, remark: &Remark, depth: usize, first: bool) {
        if remark.gap && !first {
            self.out.push('\n');
        }
        self.indent(depth);
        self.out.push_str(&remark.text);
        self.out.push('\n');
    }

    /// Comments and the blank line above an entry.
    fn above(&mut self, entry: &Entry, depth: usize, first: bool) {
        for (number, remark) in entry.notes.lead.iter().enumerate() {
            self.remark(remark, depth, first && number == 0);
        }
        if entry.notes.gap && !(first && entry.notes.lead.is_empty()) {
            self.out.push('\n');
        }
    }

    fn below(&mut self, entry: &Entry, depth: usize) {
        for remark in &entry.notes.foot {
            self.remark(remark, depth, false);
        }
    }

    fn tail(&mut self, entry: &Entry) {
        if let Some(tail) = &entry.notes.tail {
            self.out.push(' ');
            self.out.push_str(tail);
        }
    }

    fn map(&mut self, entries: &[Entry], depth: usize) {
        for (number, entry) in entries.iter().enumerate() {
            self.above(entry, depth, number == 0);
            self.indent(depth);
            self.entry(entry, depth);
            self.below(entry, depth);
        }
    }

    /// A key with its value; the indentation is there.
    fn entry(&mut self, entry: &Entry, depth: usize) {
        let key = text::key(entry.key.as_deref().unwrap_or_default(), false);
        self.out.push_str(&key);
        self.out.push(':');
        self.value(entry, depth, depth + key.chars().count() + 2);
    }

    /// A value behind its key or dash, to the end of the line and, for a block, below.
    fn value(&mut self, entry: &Entry, depth: usize, column: usize) {
        match &entry.value {
            Value::Text(content, folded) => {
                if let Some((mark, lines)) = text::block(content, folded.as_deref()) {
                    self.out.push(' ');
                    self.out.push_str(&mark);
                    self.tail(entry);
                    self.out.push('\n');
                    for line in lines {
                        if !line.is_empty() {
                            self.indent(depth + 2);
                            self.out.push_str(&line);
                        }
                        self.out.push('\n');
                    }
                    return;
                }
                self.on_line(entry, &text::line(content, false));
            }
            Value::Plain(_) => self.on_line(entry, &inline(&entry.value, false)),
            Value::Map(inner, flow) => {
                let line = inline(&entry.value, true);
                if inner.is_empty() || (*flow && !entry.value.noted() && fits(&line, column)) {
                    return self.on_line(entry, &line);
                }
                self.tail(entry);
                self.out.push('\n');
                self.map(inner, depth + 2);
            }
            Value::List(inner, flow) => {
                let line = inline(&entry.value, true);
                if inner.is_empty() || (*flow && !entry.value.noted() && fits(&line, column)) {
                    return self.on_line(entry, &line);
                }
                self.tail(entry);
                self.out.push('\n');
                self.list(inner, depth + 2);
            }
        }
    }

    fn on_line(&mut self, entry: &Entry, line: &str) {
        self.out.push(' ');
        self.out.push_str(line);
        self.tail(entry);
        self.out.push('\n');
    }

    fn list(&mut self, items: &[Entry], depth: usize) {
        for (number, item) in items.iter().enumerate() {
            self.above(item, depth, number == 0);
            match &item.value {
                Value::Map(inner, flow) if !inner.is_empty() => {
                    let line = inline(&item.value, true);
                    if *flow && !item.value.noted() && fits(&line, depth + 2) {
                        self.indent(depth);
                        self.out.push('-');
                        self.on_line(item, &line);
                    } else {
                        self.block_item(item, inner, depth);
                    }
                }
                _ => {
                    self.indent(depth);
                    self.out.push('-');
                    self.value(item, depth, depth + 2);
                }
            }
            self.below(item, depth);
        }
    }

    /// `- key: value`, the other keys below.
    fn block_item(&mut self, item: &Entry, inner: &[Entry], depth: usize) {
        let Some((first, rest)) = inner.split_first() else {
            return;
        };
        let mut first = first.clone();
        let lead = std::mem::take(&mut first.notes.lead);
        for remark in &lead {
            self.remark(remark, depth, false);
        }
        if let Some(tail) = &item.notes.tail {
            if first.notes.tail.is_none() {
                first.notes.tail = Some(tail.clone());
            } else {
                self.indent(depth);
                self.out.push_str(tail);
                self.out.push('\n');
            }
        }
        self.indent(depth);
        self.out.push_str("- ");
        self.entry(&first, depth + 2);
        self.below(&first, depth + 2);
        for entry in rest {
            self.above(entry, depth + 2, false);
            self.indent(depth + 2);
            self.entry(entry, depth + 2);
            self.below(entry, depth + 2);
        }
    }
}

fn fits(line: &str, column: usize) -> bool {
    column + line.chars().count() <= WIDTH
}

/// A value on one line.
fn inline(value: &Value, flow: bool) -> String {
    match value {
        Value::Plain(kind) => text::plain(kind),
        Value::Text(content, _) => text::line(content, flow),
        Value::List(items, _) => {
            let parts: Vec<String> = items.iter().map(|item| inline(&item.value, true)).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Map(entries, _) => {
            let parts: Vec<String> = entries
                .iter()
                .map(|entry| {
                    let key = text::key(entry.key.as_deref().unwrap_or_default(), true);
                    format!("{key}: {}", inline(&entry.value, true))
                })
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
    }
}
