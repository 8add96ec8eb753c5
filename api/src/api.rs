//! The service as the composition root sees it.

use crate::app::{ApiDeps, App};
use crate::endpoint::EndpointInfo;
use crate::error::{ApiError, RegisterError};
use crate::{packs, router};
use attune_pack::Loaded;
use attune_rest::PackReport;
use axum::Router;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Shortest secret for sessions.
const SHORTEST_SECRET: usize = 32;
/// How long requests may go on after the service was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A started API.
#[derive(Clone)]
pub struct Api {
    app: App,
}

impl Api {
    /// Checks the settings and starts what works behind the router. Ends with `shutdown`.
    ///
    /// # Errors
    /// [`ApiError`] if the secret is too short or the database does not answer.
    pub async fn start(deps: ApiDeps, shutdown: CancellationToken) -> Result<Self, ApiError> {
        let length = deps.config.auth_secret.len();
        if length < SHORTEST_SECRET {
            return Err(ApiError::WeakSecret(length));
        }
        let shards = deps.stores.runs.shards().await?;
        Ok(Self {
            app: App::new(deps, shards, shutdown),
        })
    }

    /// The router, for a server or for tests without one.
    pub fn router(&self) -> Router {
        router::router(&self.app)
    }

    /// Every endpoint with what it asks of its caller.
    pub fn endpoints() -> Vec<EndpointInfo> {
        router::endpoints()
            .into_iter()
            .map(|endpoint| endpoint.info)
            .collect()
    }

    /// Serves on a bound socket until the shutdown token given at the start is cancelled: then no
    /// new requests, streams end, and those under way have a moment to finish.
    ///
    /// # Errors
    /// None today; a socket that cannot accept is told of in the log and tried again.
    pub async fn serve(self, listener: TcpListener) -> Result<(), ApiError> {
        let stop = self.app.stop.clone();
        let serving = crate::serve::serve(listener, self.router(), stop.clone());
        let too_long = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = serving => Ok(()),
            () = too_long => {
                tracing::warn!("requests that took too long were broken off by the shutdown");
                Ok(())
            }
        }
    }

    /// Registers a pack without a request: the built-in one, and those of `attune dev`.
    ///
    /// # Errors
    /// [`RegisterError`]: nothing was registered.
    pub async fn register(
        &self,
        pack: impl Into<Loaded>,
        by: &str,
    ) -> Result<PackReport, RegisterError> {
        packs::register(&self.app, pack.into(), by).await
    }
}
