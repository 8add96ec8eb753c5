//! The operators of criteria.
//!
//! A missing field counts as null: what asks for something does not hold, what asks for its absence
//! (`not_equals`, `nin` ...) does. A comparison that makes no sense is an error text, and not held.

use crate::search::Search;
use attune_pack::Operator;
use attune_template::Pattern;
use attune_types::{JsonValue, Timestamp, parse_duration};
use std::cmp::Ordering;

/// How many steps a wildcard may take at worst: the length of the pattern times that of the text.
const WILDCARD_WORK: usize = 10_000_000;

/// What a criterion compares with, read once where that is possible.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    Plain,
    Pattern(Pattern),
    Search(Search),
}

/// Reads what can be read before there is an event.
pub(crate) fn prepare(operator: Operator, expected: &JsonValue) -> Result<Prepared, String> {
    match operator {
        Operator::Matchregex | Operator::Iregex => pattern(
            expected.as_str().ok_or("a pattern is a text")?,
            operator == Operator::Iregex,
        )
        .map(Prepared::Pattern),
        Operator::Search => Search::read(expected).map(Prepared::Search),
        Operator::TimediffLt | Operator::TimediffGt => span(expected).map(|_| Prepared::Plain),
        _ => Ok(Prepared::Plain),
    }
}

fn pattern(text: &str, ignore_case: bool) -> Result<Pattern, String> {
    Pattern::new(text, ignore_case, true).map_err(|error| error.to_string())
}

/// Whether the condition holds; the message says why it cannot be decided.
pub(crate) fn holds(
    operator: Operator,
    prepared: &Prepared,
    actual: Option<&JsonValue>,
    expected: &JsonValue,
    now: Timestamp,
) -> Result<bool, String> {
    let present = actual.is_some();
    let actual = actual.unwrap_or(&JsonValue::Null);
    let positive = match operator {
        Operator::Exists => return Ok(present),
        Operator::Nexists => return Ok(!present),
        Operator::Equals => return Ok(equal(actual, expected)),
        Operator::NotEquals => return Ok(!equal(actual, expected)),
        // The others ask something of a value; where there is none, only their opposites hold.
        _ if actual.is_null() => false,
        Operator::Iequals => match (actual, expected) {
            (JsonValue::String(a), JsonValue::String(b)) => folded(a) == folded(b),
            _ => equal(actual, expected),
        },
        Operator::Contains | Operator::Ncontains => contains(actual, expected, false)?,
        Operator::Icontains | Operator::Incontains => contains(actual, expected, true)?,
        Operator::In | Operator::Nin | Operator::Inside | Operator::Ninside => {
            contains(expected, actual, false)?
        }
        Operator::Startswith => text(actual)?.starts_with(text(expected)?),
        Operator::Istartswith => folded(text(actual)?).starts_with(&folded(text(expected)?)),
        Operator::Endswith => text(actual)?.ends_with(text(expected)?),
        Operator::Iendswith => folded(text(actual)?).ends_with(&folded(text(expected)?)),
        Operator::Matchregex | Operator::Iregex => {
            let value = scalar_text(actual)?;
            match prepared {
                Prepared::Pattern(found) => found.is_match(&value),
                _ => pattern(text(expected)?, operator == Operator::Iregex)?.is_match(&value),
            }
            .map_err(|error| error.to_string())?
        }
        Operator::Gt => order(actual, expected)?.is_gt(),
        Operator::Gte => order(actual, expected)?.is_ge(),
        Operator::Lt => order(actual, expected)?.is_lt(),
        Operator::Lte => order(actual, expected)?.is_le(),
        Operator::TimediffLt => age(actual, now)? < span(expected)?,
        Operator::TimediffGt => age(actual, now)? > span(expected)?,
        Operator::Search => match prepared {
            Prepared::Search(search) => search.holds(actual, now)?,
            _ => Search::read(expected)?.holds(actual, now)?,
        },
        Operator::Matchwildcard => {
            let (pattern, value) = (text(expected)?, scalar_text(actual)?);
            if pattern.len().saturating_mul(value.len()) > WILDCARD_WORK {
                return Err("the pattern and the text are too long for each other".to_owned());
            }
            wildcard(pattern, &value)
        }
    };
    Ok(match operator {
        Operator::Ncontains | Operator::Incontains | Operator::Nin | Operator::Ninside => !positive,
        _ => positive,
    })
}

fn type_name(value: &JsonValue) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "a boolean",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "a map",
    }
}

fn text(value: &JsonValue) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("it needs texts, one side is {}", type_name(value)))
}

/// Texts as they are; numbers and booleans as they are written.
fn scalar_text(value: &JsonValue) -> Result<String, String> {
    match value {
        JsonValue::String(text) => Ok(text.clone()),
        JsonValue::Number(_) | JsonValue::Bool(_) => Ok(value.to_string()),
        other => Err(format!("it needs a text, this is {}", type_name(other))),
    }
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// Whether two values are the same; numbers by their value, so that 1 is 1.0.
pub(crate) fn equal(a: &JsonValue, b: &JsonValue) -> bool {
    match (a, b) {
        (JsonValue::Number(_), JsonValue::Number(_)) => number_order(a, b) == Some(Ordering::Equal),
        (JsonValue::Array(a), JsonValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (JsonValue::Object(a), JsonValue::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

fn contains(whole: &JsonValue, part: &JsonValue, ignore_case: bool) -> Result<bool, String> {
    match whole {
        JsonValue::Array(items) => Ok(items.iter().any(|item| match (item, part) {
            (JsonValue::String(a), JsonValue::String(b)) if ignore_case => folded(a) == folded(b),
            _ => equal(item, part),
        })),
        JsonValue::String(whole) => {
            let part = scalar_text(part)?;
            Ok(if ignore_case {
                folded(whole).contains(&folded(&part))
            } else {
                whole.contains(&part)
            })
        }
        JsonValue::Object(map) => {
            let part = text(part)?;
            Ok(if ignore_case {
                map.keys().any(|key| folded(key) == folded(part))
            } else {
                map.contains_key(part)
            })
        }
        JsonValue::Null => Ok(false),
        other => Err(format!(
            "a list, a text or a map can contain something, this is {}",
            type_name(other)
        )),
    }
}

/// Numbers by value, also where one side is a text that is a number; texts by their letters.
fn order(a: &JsonValue, b: &JsonValue) -> Result<Ordering, String> {
    let found = match (a, b) {
        (JsonValue::Number(_), JsonValue::Number(_)) => number_order(a, b),
        (JsonValue::String(text), JsonValue::Number(_)) => {
            number(text).and_then(|a| number_order(&a, b))
        }
        (JsonValue::Number(_), JsonValue::String(text)) => {
            number(text).and_then(|b| number_order(a, &b))
        }
        (JsonValue::String(x), JsonValue::String(y)) => match (number(x), number(y)) {
            (Some(a), Some(b)) => number_order(&a, &b),
            _ => Some(x.cmp(y)),
        },
        _ => None,
    };
    found.ok_or_else(|| format!("{} and {} cannot be ordered", type_name(a), type_name(b)))
}

fn number(text: &str) -> Option<JsonValue> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(number) => Some(number.into()),
        Err(_) => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(JsonValue::Number),
    }
}

fn number_order(a: &JsonValue, b: &JsonValue) -> Option<Ordering> {
    let whole = |value: &JsonValue| {
        value
            .as_i64()
            .map(i128::from)
            .or_else(|| value.as_u64().map(i128::from))
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// How many seconds ago a time was; negative for times to come.
fn age(value: &JsonValue, now: Timestamp) -> Result<f64, String> {
    let seconds = |time: Timestamp| time.as_microsecond() as f64 / 1_000_000.0;
    let then = match value {
        JsonValue::Number(number) => number.as_f64(),
        JsonValue::String(text) => match text.trim().parse::<Timestamp>() {
            Ok(time) => Some(seconds(time)),
            Err(_) => text.trim().parse::<f64>().ok(),
        },
        _ => None,
    };
    let then = then
        .filter(|then| then.is_finite())
        .ok_or("the field is no time: RFC 3339, or seconds since 1970")?;
    Ok(seconds(now) - then)
}

/// A length of time in seconds.
fn span(value: &JsonValue) -> Result<f64, String> {
    match value {
        JsonValue::Number(number) => number.as_f64().ok_or_else(|| "not a number".to_owned()),
        JsonValue::String(text) => parse_duration(text)
            .map(|duration| duration.as_secs_f64())
            .map_err(|error| error.to_string()),
        other => Err(format!(
            "it compares with a length of time, this is {}",
            type_name(other)
        )),
    }
}

/// `*` stands for any text, `?` for one character.
fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            // The last `*` takes one character more.
            _ => match retry {
                Some((after, taken)) => {
                    retry = Some((after, taken + 1));
                    p = after;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}
