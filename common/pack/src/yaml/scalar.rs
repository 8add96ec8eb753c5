//! Plain scalars to typed values, by the core schema of YAML 1.2.
//!
//! Owns the rules for null, booleans and numbers. Quoted and block scalars never come here: they
//! are text. A number that JSON cannot hold is an error, not a guess.

use super::NodeKind;

/// What a plain (unquoted) scalar means.
///
/// # Errors
/// Why it cannot be held, for numbers out of range.
pub(super) fn plain(text: &str) -> Result<NodeKind, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(NodeKind::Null),
        "true" | "True" | "TRUE" => return Ok(NodeKind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(NodeKind::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(format!("`{text}` is not a number that can be stored"));
    }
    if let Some(value) = integer(text, unsigned) {
        return value
            .map(NodeKind::Int)
            .ok_or_else(|| format!("the integer {text} does not fit into 64 bits"));
    }
    if is_float(unsigned) {
        return match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(NodeKind::Float(value)),
            _ => Err(format!("the number {text} is out of range")),
        };
    }
    Ok(NodeKind::Str(text.to_owned()))
}

/// `None`: not an integer. `Some(None)`: one that does not fit.
fn integer(text: &str, unsigned: &str) -> Option<Option<i64>> {
    let all =
        |digits: &str, radix: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o") {
        return all(octal, 8).then(|| i64::from_str_radix(octal, 8).ok());
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return all(hex, 16).then(|| i64::from_str_radix(hex, 16).ok());
    }
    all(unsigned, 10).then(|| text.parse().ok())
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, the sign taken off.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", after)) => !after.is_empty() && digits(after),
        Some((before, after)) => digits(before) && digits(after),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        !text.is_empty() && digits(text)
    });
    mantissa_fits && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_core_schema() {
        let cases = [
            ("", NodeKind::Null),
            ("~", NodeKind::Null),
            ("true", NodeKind::Bool(true)),
            ("on", NodeKind::Str("on".into())),
            ("yes", NodeKind::Str("yes".into())),
            ("-12", NodeKind::Int(-12)),
            ("+7", NodeKind::Int(7)),
            ("007", NodeKind::Int(7)),
            ("0x1F", NodeKind::Int(31)),
            ("0o17", NodeKind::Int(15)),
            ("1.5", NodeKind::Float(1.5)),
            ("-.5", NodeKind::Float(-0.5)),
            ("2.", NodeKind::Float(2.0)),
            ("1e3", NodeKind::Float(1000.0)),
            ("1.0.0", NodeKind::Str("1.0.0".into())),
            ("2026-11-20", NodeKind::Str("2026-11-20".into())),
            ("12:30", NodeKind::Str("12:30".into())),
            (".", NodeKind::Str(".".into())),
            ("e5", NodeKind::Str("e5".into())),
            ("1h30m", NodeKind::Str("1h30m".into())),
            ("100%", NodeKind::Str("100%".into())),
        ];
        for (text, kind) in cases {
            assert_eq!(plain(text), Ok(kind), "{text}");
        }
    }

    #[test]
    fn refuses_numbers_that_cannot_be_held() {
        for text in [".inf", "-.INF", ".nan", "1e999", "99999999999999999999"] {
            assert!(plain(text).is_err(), "{text}");
        }
    }
}
