//! The tests: what may stand behind `is`.

use super::call::{Call, missing};
use super::{Run, Signature, internal};
use crate::error::Fault;
use tera::{Map, Value};

const fn test(name: &'static str, run: Run) -> Signature {
    Signature::new(name, &[], 0, run)
}

pub(super) const TESTS: &[Signature] = &[
    test("defined", |call| Ok((!call.input.is_undefined()).into())).lenient(),
    test("undefined", |call| Ok(call.input.is_undefined().into())).lenient(),
    test("none", |call| is(call, Value::is_none)),
    test("string", |call| is(call, Value::is_string)),
    test("number", |call| is(call, Value::is_number)),
    test("integer", |call| {
        is(call, |value| value.is_number() && !value.is_f64())
    }),
    test("float", |call| is(call, Value::is_f64)),
    test("bool", |call| is(call, Value::is_bool)),
    test("boolean", |call| is(call, Value::is_bool)),
    test("map", |call| is(call, Value::is_map)),
    test("object", |call| is(call, Value::is_map)),
    test("array", |call| is(call, Value::is_array)),
    test("list", |call| is(call, Value::is_array)),
    test("iterable", |call| {
        is(call, |value| {
            value.is_array() || value.is_map() || value.is_string()
        })
    }),
    test("empty", |call| {
        is(call, |value| {
            value.is_none()
                || value.as_str().is_some_and(str::is_empty)
                || value.as_array().is_some_and(<[Value]>::is_empty)
                || value.as_map().is_some_and(Map::is_empty)
        })
    }),
    test("true", |call| {
        is(call, |value| value.as_bool() == Some(true))
    }),
    test("false", |call| {
        is(call, |value| value.as_bool() == Some(false))
    }),
    test("odd", |call| Ok((whole(call)?.rem_euclid(2) == 1).into())),
    test("even", |call| Ok((whole(call)?.rem_euclid(2) == 0).into())),
    Signature::new("divisible_by", &["divisor"], 1, |call| {
        let divisor = call.int_arg("divisor")?.unwrap_or_default();
        let number = whole(call)?;
        Ok((divisor != 0 && number.checked_rem(divisor).unwrap_or(0) == 0).into())
    }),
    Signature::new("starting_with", &["pat"], 1, |call| {
        let start = call.need_text("pat")?;
        Ok(call.text()?.starts_with(start).into())
    }),
    Signature::new("ending_with", &["pat"], 1, |call| {
        let end = call.need_text("pat")?;
        Ok(call.text()?.ends_with(end).into())
    }),
    Signature::new("containing", &["pat"], 1, |call| {
        let part = call.need("pat")?;
        internal::contains(call, call.input, part).map(Value::from)
    }),
    Signature::new("matching", &["pat"], 1, |call| {
        let pattern = call.need_text("pat")?;
        let regex = call.frame.regex(pattern)?;
        let text = call.text()?;
        super::pattern::pay(call, &regex, text)?;
        Ok(regex.regex.is_match(text).into())
    }),
    Signature::new("in", &["list"], 1, |call| {
        let container = call.need("list")?;
        internal::contains(call, container, call.input).map(Value::from)
    }),
];

fn is(call: &mut Call<'_>, holds: impl Fn(&Value) -> bool) -> Result<Value, Fault> {
    if call.input.is_undefined() {
        return Err(missing());
    }
    Ok(holds(call.input).into())
}

fn whole(call: &mut Call<'_>) -> Result<i64, Fault> {
    call.input
        .as_i64()
        .ok_or_else(|| call.wrong("whole numbers"))
}
