//! The operations server: `/metrics`, `/livez`, `/readyz`.
//!
//! Owns a small HTTP server on a port of its own, so that neither a busy API nor its access rules
//! stand between a service and its watchers. On loopback unless told. Shows no names of runs, packs
//! or people. Ends when the given token is cancelled.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{Health, Metrics, TelemetryError};

/// Where to listen if nobody says: loopback, a free port.
pub const OPS_LISTEN_DEFAULT: SocketAddr =
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A running operations server.
#[derive(Debug)]
pub struct OpsServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl OpsServer {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended, which follows the shutdown token.
    pub async fn ended(self) {
        // A panic in a handler does not reach here; there is nothing else to report.
        let _ = self.task.await;
    }
}

/// Serves on a bound socket until `shutdown` is cancelled.
///
/// # Errors
/// If the socket has no address.
pub fn serve_ops(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Health,
    shutdown: CancellationToken,
) -> Result<OpsServer, TelemetryError> {
    let address = listener.local_addr()?;
    let router = ops_router(metrics, health);
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the operations server ended");
        }
    });
    Ok(OpsServer { address, task })
}

/// The three routes, for a server that wants to show them itself.
pub fn ops_router(metrics: Arc<Metrics>, health: Health) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics).with_state(metrics))
        .route(
            "/livez",
            get(|| async { Json(serde_json::json!({"status": "ok"})) }),
        )
        .route("/readyz", get(show_readiness).with_state(health))
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.render()).into_response()
}

async fn show_readiness(State(health): State<Health>) -> Response {
    let report = health.report();
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report)).into_response()
}
