//! A canary: a secret goes through a run on real services, and is found nowhere but where it belongs.

use crate::packs::write;
use crate::proc::until;
use crate::world::{Plan, World};
use attune_rest::{EnforcementView, ExecutionView};
use attune_types::RunId;
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

/// What a run is given as a secret.
const GIVEN: &str = "canary-27be-given";
/// The same as a number.
const PIN: u64 = 902_107_714;
/// The same by an event and a rule.
const TOLD: &str = "canary-5d20-told";

const GIVEN_WORKFLOW: &str = r#"
ref: vault.given
label: Be given a secret
version: 1.0.0
parameters:
  token: {type: string, secret: true, required: true, minLength: 10}
  pin: {type: integer, secret: true}
  login: {type: object, secret: true}
  url: {type: string, required: true}
  path: {type: string, required: true}
vars:
  - kept: "{{ parameters.token }}"
tasks:
  - name: flaky
    action: vault.flaky
    input:
      token: "{{ parameters.token }}"
      pin: "{{ pin }}"
      user: "{{ parameters.login.user }}"
      path: "{{ parameters.path }}"
    retry: {count: 1, delay: 0}
    next: [{do: call}]
  - name: call
    action: core.http
    input:
      method: POST
      url: "{{ parameters.url }}"
      headers: {x-pin: "{{ parameters.pin }}"}
      body: {token: "{{ vars.kept }}", pin: "{{ parameters.pin }}"}
    next: [{do: [below, under, peek, broken]}]
  - name: below
    action: vault.below
    input: {passed: "{{ vars.kept }}", path: "{{ parameters.path }}.below"}
  - name: under
    action: vault.under
    input: {token: "<{{ vars.kept }}>", path: "{{ parameters.path }}.under"}
  - name: peek
    action: core.set
    input: {peek: "{{ vars.kept | b64encode }}"}
    next: [{when: "failed()", do: noop}]
  - name: broken
    action: core.set
    input: {both: "{{ vars.kept }}{{ task.call.body.nothing }}"}
    next: [{when: "failed()", do: noop}]
output_map:
  token: "{{ vars.kept }}"
  login: "{{ parameters.login }}"
  said: "{{ task.call.body }}"
  below: "{{ task.below.result }}"
  peek: "{{ task.peek.error.message }}"
  broken: "{{ task.broken.error.message }}"
"#;

const UNDER: &str = r#"
ref: vault.under
label: Be passed a secret as a secret
version: 1.0.0
parameters:
  token: {type: string, secret: true, required: true}
  path: {type: string, required: true}
tasks:
  - name: quiet
    action: vault.quiet
    input: {token: "{{ parameters.token }}", path: "{{ parameters.path }}"}
"#;

const INLINE: &str = r#"
ref: any.inline
label: A definition with the request
version: 1.0.0
parameters:
  token: {type: string, secret: true, required: true}
  path: {type: string, required: true}
tasks:
  - name: leak
    action: vault.leak
    input: {token: "{{ parameters.token }}", path: "{{ parameters.path }}"}
"#;

const TRIGGER: &str = "ref: vault.happened
label: It happened
payload:
  key: {type: string, secret: true}
  path: {type: string}
";

const RULE: &str = r#"
ref: vault.when_it_happens
label: When it happens
trigger: vault.happened
action: vault.quiet
input: {token: "{{ event.payload.key }}", path: "{{ event.payload.path }}"}
"#;

const QUIET: &str = "ref: vault.quiet
label: Say everything, given as a secret
runner: shell
entry_point: leak.sh
parameter_delivery: env
output_format: json
parameters:
  token: {type: string, required: true, secret: true}
  path: {type: string, required: true}
";

const FLAKY: &str = "ref: vault.flaky
label: Fail once, saying everything
runner: shell
entry_point: flaky.sh
parameter_delivery: env
output_format: json
parameters:
  token: {type: string, required: true, pattern: '^canary'}
  pin: {type: integer, required: true, minimum: 5}
  user: {type: string, required: true}
  path: {type: string, required: true}
";

const FLAKY_SCRIPT: &str = r#"#!/bin/sh
all="$ATTUNE_PARAM_TOKEN and $ATTUNE_PARAM_PIN and $ATTUNE_PARAM_USER"
echo "stderr says $all" >&2
if [ ! -e "$ATTUNE_PARAM_PATH" ]; then
    printf '%s' "$all" > "$ATTUNE_PARAM_PATH"
    printf 'failed with %s' "$all"
    exit 3
fi
printf '{"pin": %s, "list": [%s], "user": "%s"}' "$ATTUNE_PARAM_PIN" "$ATTUNE_PARAM_PIN" "$ATTUNE_PARAM_USER"
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
            let said = if text.contains(CANARY) { CANARY } else { GIVEN };
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-said: {said}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
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
            ("actions/quiet.yaml", QUIET),
            ("actions/flaky.yaml", FLAKY),
            ("actions/flaky.sh", FLAKY_SCRIPT),
            ("workflows/given.yaml", GIVEN_WORKFLOW),
            ("workflows/under.yaml", UNDER),
            ("triggers/happened.yaml", TRIGGER),
            ("rules/when_it_happens.yaml", RULE),
        ],
    );
    admin.register(&pack).await;
    let (url, heard_all) = listener().await;
    let told = place.join("told");
    let parameters = json!({"url": url, "path": told});
    let run = admin.start("vault.use", parameters).await;
    let output = admin.succeeded(run).await;

    // It got where it belongs ...
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&told), CANARY);
    assert_eq!(read(&place.join("told.below")), CANARY);
    let heard = || heard_all.lock().unwrap().clone();
    let first = heard();
    assert!(
        first.contains(&format!("authorization: Bearer {CANARY}")),
        "{first}"
    );
    assert!(
        first.ends_with(&format!("{{\"token\":\"{CANARY}\"}}")),
        "{first}"
    );

    // ... and is shown to nobody.
    assert_eq!(output["token"], "********");
    assert_eq!(output["said"], json!({"token": "********"}));
    assert_eq!(output["limit"], json!({"max": 3}));
    assert_eq!(output["shared"], "eu");
    let peek = output["peek"].as_str().unwrap();
    assert!(peek.contains("would look into a secret"), "{peek}");
    let mut runs = vec![run];
    runs.extend(given(&world, &place, &url).await);
    let second = heard();
    assert!(second.contains(&format!("x-pin: {PIN}")), "{second}");
    assert!(
        second.ends_with(&format!("{{\"token\":\"{GIVEN}\",\"pin\":{PIN}}}")),
        "{second}"
    );
    let mut seen = String::new();
    for run in runs {
        for path in ["", "/tasks", "/history", "/logs"] {
            let answer = admin
                .get(&format!("/executions/{run}{path}?limit=1000").replace("/?", "?"))
                .await;
            seen.push_str(&answer.good::<Value>().to_string());
        }
    }
    for path in [
        "/keys",
        "/keys/vault/db%2Ftoken",
        "/audit",
        "/executions",
        "/events?trigger=vault.happened",
        "/rules",
    ] {
        seen.push_str(&admin.get(path).await.good::<Value>().to_string());
    }
    assert!(seen.contains("stderr says ********"), "{seen}");
    let mut marks = vec![PIN.to_string(), "canary-user".to_owned()];
    for secret in [CANARY, GIVEN, TOLD] {
        let escaped = json!(secret).to_string();
        marks.extend([
            secret.to_owned(),
            escaped.trim_matches('"').to_owned(),
            hex(secret),
            base64(secret),
        ]);
    }
    for mark in &marks {
        assert!(!seen.contains(mark), "an answer shows {mark}");
    }
    assert!(!seen.contains("[[secret:"), "an answer shows a token");

    let names = world.stack().names();
    for name in names {
        let log = world.log(&name);
        for mark in &marks {
            assert!(!log.contains(mark), "the log of {name} shows {mark}");
        }
        assert!(
            !log.contains("[[secret:"),
            "the log of {name} shows a token"
        );
    }
    let stored =
        tokio::task::block_in_place(|| world.with_postgres(|postgres| everything(postgres)));
    assert!(stored.contains("keys_read"), "the scan sees events");
    assert!(
        stored.contains("vault.when_it_happens"),
        "the scan sees rules"
    );
    assert!(
        stored.contains("stderr says ********"),
        "the scan sees logs"
    );
    for mark in &marks {
        assert!(
            !stored.contains(mark),
            "the database holds {mark} in the clear"
        );
    }
}

/// Runs that are given secrets: by requests, a rule, a run above them. Gives their ids.
async fn given(world: &World, place: &std::path::Path, url: &str) -> Vec<RunId> {
    let admin = &world.admin;
    let parameters = |path: &str| {
        json!({
            "token": GIVEN, "pin": PIN, "login": {"user": "canary-user", "tries": 3},
            "url": url, "path": place.join(path),
        })
    };
    let run = admin.start("vault.given", parameters("given")).await;
    let output = admin.succeeded(run).await;
    let read = |path: &str| std::fs::read_to_string(place.join(path)).unwrap();
    assert_eq!(read("given"), format!("{GIVEN} and {PIN} and canary-user"));
    assert_eq!(read("given.below"), GIVEN);
    assert_eq!(read("given.under"), format!("<{GIVEN}>"));
    assert_eq!(output["token"], "********");
    assert_eq!(
        output["login"],
        json!({"user": "********", "tries": "********"})
    );
    assert_eq!(
        output["said"],
        json!({"token": "********", "pin": "********"})
    );
    let said = |name: &str| output[name].as_str().unwrap().to_owned();
    assert!(said("peek").contains("would look into a secret"));
    assert!(said("broken").contains("nothing"), "{output}");

    let quiet = json!({"token": GIVEN, "path": place.join("alone")});
    let alone = admin.start("vault.quiet", quiet).await;
    assert_eq!(
        admin.succeeded(alone).await["token"],
        "********",
        "an action by itself"
    );
    assert_eq!(read("alone"), GIVEN);
    let inline = json!({
        "definition": INLINE, "parameters": {"token": GIVEN, "path": place.join("inline")},
    });
    let inline: ExecutionView = admin.post("/executions", &inline).await.good();
    admin.succeeded(inline.run).await;
    assert_eq!(read("inline"), GIVEN);

    // What does not fit is refused before anything is stored, without being shown.
    let mut short = parameters("none");
    short["token"] = json!("canary-x");
    let body = json!({"action": "vault.given", "parameters": short});
    let refused = admin.post("/executions", &body).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("/token"), "{}", refused.text);
    assert!(!refused.text.contains("canary-x"), "{}", refused.text);

    let event = json!({
        "trigger": "vault.happened", "payload": {"key": TOLD, "path": place.join("told.by")},
    });
    admin.post("/events", &event).await.good::<Value>();
    let by_rule = until("the rule's run", async || {
        let found: Vec<EnforcementView> =
            admin.list("/enforcements?rule=vault.when_it_happens").await;
        found.into_iter().find_map(|view| view.execution_id)
    })
    .await;
    admin.succeeded(by_rule).await;
    assert_eq!(read("told.by"), TOLD);
    vec![run, alone, inline.run, by_rule]
}

/// All rows of all tables as text. The payload of an event is stored as it came.
fn everything(postgres: &attune_local::Postgres) -> String {
    let url = postgres.url();
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    let tables = postgres.run_sql(database, tables).unwrap();
    let mut all = String::new();
    let kept = |table: &&str| *table != "event" && !table.starts_with("event_");
    for table in tables.split_whitespace().filter(kept) {
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
