//! People, sessions and tokens.

use crate::Secret;
use attune_types::{IdentityId, JsonValue, Role, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a session.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Who.
    pub login: String,
    /// The password.
    #[schema(value_type = String, format = "password")]
    pub password: Secret,
}

/// A session: give the token as `Authorization: Bearer <token>`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session's token.
    #[schema(value_type = String)]
    pub token: Secret,
    /// When it ends by itself.
    #[schema(value_type = String, format = "date-time")]
    pub expires_at: Timestamp,
    /// Whose it is.
    pub login: String,
    /// What it may do.
    #[schema(value_type = String, example = "operator")]
    pub role: Role,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Id of the identity.
    #[schema(value_type = String, format = "uuid")]
    pub id: IdentityId,
    /// Its login.
    pub login: String,
    /// What this request may do: a token may be allowed less than its owner.
    #[schema(value_type = String, example = "operator")]
    pub role: Role,
    /// The API token that was given, if it was one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub token: Option<TokenId>,
}

/// Asks for an API token.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// At most this role; yours if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "viewer")]
    pub role: Option<Role>,
    /// When it ends by itself; never if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub expires_at: Option<Timestamp>,
}

/// An API token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// At most this role.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub revoked_at: Option<Timestamp>,
}

/// A new API token. The secret is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The secret, to be given as a bearer token.
    #[schema(value_type = String)]
    pub secret: Secret,
    /// The rest.
    #[serde(flatten)]
    pub token: TokenView,
}

/// Lets somebody in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIdentity {
    /// Its unique login.
    pub login: String,
    /// The password; without one it can only use API tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "password")]
    pub password: Option<Secret>,
    /// What it may do.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
}

/// Changes an identity; all its sessions end.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchIdentity {
    /// A new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "password")]
    pub password: Option<Secret>,
    /// Another role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "viewer")]
    pub role: Option<Role>,
    /// Whether it may log in at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: IdentityId,
    /// Its login.
    pub login: String,
    /// What it may do.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// Whether it may log in at all.
    pub enabled: bool,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
}

/// Who did what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Login of who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Anything more.
    #[schema(value_type = Value)]
    pub details: JsonValue,
}
