//! `/metrics`, `/livez` and `/readyz` over a real socket, and the end of the server.

use std::{net::SocketAddr, sync::Arc};

use attune_telemetry::{Health, Metrics, OPS_LISTEN_DEFAULT, OpsServer, serve_ops};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

async fn start(metrics: Arc<Metrics>, health: Health) -> (OpsServer, CancellationToken) {
    let listener = TcpListener::bind(OPS_LISTEN_DEFAULT).await.unwrap();
    let shutdown = CancellationToken::new();
    let server = serve_ops(listener, metrics, health, shutdown.clone()).unwrap();
    (server, shutdown)
}

/// The status, the head and the body of `GET path`.
async fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn shows_metrics_on_a_free_loopback_port() {
    let metrics = Metrics::new("executor");
    let (server, _shutdown) = start(Arc::clone(&metrics), Health::new()).await;
    assert!(server.address().ip().is_loopback());
    assert_ne!(server.address().port(), 0);
    metrics.executor.shards_owned.set(7);
    let (status, head, body) = get(server.address(), "/metrics").await;
    assert_eq!(status, 200);
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(
        body.contains("attune_shards_owned{service=\"executor\"} 7"),
        "{body}"
    );
    assert_eq!(get(server.address(), "/elsewhere").await.0, 404);
}

#[tokio::test]
async fn ready_follows_the_flags_and_alive_does_not() {
    let health = Health::new();
    let database = health.register("database");
    let bus = health.register("bus");
    let (server, _shutdown) = start(Metrics::new("api"), health).await;
    database.ready();
    bus.not_ready("connection refused");

    let (status, _, body) = get(server.address(), "/readyz").await;
    assert_eq!(status, 503);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "ready": false,
            "not_ready": {"bus": "connection refused"},
            "checks": ["bus", "database"],
        })
    );
    assert_eq!(get(server.address(), "/livez").await.0, 200);
    bus.ready();
    assert_eq!(get(server.address(), "/readyz").await.0, 200);
}

#[tokio::test]
async fn ends_with_the_token() {
    let (server, shutdown) = start(Metrics::new("api"), Health::new()).await;
    let address = server.address();
    assert_eq!(get(address, "/livez").await.0, 200);
    shutdown.cancel();
    server.ended().await;
    TcpStream::connect(address)
        .await
        .expect_err("nobody listens any more");
}
