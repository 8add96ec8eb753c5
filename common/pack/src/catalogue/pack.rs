//! `pack.yaml`: who the pack is.
//!
//! Owns [`PackDef`]; its parts are types of their own, stored beside it.

use crate::schema::Schema;
use serde::{Deserialize, Serialize};

/// Another pack that this one needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other pack's name.
    pub pack: String,
    /// The versions that will do, as text; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What `pack.yaml` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackDef {
    /// The pack's name: an identifier without a dot, the first part of every reference in it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Semantic version.
    pub version: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Licence, best as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// To be found by.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Packs that must be there before it.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// What can be configured, with defaults.
    #[serde(default)]
    pub config: Schema,
}
