//! Forms of values that many keys share.
//!
//! Owns the schema of each form and the text that an editor shows for it. Called by the types in
//! [`super::file`] through `schema_with`.

use attune_pack::catalogue::Keyword;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// `pack.name`.
pub(super) fn reference(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)+$",
        "maxLength": 200,
    })
}

/// One reference or a list of them.
pub(super) fn references(generator: &mut SchemaGenerator) -> Schema {
    let one = reference(generator);
    json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
}

/// The name of a pack.
pub(super) fn identifier(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"})
}

/// Three numbers, as in `1.0.0`.
pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+([-+].*)?$"})
}

/// Seconds, or text such as `1h30m`.
pub(super) fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": "^[ 0-9.a-zµ]+$"},
        ],
    })
}

/// A duration, or a template that gives one.
pub(super) fn templated_duration(generator: &mut SchemaGenerator) -> Schema {
    let plain = duration(generator);
    json_schema!({"anyOf": [plain, {"type": "string", "pattern": "\\{[{%]"}]})
}

/// An expression, with or without braces.
pub(super) fn expression(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "boolean"]})
}

/// A text, or a value that is written as text.
pub(super) fn written(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "number", "boolean"]})
}

/// Literals and templates of any shape.
pub(super) fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!(true)
}

/// A map of literals and templates.
pub(super) fn map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

/// What an action or trigger is given: a map, or one template that makes the map.
pub(super) fn input(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"type": "object"}, {"type": "string", "pattern": "\\{[{%]"}]})
}

/// Names with values, in order: a map, or a list of small maps.
pub(super) fn named(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "object"},
            {"type": "array", "items": {"type": "object"}},
        ],
    })
}

/// One text or a list of texts.
pub(super) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
        ],
    })
}

/// Where the default of a decision leads: names, or `true` beside `next`.
pub(super) fn default_branch(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "boolean"},
        ],
    })
}

/// A whole number from 1, or a template that gives one.
pub(super) fn positive(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "\\{\\{"},
        ],
    })
}

/// One word of an enumeration of the product.
pub(super) fn word<K: Keyword>(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = K::ALL.iter().map(|value| value.word()).collect();
    json_schema!({"type": "string", "enum": words})
}

/// Variables of an environment.
pub(super) fn environment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    })
}

/// Fields with their types, or a JSON Schema object.
pub(super) fn fields(generator: &mut SchemaGenerator) -> Schema {
    let field = generator.subschema_for::<super::file::Field>();
    json_schema!({
        "type": "object",
        "if": {
            "anyOf": [
                {"required": ["$schema"]},
                {"required": ["$ref"]},
                {"required": ["allOf"]},
                {"required": ["anyOf"]},
                {"required": ["oneOf"]},
                {"required": ["type"], "properties": {"type": {"type": "string"}}},
            ],
        },
        "then": {"$ref": "http://json-schema.org/draft-07/schema#"},
        "else": {"additionalProperties": field},
    })
}

/// The type of a field: a word, or a list of them.
pub(super) fn field_type(_: &mut SchemaGenerator) -> Schema {
    let word = json_schema!({
        "type": "string",
        "enum": ["string", "integer", "number", "boolean", "object", "array", "null", "any"],
    });
    json_schema!({"anyOf": [word, {"type": "array", "items": word}]})
}

/// `items` of a list field: the form of each item.
pub(super) fn item_field(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<super::file::Field>()
}

/// The fields of an object field.
pub(super) fn inner_fields(generator: &mut SchemaGenerator) -> Schema {
    let field = generator.subschema_for::<super::file::Field>();
    json_schema!({"type": "object", "additionalProperties": field})
}

/// Whether, and of which form, further names are allowed.
pub(super) fn open(generator: &mut SchemaGenerator) -> Schema {
    let field = generator.subschema_for::<super::file::Field>();
    json_schema!({"anyOf": [{"type": "boolean"}, field]})
}

/// `all`, `any` or a number.
pub(super) fn join(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"enum": ["all", "any"]}, {"type": "integer", "minimum": 1}]})
}

/// A number of failures, or a share such as `20%`.
pub(super) fn tolerate(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^ *[0-9.]+ *% *$"},
        ],
    })
}

/// `true`, or a share of the delay from 0 to 1.
pub(super) fn jitter(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"type": "boolean"}, {"type": "number", "minimum": 0, "maximum": 1}]})
}

/// A list or a map of `T`s by name; with a map the name stands as the key.
pub(super) fn list_or_map<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<T>();
    json_schema!({
        "anyOf": [
            {"type": "array", "items": one, "minItems": 1},
            {"type": "object", "additionalProperties": one, "minProperties": 1},
        ],
    })
}

/// One `T` or a list of them.
pub(super) fn one_or_many<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<T>();
    json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
}

/// A plain number, or the long form.
pub(super) fn number_or<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let long = generator.subschema_for::<T>();
    json_schema!({"anyOf": [{"type": "integer", "minimum": 0}, long]})
}

/// A duration, or the long form.
pub(super) fn duration_or<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let short = duration(generator);
    let long = generator.subschema_for::<T>();
    json_schema!({"anyOf": [short, long]})
}

/// Text, or the long form.
pub(super) fn text_or<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let long = generator.subschema_for::<T>();
    json_schema!({"anyOf": [{"type": "string"}, long]})
}

/// What an iteration goes through.
pub(super) fn iterable(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {"type": "string", "pattern": "\\{[{%]"},
            {"type": ["array", "object"]},
            {"type": "integer", "minimum": 0},
        ],
    })
}

/// The list, map, number or template of an iteration, or its long form.
pub(super) fn with_items(generator: &mut SchemaGenerator) -> Schema {
    let long = generator.subschema_for::<super::file::Items>();
    json_schema!({
        "anyOf": [
            {"type": "string", "pattern": "\\{[{%]"},
            {"type": "array"},
            {"type": "integer", "minimum": 0},
            long,
        ],
    })
}

/// Names of packs, or a map of names to versions.
pub(super) fn dependencies(generator: &mut SchemaGenerator) -> Schema {
    let names = texts(generator);
    json_schema!({
        "anyOf": [names, {"type": "object", "additionalProperties": {"type": ["string", "null"]}}],
    })
}

/// A list of criteria, or a map of a field to a value or to `{operator: value}`.
pub(super) fn criteria(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<super::file::Criterion>();
    json_schema!({"anyOf": [{"type": "array", "items": one}, {"type": "object"}]})
}

/// Mocks by task or action.
pub(super) fn mocks(generator: &mut SchemaGenerator) -> Schema {
    let answers = answers(generator);
    let by_item = generator.subschema_for::<super::file::ItemMocks>();
    json_schema!({
        "type": "object",
        "additionalProperties": {"anyOf": [answers, by_item]},
    })
}

/// Answers by item.
pub(super) fn item_mocks(generator: &mut SchemaGenerator) -> Schema {
    let answers = answers(generator);
    json_schema!({"type": "object", "additionalProperties": answers})
}

/// One answer of a mock, or a list of them.
pub(super) fn answers(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<super::file::Answer>();
    let one = json_schema!({"anyOf": [{"enum": ["auto", null]}, one]});
    json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
}

/// How a mocked attempt ends.
pub(super) fn ending(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["succeeded", "failed", "timed_out", "lost"]})
}

/// How a run ends.
pub(super) fn end(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "enum": ["succeeded", "failed", "timed_out", "cancelled", "abandoned", "compensated"],
    })
}

/// How tasks end, by name.
pub(super) fn ends_by_task(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": "string",
            "enum": [
                "succeeded", "failed", "timed_out", "cancelled", "abandoned", "skipped",
                "compensated", "absent",
            ],
        },
    })
}

/// Counts by task.
pub(super) fn counts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}})
}

/// Whether a start is refused.
pub(super) fn refused(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": [true, 422]})
}
