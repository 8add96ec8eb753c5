//! The bus: hints and work between the services. Messages may be lost, repeated or reordered; the
//! store is the truth.

use async_trait::async_trait;
use bytes::Bytes;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// The owner of a shard. Durable queue.
    Shard(u16),
    /// Some worker of a pool. Durable queue.
    Work(String),
    /// Some executor, to match a trigger event. Durable queue.
    Events,
    /// Every worker (stop an attempt). Lossy.
    Workers,
    /// Every API (a run changed). Lossy.
    Live,
    /// Every service (the catalogue changed). Lossy.
    Catalogue,
}

/// Where messages come from: as [`Address`], seen from the other side.
pub type Source = Address;

/// What went wrong on the bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The broker cannot be reached or broke off; trying again may help.
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// No queue takes messages of that address.
    #[error("no queue takes messages for {0:?}")]
    Unroutable(Address),
    /// The bus is being shut down.
    #[error("the bus is closed")]
    Closed,
}

/// What is done with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Done with: forget it.
    Ack,
    /// Give it to somebody again.
    Requeue,
    /// It can never be handled: to the dead-letter queue.
    Reject,
}

/// How a delivery is settled; made by the adapter.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Settles this delivery.
    ///
    /// # Errors
    /// [`BusError`] if the broker was not told; it delivers again later.
    async fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), BusError>;
}

/// One message as delivered. Dropped unsettled, it is delivered again.
pub struct Delivery {
    /// The content.
    pub body: Bytes,
    /// Whether it has been delivered before.
    pub redelivered: bool,
    /// How it is settled.
    pub settle: Box<dyn Settle>,
}

impl Delivery {
    /// Done with it.
    ///
    /// # Errors
    /// [`BusError`] if the broker was not told; it delivers again later.
    pub async fn ack(self) -> Result<(), BusError> {
        self.settle.settle(Settlement::Ack).await
    }

    /// To the dead-letter queue.
    ///
    /// # Errors
    /// [`BusError`] if the broker was not told; it delivers again later.
    pub async fn reject(self) -> Result<(), BusError> {
        self.settle.settle(Settlement::Reject).await
    }

    /// Back to the queue.
    ///
    /// # Errors
    /// [`BusError`] if the broker was not told; it delivers again later.
    pub async fn requeue(self) -> Result<(), BusError> {
        self.settle.settle(Settlement::Requeue).await
    }
}

/// A subscription. Survives reconnects by itself; ends when the bus is closed. Dropping it ends the
/// subscription and requeues what is not settled.
#[async_trait]
pub trait Consumer: Send {
    /// The next message; none once the bus is closed.
    async fn next(&mut self) -> Option<Delivery>;
}

/// The bus.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends messages and waits until the broker has taken them all (publisher confirms,
    /// `mandatory`). Durable addresses are declared as needed.
    ///
    /// # Errors
    /// [`BusError`] if one of them may not have been taken.
    async fn publish(&self, to: Address, messages: Vec<Bytes>) -> Result<(), BusError>;

    /// Sends messages without waiting; what is lost is found by the sweep. Never blocks: while the
    /// broker is away messages beyond a bounded backlog are dropped and counted.
    fn send(&self, to: Address, messages: Vec<Bytes>);

    /// Subscribes with at most `prefetch` unsettled messages at a time (durable addresses; lossy
    /// ones need no settling).
    ///
    /// # Errors
    /// [`BusError`] if the bus is closed. While the broker is away the subscription waits.
    async fn subscribe(&self, from: Source, prefetch: u16) -> Result<Box<dyn Consumer>, BusError>;

    /// Whether the broker can be reached now, for readiness.
    fn is_connected(&self) -> bool;

    /// Ends all subscriptions and flushes what was sent.
    async fn close(&self);
}
