//! The adapters of one process, opened from its settings.
//!
//! Owns the choice of store and bus, and the order in which they are closed.

use super::migrate::{listening, patiently, store_options};
use crate::error::Result;
use crate::settings::{IN_PROCESS, QueueKind, Settings};
use attune_bus::{InProcessBus, RabbitBus, RabbitOptions};
use attune_catalogue::Directory;
use attune_port::{Bus, Clock, StoreError, Stores, SystemClock};
use attune_store::PgStore;
use attune_telemetry::Metrics;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every service is given.
#[derive(Clone)]
pub(super) struct Ports {
    /// The database.
    pub(super) store: PgStore,
    /// The same, as the services see it.
    pub(super) stores: Stores,
    /// The broker.
    pub(super) bus: Arc<dyn Bus>,
    /// Time and chance.
    pub(super) clock: Arc<dyn Clock>,
    /// Counters of this process.
    pub(super) metrics: Arc<Metrics>,
    /// The catalogue in memory; it follows the store until the process stops.
    pub(super) directory: Arc<Directory>,
    follow: CancellationToken,
}

impl Ports {
    /// Opens them, waiting for a database that is not there yet.
    ///
    /// # Errors
    /// If the database stays away or was not migrated, or the settings cannot work.
    pub(super) async fn open(
        settings: &Settings,
        name: &str,
        metrics: Arc<Metrics>,
    ) -> Result<Self> {
        let options = store_options(settings, name);
        let store = patiently(settings.database.wait, || async {
            listening(settings).await?;
            PgStore::connect(&options).await
        })
        .await?;
        let stores = store.stores();
        let bus = bus(settings, name).await?;
        let directory = patiently(settings.database.wait, || {
            Directory::open_with(Arc::clone(&stores.catalogue), settings.limits.flow())
        })
        .await?;
        let follow = CancellationToken::new();
        tokio::spawn(Arc::clone(&directory).follow(Arc::clone(&bus), follow.clone()));
        Ok(Self {
            store,
            stores,
            bus,
            clock: Arc::new(SystemClock),
            metrics,
            directory,
            follow,
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it says otherwise.
    pub(super) async fn database_answers(&self) -> std::result::Result<(), StoreError> {
        self.stores.catalogue.generation().await.map(drop)
    }

    /// Flushes and closes; everything that uses them must have ended.
    pub(super) async fn close(self) {
        self.follow.cancel();
        self.bus.close().await;
        self.store.close().await;
    }
}

async fn bus(settings: &Settings, name: &str) -> Result<Arc<dyn Bus>> {
    let url = &settings.bus.url.0;
    if url == IN_PROCESS {
        return Ok(Arc::new(InProcessBus::new()));
    }
    let mut options = RabbitOptions::new(url.clone());
    options.prefix.clone_from(&settings.bus.prefix);
    options.queue_kind = match settings.bus.queue_kind {
        QueueKind::Classic => attune_bus::QueueKind::Classic,
        QueueKind::Quorum => attune_bus::QueueKind::Quorum,
    };
    name.clone_into(&mut options.connection_name);
    Ok(Arc::new(RabbitBus::connect(options).await?))
}
