//! The stores on PostgreSQL pass the contract suite, each test on a database of its own.

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use attune_local::shared::TestDatabase;
use attune_port::Stores;
use attune_store::{Keyring, PgStore, StoreOptions};
use attune_testkit::contract::Harness;
use attune_types::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct PgHarness {
    stores: Stores,
    pub(crate) store: PgStore,
    database: Option<TestDatabase>,
}

impl PgHarness {
    pub(crate) async fn start() -> Result<Self> {
        let template = template().await?;
        let database =
            tokio::task::spawn_blocking(move || attune_local::shared::database_like(&template))
                .await??;
        let store = PgStore::connect(&StoreOptions {
            keyring: Arc::new(Keyring::new("a master key of tests", [])),
            ..StoreOptions::new(database.url())
        })
        .await?;
        Ok(Self {
            stores: store.stores(),
            store,
            database: Some(database),
        })
    }

    /// Over a store whose database somebody else keeps.
    pub(crate) fn over(store: PgStore) -> Self {
        Self {
            stores: store.stores(),
            store,
            database: None,
        }
    }

    pub(crate) fn url(&self) -> Result<String> {
        Ok(self
            .database
            .as_ref()
            .context("no database of its own")?
            .url())
    }
}

/// Name of a migrated database to copy, made by whichever test comes first: copying takes a tenth of
/// the time of migrating. The name tells the migrations and the month (of the partitions) apart.
async fn template() -> Result<String> {
    let server = tokio::task::spawn_blocking(attune_local::shared::postgres).await??;
    let migrations = sqlx::migrate!("../../migrations");
    let sum = migrations
        .iter()
        .flat_map(|migration| migration.checksum.iter())
        .fold(7u64, |sum, byte| {
            sum.wrapping_mul(1_000_003) ^ u64::from(*byte)
        });
    let name = format!(
        "attune_template_{}_{sum:016x}",
        Timestamp::now().strftime("%Y_%m")
    );
    let options: PgConnectOptions = server.url().parse()?;
    let mut connection = options.clone().connect().await?;
    sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(&name)
        .execute(&mut connection)
        .await?;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await?;
    if known.is_none() {
        // Under another name until it is whole.
        let draft = format!("{name}_draft");
        for sql in [
            format!("DROP DATABASE IF EXISTS {draft}"),
            format!("CREATE DATABASE {draft}"),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await?;
        }
        let url = options.database(&draft).to_url_lossy();
        attune_store::migrate(&StoreOptions::new(url.to_string())).await?;
        let sql = format!("ALTER DATABASE {draft} RENAME TO {name}");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await?;
    Ok(name)
}

#[async_trait]
impl Harness for PgHarness {
    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

attune_testkit::store_contract!(PgHarness::start());
