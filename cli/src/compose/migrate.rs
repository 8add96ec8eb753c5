//! `attune migrate`: the database brought to this version's shape.
//!
//! Owns the waiting for a database that is still starting. What a migration does is the store's.

use super::reach::reach;
use crate::error::{CliError, Result};
use crate::output;
use crate::settings::Settings;
use attune_port::StoreError;
use attune_store::StoreOptions;
use std::time::Duration;
use tokio::time::Instant;

/// Where PostgreSQL usually listens.
pub(crate) const POSTGRES_PORT: u16 = 5432;
/// Between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// The database as the settings name it.
pub(crate) fn store_options(settings: &Settings, name: &str) -> StoreOptions {
    let mut options = StoreOptions::new(settings.database.url.0.clone());
    options.max_connections = settings.database.max_connections;
    options.shards = settings.database.shards;
    options.application_name = name.to_owned();
    options.keyring = std::sync::Arc::new(settings.keyring());
    options
}

/// Migrates, waiting for the database up to `wait`.
///
/// # Errors
/// If it does not answer in time, or a migration fails.
pub(crate) async fn migrate(settings: &Settings, wait: Duration) -> Result<()> {
    let options = store_options(settings, "attune migrate");
    patiently(wait, || async {
        listening(settings).await?;
        attune_store::migrate(&options).await
    })
    .await
}

/// Whether something listens where the database should be: a pool tells no reason, only that its
/// time is up.
pub(super) async fn listening(settings: &Settings) -> std::result::Result<(), StoreError> {
    reach(&settings.database.url.0, POSTGRES_PORT)
        .await
        .map_err(StoreError::Unavailable)
}

/// Tries until it succeeds, the error is one that waiting does not mend, or the time is up.
///
/// # Errors
/// The last error.
pub(super) async fn patiently<T, F>(wait: Duration, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = std::result::Result<T, StoreError>>,
{
    let deadline = Instant::now() + wait;
    let mut told = false;
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if !error.is_transient() || is_hopeless(&error) {
            return Err(error.into());
        }
        if Instant::now() >= deadline {
            return Err(CliError::Service(format!(
                "{error} (waited {} s; {})",
                wait.as_secs(),
                advice(&error)
            )));
        }
        if !told {
            told = true;
            output::note(&format!(
                "waiting for the database: {error}; {}",
                advice(&error)
            ));
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// What to do about a database that does not serve.
fn advice(error: &StoreError) -> &'static str {
    if not_migrated(error) {
        "`attune migrate` makes its tables"
    } else {
        "`attune doctor` looks closer"
    }
}

/// Whether the database answers but has none of our tables (SQLSTATE 42P01).
pub(crate) fn not_migrated(error: &StoreError) -> bool {
    let text = error.to_string();
    text.contains("(42P01)") || text.contains("not migrated")
}

/// A wrong password, user or database does not become right by waiting (SQLSTATE 28 and 3D).
fn is_hopeless(error: &StoreError) -> bool {
    let text = error.to_string();
    ["(28000)", "(28P01)", "(3D000)"]
        .iter()
        .any(|code| text.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn waits_for_what_may_come_and_not_for_what_cannot() {
        let tries = AtomicU32::new(0);
        let done = patiently(Duration::from_secs(60), || async {
            match tries.fetch_add(1, Ordering::Relaxed) {
                0..3 => Err(StoreError::Unavailable("starting up".to_owned())),
                n => Ok(n),
            }
        })
        .await;
        assert_eq!(done.unwrap(), 3);

        let tries = AtomicU32::new(0);
        let refused: Result<()> = patiently(Duration::from_secs(5), || async {
            tries.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::Unavailable("password (28P01)".to_owned()))
        })
        .await;
        assert!(refused.is_err());
        assert_eq!(tries.load(Ordering::Relaxed), 1);

        let late: Result<()> = patiently(Duration::ZERO, || async {
            Err(StoreError::Unavailable("refused".to_owned()))
        })
        .await;
        assert!(late.unwrap_err().to_string().contains("waited 0 s"));
    }
}
