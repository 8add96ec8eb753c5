//! Migrations, partitions made ahead, and what may be forgotten.
//!
//! [`migrate`] runs once per start of the platform, [`PgStore::maintain`] daily by any one process (two
//! at once only do the work twice). Migrations go forward only and hold a lock, so any number of
//! processes may start together.

use crate::error::Failure as _;
use crate::pool::{PgStore, StoreOptions};
use attune_port::StoreError;
use sqlx::Connection as _;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Months for which partitions are made ahead of this one.
const MONTHS_AHEAD: i32 = 2;

/// Brings the database to this program's shape.
///
/// # Errors
/// [`StoreError`] if it cannot be reached or a migration failed; what a failed one did is undone.
pub async fn migrate(options: &StoreOptions) -> Result<(), StoreError> {
    let mut connection = options.connection().await?;
    MIGRATIONS
        .run(&mut connection)
        .await
        .map_err(|error| match error {
            sqlx::migrate::MigrateError::Execute(error) => crate::error::store_error(error),
            other => StoreError::Conflict(format!("the database cannot be migrated: {other}")),
        })?;
    sqlx::query(include_str!("install.sql"))
        .bind(i16::try_from(options.shards.max(1)).unwrap_or(i16::MAX))
        .execute(&mut connection)
        .await
        .store()?;
    make_partitions(&mut connection).await?;
    connection.close().await.store()
}

async fn make_partitions(connection: &mut sqlx::PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT attune_make_partitions($1)")
        .bind(MONTHS_AHEAD)
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

impl PgStore {
    /// Makes partitions ahead and forgets settled claims, silent workers and old ticks.
    ///
    /// # Errors
    /// [`StoreError`] if not all was done; what is left is done the next time.
    pub async fn maintain(&self) -> Result<(), StoreError> {
        let mut connection = self.people.acquire().await.store()?;
        make_partitions(&mut connection).await?;
        sqlx::query(include_str!("forget.sql"))
            .execute(&mut *connection)
            .await
            .store()?;
        Ok(())
    }
}
