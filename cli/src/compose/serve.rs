//! `attune serve`: one service as a process of an installation.
//!
//! Owns its order: settings checked, operations port open, adapters, the service, ready; and back. The
//! addresses in use are logged and, where asked, written to a file, for ports may be chosen freely.

use super::{api, executor, ports::Ports, readiness, sensor, shutdown};
use crate::args::{Serve, Service};
use crate::error::{Attempt as _, CliError, Result};
use crate::settings::{IN_PROCESS, Settings, url_of};
use attune_telemetry::{Health, Metrics, serve_ops};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Runs a service until it is told to stop.
///
/// # Errors
/// If it cannot start, or fails as a whole.
pub(crate) async fn serve(args: &Serve, settings: Settings) -> Result<()> {
    let service = args.service;
    let name = service.as_str();
    check(service, &settings)?;
    attune_telemetry::init(name, settings.log.format, &settings.log.filter)?;
    let stop = shutdown::on_signal()?;
    let metrics = Metrics::new(name);
    let health = Health::new();
    let started = health.register("service");
    let listener = bind(settings.metrics.listen, "metrics.listen").await?;
    // It shows how the others stop, so it ends last.
    let ops_stop = CancellationToken::new();
    let ops = serve_ops(listener, metrics.clone(), health.clone(), ops_stop.clone())?;
    tracing::info!(address = %ops.address(), "metrics and health are shown");
    let listener = match service {
        Service::Api => Some(bind(settings.api.listen, "api.listen").await?),
        Service::Executor | Service::Sensor => None,
    };
    let api_address = listener
        .as_ref()
        .and_then(|socket| socket.local_addr().ok());
    if let Some(path) = &args.port_file {
        write_ports(path, api_address, ops.address())?;
    }
    let shown_as = format!("attune {name}");
    let opened = tokio::select! {
        opened = Ports::open(&settings, &shown_as, metrics) => opened?,
        () = stop.cancelled() => return Ok(()),
    };
    readiness::watch(&opened, &health, service != Service::Api, stop.clone());
    let ports = opened.clone();
    let ended = match listener {
        Some(listener) => {
            let address = listener
                .local_addr()
                .attempt(|| "reading the API's address".to_owned())?;
            let url = settings
                .api
                .public_url
                .clone()
                .unwrap_or_else(|| url_of(address));
            let api = api::start(&ports, &settings, url, stop.clone()).await?;
            tracing::info!(%address, "the API listens");
            started.ready();
            api.serve(listener).await.map_err(api::failed)
        }
        None if service == Service::Executor => {
            readiness::maintain(&ports, stop.clone());
            started.ready();
            let url = settings.api_url();
            executor::run(ports, settings, url, stop.clone()).await
        }
        None => {
            started.ready();
            sensor::run(ports, settings, stop.clone()).await
        }
    };
    stop.cancel();
    opened.close().await;
    ops_stop.cancel();
    ops.ended().await;
    tracing::info!("stopped");
    ended
}

/// What must be right before anything is opened.
fn check(service: Service, settings: &Settings) -> Result<()> {
    if service == Service::Api {
        settings.check_secret()?;
    }
    if settings.bus.url.0 == IN_PROCESS {
        return Err(CliError::Usage(
            "`bus.url` is `inprocess`, which does not reach from one process to another: name a \
             RabbitMQ, or run everything in one process with `attune dev`"
                .to_owned(),
        ));
    }
    if service != Service::Sensor {
        settings.check_master_key()?;
    }
    Ok(())
}

/// Opens a listening socket.
///
/// # Errors
/// If the address is taken or not ours, naming the setting.
pub(super) async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .attempt(|| format!("listening on {address} (setting `{setting}`)"))
}

/// Whole or not at all, so that a reader never sees half of it.
fn write_ports(path: &Path, api: Option<SocketAddr>, metrics: SocketAddr) -> Result<()> {
    let text = serde_json::json!({
        "api": api.map(|address| address.to_string()),
        "metrics": metrics.to_string(),
        "pid": std::process::id(),
    });
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    std::fs::write(&beside, format!("{text}\n"))
        .and_then(|()| std::fs::rename(&beside, path))
        .attempt(|| format!("writing {}", path.display()))
}
