//! `core.notify`: tells people, and never holds up the run.
//!
//! The `log` channel (any channel without a transport of its own) is a structured log line of this
//! service. Result `{queued: true}` at once.

use super::NativeDeps;
use attune_flow::run::NativeOrder;
use attune_types::{ErrorInfo, JsonValue};
use serde_json::json;

pub(super) async fn perform(
    _deps: &NativeDeps,
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
        "warning" | "warn" => {
            tracing::warn!(run = %order.run, task = order.task, channel, %fields, "{message}");
        }
        _ => tracing::info!(run = %order.run, task = order.task, channel, %fields, "{message}"),
    }
    Ok(json!({ "queued": true }))
}
