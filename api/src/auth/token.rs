//! API tokens: long-lived, revocable secrets. Only their hash is stored.
//!
//! A secret has 256 random bits, so a plain SHA-256 of it cannot be guessed back; a slow hash would
//! only slow the API.

use attune_port::Clock;
use attune_port::TokenRow;
use attune_rest::Secret;
use attune_types::{IdentityId, Role, Timestamp, TokenId};
use sha2::{Digest, Sha256};

/// How every secret begins: tells it from a session, and lets scanners find leaked ones.
pub(crate) const PREFIX: &str = "att_";

/// A new token with its secret.
pub(crate) struct Minted {
    /// To be shown once.
    pub(crate) secret: Secret,
    /// To be stored.
    pub(crate) row: TokenRow,
}

/// The hash under which a secret is stored.
pub(crate) fn hash_secret(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Makes a token.
pub(crate) fn mint(
    clock: &dyn Clock,
    identity: IdentityId,
    name: &str,
    role: Role,
    expires_at: Option<Timestamp>,
) -> Minted {
    // Not from the clock port: a secret is never to be repeatable, not even in a test.
    let secret = format!("{PREFIX}{}", hex::encode(rand::random::<[u8; 32]>()));
    Minted {
        row: TokenRow {
            id: TokenId(crate::ids::new_id(clock)),
            identity,
            name: name.to_owned(),
            role,
            secret_hash: hash_secret(&secret),
            created_at: clock.now(),
            expires_at,
            revoked_at: None,
        },
        secret: Secret::new(secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_port::SystemClock;

    #[test]
    fn the_stored_row_does_not_hold_the_secret() {
        let id = IdentityId(uuid::Uuid::nil());
        let minted = mint(&SystemClock, id, "ci", Role::Operator, None);
        let secret = minted.secret.expose();
        assert!(secret.starts_with(PREFIX) && secret.len() == 68);
        assert_eq!(minted.row.secret_hash, hash_secret(secret));
        assert!(!format!("{:?}", minted.row).contains(secret));
    }
}
