//! What stands at a path of a schema: types, missing names, secrets.
//!
//! Owns the walk through a JSON Schema without a value. Never validates. Where the schema does not
//! tell (combinators, references out of sight, open objects), the answer is [`PathType::Open`].

use crate::catalogue::Keyword;
use attune_types::JsonValue;

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A map.
    Object,
    /// A list.
    Array,
    /// Nothing.
    Null,
}

impl Keyword for ValueType {
    const ALL: &'static [Self] = &[
        Self::String,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Object,
        Self::Array,
        Self::Null,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
            Self::Null => "null",
        }
    }
}

impl ValueType {
    /// The type that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        <Self as Keyword>::from_word(word)
    }

    /// The type of a value; a whole number is an integer, however it is written.
    pub fn of(value: &JsonValue) -> Self {
        match value {
            JsonValue::Null => Self::Null,
            JsonValue::Bool(_) => Self::Boolean,
            JsonValue::Number(number)
                if number.is_f64() && number.as_f64().is_none_or(|n| n.fract() != 0.0) =>
            {
                Self::Number
            }
            JsonValue::Number(_) => Self::Integer,
            JsonValue::String(_) => Self::String,
            JsonValue::Array(_) => Self::Array,
            JsonValue::Object(_) => Self::Object,
        }
    }

    /// Whether a place of type `self` takes a value of type `other`.
    pub fn takes(self, other: Self) -> bool {
        self == other || (self == Self::Number && other == Self::Integer)
    }
}

/// What a schema says about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathType {
    /// Anything may stand there, as far as the schema tells.
    Open,
    /// One of these types; never empty.
    Known(Vec<ValueType>),
    /// The schema has no such name.
    Missing {
        /// Which part of the path is missing, from 0.
        at: usize,
        /// The names that stand there instead.
        known: Vec<String>,
    },
}

/// How deep references and nesting are followed.
const DEPTH: usize = 64;

/// The schema that a local `$ref` leads to, or the schema itself.
pub(super) fn resolve<'s>(root: &'s JsonValue, mut schema: &'s JsonValue) -> Option<&'s JsonValue> {
    for _ in 0..DEPTH {
        let Some(target) = schema.get("$ref").and_then(JsonValue::as_str) else {
            return Some(schema);
        };
        schema = root.pointer(target.strip_prefix('#')?)?;
    }
    None
}

/// Whether names that an object schema does not list are refused.
pub(super) fn is_closed(schema: &JsonValue, flat: bool) -> bool {
    match schema.get("additionalProperties") {
        Some(JsonValue::Bool(open)) => !open,
        Some(_) => false,
        None => flat && schema.get("properties").is_some(),
    }
}

/// Follows `path` through the schema.
pub(super) fn type_of(root: &JsonValue, path: &[&str]) -> PathType {
    let mut schema = root;
    for (at, name) in path.iter().enumerate() {
        let Some(found) = resolve(root, schema) else {
            return PathType::Open;
        };
        schema = found;
        if let Some(properties) = schema.get("properties").and_then(JsonValue::as_object) {
            if let Some(next) = properties.get(*name) {
                schema = next;
                continue;
            }
            // A schema that lists its fields is meant to list them all, unless it says otherwise.
            return match schema.get("additionalProperties") {
                None | Some(JsonValue::Bool(false)) if plain(schema) => PathType::Missing {
                    at,
                    known: properties.keys().cloned().collect(),
                },
                _ => PathType::Open,
            };
        }
        let is_index = name.parse::<i64>().is_ok();
        match (schema.get("items"), schema.get("additionalProperties")) {
            (Some(items), _) if is_index => schema = items,
            (_, Some(values)) if values.is_object() => schema = values,
            _ if has_no_fields(schema, is_index) => {
                return PathType::Missing {
                    at,
                    known: Vec::new(),
                };
            }
            _ => return PathType::Open,
        }
    }
    let Some(schema) = resolve(root, schema) else {
        return PathType::Open;
    };
    let types = types(schema);
    if types.is_empty() {
        PathType::Open
    } else {
        PathType::Known(types)
    }
}

/// Whether nothing of the schema's types has a field, or an element, to take.
fn has_no_fields(schema: &JsonValue, is_index: bool) -> bool {
    let types = types(schema);
    let has = |kind: &ValueType| match kind {
        ValueType::Object => true,
        ValueType::Array => is_index,
        _ => false,
    };
    !types.is_empty() && !types.iter().any(has) && plain(schema)
}

/// Whether nothing else than `properties` can bring in names.
fn plain(schema: &JsonValue) -> bool {
    ["oneOf", "anyOf", "allOf", "if", "patternProperties"]
        .iter()
        .all(|key| schema.get(*key).is_none())
}

/// The types that a schema names; empty means any.
pub(super) fn types(schema: &JsonValue) -> Vec<ValueType> {
    match schema.get("type") {
        Some(JsonValue::String(word)) => ValueType::from_word(word).into_iter().collect(),
        Some(JsonValue::Array(words)) => words
            .iter()
            .filter_map(JsonValue::as_str)
            .filter_map(ValueType::from_word)
            .collect(),
        _ => Vec::new(),
    }
}
