//! `core.notify`: tells people, and never holds up the run.
//!
//! Every message is a structured line in the log of this service; one whose channel has an address in
//! the configuration is posted there as well ([`super::channel`]). Result `{queued: true}` at once.

use super::NativeDeps;
use super::channel::Message;
use attune_flow::run::NativeOrder;
use attune_types::{ErrorInfo, JsonValue};
use serde_json::json;

pub(super) async fn perform(
    deps: &NativeDeps,
    order: &NativeOrder,
) -> Result<JsonValue, ErrorInfo> {
    let text = |key: &str| order.input.get(key).and_then(JsonValue::as_str);
    let channel = text("channel").unwrap_or("log");
    let level = text("level").unwrap_or("info");
    let message = text("text").unwrap_or_default();
    let fields = order.input.get("fields").unwrap_or(&JsonValue::Null);
    match level {
        "error" | "critical" => {
            tracing::error!(run = %order.run, task = order.task, channel, %fields, "{message}");
        }
        "warning" => {
            tracing::warn!(run = %order.run, task = order.task, channel, %fields, "{message}");
        }
        "debug" => {
            tracing::debug!(run = %order.run, task = order.task, channel, %fields, "{message}");
        }
        _ => tracing::info!(run = %order.run, task = order.task, channel, %fields, "{message}"),
    }
    deps.channels.send(Message {
        channel: channel.to_owned(),
        level: level.to_owned(),
        text: message.to_owned(),
        fields: fields.clone(),
        run: order.run.to_string(),
        task: order.task.to_string(),
        id: order.attempt.to_string(),
        at: deps.deps.clock.now(),
    });
    Ok(json!({ "queued": true }))
}
