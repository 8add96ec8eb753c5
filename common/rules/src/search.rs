//! The operator `search`: criteria on the items of a list.
//!
//! Its value is a list of criteria, a map of fields (`{state: up}`, `{cpu: {gt: 90}}`), or either of
//! them under `criteria` beside `match: any | all`. A field may start with `item.`; `item` alone is
//! the item itself. By default some item must fit all criteria. Any other value is looked for itself.

use crate::field::{Step, steps, walk};
use crate::operator::{self, Prepared, equal};
use attune_pack::Operator;
use attune_types::{JsonMap, JsonValue, Timestamp};

/// A search, read once.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    every: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Value(JsonValue),
    Criteria(Vec<Inner>),
}

#[derive(Clone, Debug)]
struct Inner {
    field: Vec<Step>,
    operator: Operator,
    expected: JsonValue,
    prepared: Prepared,
}

impl Search {
    /// Reads the value of a `search`; the message says what is wrong with it.
    pub(crate) fn read(value: &JsonValue) -> Result<Self, String> {
        let mut every = false;
        let mut criteria = value;
        if let JsonValue::Object(map) = value
            && let Some(inner) = map.get("criteria").or_else(|| map.get("pattern"))
        {
            criteria = inner;
            every = match map.get("match").or_else(|| map.get("condition")) {
                None => false,
                Some(JsonValue::String(word)) if word == "any" => false,
                Some(JsonValue::String(word)) if word == "all" => true,
                Some(_) => return Err("`match` is `any` or `all`".to_owned()),
            };
        }
        let test = match criteria {
            JsonValue::Object(map) => Test::Criteria(
                map.iter()
                    .map(|(field, value)| of_field(field, value))
                    .collect::<Result<Vec<_>, _>>()?
                    .concat(),
            ),
            JsonValue::Array(items) if items.iter().all(is_criterion) && !items.is_empty() => {
                Test::Criteria(items.iter().map(of_list).collect::<Result<_, _>>()?)
            }
            other => Test::Value(other.clone()),
        };
        Ok(Self { every, test })
    }

    /// Whether a list fits.
    pub(crate) fn holds(&self, actual: &JsonValue, now: Timestamp) -> Result<bool, String> {
        let items = actual
            .as_array()
            .ok_or("it searches a list, this is none")?;
        for item in items {
            if self.fits(item, now)? != self.every {
                return Ok(!self.every);
            }
        }
        Ok(self.every)
    }

    fn fits(&self, item: &JsonValue, now: Timestamp) -> Result<bool, String> {
        match &self.test {
            Test::Value(value) => Ok(equal(item, value)),
            Test::Criteria(criteria) => {
                for inner in criteria {
                    let actual = walk(item, &inner.field);
                    if !operator::holds(
                        inner.operator,
                        &inner.prepared,
                        actual,
                        &inner.expected,
                        now,
                    )? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }
}

fn is_criterion(value: &JsonValue) -> bool {
    value.get("field").is_some_and(JsonValue::is_string)
}

fn of_list(value: &JsonValue) -> Result<Inner, String> {
    let field = value
        .get("field")
        .and_then(JsonValue::as_str)
        .unwrap_or_default();
    let word = value.get("operator").unwrap_or(&JsonValue::Null);
    let expected = value.get("value").unwrap_or(&JsonValue::Null);
    inner(field, operator_of(word)?, expected)
}

fn of_field(field: &str, value: &JsonValue) -> Result<Vec<Inner>, String> {
    let JsonValue::Object(map) = value else {
        return Ok(vec![inner(field, Operator::Equals, value)?]);
    };
    if let Some(word) = spelled(map) {
        let expected = map
            .get("value")
            .or_else(|| map.get("pattern"))
            .unwrap_or(&JsonValue::Null);
        return Ok(vec![inner(field, operator_of(word)?, expected)?]);
    }
    map.iter()
        .map(|(word, expected)| inner(field, operator_of(&word.as_str().into())?, expected))
        .collect()
}

/// `{operator: equals, value: x}` or `{type: equals, pattern: x}`.
fn spelled(map: &JsonMap) -> Option<&JsonValue> {
    map.get("operator").or_else(|| map.get("type"))
}

fn operator_of(word: &JsonValue) -> Result<Operator, String> {
    serde_json::from_value(word.clone()).map_err(|_| format!("unknown operator {word}"))
}

fn inner(field: &str, operator: Operator, expected: &JsonValue) -> Result<Inner, String> {
    if operator == Operator::Search {
        return Err("a search cannot stand in a search".to_owned());
    }
    let field = if field == "item" {
        Vec::new()
    } else {
        steps(field.strip_prefix("item.").unwrap_or(field))?
    };
    Ok(Inner {
        field,
        operator,
        expected: expected.clone(),
        prepared: operator::prepare(operator, expected)?,
    })
}
