//! The stores on PostgreSQL pass the contract suite, each test on a database of its own.

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use attune_local::shared::TestDatabase;
use attune_port::Stores;
use attune_store::{PgStore, StoreOptions};
use attune_testkit::contract::Harness;
use attune_types::Timestamp;
use std::time::Duration;

pub(crate) struct PgHarness {
    stores: Stores,
    pub(crate) store: PgStore,
    database: Option<TestDatabase>,
}

impl PgHarness {
    pub(crate) async fn start() -> Result<Self> {
        let database = tokio::task::spawn_blocking(attune_local::shared::database).await??;
        let options = StoreOptions::new(database.url());
        attune_store::migrate(&options).await?;
        let store = PgStore::connect(&options).await?;
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
