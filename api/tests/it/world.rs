//! An API with everything behind it in memory, and people who call it.

use anyhow::{Context as _, Result};
use attune_api::{Api, ApiConfig, ApiDeps};
use attune_bus::InProcessBus;
use attune_catalogue::{Directory, Programs, fold_stored};
use attune_flow::run::{Command, ExecutionRow, Now, decide, fold};
use attune_pack::{PackSource, core_pack, from_files};
use attune_port::{Address, Append, Bus, Clock, NewIdentity, RunUpdate, StoredEvent, Stores};
use attune_telemetry::Metrics;
use attune_testkit::{FakeClock, MemoryStore};
use attune_types::{ExecutionId, ExecutionStatus, ExecutorId, IdentityId, JsonValue, Role, RunId};
use attune_wire::{Envelope, LiveKind, LiveNotice};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

/// Everything behind one API.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) stores: Stores,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: FakeClock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stop: CancellationToken,
    owner: Uuid,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: JsonValue,
}

impl Reply {
    /// The code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("-")
    }

    /// `(pointer, code)` of every error.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |error: &JsonValue, name: &str| error[name].as_str().unwrap_or("-").to_owned();
        self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| (text(error, "pointer"), text(error, "code")))
            .collect()
    }

    /// Text of a field.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(JsonValue::as_str);
        value.unwrap_or_default().to_owned()
    }

    pub(crate) fn items(&self) -> &[JsonValue] {
        self.body["items"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// A pack with what the tests need.
pub(crate) fn demo_pack() -> Result<PackSource> {
    Ok(from_files([
        (
            "pack.yaml",
            "ref: demo\nlabel: Demo\nversion: 1.0.0\nconfig:\n  key: {type: string, secret: true, default: sesame}\n",
        ),
        (
            "actions/greet.yaml",
            "ref: demo.greet\nlabel: Greet\nrunner: shell\nentry_point: greet.sh\nparameters:\n  name: {type: string, required: true}\n  times: {type: integer, default: 1}\n  password: {type: string, secret: true}\n",
        ),
        ("actions/greet.sh", "#!/bin/sh\ncat\n"),
        (
            "triggers/alarm.yaml",
            "ref: demo.alarm\nlabel: Alarm\npayload:\n  severity: {type: integer, required: true}\n",
        ),
        (
            "rules/loud.yaml",
            "ref: demo.loud\nlabel: Loud alarms\ntrigger: demo.alarm\ncriteria:\n  - {field: event.payload.severity, operator: gt, value: 3}\naction: demo.greet\ninput:\n  name: \"alarm {{ event.payload.severity }}\"\n",
        ),
    ])?)
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        Self::on(Arc::new(InProcessBus::new())).await
    }

    pub(crate) async fn on(bus: Arc<dyn Bus>) -> Result<Self> {
        let clock = FakeClock::default();
        let stores = MemoryStore::new(clock.clone()).stores();
        let stop = CancellationToken::new();
        let metrics = Metrics::new("api");
        let deps = ApiDeps {
            stores: stores.clone(),
            bus: bus.clone(),
            clock: Arc::new(clock.clone()),
            metrics: metrics.clone(),
            directory: Directory::open(stores.catalogue.clone()).await?,
            config: ApiConfig {
                auth_secret: "a secret of tests with 32 bytes or more".to_owned(),
                ..ApiConfig::default()
            },
        };
        let api = Api::start(deps, stop.clone()).await?;
        api.register(core_pack()?, "system").await?;
        api.register(demo_pack()?, "system").await?;
        let world = Self {
            api,
            stores,
            bus,
            clock,
            metrics,
            stop,
            owner: Uuid::from_u128(77),
        };
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            world.person(role.as_str(), role).await?;
        }
        Ok(world)
    }

    /// Somebody without a password.
    pub(crate) async fn person(&self, login: &str, role: Role) -> Result<IdentityId> {
        let id = IdentityId(Uuid::new_v4());
        self.stores
            .identities
            .create(NewIdentity {
                id,
                login: login.to_owned(),
                role,
                password_hash: None,
            })
            .await?;
        Ok(id)
    }

    /// An API token of somebody.
    pub(crate) async fn token(&self, login: &str) -> Result<String> {
        let identities = &*self.stores.identities;
        let secret = attune_api::issue_token(identities, &self.clock, login, "test").await?;
        Ok(secret.expose().to_owned())
    }

    pub(crate) fn router(&self) -> Router {
        self.api.router()
    }

    /// A request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Reply> {
        let response = self.router().oneshot(request).await?;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await?;
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()),
        })
    }

    /// A request with a JSON body by the holder of a token.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<JsonValue>,
    ) -> Result<Reply> {
        self.call_with(token, method, path, body, &[]).await
    }

    pub(crate) async fn call_with(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<JsonValue>,
        headers: &[(&str, &str)],
    ) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()))?,
            None => request.body(Body::empty())?,
        };
        self.send(request).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Result<Reply> {
        self.call(token, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: JsonValue) -> Result<Reply> {
        self.call(token, Method::POST, path, Some(body)).await
    }

    /// Starts `demo.greet` and gives the run.
    pub(crate) async fn start(&self, token: &str) -> Result<RunId> {
        let body = json!({"action": "demo.greet", "parameters": {"name": "Ada"}});
        let reply = self.post(token, "/api/v1/executions", body).await?;
        assert_eq!(reply.status, StatusCode::CREATED, "{:?}", reply.body);
        Ok(reply.text("/id").parse()?)
    }

    /// What an executor would do: appends events to a run and sets where it stands, then tells.
    pub(crate) async fn advance(
        &self,
        run: RunId,
        kinds: &[&str],
        status: ExecutionStatus,
    ) -> Result<()> {
        let detail = self.stores.reads.run(run).await?.context("no such run")?;
        let now = self.clock.now();
        let events = kinds
            .iter()
            .zip(detail.last_seq + 1..)
            .map(|(kind, seq)| StoredEvent {
                seq,
                at: now,
                kind: (*kind).to_owned(),
                version: 1,
                data: json!({"event": kind}),
            })
            .collect();
        self.append(run, events, status).await
    }

    /// Has a run decide on commands, as its executor would.
    pub(crate) async fn decides(&self, run: RunId, commands: &[Command]) -> Result<()> {
        let stored = self.stores.runs.load(&[run]).await?;
        let stored = stored.into_iter().next().context("no such run")?;
        let programs = Programs::new(self.stores.catalogue.clone());
        let program = programs.get(&stored.program).await?;
        let folded = fold_stored(stored)?;
        let (mut state, seq) = (folded.state, folded.seq);
        let now = Now {
            at: self.clock.now(),
            entropy: [7; 16],
        };
        let mut decided = Vec::new();
        for command in commands {
            let events = decide(&program, &state, command, &now)?;
            state = fold(&program, state, &events).0;
            decided.extend(events);
        }
        let events = decided
            .iter()
            .zip(seq + 1..)
            .map(|(event, seq)| {
                let (kind, version, data) = attune_wire::encode_event(event);
                StoredEvent {
                    seq,
                    at: now.at,
                    kind: kind.to_owned(),
                    version,
                    data,
                }
            })
            .collect();
        self.append(run, events, state.status()).await
    }

    async fn append(
        &self,
        run: RunId,
        events: Vec<StoredEvent>,
        status: ExecutionStatus,
    ) -> Result<()> {
        let detail = self.stores.reads.run(run).await?.context("no such run")?;
        let now = self.clock.now();
        let ended = status.is_terminal();
        let row = ExecutionRow {
            status,
            started_at: Some(now),
            ended_at: ended.then_some(now),
            result: if ended {
                json!({"said": "hi"})
            } else {
                JsonValue::Null
            },
            ..detail.row
        };
        self.append_with(run, events, vec![row], status).await
    }

    /// Appends events and rows to a run, as the owner of its shard, and tells.
    pub(crate) async fn append_with(
        &self,
        run: RunId,
        events: Vec<StoredEvent>,
        rows: Vec<ExecutionRow>,
        status: ExecutionStatus,
    ) -> Result<()> {
        let shard = run.shard(16);
        let shards: Vec<String> = (0..16).map(|n| n.to_string()).collect();
        let leases = self
            .stores
            .leases
            .balance(
                "shard",
                self.owner,
                "executor",
                &shards,
                Duration::from_secs(60),
            )
            .await?;
        let lease = leases
            .iter()
            .find(|lease| lease.resource == shard.to_string());
        let detail = self.stores.reads.run(run).await?.context("no such run")?;
        let now = self.clock.now();
        let seq = detail.last_seq + u64::try_from(events.len())?;
        let append = Append {
            run,
            shard,
            epoch: lease.context("no lease")?.epoch,
            executor: ExecutorId(self.owner),
            after_seq: detail.last_seq,
            events,
            update: RunUpdate {
                status,
                active: !status.is_terminal(),
                wake_at: None,
            },
            rows,
            inbox_done: Vec::new(),
            closed: Vec::new(),
            inbox: Vec::new(),
            emitted: Vec::new(),
            slot: None,
        };
        for answer in self.stores.runs.append(vec![append]).await {
            answer?;
        }
        let notice = LiveNotice {
            run,
            root: run,
            seq,
            status,
            kind: LiveKind::Changed,
        };
        let envelope = Envelope::new(Uuid::new_v4(), now, None, notice);
        self.bus
            .send(Address::Live, vec![attune_wire::encode_one(&envelope)?]);
        Ok(())
    }

    /// The id of a run's own execution.
    pub(crate) fn path(run: RunId, rest: &str) -> String {
        format!("/api/v1/executions/{}{rest}", ExecutionId::from(run))
    }

    /// Serves on a port of this machine; the address.
    pub(crate) async fn serve(&self) -> Result<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(self.api.clone().serve(listener));
        Ok(format!("http://{address}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
