//! The bus on RabbitMQ 3.10 to 4.x.
//!
//! ```text
//! publish ─┐                       ┌─ queue  <prefix>.shard.<n>, .work.<pool>, .events   durable
//! send ────┴─ publishing link ──▶──┤            └─ after too many deliveries ─▶ <prefix>.dead
//!                                  └─ fanout <prefix>.workers, .live, .catalogue ─▶ one queue each
//! subscribe ── consuming link ──◀───────────────────────────────────────────────── exclusive
//! ```
//!
//! Owns [`RabbitBus`], which ties together two links (connections that come back by themselves), the
//! publisher (confirmed), the outbox (`send`) and one task per subscription. Publishing and consuming
//! have a connection each: under a memory alarm the broker reads nothing more from one that has
//! published, acknowledgements included.

mod link;
mod options;
mod outbox;
mod publisher;
mod redelivery;
mod retry;
mod settle;
mod subscription;
mod subscriptions;
mod topology;

pub use options::{QueueKind, RabbitOptions};
pub use outbox::BusStats;

use crate::ConnectError;
use async_trait::async_trait;
use attune_port::{Address, Bus, BusError, Consumer, Source};
use bytes::Bytes;
use link::Link;
use outbox::Outbox;
use publisher::Publisher;
use std::sync::Arc;
use std::time::Duration;
use subscriptions::Subscriptions;
use tokio_util::sync::CancellationToken;
use topology::Topology;

/// Longest time that closing waits for what was sent and for open acknowledgements.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// A bus on a RabbitMQ broker or cluster.
pub struct RabbitBus {
    publishing: Link,
    consuming: Link,
    publisher: Arc<Publisher>,
    outbox: Outbox,
    subscriptions: Subscriptions,
    topology: Arc<Topology>,
    closed: CancellationToken,
}

impl RabbitBus {
    /// Connects, and keeps connecting in the background if the broker is not there yet: after
    /// [`RabbitOptions::connect_timeout`] the bus is answered all the same and
    /// [`Bus::is_connected`] tells how it stands.
    ///
    /// # Errors
    /// [`ConnectError`] if the settings cannot work with any broker.
    pub async fn connect(options: RabbitOptions) -> Result<Self, ConnectError> {
        let uri = options.check()?;
        let patience = options.connect_timeout;
        let options = Arc::new(options);
        let topology = Arc::new(Topology::new(&options));
        let publishing = Link::open("publishing", uri.clone(), &options);
        let consuming = Link::open("consuming", uri, &options);
        let publisher = Arc::new(Publisher::new(
            publishing.clone(),
            Arc::clone(&topology),
            options.publish_timeout,
        ));
        let outbox = Outbox::start(publishing.clone(), Arc::clone(&topology), &options);
        let subscriptions = Subscriptions::new(
            consuming.clone(),
            Arc::clone(&topology),
            Arc::clone(&publisher),
        );
        let both = async {
            publishing.wait().await;
            consuming.wait().await;
        };
        if tokio::time::timeout(patience, both).await.is_err() {
            tracing::warn!(
                reason = %publishing.reason(),
                "the broker is not available yet; trying on in the background"
            );
        }
        Ok(Self {
            publishing,
            consuming,
            publisher,
            outbox,
            subscriptions,
            topology,
            closed: CancellationToken::new(),
        })
    }

    /// Number of messages in the dead-letter queue.
    ///
    /// # Errors
    /// [`BusError`] if the broker could not be asked.
    pub async fn dead_letters(&self) -> Result<u64, BusError> {
        let live = self.publishing.current()?;
        let channel = live
            .connection
            .create_channel()
            .await
            .map_err(link::unavailable)?;
        self.topology.dead_letters(&channel).await
    }

    /// What `send` has in hand and what it lost, for metrics.
    pub fn stats(&self) -> BusStats {
        self.outbox.stats()
    }

    /// Why the broker cannot be reached, for people; empty while it can.
    pub fn trouble(&self) -> String {
        if self.is_connected() {
            return String::new();
        }
        let reason = self.publishing.reason();
        if reason.is_empty() {
            self.consuming.reason()
        } else {
            reason
        }
    }
}

#[async_trait]
impl Bus for RabbitBus {
    async fn publish(&self, to: Address, messages: Vec<Bytes>) -> Result<(), BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        if messages.is_empty() {
            return Ok(());
        }
        self.publisher.publish(&to, messages).await
    }

    fn send(&self, to: Address, messages: Vec<Bytes>) {
        self.outbox.put(&to, messages);
    }

    async fn subscribe(&self, from: Source, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        self.subscriptions.add(from, prefetch).await
    }

    fn is_connected(&self) -> bool {
        !self.closed.is_cancelled() && self.publishing.is_up() && self.consuming.is_up()
    }

    async fn close(&self) {
        self.closed.cancel();
        tokio::join!(
            self.subscriptions.close(CLOSE_WITHIN),
            self.outbox.close(CLOSE_WITHIN)
        );
        self.publisher.close();
        tokio::join!(self.publishing.close(), self.consuming.close());
    }
}

impl Drop for RabbitBus {
    fn drop(&mut self) {
        self.closed.cancel();
        self.subscriptions.abandon();
        self.outbox.abandon();
        self.publishing.abandon();
        self.consuming.abandon();
    }
}
