//! Keys: named values of packs, plain or secret.

use attune_types::{JsonValue, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// The pack that it belongs to.
    pub pack: String,
    /// Its name there.
    pub name: String,
    /// `plain` or `secret`.
    pub kind: String,
    /// The value; of a secret it is masked, and lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub value: Option<JsonValue>,
    /// Other packs that may read it; `*` stands for every pack.
    pub readable_by: Vec<String>,
    /// Another one after each change; the `ETag`.
    pub version: u64,
    /// When it was last set.
    #[schema(value_type = String, format = "date-time")]
    pub updated_at: Timestamp,
    /// Login of who set it.
    pub updated_by: String,
    /// What whoever set it might not expect, such as that there is no such pack yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Sets a key.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutKey {
    /// The value: any JSON; of a secret a text.
    #[schema(value_type = Value)]
    pub value: JsonValue,
    /// Whether it is a secret: never shown again, and hidden in logs and results.
    #[serde(default)]
    pub secret: bool,
    /// Other packs that may read it with `scope=`; `*` stands for every pack.
    #[serde(default)]
    pub readable_by: Vec<String>,
}

/// The value may be a secret.
impl std::fmt::Debug for PutKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutKey")
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}
