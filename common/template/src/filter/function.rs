//! The functions, and the filter `default`.
//!
//! `result()`, `succeeded()` and the like, and `kv.get` never get here: the parser makes paths of them.

use super::Signature;
use super::call::Call;
use crate::error::{ErrorKind, Fault};
use crate::limits::Limits;
use tera::Value;

pub(super) const FILTERS: &[Signature] =
    &[Signature::new("default", &["value", "boolean"], 1, |call| {
        let missing = if call.flag("boolean")? {
            !call.input.is_truthy()
        } else {
            call.input.is_undefined()
        };
        if missing {
            call.need("value").cloned()
        } else {
            Ok(call.input.clone())
        }
    })
    .lenient()];

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature::new("result", &[], 0, never),
    Signature::new("succeeded", &[], 0, never),
    Signature::new("failed", &[], 0, never),
    Signature::new("timed_out", &[], 0, never),
    Signature::new("skipped", &[], 0, never),
    Signature::new("completed", &[], 0, never),
    Signature::new("kv.get", &["key", "default", "scope"], 1, never),
    Signature::new("kv.get_secret", &["key", "scope"], 1, never),
    Signature::new("now", &["format", "timestamp"], 0, now),
    Signature::new("uuid", &[], 0, |call| {
        let bytes = call.frame.random();
        Ok(Value::from(
            uuid::Builder::from_random_bytes(bytes)
                .into_uuid()
                .to_string(),
        ))
    }),
    Signature::new("random", &["start", "end"], 0, random),
    Signature::new("range", &["end", "start", "step"], 1, range),
    Signature::new("throw", &["message"], 1, |call| {
        let message = call.need_text("message")?;
        Err(Fault::new(
            ErrorKind::Thrown,
            crate::error::shorten(message, 1_000),
        ))
    }),
];

fn never(call: &mut Call<'_>) -> Result<Value, Fault> {
    Err(Fault::new(
        ErrorKind::Internal,
        format!("`{}` should have been a path", call.name),
    ))
}

fn now(call: &mut Call<'_>) -> Result<Value, Fault> {
    let now = call.frame.ambient.now;
    if call.flag("timestamp")? {
        return Ok(now.as_second().into());
    }
    match call.text_arg("format")? {
        Some(format) => super::time::format(&now.to_zoned(jiff::tz::TimeZone::UTC), format),
        None => Ok(Value::from(now.to_string())),
    }
}

/// Without arguments a number from 0 up to 1, else a whole number from `start` up to `end`, which is
/// not reached.
fn random(call: &mut Call<'_>) -> Result<Value, Fault> {
    let start = call.int_arg("start")?;
    let end = call.int_arg("end")?;
    let [a, b, c, d, e, f, g, h, ..] = call.frame.random();
    let bits = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let (low, high) = match (start, end) {
        (None, None) => {
            // 53 bits are all that a float between 0 and 1 has.
            return Ok(Value::from((bits >> 11) as f64 / (1_u64 << 53) as f64));
        }
        (Some(start), Some(end)) => (start, end),
        (Some(end), None) | (None, Some(end)) => (0, end),
    };
    let width = i128::from(high) - i128::from(low);
    if width <= 0 {
        return Err(Fault::wrong_type("`random` needs an end beyond its start"));
    }
    Ok(Value::from(i128::from(low) + i128::from(bits) % width))
}

/// `range(end)`, `range(start=1, end=5, step=2)`: whole numbers, the end not reached.
fn range(call: &mut Call<'_>) -> Result<Value, Fault> {
    let start = i128::from(call.int_arg("start")?.unwrap_or(0));
    let end = i128::from(call.int_arg("end")?.unwrap_or(0));
    let step = i128::from(call.int_arg("step")?.unwrap_or(1));
    if step == 0 {
        return Err(Fault::wrong_type("the `step` of `range` cannot be 0"));
    }
    let span = if step > 0 { end - start } else { start - end };
    let length = if span <= 0 {
        0
    } else {
        (span + step.abs() - 1) / step.abs()
    };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= Limits::RANGE_ITEMS)
        .ok_or_else(|| {
            Fault::limit(format!(
                "`range` gives at most {} numbers",
                Limits::RANGE_ITEMS
            ))
        })?;
    call.step(length)?;
    let mut numbers = Vec::with_capacity(length);
    let mut at = start;
    for _ in 0..length {
        numbers.push(Value::from(i64::try_from(at).unwrap_or(i64::MAX)));
        at += step;
    }
    call.picked(numbers)
}
