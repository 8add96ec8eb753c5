//! `pack.yaml` and `policies/*.yaml`.

use super::super::form;
use schemars::JsonSchema;

/// A pack: actions, workflows, triggers, sensors, rules and policies that belong together.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune pack")]
pub struct Pack {
    /// Its name: the first part of every reference to what is in it.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::identifier")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A version for people, such as `1.0.0`.
    #[schemars(schema_with = "form::version")]
    pub version: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// The licence that it is under.
    pub license: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub keywords: (),
    /// Packs that must be there: names, or a map of names to versions.
    #[serde(default)]
    #[schemars(schema_with = "form::dependencies")]
    pub dependencies: (),
    /// What can be configured: fields with their types, or a JSON Schema object. Templates read the
    /// values as `pack.config`.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub config: (),
}

/// A policy: what is allowed, what is denied, what needs an approval.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune policy")]
pub struct Policy {
    /// Its name, `pack.name`.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it governs, in the author's words.
    pub kind: Option<String>,
    /// The first rule whose condition holds decides.
    pub rules: Vec<PolicyRule>,
    /// What is decided when no rule's condition holds.
    #[schemars(schema_with = "form::word::<attune_pack::Decision>")]
    pub default: (),
}

/// One rule of a policy.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// An expression over `subject`; without one the rule always holds.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub when: (),
    /// What is decided.
    #[schemars(schema_with = "form::word::<attune_pack::Decision>")]
    pub decision: (),
    /// Why, for people and for the error.
    pub reason: Option<String>,
    /// Who may approve, such as `role:director`.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub approvers: (),
}
