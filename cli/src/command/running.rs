//! `attune trigger`, `attune sensor`, `attune worker`: what there is and how it is.

use crate::client::Client;
use crate::error::Result;
use crate::output::{Columns, Output, ago, paint_for_stdout};
use attune_rest::{SensorView, TriggerView, WorkerView};
use attune_types::{Timestamp, labels_text};

/// Lists kinds of events.
///
/// # Errors
/// What the API refuses.
pub(super) async fn triggers(client: &Client, output: Output) -> Result<()> {
    let triggers: Vec<TriggerView> = client.whole("/triggers").await?;
    let columns = Columns::<TriggerView>::new()
        .with("TRIGGER", |trigger| trigger.reference.to_string())
        .with("LABEL", |trigger| super::short(&trigger.label, 50))
        .with("PARAMETERS", |trigger| names(&trigger.parameters))
        .with("PAYLOAD", |trigger| names(&trigger.payload));
    output.list(&triggers, &columns)
}

/// Lists sensors.
///
/// # Errors
/// What the API refuses.
pub(super) async fn sensors(client: &Client, output: Output) -> Result<()> {
    let sensors: Vec<SensorView> = client.whole("/sensors").await?;
    let paint = paint_for_stdout();
    let columns = Columns::<SensorView>::new()
        .with("SENSOR", |sensor| sensor.reference.to_string())
        .with("RUNNER", |sensor| sensor.runner.clone())
        .with("STATE", move |sensor| match sensor.state.as_str() {
            _ if !sensor.enabled => paint.dim("disabled"),
            "running" => paint.green("running"),
            other => paint.yellow(other),
        })
        .with("RESTARTS", |sensor| sensor.restarts.to_string())
        .with("MESSAGE", |sensor| {
            super::short(sensor.message.as_deref().unwrap_or_default(), 60)
        });
    output.list(&sensors, &columns)
}

/// Lists workers.
///
/// # Errors
/// What the API refuses.
pub(super) async fn workers(client: &Client, output: Output) -> Result<()> {
    let workers: Vec<WorkerView> = client.whole("/workers").await?;
    let now = Timestamp::now();
    let columns = Columns::<WorkerView>::new()
        .with("WORKER", |worker| worker.name.clone())
        .with("POOLS", |worker| worker.pools.join(", "))
        .with("LABELS", |worker| labels_text(&worker.labels))
        .with("RUNNING", |worker| {
            format!("{} of {}", worker.running, worker.slots)
        })
        .with("SEEN", move |worker| ago(worker.seen_at, now))
        .with("ID", |worker| worker.id.to_string());
    output.list(&workers, &columns)
}

/// The fields of a schema.
fn names(schema: &attune_types::JsonValue) -> String {
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    super::short(&names.join(", "), 40)
}
