//! Passwords: Argon2id, a few at a time, and the same effort for logins that do not exist.

use crate::error::ApiError;
use crate::refusal::{Answer, Refusal};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use attune_rest::Secret;
use tokio::sync::Semaphore;

/// Hashed at once: each takes 19 MiB and a core for tens of milliseconds.
const AT_ONCE: usize = 2;
/// Compared with when there is nobody of that login: with the effort of a real one, never equal.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YXR0dW5lLW5vYm9keS0wMQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares.
pub(crate) struct Passwords {
    slots: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// The hash to store.
    ///
    /// # Errors
    /// [`ApiError::Hash`] if it could not be made.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, ApiError> {
        let password = password.clone();
        self.blocking(move || {
            Argon2::default()
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| ApiError::Hash(error.to_string()))
        })
        .await?
    }

    /// Whether the password belongs to the stored hash. Without one it takes as long and is false.
    ///
    /// # Errors
    /// [`ApiError::Hash`] if it could not be compared.
    pub(crate) async fn matches(
        &self,
        password: &Secret,
        stored: Option<String>,
    ) -> Result<bool, ApiError> {
        let password = password.clone();
        self.blocking(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let fits = PasswordHash::new(&stored).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.expose().as_bytes(), &hash)
                    .is_ok()
            });
            known && fits
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _slot = self.slots.acquire().await;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| ApiError::Hash(error.to_string()))
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        tracing::error!(%error, "a request could not be served");
        Self::new(&crate::code::INTERNAL, "the request could not be served")
    }
}

/// Whether a new login is acceptable.
pub(crate) fn check_login(login: &str) -> Answer<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    if (1..=100).contains(&login.len()) && login.chars().all(good) {
        return Ok(());
    }
    Err(Refusal::field(
        "/login",
        "pattern",
        "a login has 1 to 100 letters, digits or `. _ - @ +`",
    ))
}

/// Whether a new password is acceptable.
pub(crate) fn check_password(password: &Secret) -> Answer<()> {
    if (8..=1_024).contains(&password.expose().len()) {
        return Ok(());
    }
    Err(Refusal::field(
        "/password",
        "length",
        "a password has 8 to 1,024 bytes",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn compares_with_what_it_hashed() {
        let passwords = Passwords::new();
        let right = Secret::new("correct horse");
        let stored = passwords.hash(&right).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(
            passwords
                .matches(&right, Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .matches(&Secret::new("x"), Some(stored))
                .await
                .unwrap()
        );
        assert!(!passwords.matches(&right, None).await.unwrap());
    }

    #[test]
    fn nobody_is_a_hash_with_the_usual_effort() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let usual = Argon2::default().hash_password(b"x").unwrap().to_string();
        let effort = |text: &str| text.split('$').nth(3).map(str::to_owned);
        assert_eq!(effort(&nobody.to_string()), effort(&usual));
    }
}
