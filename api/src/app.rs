//! What every handler works with: the ports and the parts built on them.

use crate::auth::{Passwords, Sessions, Throttle};
use crate::live::Live;
use crate::start::Starter;
use attune_catalogue::{Directory, Programs};
use attune_port::{Bus, Clock, Stores};
use attune_telemetry::Metrics;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The ports that the API is given.
#[derive(Clone)]
pub struct ApiDeps {
    /// The database.
    pub stores: Stores,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Counters and histograms of this process.
    pub metrics: Arc<Metrics>,
    /// The catalogue in memory. Whoever made it lets it follow the store.
    pub directory: Arc<Directory>,
    /// Settings.
    pub config: ApiConfig,
}

/// Settings of the API.
#[derive(Clone)]
pub struct ApiConfig {
    /// Signs sessions; at least 32 bytes. The same for all replicas.
    pub auth_secret: String,
    /// How long a session lasts.
    pub session_ttl: Duration,
    /// Address of the API as actions see it.
    pub public_url: String,
}

impl Default for ApiConfig {
    /// Without a secret, which the caller has to give.
    fn default() -> Self {
        Self {
            auth_secret: String::new(),
            session_ttl: Duration::from_secs(12 * 3_600),
            public_url: String::new(),
        }
    }
}

impl std::fmt::Debug for ApiConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiConfig")
            .field("auth_secret", &"***")
            .field("session_ttl", &self.session_ttl)
            .field("public_url", &self.public_url)
            .finish()
    }
}

/// Streams open at once; more are refused.
const MOST_STREAMS: usize = 2_000;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// What [`App`] holds.
pub(crate) struct Parts {
    pub(crate) deps: ApiDeps,
    pub(crate) sessions: Sessions,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) starter: Starter,
    /// Programs by hash, for those who look at them.
    pub(crate) programs: Programs,
    pub(crate) live: Live,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) shards: u16,
    /// Ends streams and waits when the service stops.
    pub(crate) stop: CancellationToken,
}

impl App {
    pub(crate) fn new(deps: ApiDeps, shards: u16, stop: CancellationToken) -> Self {
        Self(Arc::new(Parts {
            sessions: Sessions::new(&deps.config.auth_secret, deps.config.session_ttl),
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            starter: Starter::new(deps.stores.runs.clone()),
            programs: Programs::new(deps.stores.catalogue.clone()),
            live: Live::start(deps.bus.clone(), stop.clone()),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            shards,
            stop,
            deps,
        }))
    }
}

impl App {
    /// Bytes of the largest parameters of a run, and of the largest payload of an event.
    pub(crate) fn payload_limit(&self) -> u32 {
        self.deps.directory.current().limits.run.payload_bytes
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
