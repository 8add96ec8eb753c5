//! Sessions: signed tokens that name an identity and the epoch of its sessions.
//!
//! HS256 only; the algorithm in a token's header is not trusted. A session ends with its time, and
//! with everything that raises the identity's epoch (logout, another password or role).

use crate::error::ApiError;
use attune_port::Identity;
use attune_rest::{Secret, Session};
use attune_types::{IdentityId, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const ISSUER: &str = "attune";
const AUDIENCE: &str = "attune-session";

/// Makes and reads session tokens.
pub(crate) struct Sessions {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    ttl: Duration,
}

/// What a session says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) identity: IdentityId,
    pub(crate) epoch: u64,
}

#[derive(Serialize, Deserialize)]
struct Body {
    iss: String,
    aud: String,
    sub: IdentityId,
    epoch: u64,
    iat: i64,
    exp: i64,
}

impl Sessions {
    pub(crate) fn new(secret: &str, ttl: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Compared below with the clock that the API is given.
        validation.validate_exp = false;
        Self {
            signing: EncodingKey::from_secret(secret.as_bytes()),
            reading: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            ttl,
        }
    }

    /// A new session for somebody.
    ///
    /// # Errors
    /// [`ApiError::Hash`] if it could not be signed.
    pub(crate) fn open(&self, identity: &Identity, now: Timestamp) -> Result<Session, ApiError> {
        let expires_at = now
            .checked_add(self.ttl)
            .map_err(|error| ApiError::Hash(error.to_string()))?;
        let body = Body {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: identity.id,
            epoch: identity.session_epoch,
            iat: now.as_second(),
            exp: expires_at.as_second(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &body, &self.signing)
            .map_err(|error| ApiError::Hash(error.to_string()))?;
        Ok(Session {
            token: Secret::new(token),
            expires_at,
            login: identity.login.clone(),
            role: identity.role,
        })
    }

    /// What a token says, if it is ours and its time is not over.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let body = jsonwebtoken::decode::<Body>(token, &self.reading, &self.validation)
            .ok()?
            .claims;
        (body.exp > now.as_second()).then_some(Claims {
            identity: body.sub,
            epoch: body.epoch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_types::Role;
    use uuid::Uuid;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn identity() -> Identity {
        Identity {
            id: IdentityId(Uuid::from_u128(7)),
            login: "ada".to_owned(),
            role: Role::Viewer,
            password_hash: None,
            enabled: true,
            session_epoch: 3,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn reads_what_it_opened_until_its_time_is_over() {
        let sessions = Sessions::new(SECRET, Duration::from_secs(60));
        let session = sessions.open(&identity(), at(1_000)).unwrap();
        let token = session.token.expose();
        let claims = sessions.read(token, at(1_059)).unwrap();
        assert_eq!(claims.identity, identity().id);
        assert_eq!(claims.epoch, 3);
        assert_eq!(sessions.read(token, at(1_060)), None);
    }

    #[test]
    fn refuses_what_others_made() {
        let ours = Sessions::new(SECRET, Duration::from_secs(60));
        let theirs = Sessions::new(
            "another secret, also 32 bytes long",
            Duration::from_secs(60),
        );
        let forged = theirs.open(&identity(), at(1_000)).unwrap();
        assert_eq!(ours.read(forged.token.expose(), at(1_001)), None);

        let good = ours.open(&identity(), at(1_000)).unwrap();
        let token = good.token.expose();
        let (head, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        // {"alg":"none","typ":"JWT"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        for forged in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{head}.{claims}."),
            format!("{head}.{claims}A.{signature}"),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            assert_eq!(ours.read(&forged, at(1_001)), None, "{forged}");
        }
    }
}
