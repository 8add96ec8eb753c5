//! Writes a tree as hardened Tera source.
//!
//! Names become prefetched constants (`__p0`), and every operation that could cost more than a
//! constant or could meet something missing becomes one of our own filters. What remains for Tera is
//! what it is good at: control flow, loops, `set`, short-circuits and arithmetic.
//!
//! Never writes text that people wrote as source: texts and names of fields go in as constants.

mod node;

use node::PIPE;

use crate::ast::{Node, Path, Span, Statement};
use crate::error::Fault;
use attune_types::JsonValue;
use std::fmt::Write;

/// Tera source and what it needs.
#[derive(Debug, Default)]
pub(crate) struct Emitted {
    pub(crate) source: String,
    /// Paths whose values stand in the context as `__p<n>`.
    pub(crate) paths: Vec<Path>,
    /// Constants that stand in the context as `__c<n>`.
    pub(crate) constants: Vec<JsonValue>,
    /// From where to where each expression went, and where it came from.
    marks: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    from: usize,
    to: usize,
    span: Span,
    path: Option<Path>,
}

/// Source whose result is captured with its type.
pub(crate) fn value(node: &Node) -> Result<Emitted, Fault> {
    let mut out = Emitted::default();
    out.source.push_str("{{ ");
    out.node(node, PIPE, false)?;
    out.source.push_str(" | __capture }}");
    Ok(out)
}

/// Source whose result is text.
pub(crate) fn text(statements: &[Statement]) -> Result<Emitted, Fault> {
    let mut out = Emitted::default();
    out.statements(statements)?;
    Ok(out)
}

impl Emitted {
    /// What a range of the emitted source (lines from 1, columns from 0 in characters) was made from,
    /// and the path that stands there.
    pub(crate) fn origin(&self, range: &tera::Span) -> Option<(Span, Option<&Path>)> {
        let from = self.offset(range.start_line, range.start_col)?;
        let to = self.offset(range.end_line, range.end_col)?;
        self.marks
            .iter()
            .filter(|mark| mark.from <= from && to <= mark.to)
            .min_by_key(|mark| mark.to - mark.from)
            .map(|mark| (mark.span.clone(), mark.path.as_ref()))
    }

    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let mut start = 0;
        for _ in 1..line {
            start += self.source.get(start..)?.find('\n')? + 1;
        }
        let rest = self.source.get(start..)?;
        Some(
            start
                + rest
                    .char_indices()
                    .nth(column)
                    .map_or(rest.len(), |(n, _)| n),
        )
    }

    fn statements(&mut self, statements: &[Statement]) -> Result<(), Fault> {
        for statement in statements {
            self.statement(statement)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Fault> {
        match statement {
            // A brace at the end of a text could join with what follows.
            Statement::Text(text) if text.contains('{') => {
                let name = self.constant(text.as_str().into());
                self.push(format_args!("{{{{ {name} | __out }}}}"));
            }
            Statement::Text(text) => self.source.push_str(text),
            Statement::Print(node) => {
                self.source.push_str("{{ ");
                self.node(node, PIPE, false)?;
                self.source.push_str(" | __out }}");
            }
            Statement::If {
                branches,
                otherwise,
            } => {
                for (n, (cond, body)) in branches.iter().enumerate() {
                    let word = if n == 0 { "if" } else { "elif" };
                    self.push(format_args!("{{% {word} "));
                    self.node(cond, 0, false)?;
                    self.source.push_str(" %}");
                    self.statements(body)?;
                }
                if !otherwise.is_empty() {
                    self.source.push_str("{% else %}");
                    self.statements(otherwise)?;
                }
                self.source.push_str("{% endif %}");
            }
            Statement::For {
                key,
                value,
                source,
                body,
                otherwise,
            } => {
                let price = 1 + body.iter().map(Statement::weight).sum::<u64>();
                self.source.push_str("{% for ");
                self.binding(key.as_deref(), value);
                self.source.push_str(" in ");
                self.iterated(source, key.is_some(), price)?;
                self.source.push_str(" %}");
                self.statements(body)?;
                if !otherwise.is_empty() {
                    self.source.push_str("{% else %}");
                    self.statements(otherwise)?;
                }
                self.source.push_str("{% endfor %}");
            }
            Statement::Set {
                name,
                value,
                global,
            } => {
                let word = if *global { "set_global" } else { "set" };
                self.push(format_args!("{{% {word} {name} = "));
                self.node(value, 0, false)?;
                self.source.push_str(" %}");
            }
            Statement::Break => self.source.push_str("{% break %}"),
            Statement::Continue => self.source.push_str("{% continue %}"),
        }
        Ok(())
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.source.write_fmt(text);
    }

    fn binding(&mut self, key: Option<&str>, value: &str) {
        if let Some(key) = key {
            self.push(format_args!("{key}, "));
        }
        self.source.push_str(value);
    }

    /// The source of a loop, whose rounds are paid for before it starts.
    fn iterated(&mut self, source: &Node, pairs: bool, price: u64) -> Result<(), Fault> {
        let from = self.source.len();
        self.node(source, PIPE, false)?;
        self.push(format_args!(" | __iter(w={price}, pairs={pairs})"));
        self.mark(from, source.span.clone(), None);
        Ok(())
    }

    fn mark(&mut self, from: usize, span: Span, path: Option<Path>) {
        self.marks.push(Mark {
            from,
            to: self.source.len(),
            span,
            path,
        });
    }

    fn constant(&mut self, value: JsonValue) -> String {
        self.constants.push(value);
        format!("__c{}", self.constants.len() - 1)
    }
}
