//! Keys that stand there without a value.
//!
//! Owns which keys say something only with one, and the warning. Used by the readers beside it.

use super::codes;
use attune_pack::MapReader;

/// Keys of the top level that say something only with a value.
pub(super) const NOT_EMPTY_IN_WORKFLOW: &[&str] = &[
    "timeout",
    "retry",
    "on_failure",
    "cancellation_policy",
    "concurrency",
];

/// Keys of a task that say something only with a value.
pub(super) const NOT_EMPTY_IN_TASK: &[&str] = &[
    "type",
    "when",
    "with_items",
    "concurrency",
    "batch_size",
    "retry",
    "timeout",
    "delay",
    "join",
    "next",
    "on_success",
    "on_failure",
    "on_timeout",
    "on_complete",
    "decision",
    "compensate",
    "idempotent",
    "pool",
    "worker_selector",
];

/// Warns of keys that stand there without a value: they do nothing, which is hardly meant. A written
/// `null` is: so do programs leave something out.
pub(super) fn empty(reader: &mut MapReader<'_, '_>, keys: &[&str]) {
    let entries = reader.map().as_map().unwrap_or_default();
    for (key, value) in entries {
        if value.is_null() && value.span.len == 0 && keys.contains(&key.text.as_str()) {
            let message = format!("`{}` has no value: it is as if it were not there", key.text);
            let sink = reader.sink();
            sink.warning(codes::READ.wrong_type, key.span, message).help =
                Some("give it one, or take it out".to_owned());
        }
    }
}
