//! Trigger events meet rules.
//!
//! Owns the matcher and its consumer. A batch of events is matched purely against the catalogue in
//! memory; one transaction stores the events, a verdict per rule with its explanation, and the runs
//! that follow. Redelivery changes nothing. Called by the bus consumer here and by the sweep.
//! Failure: nothing is acknowledged that is not stored.

mod matcher;

pub(crate) use matcher::Matcher;

use crate::run::{Registry, Ticket};
use attune_port::{Address, Delivery};
use attune_rules::TriggerEvent;
use attune_types::EventId;
use attune_wire::EventMessage;
use futures::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Unsettled messages at a time.
const PREFETCH: u16 = 500;
/// Events matched in one transaction.
const MOST: usize = 500;
/// Pause before a subscription that failed is made anew.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(1);
/// Pause after the store failed.
const STORE_AWAY: Duration = Duration::from_millis(500);

/// Consumes trigger events until `stop`; a subscription that fails or ends is made anew.
pub(crate) async fn run(registry: Arc<Registry>, matcher: Arc<Matcher>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        consume(&registry, &matcher, &stop).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SUBSCRIBE_AGAIN) => {}
        }
    }
}

async fn consume(registry: &Registry, matcher: &Matcher, stop: &CancellationToken) {
    let bus = Arc::clone(&registry.shared.deps.bus);
    let subscribed = tokio::select! {
        () = stop.cancelled() => return,
        subscribed = bus.subscribe(Address::Events, PREFETCH) => subscribed,
    };
    let mut consumer = match subscribed {
        Ok(consumer) => consumer,
        Err(error) => {
            tracing::warn!(%error, "no subscription to events; the sweep finds those that are stored");
            return;
        }
    };
    loop {
        let first = tokio::select! {
            () = stop.cancelled() => return,
            delivery = consumer.next() => match delivery {
                Some(delivery) => delivery,
                None => return,
            }
        };
        let mut batch = Batch::default();
        batch.add(first).await;
        // Whatever has arrived meanwhile goes along.
        while batch.len() < MOST {
            match consumer.next().now_or_never() {
                Some(Some(delivery)) => batch.add(delivery).await,
                _ => break,
            }
        }
        let consumed = registry.shared.deps.metrics.bus.consumed("events");
        consumed.add(batch.len() as u64);
        match handle(registry, matcher, batch.events, batch.stored).await {
            Ok(()) => batch.tickets.into_iter().for_each(Ticket::done),
            Err(error) => {
                tracing::warn!(%error, "events could not be matched now; they come again");
                tokio::time::sleep(STORE_AWAY).await;
            }
        }
    }
}

#[derive(Default)]
struct Batch {
    events: Vec<TriggerEvent>,
    stored: Vec<EventId>,
    tickets: Vec<Ticket>,
}

impl Batch {
    fn len(&self) -> usize {
        self.events.len() + self.stored.len()
    }

    async fn add(&mut self, delivery: Delivery) {
        let records = match attune_wire::decode::<EventMessage>(&delivery.body) {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "an event message cannot be read and is put aside");
                if let Err(error) = delivery.reject().await {
                    tracing::warn!(%error, "it could not be put aside; it will come again");
                }
                return;
            }
        };
        for record in records {
            match record.map(|envelope| envelope.body) {
                Ok(EventMessage::Event { event }) => self.events.push(event),
                Ok(EventMessage::Stored { id }) => self.stored.push(id),
                Err(error) => tracing::error!(%error, "an event cannot be read and is left out"),
            }
        }
        self.tickets.extend(Ticket::split(delivery, 1));
    }
}

async fn handle(
    registry: &Registry,
    matcher: &Matcher,
    mut events: Vec<TriggerEvent>,
    stored: Vec<EventId>,
) -> Result<(), attune_port::StoreError> {
    if !stored.is_empty() {
        let rows = registry.shared.deps.stores.events.get(&stored).await?;
        events.extend(
            rows.into_iter()
                .filter(|row| row.processed_at.is_none())
                .map(|row| row.event),
        );
    }
    matcher.ingest(events).await
}
