//! A canary: a secret goes through a run on real services, and is found nowhere but where it belongs.

use crate::packs::write;
use crate::world::{Plan, World};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const CANARY: &str = "canary-93c1f0a7d2";

const WORKFLOW: &str = r#"
ref: vault.use
label: Use a secret everywhere
version: 1.0.0
parameters:
  url: {type: string, required: true}
  path: {type: string, required: true}
vars:
  - kept: "{{ kv.get_secret('db/token') }}"
  - limit: "{{ kv.get('limit') }}"
  - shared: "{{ kv.get('region', scope='shared') }}"
tasks:
  - name: leak
    action: vault.leak
    input:
      token: "{{ kv.get_secret('db/token') }}"
      path: "{{ parameters.path }}"
    next: [{do: call}]
  - name: call
    action: core.http
    input:
      method: POST
      url: "{{ parameters.url }}"
      headers: {authorization: "Bearer {{ vars.kept }}"}
      body: {token: "{{ vars.kept }}"}
    next: [{do: tell}]
  - name: tell
    action: core.notify
    input: {channel: log, level: error, text: "the token is {{ vars.kept }}"}
    next: [{do: below}]
  - name: below
    action: vault.below
    input: {passed: "{{ vars.kept }}", path: "{{ parameters.path }}.below"}
    next: [{do: [event, peek]}]
  - name: event
    action: core.emit_event
    input: {trigger: core.execution_finished, payload: {token: "{{ vars.kept }}"}}
    next: [{when: "failed()", do: noop}]
  - name: peek
    action: core.set
    input: {peek: "{{ vars.kept | b64encode }}"}
    next: [{when: "failed()", do: noop}]
output_map:
  token: "{{ vars.kept }}"
  limit: "{{ vars.limit }}"
  shared: "{{ vars.shared }}"
  said: "{{ task.call.body }}"
  peek: "{{ task.peek.error.message }}"
"#;

const BELOW: &str = r#"
ref: vault.below
label: Use what was passed
version: 1.0.0
parameters:
  passed: {type: string, required: true}
  path: {type: string, required: true}
tasks:
  - name: leak
    action: vault.leak
    input: {token: "{{ parameters.passed }}", path: "{{ parameters.path }}"}
"#;

const LEAK: &str = "ref: vault.leak
label: Say everything
runner: shell
entry_point: leak.sh
parameter_delivery: env
output_format: json
parameters:
  token: {type: string, required: true}
  path: {type: string, required: true}
";

const SCRIPT: &str = r#"#!/bin/sh
printf '%s' "$ATTUNE_PARAM_TOKEN" > "$ATTUNE_PARAM_PATH"
echo "stderr says $ATTUNE_PARAM_TOKEN" >&2
echo "{\"message\": \"report says $ATTUNE_PARAM_TOKEN\"}" >> "$ATTUNE_EVENTS"
printf '{"token": "%s"}' "$ATTUNE_PARAM_TOKEN"
"#;

/// A server that says back what it was told, and remembers it.
async fn listener() -> (String, Arc<Mutex<String>>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let keep = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = socket.accept().await {
            let mut bytes = vec![0; 64 << 10];
            let mut length = 0;
            // The body is one line of JSON.
            while !bytes[..length].ends_with(b"}") {
                match peer.read(&mut bytes[length..]).await {
                    Ok(0) | Err(_) => break,
                    Ok(more) => length += more,
                }
            }
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let body = text.rsplit("\r\n").next().unwrap_or_default().to_owned();
            keep.lock().unwrap().push_str(&text);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-said: {CANARY}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(peer.write_all(answer.as_bytes()).await);
        }
    });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_found_nowhere_but_where_it_belongs() {
    let world = World::start(Plan {
        own_postgres: true,
        ..Plan::default()
    })
    .await;
    let admin = &world.admin;
    let put = async |path: &str, body: Value| {
        let request = admin.request(reqwest::Method::PUT, path).json(&body);
        crate::client::send(request).await.unwrap().good::<Value>()
    };
    put(
        "/keys/vault/db%2Ftoken",
        json!({"value": CANARY, "secret": true}),
    )
    .await;
    put("/keys/vault/limit", json!({"value": {"max": 3}})).await;
    put(
        "/keys/shared/region",
        json!({"value": "eu", "readable_by": ["vault"]}),
    )
    .await;

    let place = world.place("packs");
    let pack = write(
        &place.join("vault"),
        &[
            ("pack.yaml", "ref: vault\nlabel: Vault\nversion: 1.0.0\n"),
            ("actions/leak.yaml", LEAK),
            ("actions/leak.sh", SCRIPT),
            ("workflows/use.yaml", WORKFLOW),
            ("workflows/below.yaml", BELOW),
        ],
    );
    admin.register(&pack).await;
    let (url, heard) = listener().await;
    let told = place.join("told");
    let parameters = json!({"url": url, "path": told});
    let run = admin.start("vault.use", parameters).await;
    let output = admin.succeeded(run).await;

    // It got where it belongs ...
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&told), CANARY);
    assert_eq!(read(&place.join("told.below")), CANARY);
    let heard = heard.lock().unwrap().clone();
    assert!(
        heard.contains(&format!("authorization: Bearer {CANARY}")),
        "{heard}"
    );
    assert!(
        heard.ends_with(&format!("{{\"token\":\"{CANARY}\"}}")),
        "{heard}"
    );

    // ... and is shown to nobody.
    assert_eq!(output["token"], "********");
    assert_eq!(output["said"], json!({"token": "********"}));
    assert_eq!(output["limit"], json!({"max": 3}));
    assert_eq!(output["shared"], "eu");
    let peek = output["peek"].as_str().unwrap();
    assert!(peek.contains("would look into a secret"), "{peek}");
    let mut seen = String::new();
    for path in ["", "/tasks", "/history", "/logs"] {
        let answer = admin
            .get(&format!("/executions/{run}{path}?limit=1000").replace("/?", "?"))
            .await;
        seen.push_str(&answer.good::<Value>().to_string());
    }
    for path in ["/keys", "/keys/vault/db%2Ftoken", "/audit", "/executions"] {
        seen.push_str(&admin.get(path).await.good::<Value>().to_string());
    }
    assert!(seen.contains("stderr says ********"), "{seen}");
    let marks = [CANARY.to_owned(), hex(CANARY), base64(CANARY)];
    for mark in &marks {
        assert!(!seen.contains(mark), "an answer shows it");
    }
    assert!(!seen.contains("[[secret:"), "an answer shows a token");

    let names = world.stack().names();
    for name in names {
        let log = world.log(&name);
        assert!(!log.contains(CANARY), "the log of {name} shows it");
        assert!(
            !log.contains("[[secret:"),
            "the log of {name} shows a token"
        );
    }
    let stored =
        tokio::task::block_in_place(|| world.with_postgres(|postgres| everything(postgres)));
    assert!(stored.contains("keys_read"), "the scan sees events");
    assert!(
        stored.contains("stderr says ********"),
        "the scan sees logs"
    );
    for mark in &marks {
        assert!(!stored.contains(mark), "the database holds it in the clear");
    }
}

/// All rows of all tables as text.
fn everything(postgres: &attune_local::Postgres) -> String {
    let url = postgres.url();
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    let tables = postgres.run_sql(database, tables).unwrap();
    let mut all = String::new();
    for table in tables.split_whitespace() {
        let rows = format!("SELECT string_agg(t::text, ' ') FROM \"{table}\" t");
        all.push_str(&postgres.run_sql(database, &rows).unwrap());
    }
    all
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Without what depends on the text around it.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect()
}
