//! People and services that may log in, their tokens, and the audit trail.

use crate::{Page, PageRequest, StoreError};
use async_trait::async_trait;
use attune_types::{IdentityId, JsonValue, Role, Timestamp, TokenId};

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Its unique login.
    pub login: String,
    /// What it may do.
    pub role: Role,
    /// Argon2 hash of the password; none for one that logs in by token only.
    pub password_hash: Option<String>,
    /// Whether it may log in at all.
    pub enabled: bool,
    /// Raised when the password or role changes: older sessions end.
    pub session_epoch: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody to be let in.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    /// Its id.
    pub id: IdentityId,
    /// Its unique login.
    pub login: String,
    /// What it may do.
    pub role: Role,
    /// Argon2 hash of the password.
    pub password_hash: Option<String>,
}

/// An API token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub identity: IdentityId,
    /// What it is for.
    pub name: String,
    /// At most this role, whatever the identity has.
    pub role: Role,
    /// SHA-256 of the secret, hexadecimal.
    pub secret_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Who did what.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Login of who.
    pub actor: String,
    /// What (`rule.enable`, `pack.register` ...).
    pub action: String,
    /// To what.
    pub subject: String,
    /// Anything more; never a secret.
    pub details: JsonValue,
}

/// Identities, tokens, audit.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Lets somebody in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the login is taken.
    async fn create(&self, identity: NewIdentity) -> Result<(), StoreError>;

    /// Somebody by login.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn by_login(&self, login: &str) -> Result<Option<Identity>, StoreError>;

    /// Somebody by id.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn by_id(&self, id: IdentityId) -> Result<Option<Identity>, StoreError>;

    /// Everybody.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list(&self, page: &PageRequest) -> Result<Page<Identity>, StoreError>;

    /// Changes password hash, role or whether somebody is enabled, and ends older sessions.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is nobody with that id.
    async fn update(
        &self,
        id: IdentityId,
        password_hash: Option<String>,
        role: Option<Role>,
        enabled: Option<bool>,
    ) -> Result<(), StoreError>;

    /// Keeps a token.
    ///
    /// # Errors
    /// [`StoreError`] if it was not kept.
    async fn create_token(&self, token: TokenRow) -> Result<(), StoreError>;

    /// A token and its owner by the hash of its secret, revoked and expired ones too.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn token_by_hash(&self, hash: &str) -> Result<Option<(TokenRow, Identity)>, StoreError>;

    /// The tokens of one identity.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn tokens(&self, identity: IdentityId) -> Result<Vec<TokenRow>, StoreError>;

    /// Ends a token for good. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] if it was not ended.
    async fn revoke_token(&self, identity: IdentityId, token: TokenId) -> Result<bool, StoreError>;

    /// Adds to the audit trail.
    ///
    /// # Errors
    /// [`StoreError`] if it was not added.
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// The audit trail, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn audit_log(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError>;
}
