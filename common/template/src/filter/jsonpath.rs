//! A JSONPath query: `$.a.b[0]`, `$..name`, `$.list[*].id`, `$.list[?(@.state == "up")].id`, `$.l[1:3]`.
//!
//! A path that can lead to one place only gives its value; the others give a list of all they found.

use crate::ast::Op;
use crate::error::Fault;
use crate::quick;
use attune_types::JsonValue;

/// A parsed query.
pub(super) struct Query {
    steps: Vec<Step>,
}

enum Step {
    Name(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    All,
    /// `..` before the next step.
    Deep,
    Filter(Condition),
}

struct Condition {
    path: Vec<Step>,
    test: Option<(Op, JsonValue)>,
}

fn wrong() -> Fault {
    Fault::wrong_type("this is no JSONPath")
        .help("it looks like `$.a.b[0]`, `$..name`, `$.list[*].id` or `$.list[?(@.state == 'up')]`")
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > 1_024 {
            return Err(Fault::limit("a JSONPath may have 1024 characters"));
        }
        let text = text.trim();
        let rest = text.strip_prefix('$').unwrap_or(text);
        let owned = if rest.is_empty() || rest.starts_with(['.', '[']) {
            rest.to_owned()
        } else {
            format!(".{rest}")
        };
        Ok(Self {
            steps: steps(&owned)?,
        })
    }

    /// What is found; `None` where a path to one place leads nowhere.
    pub(super) fn find(
        &self,
        value: &JsonValue,
        pay: &mut dyn FnMut(u64) -> Result<(), Fault>,
    ) -> Result<Option<JsonValue>, Fault> {
        let single = self
            .steps
            .iter()
            .all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
        let found = select(&self.steps, value, pay)?;
        Ok(if single {
            found.first().map(|value| (*value).clone())
        } else {
            Some(found.into_iter().cloned().collect::<Vec<_>>().into())
        })
    }
}

fn steps(text: &str) -> Result<Vec<Step>, Fault> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("..") {
            found.push(Step::Deep);
            rest = tail;
            if rest.starts_with('[') {
                continue;
            }
        } else if let Some(tail) = rest.strip_prefix('.') {
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('[') {
            let end = bracket_end(tail).ok_or_else(wrong)?;
            found.push(bracket(tail[..end].trim())?);
            rest = &tail[end + 1..];
            continue;
        } else {
            return Err(wrong());
        }
        if let Some(tail) = rest.strip_prefix('*') {
            found.push(Step::All);
            rest = tail;
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end == 0 {
            return Err(wrong());
        }
        found.push(Step::Name(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    if matches!(found.last(), Some(Step::Deep)) || found.len() > 64 {
        return Err(wrong());
    }
    Ok(found)
}

/// Where the bracket closes; brackets and quotes inside it are skipped.
fn bracket_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, Fault> {
    if text == "*" {
        return Ok(Step::All);
    }
    if let Some(JsonValue::String(name)) = literal(text) {
        return Ok(Step::Name(name));
    }
    if let Some(condition) = text.strip_prefix('?') {
        let condition = condition.trim();
        let condition = condition
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .unwrap_or(condition);
        return filter(condition.trim()).map(Step::Filter);
    }
    if let Some((start, end)) = text.split_once(':') {
        let part = |text: &str| match text.trim() {
            "" => Ok(None),
            number => number.parse().map(Some).map_err(|_| wrong()),
        };
        return Ok(Step::Slice(part(start)?, part(end)?));
    }
    text.parse().map(Step::Index).map_err(|_| wrong())
}

fn filter(text: &str) -> Result<Condition, Fault> {
    let text = text.strip_prefix('@').ok_or_else(wrong)?;
    // The first operator outside of quotes; the longer ones first.
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '=' | '!' | '<' | '>') => {
                let (op, length) = [
                    ("==", Op::Eq),
                    ("!=", Op::Ne),
                    ("<=", Op::Le),
                    (">=", Op::Ge),
                    ("<", Op::Lt),
                    (">", Op::Gt),
                ]
                .into_iter()
                .find(|(word, _)| text[at..].starts_with(word))
                .map(|(word, op)| (op, word.len()))
                .ok_or_else(wrong)?;
                let value = literal(text[at + length..].trim()).ok_or_else(wrong)?;
                return Ok(Condition {
                    path: steps(text[..at].trim())?,
                    test: Some((op, value)),
                });
            }
            _ => {}
        }
    }
    Ok(Condition {
        path: steps(text.trim())?,
        test: None,
    })
}

fn literal(text: &str) -> Option<JsonValue> {
    let quoted = |quote: char| {
        text.strip_prefix(quote)?
            .strip_suffix(quote)
            .filter(|inner| !inner.contains(quote))
    };
    match quoted('\'').or_else(|| quoted('"')) {
        Some(inner) => Some(inner.into()),
        None => serde_json::from_str(text)
            .ok()
            .filter(|value: &JsonValue| !value.is_object() && !value.is_array()),
    }
}

fn select<'v>(
    steps: &[Step],
    value: &'v JsonValue,
    pay: &mut dyn FnMut(u64) -> Result<(), Fault>,
) -> Result<Vec<&'v JsonValue>, Fault> {
    let mut found = vec![value];
    for step in steps {
        let mut next = Vec::new();
        for value in found {
            pay(1)?;
            apply(step, value, &mut next, pay)?;
        }
        found = next;
    }
    Ok(found)
}

fn apply<'v>(
    step: &Step,
    value: &'v JsonValue,
    out: &mut Vec<&'v JsonValue>,
    pay: &mut dyn FnMut(u64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match (step, value) {
        (Step::Name(name), JsonValue::Object(map)) => out.extend(map.get(name)),
        (Step::Index(index), JsonValue::Array(items)) => {
            out.extend(at(*index, items.len()).and_then(|at| items.get(at)));
        }
        (Step::Slice(start, end), JsonValue::Array(items)) => {
            let place = |given: Option<i64>, default: usize| match given {
                None => default,
                Some(index) if index < 0 => at(index, items.len()).unwrap_or(0),
                Some(index) => usize::try_from(index)
                    .unwrap_or(usize::MAX)
                    .min(items.len()),
            };
            let (start, end) = (place(*start, 0), place(*end, items.len()));
            pay(items.len() as u64)?;
            out.extend(items.get(start..end).unwrap_or_default());
        }
        (Step::All, JsonValue::Array(items)) => {
            pay(items.len() as u64)?;
            out.extend(items);
        }
        (Step::All, JsonValue::Object(map)) => {
            pay(map.len() as u64)?;
            out.extend(map.values());
        }
        (Step::Deep, value) => descendants(value, out, pay)?,
        (Step::Filter(condition), JsonValue::Array(items)) => {
            for item in items {
                if holds(condition, item, pay)? {
                    out.push(item);
                }
            }
        }
        (Step::Filter(condition), JsonValue::Object(map)) => {
            for item in map.values() {
                if holds(condition, item, pay)? {
                    out.push(item);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn at(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

fn descendants<'v>(
    value: &'v JsonValue,
    out: &mut Vec<&'v JsonValue>,
    pay: &mut dyn FnMut(u64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    pay(1)?;
    out.push(value);
    match value {
        JsonValue::Array(items) => items
            .iter()
            .try_for_each(|item| descendants(item, out, pay)),
        JsonValue::Object(map) => map
            .values()
            .try_for_each(|item| descendants(item, out, pay)),
        _ => Ok(()),
    }
}

fn holds(
    condition: &Condition,
    item: &JsonValue,
    pay: &mut dyn FnMut(u64) -> Result<(), Fault>,
) -> Result<bool, Fault> {
    let found = select(&condition.path, item, pay)?;
    let Some((op, wanted)) = &condition.test else {
        return Ok(!found.is_empty());
    };
    Ok(found
        .iter()
        // What cannot be ordered does not hold, as JSONPath has it.
        .any(|value| quick::compare(*op, value, wanted).unwrap_or(false)))
}
