//! Hints to those who act on what was stored. May be lost: the sweep finds what they speak of.

use crate::app::App;
use crate::ids::new_id;
use crate::trace::Trace;
use attune_flow::run::Command;
use attune_port::Address;
use attune_types::{EventId, RunId};
use attune_wire::{Envelope, EventMessage, Message, ShardMessage};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Has the owners of these runs' shards look at them.
pub(crate) fn hint_runs(app: &App, trace: &Trace, runs: &[RunId]) {
    let mut by_shard: BTreeMap<u16, Vec<Envelope<ShardMessage>>> = BTreeMap::new();
    for run in runs {
        let hint = envelope(app, trace, ShardMessage::Hint { run: *run });
        by_shard
            .entry(run.shard(app.shards))
            .or_default()
            .push(hint);
    }
    for (shard, records) in by_shard {
        send(app, Address::Shard(shard), &records);
    }
}

/// Hands a stored command to the owner of the run's shard.
pub(crate) fn hint_command(app: &App, trace: &Trace, run: RunId, command: Command, inbox: Uuid) {
    let message = ShardMessage::Command {
        run,
        command,
        inbox: Some(inbox),
    };
    let record = envelope(app, trace, message);
    send(app, Address::Shard(run.shard(app.shards)), &[record]);
}

/// Has somebody match a stored event.
pub(crate) fn hint_event(app: &App, trace: &Trace, id: EventId) {
    let record = envelope(app, trace, EventMessage::Stored { id });
    send(app, Address::Events, &[record]);
}

fn envelope<T: Message>(app: &App, trace: &Trace, body: T) -> Envelope<T> {
    let clock = &*app.deps.clock;
    Envelope::new(new_id(clock), clock.now(), Some(trace.parent()), body)
}

fn send<T: Message>(app: &App, to: Address, records: &[Envelope<T>]) {
    match attune_wire::encode(records) {
        Ok(message) => app.deps.bus.send(to, vec![message]),
        Err(error) => tracing::error!(%error, ?to, "a hint could not be written"),
    }
}
