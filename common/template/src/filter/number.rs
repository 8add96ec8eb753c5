//! Filters on numbers, and into numbers.

use super::Signature;
use super::call::Call;
use crate::error::Fault;
use tera::Value;

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("int", &["default", "base"], 0, int),
    Signature::new("float", &["default"], 0, float),
    Signature::new("abs", &[], 0, |call| {
        if let Some(number) = call.input.as_i64() {
            return Ok(i128::from(number).abs().into());
        }
        if call.input.as_u64().is_some() {
            return Ok(call.input.clone());
        }
        number(call).map(|number| number.abs().into())
    }),
    Signature::new("round", &["precision", "method"], 0, round),
];

fn number(call: &mut Call<'_>) -> Result<f64, Fault> {
    call.input.as_f64().ok_or_else(|| call.wrong("numbers"))
}

fn fallback(call: &Call<'_>, wanted: &str) -> Result<Value, Fault> {
    call.arg("default").cloned().ok_or_else(|| {
        Fault::wrong_type(format!(
            "`{}` was given something that is no {wanted}",
            call.name
        ))
        .help(format!(
            "`{}(default=...)` says what to use instead",
            call.name
        ))
    })
}

fn int(call: &mut Call<'_>) -> Result<Value, Fault> {
    if call.input.as_i64().is_some() || call.input.as_u64().is_some() {
        return Ok(call.input.clone());
    }
    if let Some(value) = call.input.as_bool() {
        return Ok(i64::from(value).into());
    }
    if let Some(float) = call.input.as_f64() {
        let whole = float.trunc();
        // Beyond this a float no longer tells neighbouring whole numbers apart.
        if whole.abs() <= 9_007_199_254_740_992.0 {
            return Ok((whole as i64).into());
        }
        return fallback(call, "whole number of 64 bits");
    }
    if !call.input.is_string() {
        return fallback(call, "number");
    }
    let base = u32::try_from(call.int_arg("base")?.unwrap_or(10)).unwrap_or(0);
    if !(2..=36).contains(&base) {
        return Err(Fault::wrong_type("the base of `int` is between 2 and 36"));
    }
    let text = call.text()?.trim();
    let digits = match base {
        2 => text.trim_start_matches("0b"),
        8 => text.trim_start_matches("0o"),
        16 => text.trim_start_matches("0x"),
        _ => text,
    };
    if let Ok(number) = i64::from_str_radix(digits, base) {
        return Ok(number.into());
    }
    match text.parse::<f64>() {
        Ok(float) if base == 10 && float.abs() <= 9_007_199_254_740_992.0 => {
            Ok((float.trunc() as i64).into())
        }
        _ => fallback(call, "number"),
    }
}

fn float(call: &mut Call<'_>) -> Result<Value, Fault> {
    if let Some(float) = call.input.as_f64() {
        return Ok(float.into());
    }
    if call.input.is_string()
        && let Ok(float) = call.text()?.trim().parse::<f64>()
        && float.is_finite()
    {
        return Ok(float.into());
    }
    fallback(call, "number")
}

fn round(call: &mut Call<'_>) -> Result<Value, Fault> {
    let precision = call.int_arg("precision")?.unwrap_or(0).clamp(-15, 15) as i32;
    let method = call.text_arg("method")?.unwrap_or("common");
    if precision <= 0 && call.input.as_i64().is_some() && precision == 0 {
        return Ok(call.input.clone());
    }
    let scale = 10_f64.powi(precision);
    let scaled = number(call)? * scale;
    let rounded = match method {
        "common" => scaled.round(),
        "ceil" => scaled.ceil(),
        "floor" => scaled.floor(),
        _ => {
            return Err(Fault::wrong_type(
                "the method of `round` is `common`, `ceil` or `floor`",
            ));
        }
    } / scale;
    // A number without a fraction is a whole number to people.
    if precision <= 0 && rounded.abs() <= 9_007_199_254_740_992.0 {
        return Ok((rounded as i64).into());
    }
    Ok(rounded.into())
}
