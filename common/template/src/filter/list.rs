//! Filters on lists.

use super::Signature;
use super::call::{Call, ordering};
use super::internal;
use crate::convert;
use crate::error::{ErrorKind, Fault};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use tera::value::{Key, ValueKind};
use tera::{Kwargs, Map, Value};

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("length", &[], 0, length),
    Signature::new("count", &[], 0, length),
    Signature::new("first", &[], 0, |call| {
        Ok(call.list()?.first().cloned().unwrap_or_else(Value::none))
    }),
    Signature::new("last", &[], 0, |call| {
        Ok(call.list()?.last().cloned().unwrap_or_else(Value::none))
    }),
    Signature::new("nth", &["n"], 1, |call| {
        let at = call.size_arg("n")?.unwrap_or(usize::MAX);
        Ok(call.list()?.get(at).cloned().unwrap_or_else(Value::none))
    }),
    Signature::new("join", &["sep", "attribute"], 0, join),
    Signature::new("reverse", &[], 0, |call| {
        if let Some(text) = call.input.as_str() {
            let text: String = text.chars().rev().collect();
            return call.made(text);
        }
        let mut items = call.list()?.to_vec();
        items.reverse();
        call.picked(items)
    }),
    Signature::new("sort", &["attribute", "reverse"], 0, sort),
    Signature::new("sort_by", &["attribute", "reverse"], 1, sort),
    Signature::new("unique", &["attribute"], 0, unique),
    Signature::new("map", &["attribute", "filter", "default"], 0, map),
    Signature::new("pluck", &["attribute", "default"], 1, map),
    Signature::new("select", &["attribute", "value", "op"], 0, |call| {
        pick(call, true)
    }),
    Signature::new("reject", &["attribute", "value", "op"], 0, |call| {
        pick(call, false)
    }),
    Signature::new("group_by", &["attribute"], 1, group_by),
    Signature::new("flatten", &["depth"], 0, |call| {
        let depth = call.size_arg("depth")?.unwrap_or(1).min(64);
        let mut out = Vec::new();
        let items = call.list()?;
        flatten(call, items, depth, &mut out)?;
        call.picked(out)
    }),
    Signature::new("zip", &["with"], 1, zip),
    Signature::new("chunks", &["size"], 1, |call| {
        let size = call.size_arg("size")?.unwrap_or(0);
        if size == 0 {
            return Err(Fault::wrong_type("the `size` of `chunks` is at least 1"));
        }
        let chunks: Vec<Value> = call.list()?.chunks(size).map(Value::from).collect();
        call.built(Value::from(chunks))
    }),
    Signature::new("concat", &["with"], 1, |call| {
        let with = call.need("with")?;
        let mut items = call.list()?.to_vec();
        match with.as_array() {
            Some(more) => items.extend_from_slice(more),
            None => items.push(with.clone()),
        }
        call.built(Value::from(items))
    }),
    Signature::new("min", &["attribute"], 0, |call| {
        extreme(call, Ordering::Less)
    }),
    Signature::new("max", &["attribute"], 0, |call| {
        extreme(call, Ordering::Greater)
    }),
    Signature::new("sum", &["attribute"], 0, sum),
];

fn length(call: &mut Call<'_>) -> Result<Value, Fault> {
    if let Some(text) = call.input.as_str() {
        call.frame.budget.scan(text.len())?;
    }
    match call.input.kind() {
        ValueKind::String | ValueKind::Array | ValueKind::Map => {
            Ok(call.input.len().unwrap_or(0).into())
        }
        _ => Err(call.wrong("lists, maps and texts")),
    }
}

fn join(call: &mut Call<'_>) -> Result<Value, Fault> {
    let separator = call.text_arg("sep")?.unwrap_or("");
    let attribute = call.text_arg("attribute")?;
    let mut out = String::new();
    for (n, item) in call.list()?.iter().enumerate() {
        let item = match attribute {
            Some(path) => call.need_attribute(n, item, path)?,
            None => item,
        };
        let text = call.text_of(item)?;
        call.room(text.len() + separator.len())?;
        convert::grow(&mut out, text.len() + separator.len());
        if n > 0 {
            out.push_str(separator);
        }
        out.push_str(&text);
    }
    Ok(Value::from(out))
}

/// The keys to compare elements by: an attribute of theirs, or themselves.
fn keyed<'v>(call: &mut Call<'v>) -> Result<Vec<(&'v Value, &'v Value)>, Fault> {
    let attribute = call.text_arg("attribute")?;
    call.list()?
        .iter()
        .enumerate()
        .map(|(n, item)| {
            let key = match attribute {
                Some(path) => call.need_attribute(n, item, path)?,
                None => item,
            };
            let bytes = key.as_str().map_or(0, str::len);
            call.frame.budget.scan(bytes)?;
            Ok((key, item))
        })
        .collect()
}

fn sort(call: &mut Call<'_>) -> Result<Value, Fault> {
    let reverse = call.flag("reverse")?;
    let mut items = keyed(call)?;
    // Null sorts first; all else must be of one kind.
    let mut kinds = items
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| !key.is_none());
    if let Some(first) = kinds.next()
        && let Some(other) = kinds.find(|key| ordering(first, key).is_none())
    {
        return Err(Fault::wrong_type(format!(
            "`{}` cannot order {} and {}",
            call.name,
            convert::type_name(first),
            convert::type_name(other)
        )));
    }
    let longest = items
        .iter()
        .filter_map(|(key, _)| key.as_str())
        .map(str::len)
        .max()
        .unwrap_or(0);
    let rounds = items.len().max(1).ilog2() as usize + 1;
    call.step(
        items
            .len()
            .saturating_mul(rounds)
            .saturating_mul(1 + longest / 64),
    )?;
    items.sort_by(|(a, _), (b, _)| match (a.is_none(), b.is_none()) {
        (false, false) => ordering(a, b).unwrap_or(Ordering::Equal),
        (a, b) => b.cmp(&a),
    });
    if reverse {
        items.reverse();
    }
    let sorted = items.into_iter().map(|(_, item)| item.clone()).collect();
    call.picked(sorted)
}

fn unique(call: &mut Call<'_>) -> Result<Value, Fault> {
    let items = keyed(call)?;
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for (key, item) in items {
        convert::measure(key, &mut call.frame.budget)?;
        let identity = match key.as_f64() {
            // 1 and 1.0 are the same number.
            Some(number) if key.is_f64() && number.fract() == 0.0 => format!("{number:.0}"),
            _ => attune_types::canonical_json(&convert::to_json(key)?),
        };
        call.room(identity.len())?;
        if seen.insert(identity) {
            kept.push(item.clone());
        }
    }
    call.picked(kept)
}

fn map(call: &mut Call<'_>) -> Result<Value, Fault> {
    let attribute = call.text_arg("attribute")?;
    let default = call.args.get::<&Value>("default").ok().flatten();
    let filter = match call.text_arg("filter") {
        Ok(Some(name)) => Some(super::filter(name).ok_or_else(|| {
            Fault::new(
                ErrorKind::Unknown,
                format!("`map` knows no filter `{name}`"),
            )
        })?),
        Ok(None) => None,
        Err(fault) => return Err(fault),
    };
    if attribute.is_some() == filter.is_some() {
        return Err(Fault::wrong_type(
            "`map` takes either `attribute` or `filter`",
        ));
    }
    let none = Kwargs::default();
    let mut out = Vec::new();
    for (n, item) in call.list()?.iter().enumerate() {
        let value = match (attribute, filter) {
            (Some(path), _) => match (call.attribute(item, path)?, default) {
                (Some(value), _) | (None, Some(value)) => value.clone(),
                (None, None) => call.need_attribute(n, item, path)?.clone(),
            },
            (None, Some(filter)) if filter.required == 0 && filter.name != "map" => {
                call.step(2)?;
                (filter.run)(&mut Call {
                    name: filter.name,
                    input: item,
                    args: &none,
                    frame: call.frame,
                })?
            }
            _ => {
                return Err(Fault::wrong_type(
                    "`map` can only apply a filter that needs no argument",
                )
                .help("use a list comprehension: `[x | filter(...) for x in list]`"));
            }
        };
        out.push(value);
    }
    call.built(Value::from(out))
}

fn pick(call: &mut Call<'_>, keep: bool) -> Result<Value, Fault> {
    let attribute = call.text_arg("attribute")?;
    let value = call.args.get::<&Value>("value").ok().flatten();
    let op = call.text_arg("op")?.unwrap_or("eq");
    let mut kept = Vec::new();
    for item in call.list()? {
        let found = match attribute {
            Some(path) => call.attribute(item, path)?,
            None => Some(item),
        };
        // An element without the attribute is not selected.
        let held = match (found, value) {
            (None, _) => op == "ne",
            (Some(found), None) => found.is_truthy(),
            (Some(found), Some(value)) => holds(call, op, found, value)?,
        };
        if held == keep {
            kept.push(item.clone());
        }
    }
    call.picked(kept)
}

fn holds(call: &mut Call<'_>, op: &str, found: &Value, value: &Value) -> Result<bool, Fault> {
    Ok(match op {
        "eq" | "==" => call.equal(found, value)?,
        "ne" | "!=" => !call.equal(found, value)?,
        "gt" | ">" => call.order(found, value)?.is_gt(),
        "gte" | ">=" => call.order(found, value)?.is_ge(),
        "lt" | "<" => call.order(found, value)?.is_lt(),
        "lte" | "<=" => call.order(found, value)?.is_le(),
        "in" => internal::contains(call, value, found)?,
        "contains" => internal::contains(call, found, value)?,
        "matches" => {
            let pattern = value.as_str().unwrap_or_default();
            let regex = call.frame.regex(pattern)?;
            let text = found.as_str().unwrap_or_default();
            super::pattern::pay(call, &regex, text)?;
            regex.regex.is_match(text)
        }
        _ => {
            return Err(
                Fault::wrong_type(format!("`{}` knows no `op` of that name", call.name))
                    .help("there are eq, ne, gt, gte, lt, lte, in, contains, matches"),
            );
        }
    })
}

fn group_by(call: &mut Call<'_>) -> Result<Value, Fault> {
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (key, item) in keyed(call)? {
        if key.is_none() {
            continue;
        }
        if key.is_array() || key.is_map() {
            return Err(Fault::wrong_type(
                "`group_by` groups by texts, numbers or booleans",
            ));
        }
        let name = call.text_of(key)?;
        call.room(name.len() + convert::ENTRY)?;
        let at = *places.entry(name.clone()).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, members)) = groups.get_mut(at) {
            members.push(item.clone());
        }
    }
    let map: Map = groups
        .into_iter()
        .map(|(name, members)| (Key::String(Arc::from(name)), Value::from(members)))
        .collect();
    call.built(Value::from(map))
}

fn flatten(
    call: &mut Call<'_>,
    items: &[Value],
    depth: usize,
    out: &mut Vec<Value>,
) -> Result<(), Fault> {
    call.step(items.len())?;
    for item in items {
        match item.as_array() {
            Some(inner) if depth > 0 => flatten(call, inner, depth - 1, out)?,
            _ => out.push(item.clone()),
        }
    }
    Ok(())
}

fn zip(call: &mut Call<'_>) -> Result<Value, Fault> {
    let with = call
        .need("with")?
        .as_array()
        .ok_or_else(|| Fault::wrong_type("`zip` takes another list"))?;
    let pairs: Vec<Value> = call
        .list()?
        .iter()
        .zip(with)
        .map(|(a, b)| Value::from(vec![a.clone(), b.clone()]))
        .collect();
    call.built(Value::from(pairs))
}

/// The smallest or greatest element; null of an empty list.
fn extreme(call: &mut Call<'_>, wanted: Ordering) -> Result<Value, Fault> {
    let mut best: Option<(&Value, &Value)> = None;
    for (key, item) in keyed(call)? {
        let better = match best {
            None => true,
            Some((old, _)) => call.order(key, old)? == wanted,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(Value::none, |(_, item)| item.clone()))
}

fn sum(call: &mut Call<'_>) -> Result<Value, Fault> {
    let mut whole: i128 = 0;
    let mut float: Option<f64> = None;
    for (key, _) in keyed(call)? {
        match (key.as_i128(), key.as_f64()) {
            (Some(number), _) if float.is_none() => whole = whole.saturating_add(number),
            (_, Some(number)) => float = Some(float.unwrap_or(whole as f64) + number),
            _ => {
                return Err(Fault::wrong_type(format!(
                    "`sum` adds numbers, one of the elements is {}",
                    convert::type_name(key)
                )));
            }
        }
    }
    Ok(float.map_or_else(|| Value::from(whole), Value::from))
}
