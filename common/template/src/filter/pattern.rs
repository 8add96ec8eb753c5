//! Filters by regular expression. The engine behind them takes linear time; patterns are bounded in
//! length and in what they compile to.

use super::Signature;
use super::call::Call;
use crate::convert;
use crate::error::Fault;
use crate::pattern::{Pattern, Walk};
use regex::{Captures, Regex};
use std::sync::Arc;
use tera::value::Key;
use tera::{Map, Value};

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("regex_match", &["pat"], 1, |call| {
        let (pattern, text) = open(call)?;
        Ok(pattern.regex.is_match(text).into())
    }),
    Signature::new("regex_replace", &["pat", "to", "count"], 2, replace),
    Signature::new(
        "regex_extract",
        &["pat", "group", "all", "default"],
        1,
        extract,
    ),
];

fn open<'a>(call: &mut Call<'a>) -> Result<(Pattern, &'a str), Fault> {
    let pattern = call.need_text("pat")?;
    let pattern = call.frame.regex(pattern)?;
    let text = call.text()?;
    pay(call, &pattern, text)?;
    Ok((pattern, text))
}

/// Pays for one search through a text.
pub(super) fn pay(call: &mut Call<'_>, pattern: &Pattern, text: &str) -> Result<(), Fault> {
    call.frame.budget.step(pattern.price(text.len()))
}

fn replace(call: &mut Call<'_>) -> Result<Value, Fault> {
    let to = call.need_text("to")?;
    let count = call.size_arg("count")?.unwrap_or(0);
    let (pattern, text) = open(call)?;
    let references = to.matches('$').count();
    let mut walk = Walk::new(&pattern, text);
    let mut out = String::new();
    let mut last = 0;
    let mut matches = pattern.regex.captures_iter(text);
    for n in 0_usize.. {
        if count > 0 && n >= count {
            break;
        }
        if n > 0 {
            walk.search(last, &mut |steps| call.frame.budget.step(steps))?;
        }
        let Some(captures) = matches.next() else {
            break;
        };
        let Some(whole) = captures.get(0) else {
            continue;
        };
        // Each match is paid for before its replacement is written: no group is longer than the whole.
        let groups = references.saturating_mul(whole.len());
        let most = (whole.start() - last).saturating_add(to.len().saturating_add(groups));
        call.room(most)?;
        convert::grow(&mut out, most);
        out.push_str(&text[last..whole.start()]);
        captures.expand(to, &mut out);
        call.step(16)?;
        last = whole.end();
    }
    out.push_str(&text[last..]);
    call.made(out)
}

fn extract(call: &mut Call<'_>) -> Result<Value, Fault> {
    let all = call.flag("all")?;
    let group = call.arg("group");
    let (pattern, text) = open(call)?;
    let regex = &pattern.regex;
    if all {
        let mut walk = Walk::new(&pattern, text);
        let mut found = Vec::new();
        for captures in regex.captures_iter(text) {
            let value = part(call, regex, &captures, group)?;
            call.step(8)?;
            found.push(value);
            let end = captures.get(0).map_or(0, |whole| whole.end());
            walk.search(end, &mut |steps| call.frame.budget.step(steps))?;
        }
        return call.built(Value::from(found));
    }
    match regex.captures(text) {
        Some(captures) => part(call, regex, &captures, group),
        None => Ok(call.arg("default").cloned().unwrap_or_else(Value::none)),
    }
}

/// The wanted group; without one: the named groups as a map, else the first group, else the match.
fn part(
    call: &mut Call<'_>,
    regex: &Regex,
    captures: &Captures<'_>,
    group: Option<&Value>,
) -> Result<Value, Fault> {
    let text = |found: Option<regex::Match<'_>>| {
        found.map_or_else(Value::none, |found| Value::from(found.as_str()))
    };
    let length = captures.get(0).map_or(0, |whole| whole.len());
    call.room(length)?;
    if let Some(group) = group {
        if let Some(name) = group.as_str() {
            return Ok(text(captures.name(name)));
        }
        let index = group
            .as_i64()
            .and_then(|index| usize::try_from(index).ok())
            .ok_or_else(|| {
                Fault::wrong_type("the `group` of `regex_extract` is a number or a name")
            })?;
        return Ok(text(captures.get(index)));
    }
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if names.is_empty() {
        return Ok(text(captures.get(1).or_else(|| captures.get(0))));
    }
    let mut map = Map::new();
    for name in names {
        map.insert(Key::String(Arc::from(name)), text(captures.name(name)));
    }
    Ok(Value::from(map))
}
