//! Connections to PostgreSQL.
//!
//! Owns two pools over one database: `engine` for what runs depend on, `people` for lists, details
//! and the catalogue, so that a crowd of readers never keeps the committer waiting. They also plan
//! differently: the engine's statements are few, large and always hit keys, so one generic plan each
//! serves them for ever (never a scan of a whole table, which looks cheap while the table is small);
//! the lists vary with their filters and are planned as they come.
//! Connections are made when first needed. One that broke is thrown away and costs one failed call.

use crate::error::Failure as _;
use crate::key::Keyring;
use attune_port::{StoreError, Stores};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Row as _};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the database and how much of it to take.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// Most connections of this process, both pools together.
    pub max_connections: u32,
    /// How long a call waits for a connection before it fails.
    pub acquire_timeout: Duration,
    /// How long a statement may take before the database ends it.
    pub statement_timeout: Duration,
    /// Shown beside our connections in the database's own lists.
    pub application_name: String,
    /// Shards of a new installation; an existing one keeps its number.
    pub shards: u16,
    /// Master keys of the values of keys. Without one, none can be set or read.
    pub keyring: Arc<Keyring>,
}

impl StoreOptions {
    /// Usual settings for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            application_name: "attune".to_owned(),
            shards: 16,
            keyring: Arc::default(),
        }
    }

    fn connect_options(&self) -> Result<PgConnectOptions, StoreError> {
        // sqlx's message may quote the address, which holds a password.
        let options = PgConnectOptions::from_str(&self.url)
            .map_err(|_| StoreError::Invalid("the address of the database".to_owned()))?;
        Ok(options
            .application_name(&self.application_name)
            .statement_cache_capacity(256))
    }

    /// One connection of its own without time limits, for migrations.
    pub(crate) async fn connection(&self) -> Result<sqlx::PgConnection, StoreError> {
        let options = self.connect_options()?;
        sqlx::PgConnection::connect_with(&options).await.store()
    }

    fn pool(&self, max: u32, plan: &str, seqscan: &str) -> Result<PgPool, StoreError> {
        let timeout = self.statement_timeout.as_millis().to_string();
        let options = self.connect_options()?.options([
            ("statement_timeout", timeout.as_str()),
            ("lock_timeout", timeout.as_str()),
            ("idle_in_transaction_session_timeout", timeout.as_str()),
            ("plan_cache_mode", plan),
            ("enable_seqscan", seqscan),
            ("jit", "off"),
        ]);
        Ok(PgPoolOptions::new()
            .max_connections(max.max(1))
            .acquire_timeout(self.acquire_timeout)
            .idle_timeout(Duration::from_secs(300))
            .max_lifetime(Duration::from_secs(1_800))
            // Asking a connection whether it lives costs a round trip, so only those that rested
            // are asked: the database may have been restarted meanwhile.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > Duration::from_millis(500) {
                        return Ok(connection.ping().await.is_ok());
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options))
    }
}

/// All stores on one PostgreSQL database.
#[derive(Clone, Debug)]
pub struct PgStore {
    pub(crate) engine: PgPool,
    pub(crate) people: PgPool,
    pub(crate) shards: u16,
    pub(crate) keyring: Arc<Keyring>,
}

impl PgStore {
    /// Connects to a migrated database.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be reached or was not migrated.
    pub async fn connect(options: &StoreOptions) -> Result<Self, StoreError> {
        let people_share = (options.max_connections / 3).max(1);
        let engine_share = options.max_connections.saturating_sub(people_share).max(1);
        let engine = options.pool(engine_share, "force_generic_plan", "off")?;
        let people = options.pool(people_share, "auto", "on")?;
        let shards = sqlx::query(include_str!("shards.sql"))
            .fetch_optional(&engine)
            .await
            .store()?
            .ok_or_else(|| StoreError::Unavailable("the database was not migrated".to_owned()))?
            .try_get::<i16, _>("shards")
            .store()?;
        Ok(Self {
            engine,
            people,
            shards: u16::try_from(shards).unwrap_or(1),
            keyring: Arc::clone(&options.keyring),
        })
    }

    /// This adapter as the bundle that the services take.
    pub fn stores(&self) -> Stores {
        let shared = Arc::new(self.clone());
        Stores {
            runs: shared.clone(),
            reads: shared.clone(),
            catalogue: shared.clone(),
            workflows: shared.clone(),
            events: shared.clone(),
            work: shared.clone(),
            leases: shared.clone(),
            slots: shared.clone(),
            schedules: shared.clone(),
            identities: shared.clone(),
            keys: shared,
        }
    }

    /// Connections that are open, and how many of them are at rest.
    pub fn pool_use(&self) -> (u32, usize) {
        (
            self.engine.size() + self.people.size(),
            self.engine.num_idle() + self.people.num_idle(),
        )
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.engine.close().await;
        self.people.close().await;
    }
}
