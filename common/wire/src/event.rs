//! Stored run events: their kind, their version, and how old versions become the present one.
//!
//! Owns the table of upcasters. An event is stored as `(kind, version, data)`; `data` is the event's
//! JSON without its tag, which is the kind. Stored events are never rewritten: an older version is
//! turned into the present one each time that it is read. Called by whoever appends and loads runs.

use crate::WireError;
use attune_flow::run::Event;
use attune_types::{JsonMap, JsonValue};

/// The key under which the event's own JSON holds its kind.
const TAG: &str = "event";

/// Turns the data of one version into that of the next.
pub type Upcaster = fn(JsonMap) -> Result<JsonMap, String>;

/// One kind of event as it is stored.
pub struct StoredKind {
    /// The kind that is stored.
    pub kind: &'static str,
    /// The version that is written today: one more than it has upcasters.
    pub version: u16,
    /// From version n to n + 1, from the first on.
    pub upcasters: &'static [Upcaster],
}

const fn first(kind: &'static str) -> StoredKind {
    StoredKind {
        kind,
        version: 1,
        upcasters: &[],
    }
}

/// Every kind that was ever stored. A kind is never taken out; its version rises with its shape.
pub const KINDS: &[StoredKind] = &[
    first("run_opened"),
    first("carried_over"),
    first("run_begun"),
    first("keys_read"),
    first("slot_requested"),
    first("slot_queued"),
    first("slot_granted"),
    first("task_activated"),
    first("tagged"),
    first("join_moved"),
    first("delayed"),
    first("items_planned"),
    first("branches_planned"),
    first("branches_timed_out"),
    first("item_activated"),
    first("attempt_scheduled"),
    first("attempt_started"),
    first("reported"),
    first("attempt_failed"),
    first("attempt_lost"),
    first("stop_requested"),
    first("execution_ended"),
    first("transition_fired"),
    first("failure_planned"),
    first("run_failing"),
    first("cancel_requested"),
    first("run_paused"),
    first("run_resumed"),
    first("compensation_started"),
    first("compensation_joined"),
    first("undo_activated"),
    first("compensation_stopped"),
    first("compensation_ended"),
    first("run_retried"),
    first("retry_joined"),
    first("reopened"),
    first("run_ended"),
];

fn entry(kind: &str) -> Option<&'static StoredKind> {
    KINDS.iter().find(|entry| entry.kind == kind)
}

/// What is stored for an event: kind, version, data.
pub fn encode_event(event: &Event) -> (&'static str, u16, JsonValue) {
    let kind = event.kind();
    // Events hold plain data with text keys, so that this cannot fail; a test writes every kind.
    let mut data = serde_json::to_value(event).unwrap_or_default();
    if let JsonValue::Object(map) = &mut data {
        map.shift_remove(TAG);
    }
    (kind, entry(kind).map_or(1, |entry| entry.version), data)
}

/// The event behind what is stored.
///
/// # Errors
/// [`WireError::UnknownEvent`] for a kind of a newer program, [`WireError::Version`] for a version of
/// one, [`WireError::Body`] for data that are not what kind and version promise.
pub fn decode_event(kind: &str, version: u16, data: JsonValue) -> Result<Event, WireError> {
    let entry = entry(kind).ok_or_else(|| WireError::UnknownEvent(kind.to_owned()))?;
    if version == 0 || version > entry.version {
        return Err(WireError::Version {
            kind: kind.to_owned(),
            found: version,
            newest: entry.version,
        });
    }
    let body = |reason: String| WireError::Body {
        kind: kind.to_owned(),
        version,
        reason,
    };
    let JsonValue::Object(mut map) = data else {
        return Err(body("it is no map".to_owned()));
    };
    for upcast in entry.upcasters.iter().skip(usize::from(version) - 1) {
        map = upcast(map).map_err(body)?;
    }
    map.insert(TAG.to_owned(), entry.kind.into());
    serde_json::from_value(JsonValue::Object(map)).map_err(|error| body(error.to_string()))
}
