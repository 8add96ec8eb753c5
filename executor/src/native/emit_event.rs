//! `core.emit_event`: a trigger event out of a run.
//!
//! The event's id derives from the attempt, so that performing it twice emits it once.

use crate::config::Deps;
use attune_flow::run::NativeOrder;
use attune_port::{Address, NewEvent, RecordedEvent};
use attune_rules::TriggerEvent;
use attune_types::{ErrorInfo, EventId, JsonValue, Ref, code};
use attune_wire::{Envelope, EventMessage};
use serde_json::json;
use uuid::Uuid;

pub(super) async fn perform(deps: &Deps, order: &NativeOrder) -> Result<JsonValue, ErrorInfo> {
    let trigger = order
        .input
        .get("trigger")
        .and_then(JsonValue::as_str)
        .unwrap_or_default();
    let trigger = Ref::parse(trigger)
        .map_err(|error| ErrorInfo::new(code::INPUT_INVALID, format!("`trigger`: {error}")))?;
    let catalogue = deps.directory.current();
    let Some(known) = catalogue.triggers.get(&trigger) else {
        let message = format!("there is no trigger `{trigger}`");
        return Err(ErrorInfo::new(code::INPUT_INVALID, message));
    };
    let payload = order
        .input
        .get("payload")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let payload = known.payload.validate_open(&payload).map_err(|errors| {
        let message = format!("the payload does not fit the trigger `{trigger}`");
        ErrorInfo::new(code::INPUT_INVALID, message).with_details(json!({ "errors": errors }))
    })?;
    let dedupe = order.input.get("dedupe").and_then(JsonValue::as_str);
    let event = TriggerEvent {
        id: EventId(order.attempt.derive("event")),
        trigger,
        payload,
        at: deps.clock.now(),
        source: Some(format!("run:{}", order.run)),
        dedupe: dedupe.map(ToOwned::to_owned),
        trigger_parameters: None,
    };
    let id = event.id;
    let recorded = deps.stores.events.record(vec![NewEvent { event }]).await;
    let recorded = recorded.map_err(|error| {
        ErrorInfo::new(
            code::INTERNAL,
            format!("the event could not be stored: {error}"),
        )
    })?;
    let id = match recorded.first() {
        Some(RecordedEvent::Duplicate { of }) => *of,
        _ => id,
    };
    let envelope = Envelope::new(
        Uuid::from_bytes(deps.clock.entropy()),
        deps.clock.now(),
        None,
        EventMessage::Stored { id },
    );
    match attune_wire::encode_one(&envelope) {
        Ok(message) => deps.bus.send(Address::Events, vec![message]),
        Err(error) => tracing::error!(%error, "an event hint could not be encoded"),
    }
    Ok(json!({ "id": id }))
}
