//! JSON to Tera's values and back, paid for on the way.

use crate::error::Fault;
use crate::frame::Budget;
use crate::limits::Limits;
use attune_types::{JsonMap, JsonValue};
use std::sync::Arc;
use tera::value::{Key, ValueKind};
use tera::{Map, Value};

/// What one element of a list costs.
pub(crate) const ELEMENT: usize = 32;
/// What one entry of a map costs, its key's text aside.
pub(crate) const ENTRY: usize = 96;

/// A JSON value as Tera's.
pub(crate) fn to_tera(value: &JsonValue, budget: &mut Budget) -> Result<Value, Fault> {
    Ok(match value {
        JsonValue::Null => Value::none(),
        JsonValue::Bool(value) => Value::from(*value),
        JsonValue::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        JsonValue::String(text) => {
            budget.take_in(text.len())?;
            Value::from(text.as_str())
        }
        JsonValue::Array(items) => {
            budget.take_in(items.len() * ELEMENT)?;
            let items: Vec<Value> = items
                .iter()
                .map(|item| to_tera(item, budget))
                .collect::<Result<_, _>>()?;
            Value::from(items)
        }
        JsonValue::Object(entries) => {
            let mut map = Map::with_capacity(entries.len());
            for (key, value) in entries {
                budget.take_in(key.len() + ENTRY)?;
                map.insert(
                    Key::String(Arc::from(key.as_str())),
                    to_tera(value, budget)?,
                );
            }
            Value::from(map)
        }
    })
}

/// A value of Tera's as JSON.
pub(crate) fn to_json(value: &Value) -> Result<JsonValue, Fault> {
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => JsonValue::Null,
        ValueKind::Bool => JsonValue::Bool(value.as_bool().unwrap_or_default()),
        ValueKind::U64 | ValueKind::I64 | ValueKind::U128 | ValueKind::I128 => {
            match (value.as_i64(), value.as_u64()) {
                (Some(number), _) => number.into(),
                (None, Some(number)) => number.into(),
                (None, None) => {
                    return Err(Fault::wrong_type(
                        "the number is too large: whole numbers go up to 64 bits",
                    ));
                }
            }
        }
        ValueKind::F64 => {
            let number = value.as_f64().unwrap_or_default();
            serde_json::Number::from_f64(number)
                .map(JsonValue::Number)
                .ok_or_else(|| {
                    Fault::wrong_type("the result of the calculation is not a finite number")
                })?
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            no_nul(text)?;
            JsonValue::from(text)
        }
        ValueKind::Array => value
            .as_array()
            .unwrap_or_default()
            .iter()
            .map(to_json)
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        ValueKind::Map => {
            let mut map = JsonMap::new();
            for (key, item) in value.as_map().into_iter().flatten() {
                let key = key_text(key);
                no_nul(&key)?;
                map.insert(key, to_json(item)?);
            }
            map.into()
        }
        _ => return Err(Fault::wrong_type("bytes are not a JSON value")),
    })
}

/// Refuses the one character that cannot be stored. Filters that decode can make it.
pub(crate) fn no_nul(text: &str) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(Fault::wrong_type(
            "the result has a NUL character in it, which cannot be stored",
        )
        .help("take it out with `replace`, or keep the text encoded"));
    }
    Ok(())
}

/// How much a long text grows at once.
const GROWTH: usize = 1024 * 1024;

/// Makes room for what comes next. A text that doubles, as texts do by themselves, would take twice the
/// memory that is paid for.
pub(crate) fn grow(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        text.reserve_exact(more.max(text.len().min(GROWTH)));
    }
}

/// A key as text.
pub(crate) fn key_text(key: &Key<'_>) -> String {
    match key.as_str() {
        Some(text) => text.to_owned(),
        None => key.to_string(),
    }
}

/// Pays for a newly built list or map by going through it, so that small lists which hold each other
/// many times over cannot grow into something that takes for ever to look at.
pub(crate) fn measure(value: &Value, budget: &mut Budget) -> Result<(), Fault> {
    fn go(value: &Value, depth: usize, budget: &mut Budget) -> Result<(), Fault> {
        if depth > Limits::VALUE_DEPTH {
            return Err(Fault::limit(format!(
                "lists and maps may be nested {} deep",
                Limits::VALUE_DEPTH
            )));
        }
        match value.kind() {
            ValueKind::Array => {
                let items = value.as_array().unwrap_or_default();
                budget.step(1 + items.len() as u64)?;
                budget.allocate(items.len() * ELEMENT)?;
                items
                    .iter()
                    .try_for_each(|item| go(item, depth + 1, budget))
            }
            ValueKind::Map => {
                for (key, item) in value.as_map().into_iter().flatten() {
                    budget.step(1)?;
                    budget.allocate(key.as_str().map_or(8, str::len) + ENTRY)?;
                    go(item, depth + 1, budget)?;
                }
                Ok(())
            }
            ValueKind::String => budget.allocate(value.as_str().map_or(0, str::len)),
            _ => Ok(()),
        }
    }
    go(value, 1, budget)
}

/// How large a value is as JSON, roughly; stops counting beyond `most`.
pub(crate) fn json_size(value: &JsonValue, most: usize) -> usize {
    match value {
        JsonValue::Null | JsonValue::Bool(_) => 4,
        JsonValue::Number(_) => 8,
        JsonValue::String(text) => text.len() + 2,
        JsonValue::Array(items) => {
            let mut size = 2;
            for item in items {
                size += 1 + json_size(item, most);
                if size > most {
                    break;
                }
            }
            size
        }
        JsonValue::Object(map) => {
            let mut size = 2;
            for (key, item) in map {
                size += key.len() + 4 + json_size(item, most);
                if size > most {
                    break;
                }
            }
            size
        }
    }
}

/// What a value is, for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "missing",
        ValueKind::None => "null",
        ValueKind::Bool => "a boolean",
        ValueKind::String => "a text",
        ValueKind::Array => "a list",
        ValueKind::Map => "a map",
        ValueKind::Bytes => "bytes",
        _ => "a number",
    }
}
