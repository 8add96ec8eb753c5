//! Schemas of parameters, results, configuration and payloads.
//!
//! Owns [`Schema`], which is written as a flat map of fields or as a JSON Schema object, and
//! compiled once. Never fetches anything: a `$ref` may only point into the schema itself. Used at
//! the start of a run, at the end of an action, by the flow checker and by forms. Wrong values give
//! all [`FieldError`]s at once; a wrong schema gives a [`SchemaError`].

mod flat;
mod path;
mod secret;
mod validate;

pub use path::{PathType, ValueType};

use attune_types::{JsonMap, JsonValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// Whether a text stands for a value that is not to be seen, and of which type that is.
pub type Hidden<'h> = &'h dyn Fn(&str) -> Option<ValueType>;

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON pointer to the field.
    pub pointer: String,
    /// Stable word: `unknown`, `required`, `type`, `enum`, `minimum` ...
    pub code: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// One thing that is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer into the schema as written.
    pub pointer: String,
    /// Whether the key itself is wrong, not its value.
    pub about_key: bool,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A schema that cannot be used, with all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect::<Vec<_>>().join("; "))]
pub struct SchemaError(pub Vec<SchemaProblem>);

/// A compiled schema. Cheap to clone; goes to JSON as it was written.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Compiled>,
}

struct Compiled {
    source: JsonValue,
    /// Whether it was written as a flat map of fields. Then names that it does not have are errors.
    flat: bool,
    json: JsonValue,
    validator: jsonschema::Validator,
    secrets: Vec<String>,
}

static NONE: LazyLock<Schema> = LazyLock::new(|| built_in(json!({})));
static ANY: LazyLock<Schema> = LazyLock::new(|| built_in(json!({"type": "object"})));

#[expect(
    clippy::expect_used,
    reason = "the two constants above are valid schemas; a test builds them"
)]
fn built_in(source: JsonValue) -> Schema {
    Schema::from_json(source).expect("a constant schema")
}

impl Default for Schema {
    /// No fields at all.
    fn default() -> Self {
        NONE.clone()
    }
}

impl Schema {
    /// Any object.
    pub fn any() -> Self {
        ANY.clone()
    }

    /// Compiles a schema as written: a flat map (`name: {type, required, default, ...}`), or a JSON
    /// Schema object, which is known by `$schema`, `$ref`, a combinator, or a `type` that is text.
    ///
    /// # Errors
    /// All that is wrong with it, with places.
    pub fn from_json(source: JsonValue) -> Result<Self, SchemaError> {
        Self::compile(source, true)
    }

    fn compile(source: JsonValue, check_defaults: bool) -> Result<Self, SchemaError> {
        let JsonValue::Object(map) = &source else {
            return Err(SchemaError(vec![SchemaProblem {
                pointer: String::new(),
                about_key: false,
                message: "a schema is a map: fields by name, or a JSON Schema object".to_owned(),
                help: Some("write `name: {type: string, required: true}`".to_owned()),
            }]));
        };
        let flat = !is_json_schema(map);
        let json = if flat {
            flat::to_json_schema(map, check_defaults)?
        } else {
            source.clone()
        };
        let validator = build(&json).map_err(|problem| SchemaError(vec![*problem]))?;
        let secrets = secret::find(&json);
        Ok(Self {
            inner: Arc::new(Compiled {
                source,
                flat,
                json,
                validator,
                secrets,
            }),
        })
    }

    /// The schema as it was written.
    pub fn source(&self) -> &JsonValue {
        &self.inner.source
    }

    /// The same as a JSON Schema, ready for forms.
    pub fn json_schema(&self) -> &JsonValue {
        &self.inner.json
    }

    /// Checks parameters: fills defaults, and refuses names that the schema does not have. A null
    /// for a field that may be left out counts as left out.
    ///
    /// # Errors
    /// All errors at once, each with a JSON pointer.
    pub fn validate(&self, value: &JsonMap) -> Result<JsonMap, Vec<FieldError>> {
        self.validate_around(value, &|_| None)
    }

    /// As [`Schema::validate`], where some texts stand for values that are not to be seen: of those
    /// nothing is judged but the type.
    ///
    /// # Errors
    /// All errors at once, each with a JSON pointer.
    pub fn validate_around(
        &self,
        value: &JsonMap,
        hidden: Hidden<'_>,
    ) -> Result<JsonMap, Vec<FieldError>> {
        match validate::check(&self.inner, &JsonValue::Object(value.clone()), true, hidden)? {
            JsonValue::Object(map) => Ok(map),
            _ => Ok(value.clone()),
        }
    }

    /// Checks a result or a payload: as [`Schema::validate`], but names that the schema does not
    /// have are let through, and the value need not be an object if the schema says so.
    ///
    /// # Errors
    /// All errors at once, each with a JSON pointer.
    pub fn validate_open(&self, value: &JsonValue) -> Result<JsonValue, Vec<FieldError>> {
        self.validate_open_around(value, &|_| None)
    }

    /// As [`Schema::validate_open`], around texts that stand for values that are not to be seen.
    ///
    /// # Errors
    /// All errors at once, each with a JSON pointer.
    pub fn validate_open_around(
        &self,
        value: &JsonValue,
        hidden: Hidden<'_>,
    ) -> Result<JsonValue, Vec<FieldError>> {
        validate::check(&self.inner, value, false, hidden)
    }

    /// The defaults of all fields that have one.
    pub fn defaults(&self) -> JsonMap {
        match validate::fill(&self.inner, &JsonValue::Object(JsonMap::new())) {
            JsonValue::Object(map) => map,
            _ => JsonMap::new(),
        }
    }

    /// Names of the fields at the top, in the order written.
    pub fn names(&self) -> Vec<&str> {
        self.properties().map(|(name, _)| name).collect()
    }

    fn properties(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        let map = self
            .inner
            .json
            .get("properties")
            .and_then(JsonValue::as_object);
        map.into_iter()
            .flatten()
            .map(|(name, field)| (name.as_str(), field))
    }

    /// Names of the fields that must be given.
    pub fn required(&self) -> Vec<&str> {
        let list = self
            .inner
            .json
            .get("required")
            .and_then(JsonValue::as_array);
        list.into_iter()
            .flatten()
            .filter_map(JsonValue::as_str)
            .collect()
    }

    /// Whether names that it does not list are refused by [`Schema::validate`].
    pub fn is_closed(&self) -> bool {
        path::is_closed(&self.inner.json, self.inner.flat)
    }

    /// JSON pointers of the secret fields.
    pub fn secrets(&self) -> &[String] {
        &self.inner.secrets
    }

    /// Whether the field at a JSON pointer, or one that it lies in, is secret.
    pub fn is_secret(&self, pointer: &str) -> bool {
        self.inner.secrets.iter().any(|secret| {
            pointer
                .strip_prefix(secret.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// What stands at a path of names, as far as the schema tells.
    pub fn type_of(&self, path: &[&str]) -> PathType {
        path::type_of(&self.inner.json, path)
    }
}

/// Compiles a JSON Schema that fetches nothing and whose patterns take linear time.
fn build(schema: &JsonValue) -> Result<jsonschema::Validator, Box<SchemaProblem>> {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .with_pattern_options(jsonschema::PatternOptions::regex().size_limit(1 << 20))
        .build(schema)
        .map_err(|error| {
            let pointer = error.instance_path().as_str().to_owned();
            let word = error.instance().as_str();
            let (message, help) = match word.filter(|_| pointer.ends_with("/type")) {
                Some(word) => (
                    format!("unknown type `{word}`"),
                    Some(flat::type_help(word)),
                ),
                None => (error.to_string(), None),
            };
            Box::new(SchemaProblem {
                pointer,
                about_key: false,
                message,
                help,
            })
        })
}

/// The last line of a regex error, which says what is wrong; the lines before it draw the pattern.
pub(crate) fn regex_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text).trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn is_json_schema(map: &JsonMap) -> bool {
    let combined = ["$schema", "$ref", "oneOf", "anyOf", "allOf"];
    map.get("type")
        .is_some_and(|kind| kind.is_string() || kind.is_array())
        || combined
            .iter()
            .any(|key| map.get(*key).is_some_and(|value| !value.is_object()))
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.inner.source == other.inner.source
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.inner.source)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.inner.source.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let source = JsonValue::deserialize(from)?;
        // Checked when it was accepted; only compiled here.
        Self::compile(source, false).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
