//! Filters on maps.

use super::Signature;
use super::call::Call;
use crate::convert;
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use std::sync::Arc;
use tera::value::Key;
use tera::{Map, Value};

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("keys", &[], 0, |call| {
        let keys: Vec<Value> = call
            .map()?
            .keys()
            .map(|key| convert::key_text(key).into())
            .collect();
        call.built(Value::from(keys))
    }),
    Signature::new("values", &[], 0, |call| {
        let values: Vec<Value> = call.map()?.values().cloned().collect();
        call.picked(values)
    }),
    Signature::new("items", &[], 0, |call| {
        let mut items = Vec::new();
        for (key, value) in call.map()? {
            let mut item = Map::new();
            item.insert(Key::Str("key"), convert::key_text(key).into());
            item.insert(Key::Str("value"), value.clone());
            items.push(Value::from(item));
        }
        call.built(Value::from(items))
    }),
    Signature::new("pairs", &[], 0, |call| {
        let pairs: Vec<Value> = call
            .map()?
            .iter()
            .map(|(key, value)| {
                Value::from(vec![Value::from(convert::key_text(key)), value.clone()])
            })
            .collect();
        call.built(Value::from(pairs))
    }),
    Signature::new("get", &["key", "default"], 1, get),
    Signature::new("merge", &["with", "deep"], 1, |call| {
        let deep = call.flag("deep")?;
        let with = call.need("with")?;
        let merged = merge(call, call.input, with, deep)?;
        call.built(merged)
    }),
    Signature::new("pick", &["keys"], 1, |call| filter_keys(call, true)),
    Signature::new("omit", &["keys"], 1, |call| filter_keys(call, false)),
];

fn get(call: &mut Call<'_>) -> Result<Value, Fault> {
    let map = call.map()?;
    let key = call.need_text("key")?;
    if let Some(value) = map.get(&Key::Str(key)) {
        return Ok(value.clone());
    }
    let default = call.args.get::<&Value>("default").ok().flatten();
    if let Some(default) = default {
        return Ok(default.clone());
    }
    let names: Vec<String> = map.keys().map(convert::key_text).collect();
    let fault = Fault::new(
        ErrorKind::Undefined,
        format!(
            "`get` looked for `{}` in a map that holds {}",
            crate::error::shorten(key, 60),
            list_names(&names)
        ),
    );
    Err(match did_you_mean(key, &names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("`get(key, default=...)` says what to use instead"),
    })
}

fn merge(call: &mut Call<'_>, left: &Value, right: &Value, deep: bool) -> Result<Value, Fault> {
    let wrong = |value: &Value| {
        Fault::wrong_type(format!(
            "`merge` takes two maps, one of these is {}",
            convert::type_name(value)
        ))
    };
    let base = left.as_map().ok_or_else(|| wrong(left))?;
    let over = right.as_map().ok_or_else(|| wrong(right))?;
    call.step(base.len() + over.len())?;
    call.frame
        .budget
        .allocate((base.len() + over.len()) * convert::ENTRY)?;
    let mut merged = base.clone();
    for (key, value) in over {
        let both = match merged.get(key) {
            Some(old) if deep && old.is_map() && value.is_map() => Some(old.clone()),
            _ => None,
        };
        let value = match both {
            Some(old) => merge(call, &old, value, deep)?,
            None => value.clone(),
        };
        merged.insert(key.clone(), value);
    }
    Ok(Value::from(merged))
}

fn filter_keys(call: &mut Call<'_>, keep: bool) -> Result<Value, Fault> {
    let map = call.map()?;
    let keys = call
        .need("keys")?
        .as_array()
        .ok_or_else(|| Fault::wrong_type(format!("`{}` takes a list of keys", call.name)))?;
    call.step(map.len() + keys.len())?;
    let wanted: std::collections::HashSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    let mut picked = Map::new();
    for (key, value) in map {
        let name = convert::key_text(key);
        if wanted.contains(name.as_str()) == keep {
            picked.insert(Key::String(Arc::from(name)), value.clone());
        }
    }
    call.built(Value::from(picked))
}
