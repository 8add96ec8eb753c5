//! `core.notify` with a webhook: the run goes on at once, the message arrives.

use crate::world::World;
use attune_types::ExecutionStatus::Succeeded;
use attune_types::JsonValue;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TELL: &str = r#"
ref: t.tell
label: Tell
version: 1.0.0
tasks:
  - name: tell
    action: core.notify
    input: {channel: Ops, text: "done: {{ 1 + 1 }}", level: warning, fields: {region: eu}}
"#;

/// The body of one request, which is answered with `status`.
async fn serve(stream: &mut TcpStream, status: &str) -> JsonValue {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .unwrap()
                .parse()
                .unwrap();
            if body.len() >= length {
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                return serde_json::from_str(body).unwrap();
            }
        }
        let many = stream.read(&mut part).await.unwrap();
        assert!(many > 0, "the request ended early");
        read.extend_from_slice(&part[..many]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_with_an_address_gets_the_message_and_the_run_does_not_wait() {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", receiver.local_addr().unwrap());
    let world = World::new(&[("workflows/tell.yaml", TELL)]).await;
    let channels = BTreeMap::from([("ops".to_owned(), address)]);
    let executor = world.executor_with(channels).await;
    let run = world.open("t.tell", json!({})).await;
    // Nobody has answered yet: the run ends all the same.
    let row = world.ended(run).await;
    assert_eq!(
        (row.status, row.result),
        (Succeeded, json!({"queued": true}))
    );
    let next = async |status: &str| {
        let (mut stream, _) = tokio::time::timeout(Duration::from_secs(60), receiver.accept())
            .await
            .unwrap()
            .unwrap();
        serve(&mut stream, status).await
    };
    let refused = next("503 Service Unavailable").await;
    let taken = next("204 No Content").await;
    assert_eq!(refused, taken, "the same message, with the same id");
    assert_eq!(taken["text"], "done: 2");
    assert_eq!(taken["level"], "warning");
    assert_eq!(taken["fields"], json!({"region": "eu"}));
    assert_eq!(taken["run"], run.to_string());
    assert_eq!(taken["task"], "tell");
    executor.stop().await;
}
