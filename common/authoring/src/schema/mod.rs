//! JSON Schemas (draft-07) of every kind of file in a pack, for editors.
//!
//! Owns the types in [`file`] that say which keys a file has, what they take and what they mean; the
//! schemas and the reference pages are made from them. Never reads a pack: the readers in
//! `attune-pack` and `attune-flow` decide what is accepted, and a test holds the keys of both against
//! each other, so that neither can gain one alone. Draft-07 is what editors understand best.

pub mod file;

mod form;

use attune_types::JsonValue;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `pack.yaml`.
    Pack,
    /// `actions/*.yaml`.
    Action,
    /// `workflows/*.yaml`.
    Workflow,
    /// `triggers/*.yaml`.
    Trigger,
    /// `sensors/*.yaml`.
    Sensor,
    /// `rules/*.yaml`.
    Rule,
    /// `policies/*.yaml`.
    Policy,
    /// `tests/*.yaml`.
    Test,
}

impl Kind {
    /// All kinds, in the order in which a pack is usually written.
    pub const ALL: [Self; 8] = [
        Self::Pack,
        Self::Action,
        Self::Workflow,
        Self::Trigger,
        Self::Sensor,
        Self::Rule,
        Self::Policy,
        Self::Test,
    ];

    /// The word for it: the schema's file is `<word>.schema.json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Action => "action",
            Self::Workflow => "workflow",
            Self::Trigger => "trigger",
            Self::Sensor => "sensor",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::Test => "test",
        }
    }

    /// Which files are of this kind, seen from the folder of a pack.
    pub fn files(self) -> &'static str {
        match self {
            Self::Pack => "pack.yaml",
            Self::Action => "actions/*.yaml",
            Self::Workflow => "workflows/*.yaml",
            Self::Trigger => "triggers/*.yaml",
            Self::Sensor => "sensors/*.yaml",
            Self::Rule => "rules/*.yaml",
            Self::Policy => "policies/*.yaml",
            Self::Test => "tests/*.yaml",
        }
    }
}

/// The schema of a kind of file.
pub fn schema(kind: Kind) -> JsonValue {
    match kind {
        Kind::Pack => of::<file::Pack>(),
        Kind::Action => of::<file::Action>(),
        Kind::Workflow => of::<file::Workflow>(),
        Kind::Trigger => of::<file::Trigger>(),
        Kind::Sensor => of::<file::Sensor>(),
        Kind::Rule => of::<file::Rule>(),
        Kind::Policy => of::<file::Policy>(),
        Kind::Test => of::<file::TestFile>(),
    }
}

fn of<T: JsonSchema>() -> JsonValue {
    let mut schema = SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    tidy(&mut schema);
    schema
}

/// Takes out what only the types of this crate mean: their own defaults, the widths of numbers, the
/// ends of lines, and null for optional keys (a key without a value is accepted as none, but nobody
/// has to be told).
fn tidy(value: &mut JsonValue) {
    match value {
        JsonValue::Object(map) => {
            map.retain(|key, value| match key.as_str() {
                "default" => !is_nothing(value),
                "format" => !value.is_string(),
                _ => true,
            });
            if let Some(JsonValue::String(text)) = map.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            if let Some(JsonValue::Object(properties)) = map.get_mut("properties") {
                properties.values_mut().for_each(without_null);
            }
            map.values_mut().for_each(tidy);
        }
        JsonValue::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn is_nothing(value: &JsonValue) -> bool {
    value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty)
}

/// The schema of a key without the alternative that it is null.
fn without_null(property: &mut JsonValue) {
    let JsonValue::Object(map) = property else {
        return;
    };
    if let Some(JsonValue::Array(types)) = map.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    let Some(JsonValue::Array(forms)) = map.get("anyOf") else {
        return;
    };
    if let [JsonValue::Object(form), null] = forms.as_slice()
        && *null == serde_json::json!({"type": "null"})
    {
        let form = form.clone();
        map.remove("anyOf");
        for (key, value) in form {
            // What is said of the key is worth more than what is said of its type.
            map.entry(key).or_insert(value);
        }
    }
}
