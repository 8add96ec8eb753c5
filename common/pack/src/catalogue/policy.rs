//! Policies: rules that allow, deny, or ask for an approval.
//!
//! Owns the data of `policies/*.yaml`. Evaluated by `core.policy_check`.

use super::keyword::keyword;
use attune_types::{JsonValue, Ref};
use serde::{Deserialize, Serialize};

keyword! {
    /// What a policy says.
    Decision {
        /// Go on.
        Allow = "allow",
        /// Do not.
        Deny = "deny",
        /// Ask a person first.
        RequireApproval = "require_approval",
    }
}

/// One rule of a policy; the first whose condition holds decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// Expression over `subject`; absent means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<JsonValue>,
    /// What follows when it holds.
    pub decision: Decision,
    /// Why, for people and for the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who may approve, such as `role:director`.
    #[serde(default)]
    pub approvers: Vec<String>,
}

/// One policy of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyDef {
    /// `pack.name`.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it governs, in the author's words, such as `governance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// In order.
    pub rules: Vec<PolicyRule>,
    /// When no rule holds.
    pub default: Decision,
}
