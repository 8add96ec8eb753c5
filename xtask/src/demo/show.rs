//! What the demo prints.
//!
//! Owns wording and layout on stdout; decides nothing. Called by the demo.

use std::path::Path;
use std::time::Duration;

use attune_types::Timestamp;
use serde_json::Value;

/// A part of the story begins.
pub(super) fn step(title: &str) {
    println!("\n== {title}");
}

/// Something to know within a part.
pub(super) fn line(text: &str) {
    println!("   {text}");
}

/// A pack that was loaded.
pub(super) fn pack(loaded: &Value, folder: &Path) -> String {
    let folder_name = || {
        folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let name = loaded["ref"]
        .as_str()
        .map_or_else(folder_name, str::to_owned);
    match loaded["version"].as_str() {
        Some(version) => format!("{name} {version}"),
        None => name,
    }
}

/// What the delivery log says of the tick.
pub(super) fn enforcement(row: &Value, waited: Duration) -> String {
    let why = row["explanation"]["message"]
        .as_str()
        .or_else(|| row["reason"].as_str())
        .unwrap_or("fired");
    format!(
        "after {:.1} s a tick came and the rule fired ({why})",
        waited.as_secs_f64()
    )
}

/// The events of a run, one a line, with the time since the first and the task that each is about.
pub(super) fn history(events: &[Value], tasks: &[Value]) {
    let first = events.first().and_then(at);
    for event in events {
        println!("{}", event_line(event, first, tasks));
    }
}

fn event_line(event: &Value, first: Option<Timestamp>, tasks: &[Value]) -> String {
    let since = first.and_then(|first| Some(at(event)?.duration_since(first).as_millis()));
    let since = since
        .map(|millis| format!("+{millis} ms"))
        .unwrap_or_default();
    let kind = event["kind"].as_str().unwrap_or("?");
    let seq = event["seq"].as_u64().unwrap_or_default();
    let data = &event["data"];
    let task = tasks
        .iter()
        .find(|task| !data["execution"].is_null() && task["id"] == data["execution"]);
    let task = task
        .and_then(|task| task["task"].as_str())
        .unwrap_or_default();
    let about = [task, data["status"].as_str().unwrap_or_default()].join(" ");
    format!("   {seq:>3} {since:>10}  {kind:<18} {}", about.trim())
        .trim_end()
        .to_owned()
}

fn at(event: &Value) -> Option<Timestamp> {
    serde_json::from_value(event["at"].clone()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_stands_with_its_time_since_the_first_its_task_and_status() {
        let first = serde_json::from_value(json!("2026-01-01T00:00:00Z")).ok();
        let tasks = [json!({"id": "x", "task": "measure"})];
        let event = |data: Value| json!({"seq": 7, "at": "2026-01-01T00:00:00.25Z", "kind": "execution_ended", "data": data});
        let ended = event(json!({"execution": "x", "status": "succeeded"}));
        assert_eq!(
            event_line(&ended, first, &tasks),
            "     7    +250 ms  execution_ended    measure succeeded"
        );
        let other = event(json!({}));
        assert_eq!(
            event_line(&other, first, &tasks),
            "     7    +250 ms  execution_ended"
        );
    }
}
