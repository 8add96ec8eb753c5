//! What runs the platform: sensors, workers, executors, and the API's own health.

use crate::access::Access;
use crate::app::App;
use crate::endpoint::{Endpoint, get};
use crate::query::Params;
use crate::refusal::Answer;
use crate::view::text;
use attune_port::SensorStatus;
use attune_rest::{ExecutorView, Page, Readiness, SensorView, ShardView, WorkerView};
use attune_types::{ExecutorId, Ref};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Workers that were not heard of for longer are gone.
const WORKER_SILENCE: Duration = Duration::from_secs(60);
/// The lease group of shards.
const SHARD_GROUP: &str = "shard";
/// How long the database may take to say that it is there.
const PING: Duration = Duration::from_secs(2);

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/sensors", Access::Viewer, sensors)
            .says("running", "list_sensors", "Sensors and how they are.")
            .pages::<SensorView>(),
        get("/api/v1/workers", Access::Viewer, workers)
            .says(
                "running",
                "list_workers",
                "Workers that were heard of in the last minute.",
            )
            .pages::<WorkerView>(),
        get("/api/v1/executors", Access::Viewer, executors)
            .says(
                "running",
                "list_executors",
                "Live executors and the shards that they own.",
            )
            .pages::<ExecutorView>(),
        get("/livez", Access::Public, live)
            .says("running", "livez", "Whether the process lives.")
            .gives_other("application/json"),
        get("/readyz", Access::Public, ready)
            .says(
                "running",
                "readyz",
                "Whether the API can do its work; 503 if not.",
            )
            .gives::<Readiness>(200),
    ]
}

async fn sensors(State(app): State<App>, params: Params) -> Answer<Json<Page<SensorView>>> {
    params.finish()?;
    let stores = &app.deps.stores;
    let (sensors, statuses) =
        tokio::try_join!(stores.catalogue.sensors(), stores.schedules.statuses())?;
    let mut statuses: HashMap<Ref, SensorStatus> = statuses
        .into_iter()
        .map(|status| (status.sensor.clone(), status))
        .collect();
    let items = sensors
        .into_iter()
        .map(|sensor| {
            let status = statuses.remove(&sensor.def.reference);
            SensorView {
                reference: sensor.def.reference,
                label: sensor.def.label,
                runner: text(json!(sensor.def.runner)),
                triggers: sensor.def.triggers,
                enabled: sensor.enabled,
                state: status
                    .as_ref()
                    .map_or("unknown", |status| status.state.as_str())
                    .to_owned(),
                restarts: status.as_ref().map_or(0, |status| status.restarts),
                at: status.as_ref().map(|status| status.at),
                message: status.and_then(|status| status.message),
            }
        })
        .collect();
    Ok(Json(Page::whole(items)))
}

async fn workers(State(app): State<App>, params: Params) -> Answer<Json<Page<WorkerView>>> {
    params.finish()?;
    let workers = app.deps.stores.work.workers(WORKER_SILENCE).await?;
    let items = workers
        .into_iter()
        .map(|worker| WorkerView {
            id: worker.info.id,
            name: worker.info.name,
            pools: worker.info.pools,
            labels: worker.info.labels,
            slots: worker.info.slots,
            running: worker.running,
            seen_at: worker.seen_at,
        })
        .collect();
    Ok(Json(Page::whole(items)))
}

async fn executors(State(app): State<App>, params: Params) -> Answer<Json<Page<ExecutorView>>> {
    params.finish()?;
    let members = app.deps.stores.leases.members(SHARD_GROUP).await?;
    let items = members
        .into_iter()
        .map(|member| ExecutorView {
            id: ExecutorId(member.id),
            name: member.name,
            seen_ago_ms: u64::try_from(member.seen_ago.as_millis()).unwrap_or(u64::MAX),
            shards: member
                .leases
                .into_iter()
                .map(|lease| ShardView {
                    shard: lease.resource,
                    epoch: lease.epoch,
                })
                .collect(),
        })
        .collect();
    Ok(Json(Page::whole(items)))
}

async fn live() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// The broker is named but not needed: starts are stored, and the sweep finds them.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let pinged = tokio::time::timeout(PING, app.deps.stores.reads.ping()).await;
    let database = matches!(pinged, Ok(Ok(())));
    let ready = database && !app.stop.is_cancelled();
    let say = |good: bool, bad: &str| if good { "ok" } else { bad }.to_owned();
    let checks = BTreeMap::from([
        ("database".to_owned(), say(database, "does not answer")),
        (
            "bus".to_owned(),
            say(
                app.deps.bus.is_connected(),
                "not connected; hints wait for the sweep",
            ),
        ),
    ]);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, checks }))
}
