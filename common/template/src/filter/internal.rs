//! What emitted source uses and people cannot write: guards, operators, building, capture.

use super::call::{Call, missing};
use super::{Run, Signature};
use crate::convert;
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use std::cmp::Ordering;
use std::sync::Arc;
use tera::value::{Key, ValueKind};
use tera::{Map, Value};

const fn internal(name: &'static str, run: Run) -> Signature {
    Signature::new(name, &[], 0, run)
}

pub(super) const FILTERS: &[Signature] = &[
    internal("__must", must),
    internal("__out", out),
    internal("__capture", capture),
    internal("__iter", iter),
    internal("__built", |call| {
        let value = call.input.clone();
        call.built(value)
    }),
    internal("__item", item),
    internal("__slice", slice),
    internal("__concat", concat),
    internal("__in", contained),
    internal("__eq", |call| {
        let other = operand(call)?;
        call.equal(call.input, other).map(Value::from)
    }),
    internal("__ne", |call| {
        let other = operand(call)?;
        Ok(Value::from(!call.equal(call.input, other)?))
    }),
    internal("__lt", |call| compare(call, Ordering::is_lt)),
    internal("__le", |call| compare(call, Ordering::is_le)),
    internal("__gt", |call| compare(call, Ordering::is_gt)),
    internal("__ge", |call| compare(call, Ordering::is_ge)),
];

pub(super) const FUNCTIONS: &[Signature] = &[
    internal("__list", list),
    internal("__map", map),
    internal("__kv", super::key::read),
];

fn must(call: &mut Call<'_>) -> Result<Value, Fault> {
    if call.input.is_undefined() {
        return Err(missing());
    }
    Ok(call.input.clone())
}

fn out(call: &mut Call<'_>) -> Result<Value, Fault> {
    match call.input.kind() {
        ValueKind::Undefined => Err(missing()),
        ValueKind::String => {
            let length = call.input.as_str().map_or(0, str::len);
            call.frame.budget.scan(length)?;
            Ok(call.input.clone())
        }
        _ => call.any_text().map(Value::from),
    }
}

fn capture(call: &mut Call<'_>) -> Result<Value, Fault> {
    if call.input.is_undefined() {
        return Err(missing());
    }
    call.frame.captured = Some(call.input.clone());
    Ok(Value::from(""))
}

/// Pays for all rounds of a loop before it starts.
fn iter(call: &mut Call<'_>) -> Result<Value, Fault> {
    let price = call.int_arg("w")?.unwrap_or(1).unsigned_abs();
    let pairs = call.flag("pairs")?;
    let rounds = match call.input.kind() {
        ValueKind::Undefined => return Err(missing()),
        ValueKind::Array | ValueKind::String if pairs => {
            return Err(Fault::wrong_type(format!(
                "a loop over two names needs a map, this is {}",
                convert::type_name(call.input)
            )));
        }
        ValueKind::Array => call.input.as_array().map_or(0, <[Value]>::len),
        ValueKind::Map => call.input.as_map().map_or(0, Map::len),
        ValueKind::String => call.input.as_str().map_or(0, str::len),
        _ => {
            return Err(Fault::wrong_type(format!(
                "a loop goes over a list, a map or a text, this is {}",
                convert::type_name(call.input)
            )));
        }
    };
    call.frame
        .budget
        .step((rounds as u64).saturating_mul(price.saturating_add(2)))?;
    Ok(call.input.clone())
}

fn item(call: &mut Call<'_>) -> Result<Value, Fault> {
    let key = call.need("k")?;
    let lenient = call.flag("o")?;
    let nullable = call.flag("n")?;
    let found = match call.input.kind() {
        ValueKind::Undefined if !(lenient || nullable) => return Err(missing()),
        ValueKind::Undefined => None,
        _ => {
            let direct = element(call.input, key)?;
            match direct {
                None if call.flag("t")? => {
                    let result = call
                        .input
                        .as_map()
                        .and_then(|map| map.get(&Key::Str("result")));
                    match result {
                        Some(result) => element(result, key)?,
                        None => None,
                    }
                }
                direct => direct,
            }
        }
    };
    match found {
        Some(value) => Ok(value),
        None if nullable => Ok(Value::none()),
        None if lenient => Ok(Value::undefined()),
        None => Err(no_item(call.input, key)),
    }
}

fn element(value: &Value, key: &Value) -> Result<Option<Value>, Fault> {
    if key.is_undefined() {
        return Err(missing());
    }
    if let Some(map) = value.as_map() {
        return Ok(match (key.as_str(), key.as_i64()) {
            (Some(name), _) => map.get(&Key::Str(name)).cloned(),
            (None, Some(number)) => map.get(&Key::Str(&number.to_string())).cloned(),
            _ => None,
        });
    }
    let Some(index) = key.as_i64() else {
        return Ok(None);
    };
    if let Some(items) = value.as_array() {
        return Ok(place(index, items.len())
            .and_then(|at| items.get(at))
            .cloned());
    }
    Ok(None)
}

fn place(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

pub(crate) fn no_item(value: &Value, key: &Value) -> Fault {
    let name = key
        .as_str()
        .map(str::to_owned)
        .or_else(|| key.as_i64().map(|index| index.to_string()))
        .unwrap_or_else(|| convert::type_name(key).to_owned());
    let name = crate::error::shorten(&name, 60);
    if let Some(map) = value.as_map() {
        let names: Vec<String> = map.keys().map(convert::key_text).collect();
        let fault = Fault::new(
            ErrorKind::Undefined,
            if names.is_empty() {
                format!("`{name}` was looked for in a map that is empty")
            } else {
                format!(
                    "`{name}` was looked for in a map that holds {}",
                    list_names(&names)
                )
            },
        );
        return match did_you_mean(&name, &names) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault,
        };
    }
    let place = match value.as_array() {
        Some(items) => format!("a list of {}", items.len()),
        None => format!("what is {}", convert::type_name(value)),
    };
    Fault::new(
        ErrorKind::Undefined,
        format!("`{name}` was looked for in {place}"),
    )
}

fn slice(call: &mut Call<'_>) -> Result<Value, Fault> {
    let step = call.int_arg("s")?.unwrap_or(1);
    if step == 0 {
        return Err(Fault::wrong_type("the step of a slice cannot be 0"));
    }
    let (start, end) = (call.int_arg("a")?, call.int_arg("b")?);
    if call.input.is_undefined() {
        return Err(missing());
    }
    if let Some(text) = call.input.as_str() {
        call.room(text.len())?;
        let chars: Vec<char> = text.chars().collect();
        call.step(chars.len())?;
        let cut: String = indices(chars.len(), start, end, step)
            .filter_map(|at| chars.get(at))
            .collect();
        return Ok(Value::from(cut));
    }
    let items = call.input.as_array().ok_or_else(|| {
        Fault::wrong_type(format!(
            "a slice is taken from a list or a text, this is {}",
            convert::type_name(call.input)
        ))
    })?;
    call.step(items.len())?;
    let cut: Vec<Value> = indices(items.len(), start, end, step)
        .filter_map(|at| items.get(at).cloned())
        .collect();
    call.picked(cut)
}

/// The places of a slice, as Python counts them.
fn indices(
    length: usize,
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let resolve = |given: Option<i64>, default: i64| match given {
        None => default,
        Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
        Some(at) => at.clamp(low, high),
    };
    let first = resolve(start, if step > 0 { low } else { high });
    let last = resolve(end, if step > 0 { high } else { low });
    let mut at = first;
    std::iter::from_fn(move || {
        let inside = if step > 0 { at < last } else { at > last };
        let found = inside.then_some(at)?;
        at = at.saturating_add(step);
        usize::try_from(found).ok()
    })
}

fn operand<'a>(call: &Call<'a>) -> Result<&'a Value, Fault> {
    let other = call.need("b")?;
    if call.input.is_undefined() || other.is_undefined() {
        return Err(missing());
    }
    Ok(other)
}

fn compare(call: &mut Call<'_>, holds: fn(Ordering) -> bool) -> Result<Value, Fault> {
    let other = operand(call)?;
    call.order(call.input, other)
        .map(|order| Value::from(holds(order)))
}

fn concat(call: &mut Call<'_>) -> Result<Value, Fault> {
    let other = operand(call)?;
    let mut text = call.any_text()?;
    let tail = call.text_of(other)?;
    call.room(text.len() + tail.len())?;
    text.push_str(&tail);
    Ok(Value::from(text))
}

/// `needle in container`; the needle is the input.
fn contained(call: &mut Call<'_>) -> Result<Value, Fault> {
    let container = operand(call)?;
    contains(call, container, call.input).map(Value::from)
}

/// Whether a list holds a value, a text a part, or a map a key.
pub(super) fn contains(
    call: &mut Call<'_>,
    container: &Value,
    needle: &Value,
) -> Result<bool, Fault> {
    if let Some(items) = container.as_array() {
        for item in items {
            if call.equal(item, needle)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(text) = container.as_str() {
        let Some(part) = needle.as_str() else {
            return Ok(false);
        };
        call.frame.budget.scan(text.len() + part.len())?;
        return Ok(text.contains(part));
    }
    if let Some(map) = container.as_map() {
        return Ok(needle
            .as_str()
            .is_some_and(|key| map.contains_key(&Key::Str(key))));
    }
    Err(Fault::wrong_type(format!(
        "`in` looks into lists, texts and maps, this is {}",
        convert::type_name(container)
    )))
}

fn list(call: &mut Call<'_>) -> Result<Value, Fault> {
    let mut items = Vec::new();
    for (name, value) in call.args.iter() {
        if value.is_undefined() {
            return Err(missing());
        }
        if name.as_str().is_some_and(|name| name.ends_with('s')) {
            let spread = value.as_array().ok_or_else(|| {
                Fault::wrong_type(format!(
                    "`...` in a list spreads a list, this is {}",
                    convert::type_name(value)
                ))
            })?;
            call.frame.budget.step(spread.len() as u64)?;
            call.frame
                .budget
                .allocate(spread.len() * convert::ELEMENT)?;
            items.extend_from_slice(spread);
        } else {
            items.push(value.clone());
        }
    }
    call.built(Value::from(items))
}

fn map(call: &mut Call<'_>) -> Result<Value, Fault> {
    let keys = call.need("keys")?.as_array().unwrap_or_default();
    let values: Vec<(&Key<'static>, &Value)> = call
        .args
        .iter()
        .filter(|(name, _)| name.as_str() != Some("keys"))
        .collect();
    let mut map = Map::new();
    for (key, (_, value)) in keys.iter().zip(values) {
        if value.is_undefined() {
            return Err(missing());
        }
        if let Some(key) = key.as_str() {
            map.insert(Key::String(Arc::from(key)), value.clone());
            continue;
        }
        let spread = value.as_map().ok_or_else(|| {
            Fault::wrong_type(format!(
                "`...` in a map spreads a map, this is {}",
                convert::type_name(value)
            ))
        })?;
        call.frame.budget.step(spread.len() as u64)?;
        call.frame.budget.allocate(spread.len() * convert::ENTRY)?;
        for (key, value) in spread {
            map.insert(key.clone(), value.clone());
        }
    }
    call.built(Value::from(map))
}
