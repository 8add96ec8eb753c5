//! Packs.

use attune_types::{JsonMap, JsonValue, Ref, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Registers a pack that lies in a folder of the API's machine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterPack {
    /// The folder.
    pub path: String,
}

/// What a registration did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackReport {
    /// The pack.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its version text.
    pub version: String,
    /// SHA-256 of its files.
    pub content_hash: String,
    /// What was touched.
    pub changes: Vec<PackChange>,
    /// What was accepted although it is probably not meant.
    pub warnings: Vec<PackWarning>,
}

/// One thing that a registration touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackChange {
    /// `action`, `rule` ...
    pub kind: String,
    /// Which.
    #[serde(rename = "ref")]
    #[schema(value_type = String)]
    pub reference: Ref,
    /// `new`, `changed`, `unchanged` or `gone`.
    pub change: String,
}

/// One doubtful thing in a file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackWarning {
    /// Stable code with a page of its own.
    pub code: String,
    /// The file, relative to the pack's folder.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column, from 1.
    pub column: Option<usize>,
    /// What is doubtful.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A pack as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackView {
    /// Its name.
    #[serde(rename = "ref")]
    pub reference: String,
    /// For people.
    pub label: String,
    /// For people, longer.
    pub description: Option<String>,
    /// Semantic version.
    pub version: String,
    /// Who made it.
    pub author: Option<String>,
    /// Licence.
    pub license: Option<String>,
    /// To be found by.
    pub keywords: Vec<String>,
    /// SHA-256 of its files.
    pub content_hash: String,
    /// The folder that it came from.
    pub path: Option<String>,
    /// Its configuration; secret values are masked.
    #[schema(value_type = Object)]
    pub config: JsonMap,
    /// JSON Schema of the configuration.
    #[schema(value_type = Object)]
    pub config_schema: JsonValue,
    /// When this version became current.
    #[schema(value_type = String, format = "date-time")]
    pub registered_at: Timestamp,
    /// Login of who registered it.
    pub registered_by: String,
}
