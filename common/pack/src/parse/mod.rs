//! Nodes of pack files to catalogue types.
//!
//! Owns the keys of each kind of file. Never reads files and never compares one file with another:
//! [`crate::load`] does. Everything that is wrong goes to the sink; a definition without its
//! essentials is `None`.

mod action;
mod pack;
mod rule;
mod trigger;

pub use action::{action, retry};
pub use pack::{pack, policy};
pub use rule::{concurrency, rule};
pub use trigger::{sensor, trigger};

use crate::read::MapReader;
use crate::schema::Schema;
use crate::sink::{Codes, Sink};
use crate::yaml::Node;
use indexmap::IndexMap;

/// The codes for what is wrong with a schema.
#[derive(Clone, Copy, Debug)]
pub struct SchemaCodes {
    /// A key that no field has.
    pub key: &'static str,
    /// A value that its key does not take.
    pub value: &'static str,
}

impl From<Codes> for SchemaCodes {
    fn from(codes: Codes) -> Self {
        Self {
            key: codes.unknown_key,
            value: codes.bad_value,
        }
    }
}

/// Those of pack files.
const PACK: SchemaCodes = SchemaCodes {
    key: "PACK008",
    value: "PACK008",
};

/// A schema in either form.
pub fn schema(node: &Node, codes: SchemaCodes, sink: &mut Sink) -> Option<Schema> {
    match Schema::from_json(node.to_json()) {
        Ok(schema) => {
            for fields in [Some(node), node.get("properties")].into_iter().flatten() {
                needless(fields, codes, sink);
            }
            Some(schema)
        }
        Err(error) => {
            for problem in error.0 {
                let (span, code) = if problem.about_key {
                    (node.key_span_at(&problem.pointer), codes.key)
                } else {
                    (node.span_at(&problem.pointer), codes.value)
                };
                sink.error_with(code, span, problem.message, problem.help);
            }
            None
        }
    }
}

/// Warns of fields that must be given and have a default: they may be left out all the same.
fn needless(fields: &Node, codes: SchemaCodes, sink: &mut Sink) {
    for (name, field) in fields.as_map().unwrap_or_default() {
        let required = field
            .get("required")
            .filter(|node| node.as_bool() == Some(true));
        let default = field.get("default").filter(|node| !node.is_null());
        if let (Some(required), Some(_)) = (required, default) {
            let message = format!(
                "`{}` has a default, so that it may be left out all the same",
                name.text
            );
            sink.warning(codes.value, required.span, message).help =
                Some("take `required` out, or the default".to_owned());
        }
        let below = [field.get("properties"), field.get("items")];
        for inner in below.into_iter().flatten() {
            needless(inner.get("properties").unwrap_or(inner), codes, sink);
        }
    }
}

/// The schema under a key; one that is wrong has been reported and takes anything.
fn schema_field(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Schema> {
    let node = reader.node(key)?;
    Some(schema(node, PACK, reader.sink()).unwrap_or_else(Schema::any))
}

/// Environment variables: text, numbers and booleans, all handed on as text.
fn env(reader: &mut MapReader<'_, '_>) -> IndexMap<String, String> {
    let mut env = IndexMap::new();
    for (key, value) in reader.opt_map("env").unwrap_or_default() {
        let text = match value.to_json() {
            serde_json::Value::String(text) => text,
            plain @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => {
                plain.to_string()
            }
            _ => {
                let message = format!(
                    "the variable `{}` must be text, not {}",
                    key.text,
                    value.type_name()
                );
                reader.bad_value(value.span, message, None);
                continue;
            }
        };
        let fits = key
            .text
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key
                .text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if fits {
            env.insert(key.text.clone(), text);
        } else {
            let message = format!(
                "`{}` cannot be the name of an environment variable",
                key.text
            );
            reader.bad_value(
                key.span,
                message,
                Some("use letters, digits and `_`".to_owned()),
            );
        }
    }
    env
}
