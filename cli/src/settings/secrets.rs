//! Secret settings: those that must be set, and cannot be guessed.

use super::{Settings, SettingsError, variable};

/// Shortest accepted secret.
const SECRET_LENGTH: usize = 32;

impl Settings {
    /// Refuses a secret that is missing, short or known to everybody.
    ///
    /// # Errors
    /// [`SettingsError::Secret`] says what to do.
    pub(crate) fn check_secret(&self) -> Result<(), SettingsError> {
        unguessable(
            "the secret that signs sessions",
            "auth.secret",
            "all API processes",
            &self.auth.secret.0,
        )
    }

    /// Refuses a master key of secrets that is missing, short or known to everybody.
    ///
    /// # Errors
    /// [`SettingsError::Secret`] says what to do.
    pub(crate) fn check_master_key(&self) -> Result<(), SettingsError> {
        unguessable(
            "the master key that seals the values of keys",
            "secrets.key",
            "all API and executor processes",
            &self.secrets.key.0,
        )
    }

    /// The master keys of this process.
    pub(crate) fn keyring(&self) -> attune_store::Keyring {
        let old = self.secrets.old_keys.iter().map(|old| old.0.as_str());
        attune_store::Keyring::new(&self.secrets.key.0, old)
    }
}

/// Refuses a secret setting that is missing, short or known to everybody.
fn unguessable(what: &str, key: &str, whom: &str, secret: &str) -> Result<(), SettingsError> {
    let secret = secret.trim();
    let how = format!(
        "set `{key}` (or {}) to at least {SECRET_LENGTH} random characters, the same for \
             {whom}, for example by `openssl rand -hex 32`",
        variable(key)
    );
    let telling = [
        "secret",
        "changeme",
        "change-me",
        "password",
        "attune",
        "example",
    ];
    let lower = secret.to_lowercase();
    let mut letters: Vec<char> = secret.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let wrong = if secret.is_empty() {
        "is not set"
    } else if secret.len() < SECRET_LENGTH {
        "is too short"
    } else if letters.len() < 8 || telling.iter().any(|word| lower.contains(word)) {
        "can be guessed"
    } else {
        return Ok(());
    };
    Err(SettingsError::Secret(format!("{what} {wrong}: {how}")))
}
