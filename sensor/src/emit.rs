//! From something noticed to a stored event and a hint that it is there.
//!
//! The event is in the database before anybody is told, so a lost hint or broker loses nothing: the
//! sweep finds events that no rule has seen.

use crate::config::SensorDeps;
use attune_port::Address;
use attune_types::EventId;
use attune_wire::{Envelope, EventMessage};
use uuid::Uuid;

/// Tells that stored events wait for their rules.
pub(crate) fn hint(deps: &SensorDeps, events: impl IntoIterator<Item = EventId>) {
    let records: Vec<_> = events
        .into_iter()
        .map(|id| {
            let message = Uuid::from_bytes(deps.clock.entropy());
            Envelope::new(message, deps.clock.now(), None, EventMessage::Stored { id })
        })
        .collect();
    if records.is_empty() {
        return;
    }
    match attune_wire::encode(&records) {
        Ok(message) => deps.bus.send(Address::Events, vec![message]),
        Err(error) => tracing::error!(%error, "an event hint could not be encoded"),
    }
}
