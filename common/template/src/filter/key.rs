//! `kv` within the engine, and the guard that keeps filters from looking into secrets.

use super::Call;
use crate::convert;
use crate::error::Fault;
use crate::frame::Frame;
use crate::guard;
use crate::key::{Keys, no_keys};
use tera::{Kwargs, Value};

/// Reads a key; in a lenient place one that is not there is undefined.
pub(super) fn read(call: &mut Call<'_>) -> Result<Value, Fault> {
    let (secret, lenient) = (call.flag("s")?, call.flag("o")?);
    let name = convert::to_json(call.need("key")?)?;
    let pack = call.arg("scope").map(convert::to_json).transpose()?;
    let Some(keys) = call.frame.keys.clone() else {
        return if lenient {
            Ok(Value::undefined())
        } else {
            Err(no_keys())
        };
    };
    let found = if secret {
        keys.secret(&name, pack.as_ref())?.map(Value::from)
    } else {
        match keys.plain(&name, pack.as_ref())? {
            Some(value) => Some(convert::to_tera(value, &mut call.frame.budget)?),
            None => None,
        }
    };
    match found {
        Some(value) => Ok(value),
        None if lenient => Ok(Value::undefined()),
        None => Err(keys.missing(&name, pack.as_ref(), secret)),
    }
}

/// Refuses to let a filter look into a secret. Costs nothing where no secret was read.
pub(super) fn guard(
    name: &'static str,
    test: bool,
    input: &Value,
    args: &Kwargs,
    frame: &mut Frame,
) -> Result<(), Fault> {
    let Some(keys) = frame.keys.clone().filter(Keys::are_guarded) else {
        return Ok(());
    };
    for value in std::iter::once(input).chain(args.iter().map(|(_, value)| value)) {
        let passes = match value.as_str() {
            Some(_) => guard::passes(name, test),
            None => guard::passes_within(name, test),
        };
        if !passes && hides(value, &keys, frame)? {
            let what = match name {
                "__eq" | "__ne" | "__lt" | "__le" | "__gt" | "__ge" | "__in" => {
                    "a comparison".to_owned()
                }
                "__iter" => "a loop".to_owned(),
                "__slice" => "a slice".to_owned(),
                "__item" => "a field".to_owned(),
                "__out" | "__concat" => "writing a list or map as text".to_owned(),
                name if test => format!("`is {name}`"),
                name => format!("`{name}`"),
            };
            return Err(guard::looked_into(&what));
        }
    }
    Ok(())
}

/// Whether a value holds a secret anywhere; pays for looking.
fn hides(value: &Value, keys: &Keys, frame: &mut Frame) -> Result<bool, Fault> {
    if let Some(text) = value.as_str() {
        frame.budget.scan(text.len())?;
        return Ok(keys.hides_in(text));
    }
    if let Some(items) = value.as_array() {
        frame.budget.step(1 + items.len() as u64)?;
        for item in items {
            if hides(item, keys, frame)? {
                return Ok(true);
            }
        }
    }
    if let Some(map) = value.as_map() {
        frame.budget.step(1 + map.len() as u64)?;
        for (key, item) in map {
            if key.as_str().is_some_and(|key| keys.hides_in(key)) || hides(item, keys, frame)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
